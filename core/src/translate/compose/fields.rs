//! Which fields of a message or of a structure in it get which value.

use super::values::Making;
use super::{Purpose, Typed};
use crate::codec::{Descriptor, FieldDef, Presence, StructDef, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Env, EvalError, RuleError, Scope, Source, Span};
use crate::message::{OperationId, Record, Slot, Value};
use crate::translate::SetSpec;
use crate::translate::codes::{COMPUTED, MISSING, SET_ID, TWICE, UNKNOWN_FIELD};
use crate::translate::load::Findings;
use std::sync::Arc;

/// The fields of a message.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    descriptor: Arc<Descriptor>,
    /// By slot.
    making: Vec<Making>,
}

impl Fields {
    /// Checks and compiles the values of a message of `operation`.
    pub(super) fn compile(
        typed: Typed<'_>,
        operation: OperationId,
        descriptor: &Arc<Descriptor>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Self {
        let def = descriptor.operation(operation);
        let target = Target {
            descriptor,
            record: descriptor.record(operation),
            of: format!("message `{}`", def.name),
            id: def.id.map(|slot| (slot, typed.purpose)),
            place: typed.send.span(),
        };
        Self {
            making: target.compile(typed.set, scope, findings),
            descriptor: Arc::clone(descriptor),
        }
    }

    pub(super) const fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    /// The fields, if all values are known at load.
    pub(super) fn constant(&self) -> Option<Record> {
        let constants = self.making.iter().map(Making::constant);
        constants.map(|value| value.cloned()).collect()
    }

    /// The fields of one message.
    pub(super) fn build(&self, env: &dyn Env) -> Result<Record, EvalError> {
        // What is collected into a `Result` has an unknown length, and would take more room.
        let mut fields = Record::with_capacity(self.making.len());
        for making in &self.making {
            fields.push(making.make(env, &self.descriptor.schema)?);
        }
        Ok(fields)
    }
}

/// A message or a structure whose fields get values.
pub(super) struct Target<'a> {
    pub(super) descriptor: &'a Arc<Descriptor>,
    pub(super) record: &'a StructDef,
    /// In words, such as "message `auth_rsp`".
    pub(super) of: String,
    /// The field that is not set by rules.
    pub(super) id: Option<(Slot, Purpose)>,
    /// Where to point if a value is missing.
    pub(super) place: &'a Span,
}

impl Target<'_> {
    /// How each field gets its value, by slot.
    pub(super) fn compile(
        &self,
        set: &[(Source, SetSpec)],
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Vec<Making> {
        let mut given: Vec<Slot> = Vec::new();
        let mut making: Vec<Making> = self.record.fields.iter().map(default).collect();
        for (name, value) in set {
            let found = findings.take(self.find(name, &given));
            let field = found.map_or(&ANYTHING, |(_, field)| field);
            // A bad value is reported beside a bad name.
            let made = Making::compile(value, field, self.descriptor, scope, findings);
            let Some((slot, _)) = found else { continue };
            given.push(slot);
            if let (Some(made), Some(place)) = (made, making.get_mut(slot.index())) {
                *place = made;
            }
        }
        findings.errors.extend(self.missing(&given, set));
        making
    }

    fn find(&self, name: &Source, given: &[Slot]) -> Result<(Slot, &FieldDef), RuleError> {
        let text = name.text();
        let error = |code, message: String| RuleError::new(code, name.span().clone(), message);
        let Some((slot, field)) = named(self.record, text) else {
            let message = format!("{} has no field `{text}`", self.of);
            let mut error = error(UNKNOWN_FIELD, message);
            error.help = did_you_mean(text, self.record.fields.iter().map(|f| f.name.as_ref()));
            return Err(error);
        };
        if let Some((id, purpose)) = self.id
            && id == slot
        {
            let (gets, help) = match purpose {
                Purpose::Reply => (
                    "the id of the request",
                    "leave it out: the id echoes by itself",
                ),
                Purpose::Request => (
                    "an id of the connection's own",
                    "leave it out: the gateway gives one that is free",
                ),
            };
            return Err(error(SET_ID, format!("field `{text}` gets {gets}")).help(help));
        }
        if field.presence == Presence::Computed {
            let message = format!("field `{text}` is computed from other fields");
            return Err(error(COMPUTED, message).help("leave it out"));
        }
        if given.contains(&slot) {
            return Err(error(TWICE, format!("field `{text}` is given twice")));
        }
        Ok((slot, field))
    }

    fn missing(&self, given: &[Slot], set: &[(Source, SetSpec)]) -> Option<RuleError> {
        let slots = (0..).map(Slot);
        let names: Vec<String> = (self.record.fields.iter().zip(slots))
            .filter(|(field, slot)| {
                field.presence == Presence::Required
                    && self.id.is_none_or(|(id, _)| id != *slot)
                    && !given.contains(slot)
            })
            .map(|(field, _)| format!("`{}`", field.name))
            .collect();
        // A name that is only misspelt is reported as such.
        let unknown = |(name, _): &(Source, SetSpec)| named(self.record, name.text()).is_none();
        if names.is_empty() || set.iter().any(unknown) {
            return None;
        }
        let message = format!("{} needs a value for {}", self.of, names.join(", "));
        Some(RuleError::new(MISSING, self.place.clone(), message).help("add it to `set`"))
    }
}

/// The field of a name, or of a path to where it stands.
fn named<'r>(record: &'r StructDef, text: &str) -> Option<(Slot, &'r FieldDef)> {
    let path: Vec<&str> = text.split('.').collect();
    let named = record.named(&path)?;
    (named.used == path.len()).then_some((named.slot, named.field))
}

/// Stands for a field that does not exist, so that its value is still read.
static ANYTHING: FieldDef = FieldDef::new("", Type::Any);

fn default(field: &FieldDef) -> Making {
    Making::Constant(match &field.presence {
        Presence::Default(value) => value.clone(),
        Presence::Required | Presence::Optional | Presence::Computed => Value::Null,
    })
}
