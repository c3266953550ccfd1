//! The correlation of a message, put where the message carries it.

use super::Ksy;
use super::ids::from_key;
use super::operations::{Told, keys, steps_to};
use super::schema::steps;
use super::shape::{Part, Shape};
use crate::ksy::model::TypeId;
use crate::ksy::section::plan::DirectionPlan;
use crate::ksy::write::{FieldKey, Given};
use bytes::Bytes;
use gatewright_core::message::{Correlation, Message, Record, Value};
use std::borrow::Cow;

/// What a correlation consists of.
pub(super) fn values(correlation: &Correlation) -> Vec<Value> {
    match correlation {
        Correlation::None => Vec::new(),
        Correlation::Id(id) => vec![(*id).into()],
        Correlation::Key(key) => from_key(Bytes::copy_from_slice(key)),
    }
}

impl Ksy {
    /// Gives the correlation where its fields always stand.
    pub(super) fn give_ids(&self, given: &mut Given, direction: &DirectionPlan, ids: &[Value]) {
        for (id, value) in direction.id.iter().zip(ids) {
            if let Some(path) = steps_to(&self.plan, direction.root, &id.code)
                && !value.is_null()
            {
                given.set(steps(&path), Given::Plain(value.clone()));
            }
        }
    }

    /// The fields with the correlation in them, where it stands in structures among them: those
    /// still have what was read, which is another connection's.
    pub(super) fn addressed<'f>(
        &self,
        fields: &'f Record,
        told: &Told,
        direction: &DirectionPlan,
        ids: &[Value],
    ) -> Cow<'f, Record> {
        let is_field = self.descriptor.operation(told.id).id.is_some();
        if is_field || ids.is_empty() {
            return Cow::Borrowed(fields);
        }
        let mut fields = fields.clone();
        for (id, value) in direction.id.iter().zip(ids) {
            let keys = keys(&self.plan, direction.root, &id.code);
            self.address(&mut fields, &told.shape, &keys, value);
        }
        Cow::Owned(fields)
    }

    /// Whether the fields that make up a key are those of the message's correlation: a reply may
    /// have been read with another.
    pub(super) fn carries(
        &self,
        message: &Message,
        told: &Told,
        direction: &DirectionPlan,
    ) -> bool {
        let ids = values(message.correlation());
        direction.id.iter().zip(&ids).all(|(id, value)| {
            let keys = keys(&self.plan, direction.root, &id.code);
            self.agrees(message.fields(), &told.shape, &keys, value)
        })
    }

    fn agrees(&self, fields: &Record, shape: &Shape, keys: &[FieldKey], id: &Value) -> bool {
        let within = |ty: Option<&TypeId>, value: &Value| {
            let shape = ty.and_then(|ty| self.operations.nested.get(ty));
            match (shape, value) {
                (Some(shape), Value::Record(inner)) => self.agrees(inner, shape, keys, id),
                _ => true,
            }
        };
        (shape.fields.iter().zip(fields)).all(|(place, field)| match (&place.part, field) {
            _ if keys.contains(&place.key) => field == id,
            (Part::Struct(ty), inner) => within(Some(ty), inner),
            (Part::OneOf(choices), Value::Record(all)) => {
                (choices.iter().zip(all)).all(|(choice, inner)| within(choice.ty.as_ref(), inner))
            }
            _ => true,
        })
    }

    fn address(&self, fields: &mut Record, shape: &Shape, keys: &[FieldKey], id: &Value) {
        for (place, field) in shape.fields.iter().zip(fields) {
            if keys.contains(&place.key) && !field.is_null() {
                field.clone_from(id);
                continue;
            }
            match (&place.part, field) {
                (Part::Struct(ty), Value::Record(inner)) => {
                    if let Some(shape) = self.operations.nested.get(ty) {
                        self.address(inner, shape, keys, id);
                    }
                }
                (Part::OneOf(choices), Value::Record(all)) => {
                    for (choice, value) in choices.iter().zip(all) {
                        let shape = choice.ty.and_then(|ty| self.operations.nested.get(&ty));
                        if let (Some(shape), Value::Record(inner)) = (shape, value) {
                            self.address(inner, shape, keys, id);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
