//! What expressions give for all messages of an operation, as far as its presets tell.

use super::operations::keys;
use super::presets::Preset;
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, Form, Op, Plan};
use gatewright_core::message::Value;

/// How deep expressions are followed, through instances too.
const DEPTH: usize = 32;

/// What is known of all messages of an operation.
#[derive(Clone, Copy)]
pub(super) struct Foresight<'f> {
    pub(super) plan: &'f Plan,
    pub(super) presets: &'f [Preset],
}

impl Foresight<'_> {
    /// The value of an expression in a structure of type `owner`, if all messages have it.
    pub(super) fn value(&self, owner: TypeId, code: &Code) -> Option<Value> {
        self.within(owner, code, DEPTH)
    }

    fn within(&self, owner: TypeId, code: &Code, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let named = keys(self.plan, owner, code);
        // Later ones are more special.
        let mut presets = self.presets.iter().rev();
        if let Some(preset) = presets.find(|preset| named.contains(&preset.key)) {
            return Some(preset.value.clone());
        }
        let of = |code: &Code| self.within(owner, code, depth);
        match &code.op {
            Op::Const(value) => Some(value.clone()),
            Op::Own(slot) => self.instance(owner, *slot, depth),
            Op::Member(_, ty, slot) => self.instance(*ty, *slot, depth),
            Op::Cast(code, _) => of(code),
            Op::Not(code) => truth(&of(code)?).map(|truth| Value::Bool(!truth)),
            Op::All(all) => decided(all.iter().map(of), false),
            Op::Any(all) => decided(all.iter().map(of), true),
            Op::Compare(op, two) => {
                let [a, b] = &**two;
                op.holds(&of(a)?, &of(b)?).ok().map(Value::Bool)
            }
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                of(if truth(&of(condition)?)? {
                    then
                } else {
                    otherwise
                })
            }
            _ => None,
        }
    }

    fn instance(&self, owner: TypeId, slot: usize, depth: usize) -> Option<Value> {
        match &self.plan.ty(owner).instance(slot)?.form {
            Form::Value(code) => self.within(owner, code, depth),
            _ => None,
        }
    }
}

const fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

/// `and` and `or` of what is known: one value decides, or all are known.
fn decided(values: impl Iterator<Item = Option<Value>>, deciding: bool) -> Option<Value> {
    let mut unknown = false;
    for value in values {
        match value.as_ref().and_then(truth) {
            Some(truth) if truth == deciding => return Some(Value::Bool(deciding)),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(Value::Bool(!deciding))
}
