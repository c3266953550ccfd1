//! The correlation of a message, put where the message carries it.

use super::Ksy;
use super::ids::from_key;
use super::operations::{Told, steps_to};
use super::paths::{Named, named};
use super::schema::steps;
use super::shape::{Part, Place, Shape};
use crate::ksy::model::TypeId;
use crate::ksy::section::plan::DirectionPlan;
use crate::ksy::write::Given;
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
            let ids = named(&self.plan, direction.root, &id.code);
            self.address(&mut fields, &told.shape, &[], &ids, value);
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
            let ids = named(&self.plan, direction.root, &id.code);
            self.agrees(message.fields(), &told.shape, &[], &ids, value)
        })
    }

    /// `around` are the slots that lead to the structure of the shape.
    fn agrees(
        &self,
        fields: &Record,
        shape: &Shape,
        around: &[usize],
        ids: &[Named],
        id: &Value,
    ) -> bool {
        (shape.fields.iter().zip(fields)).all(|(place, field)| {
            let path = path_to(place, around);
            let within = |ty: Option<&TypeId>, value: &Value| {
                let shape = ty.and_then(|ty| self.operations.nested.get(ty));
                match (shape, value) {
                    (Some(shape), Value::Record(inner)) => {
                        self.agrees(inner, shape, &path, ids, id)
                    }
                    _ => true,
                }
            };
            match (&place.part, field) {
                _ if ids.iter().any(|named| named.stands_at(&path, place.key)) => field == id,
                (Part::Struct(ty), inner) => within(Some(ty), inner),
                (Part::OneOf(choices), Value::Record(all)) => (choices.iter().zip(all))
                    .all(|(choice, inner)| within(choice.ty.as_ref(), inner)),
                _ => true,
            }
        })
    }

    fn address(
        &self,
        fields: &mut Record,
        shape: &Shape,
        around: &[usize],
        ids: &[Named],
        id: &Value,
    ) {
        for (place, field) in shape.fields.iter().zip(fields) {
            let path = path_to(place, around);
            let is_id = ids.iter().any(|named| named.stands_at(&path, place.key));
            if is_id && !field.is_null() {
                field.clone_from(id);
                continue;
            }
            let within = |ty: Option<&TypeId>, value: &mut Value| {
                let shape = ty.and_then(|ty| self.operations.nested.get(ty));
                if let (Some(shape), Value::Record(inner)) = (shape, value) {
                    self.address(inner, shape, &path, ids, id);
                }
            };
            match (&place.part, field) {
                (Part::Struct(ty), inner) => within(Some(ty), inner),
                (Part::OneOf(choices), Value::Record(all)) => {
                    for (choice, inner) in choices.iter().zip(all) {
                        within(choice.ty.as_ref(), inner);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The slots that lead to a field of a structure.
fn path_to(place: &Place, around: &[usize]) -> Vec<usize> {
    around.iter().copied().chain(place.slots()).collect()
}
