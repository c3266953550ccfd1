//! Writing a message by its definition.
//!
//! Kaitai knows no writing, so what it takes is inferred: the fields that are given are laid
//! out in the order of the definition, and what is not given follows from what is.
//!
//! 1. A field that is given is used, and what it must agree with is checked.
//! 2. `size: E`, `repeat-expr: E`: E is solved for the one field in it that is not known.
//! 3. So are texts: `size: f.to_i` makes `f` a decimal number, filled up with zeros.
//! 4. `switch-on: E`: E is solved for the value of the case that is present.
//! 5. `if: E`: presence makes E true; flags that nothing made true are false.
//! 6. `contents`, `valid: E`, padding and terminators are what they must be.
//! 7. Everything else has a default or must be given.
//!
//! A value that does not fit is an error that names the field; nothing is cut. After an error,
//! nothing has been written.

mod analysis;
mod build;
mod emit;
mod error;
mod invert;
mod number;
mod pad;
mod unprocess;

pub use error::{WriteError, WriteProblem};
pub use rules::{FieldCodec, FieldKey, FieldRule, Rules};

mod rules;

use crate::ksy::model::TypeId;
use crate::ksy::plan::Plan;
use crate::ksy::read::{Limits, Machine};
use bytes::BytesMut;
use gatewright_core::message::Value;

/// What is given for a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Given {
    /// Nothing: it follows from the rest, or is absent.
    #[default]
    Nothing,
    /// A number, a truth value, text, bytes.
    Plain(Value),
    /// A structure: what is given for each slot.
    Struct(Vec<Self>),
    /// One of several forms: which case of the switch (after the last one, the form for all
    /// other values), and what is given for it.
    Case(usize, Box<Self>),
    /// A repeated field.
    List(Vec<Self>),
}

impl Given {
    /// A structure of `slots` members of which nothing is given yet.
    #[must_use]
    pub fn structure(slots: usize) -> Self {
        Self::Struct(vec![Self::Nothing; slots])
    }

    /// Gives something for the member at a path of steps: its slot, and how many members the
    /// structure has. What the path leads through becomes structures.
    pub fn set(&mut self, path: impl IntoIterator<Item = (usize, usize)>, given: Self) {
        let mut place = self;
        for (slot, slots) in path {
            if !matches!(place, Self::Struct(_)) {
                *place = Self::structure(slots);
            }
            let Self::Struct(members) = place else { return };
            let Some(member) = members.get_mut(slot) else {
                return;
            };
            place = member;
        }
        *place = given;
    }
}

/// A machine in which what is given stands in its slots, and what follows from its being there.
/// Nothing is written.
pub(in crate::ksy) fn laid_out<'p>(
    plan: &'p Plan,
    rules: &'p Rules,
    root: TypeId,
    given: &Given,
) -> Result<Machine<'p>, WriteError> {
    let machine = Machine::for_writing(plan, Limits::MESSAGE);
    let mut out = BytesMut::new();
    let mut writer = emit::Writer::new(machine, rules, &mut out);
    writer.lay_out(root, &[], given)?;
    Ok(writer.machine)
}

/// What was read, as what is given: all fields, those too that would follow from others.
#[must_use]
pub fn given(machine: &Machine<'_>, object: crate::ksy::read::ObjectId) -> Given {
    let ty = machine.ty(object);
    let mut members = vec![Given::Nothing; ty.slots()];
    for field in &ty.fields {
        if let Some(place) = members.get_mut(field.slot) {
            *place = given_val(machine, machine.peek(object, field.slot));
        }
    }
    Given::Struct(members)
}

fn given_val(machine: &Machine<'_>, val: &crate::ksy::read::Val) -> Given {
    use crate::ksy::read::Val;
    match val {
        Val::Unset | Val::Busy | Val::Absent | Val::Stream(_) => Given::Nothing,
        Val::Plain(value) => Given::Plain(value.clone()),
        Val::Object(id) => given(machine, *id),
        Val::List(list) => {
            let elements = machine.list(*list).iter();
            Given::List(elements.map(|val| given_val(machine, val)).collect())
        }
    }
}

/// How often a message is laid out at most, until all lengths agree.
const PASSES: usize = 5;

/// Appends a message, a structure of type `root`, to `out`. After an error `out` is as it was.
///
/// # Errors
/// With the field that does not fit, is missing, or contradicts another.
pub fn write(
    plan: &Plan,
    rules: &Rules,
    root: TypeId,
    arguments: &[Value],
    given: &Given,
    out: &mut BytesMut,
) -> Result<(), WriteError> {
    let start = out.len();
    let mut solved = emit::Solved::new();
    for _ in 0..PASSES {
        let machine = Machine::for_writing(plan, Limits::MESSAGE);
        let mut writer = emit::Writer::new(machine, rules, &mut *out);
        match writer.run(root, arguments, given, solved) {
            Ok(true) => return Ok(()),
            Ok(false) => solved = writer.into_solved(),
            Err(error) => {
                out.truncate(start);
                return Err(error);
            }
        }
        out.truncate(start);
    }
    Err(WriteError::new(
        WriteProblem::Contradiction,
        "the lengths of the message do not settle",
    ))
}
