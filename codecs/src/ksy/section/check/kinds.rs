//! What can be told beforehand of a message: the texts that an expression may give, and the kinds
//! that an operation may be of.

use super::layout::structure_of;
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, Form, Op, Plan};
use crate::ksy::section::plan::{Kinds, kind_named};
use gatewright_core::expr::Span;
use gatewright_core::expr::semantics::{Budget, binary, unary};
use gatewright_core::message::Value;
use std::borrow::Cow;
use std::cell::Cell;

/// The most parts of expressions that are looked at: instances that use each other can have any
/// number.
const MAX_STEPS: usize = 1_000_000;
/// The deepest instance within instances.
const MAX_DEPTH: usize = 64;

/// Looks through expressions of one direction.
#[derive(Debug)]
pub(super) struct Foresight<'p> {
    pub(super) plan: &'p Plan,
    pub(super) root: TypeId,
    /// What is passed for the parameters of the root.
    pub(super) arguments: &'p [Code],
    pub(super) steps: Cell<usize>,
}

impl<'p> Foresight<'p> {
    fn step(&self, depth: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() <= MAX_STEPS && depth <= MAX_DEPTH
    }

    /// All texts that an expression may give.
    ///
    /// # Errors
    /// With the place of what is no text that is written out.
    pub(super) fn texts(&self, code: &'p Code) -> Result<Vec<&'p str>, Span> {
        let mut texts = Vec::new();
        self.collect(code, self.root, &mut texts, 0)
            .map_err(|()| code.span.clone())?;
        Ok(texts)
    }

    fn collect(
        &self,
        code: &'p Code,
        this: TypeId,
        texts: &mut Vec<&'p str>,
        depth: usize,
    ) -> Result<(), ()> {
        if !self.step(depth) {
            return Err(());
        }
        let deeper = depth.saturating_add(1);
        match &code.op {
            Op::Const(Value::Str(text)) => {
                if !texts.contains(&&**text) {
                    texts.push(text);
                }
                Ok(())
            }
            Op::Choose(three) => {
                let [_, then, otherwise] = &**three;
                self.collect(then, this, texts, deeper)?;
                self.collect(otherwise, this, texts, deeper)
            }
            Op::Own(slot) => self.instance(this, *slot, texts, deeper),
            Op::Member(of, _, slot) => {
                let owner = self.structure(of, this).ok_or(())?;
                self.instance(owner, *slot, texts, deeper)
            }
            Op::AnyOf(_, cases) => cases
                .iter()
                .try_for_each(|(owner, slot)| self.instance(*owner, *slot, texts, deeper)),
            _ => Err(()),
        }
    }

    fn instance(
        &self,
        owner: TypeId,
        slot: usize,
        texts: &mut Vec<&'p str>,
        depth: usize,
    ) -> Result<(), ()> {
        match self.plan.ty(owner).instance(slot).map(|field| &field.form) {
            Some(Form::Value(code)) => self.collect(code, owner, texts, depth),
            _ => Err(()),
        }
    }

    /// The structure that an expression gives, if it is always the same.
    fn structure(&self, code: &Code, this: TypeId) -> Option<TypeId> {
        match &code.op {
            Op::This => Some(this),
            Op::Root => Some(self.plan.ty(this).top),
            Op::Own(slot) => structure_of(self.plan, this, *slot),
            Op::Member(of, _, slot) => structure_of(self.plan, self.structure(of, this)?, *slot),
            Op::Cast(_, id) => Some(*id),
            _ => None,
        }
    }

    /// The kinds that an expression may give if `operation` has this value.
    pub(super) fn kinds(&self, code: &'p Code, known: &Known<'_>) -> Kinds {
        match &code.op {
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                match self.value(condition, known, 0) {
                    Some(Value::Bool(true)) => self.kinds(then, known),
                    Some(Value::Bool(false)) => self.kinds(otherwise, known),
                    _ => self.kinds(then, known).and(self.kinds(otherwise, known)),
                }
            }
            _ => {
                let texts = self.texts(code).unwrap_or_default();
                let kinds = texts.into_iter().filter_map(kind_named);
                kinds.fold(Kinds::default(), Kinds::with)
            }
        }
    }

    /// The value of an expression, as far as it follows from the operation and from what is passed
    /// for parameters.
    fn value(&self, code: &'p Code, known: &Known<'_>, depth: usize) -> Option<Value> {
        if !self.step(depth) {
            return None;
        }
        if known.path.is_some_and(|path| path.same(code)) {
            return Some(known.value.clone());
        }
        let deeper = depth.saturating_add(1);
        let of = |code: &'p Code| self.value(code, known, deeper);
        match &code.op {
            Op::Const(value) => Some(value.clone()),
            Op::Own(slot) => of(self.arguments.get(*slot)?),
            Op::Member(owner, _, slot) => of(self.passed(owner, *slot)?),
            Op::Not(code) => match of(code)? {
                Value::Bool(truth) => Some(Value::Bool(!truth)),
                _ => None,
            },
            Op::All(all) => decided(all.iter().map(of), false),
            Op::Any(all) => decided(all.iter().map(of), true),
            Op::Compare(op, two) => {
                let [a, b] = &**two;
                op.holds(&of(a)?, &of(b)?).ok().map(Value::Bool)
            }
            Op::Arith(op, two) => {
                let [a, b] = &**two;
                binary(*op, &of(a)?, &of(b)?, &mut Budget::full()).ok()
            }
            Op::Unary(op, code) => unary(*op, &of(code)?).ok(),
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                match of(condition)? {
                    Value::Bool(true) => of(then),
                    Value::Bool(false) => of(otherwise),
                    _ => None,
                }
            }
            Op::Call(row, all) => {
                let values: Option<Vec<Value>> = all.iter().map(of).collect();
                let mut values = values?.into_iter().map(Cow::Owned);
                let on = values.next()?;
                let rest: Vec<Cow<'_, Value>> = values.collect();
                let result = (row.run)(on, &rest, &mut Budget::full()).ok()?;
                Some(result.into_owned())
            }
            _ => None,
        }
    }

    /// What is passed for a parameter of a structure in the root, if that is a constant.
    fn passed(&self, owner: &Code, slot: usize) -> Option<&'p Code> {
        let Op::Own(field) = &owner.op else {
            return None;
        };
        match &self.plan.ty(self.root).field(*field)?.form {
            Form::Struct { arguments, .. } => {
                let passed = arguments.get(slot)?;
                passed.constant().map(|_| passed)
            }
            _ => None,
        }
    }
}

/// What is taken as given.
#[derive(Debug)]
pub(super) struct Known<'c> {
    /// What gives the operation, if that is a path.
    pub(super) path: Option<&'c Code>,
    /// The operation's value.
    pub(super) value: Value,
}

/// `and` and `or` of what is known.
fn decided(values: impl Iterator<Item = Option<Value>>, deciding: bool) -> Option<Value> {
    let mut unknown = false;
    for value in values {
        match value {
            Some(Value::Bool(truth)) if truth == deciding => return Some(Value::Bool(deciding)),
            Some(Value::Bool(_)) => {}
            _ => unknown = true,
        }
    }
    (!unknown).then_some(Value::Bool(!deciding))
}
