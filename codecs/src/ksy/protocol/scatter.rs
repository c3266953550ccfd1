//! A message's fields, as what is given for its structures.

use super::schema::steps;
use super::shape::{Choice, Part, Shape};
use crate::ksy::model::TypeId;
use crate::ksy::plan::Plan;
use crate::ksy::write::Given;
use gatewright_core::message::Value;
use std::collections::HashMap;

/// Puts the fields of messages where a definition has them.
pub(super) struct Scatter<'s> {
    pub(super) plan: &'s Plan,
    /// Shapes of structures that are not operations.
    pub(super) nested: &'s HashMap<TypeId, Shape>,
}

impl Scatter<'_> {
    /// Gives the fields of a record.
    pub(super) fn record(&self, given: &mut Given, shape: &Shape, fields: &[Value]) {
        for (place, value) in shape.fields.iter().zip(fields) {
            if !value.is_null() && !matches!(place.part, Part::Computed) {
                given.set(steps(&place.path), self.value(value, &place.part));
            }
        }
    }

    fn value(&self, value: &Value, part: &Part) -> Given {
        match (value, part) {
            (Value::Null, _) => Given::Nothing,
            (Value::List(values), Part::List(part)) => {
                Given::List(values.iter().map(|value| self.value(value, part)).collect())
            }
            (Value::Record(fields), Part::Struct(ty)) => self.structure(fields, *ty),
            (Value::Record(fields), Part::OneOf(choices)) => self.one_of(fields, choices),
            (value, _) => Given::Plain(value.clone()),
        }
    }

    fn structure(&self, fields: &[Value], ty: TypeId) -> Given {
        let mut given = Given::structure(self.plan.ty(ty).slots());
        if let Some(shape) = self.nested.get(&ty) {
            self.record(&mut given, shape, fields);
        }
        given
    }

    fn one_of(&self, fields: &[Value], choices: &[Choice]) -> Given {
        let there = fields
            .iter()
            .zip(choices)
            .find(|(value, _)| !value.is_null());
        let Some((value, choice)) = there else {
            return Given::Nothing;
        };
        let given = match (value, choice.ty) {
            (Value::Record(fields), Some(ty)) => self.structure(fields, ty),
            (value, _) => self.value(value, &choice.part),
        };
        match choice.case {
            Some(case) => Given::Case(case, Box::new(given)),
            None => given,
        }
    }
}
