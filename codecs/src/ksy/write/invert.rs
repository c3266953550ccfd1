//! Expressions backwards: what must a field be, so that this expression has that value?

use super::emit::Writer;
use super::number::decimal;
use super::{WriteError, WriteProblem};
use crate::ksy::plan::{Code, Field, Form, Op, Size};
use crate::ksy::read::eval::Here;
use crate::ksy::read::structure::Target;
use crate::ksy::read::{Class, Machine, ObjectId, ReadError, Val};
use gatewright_core::expr::Comparison;
use gatewright_core::expr::syntax::{Arith, Unary};
use gatewright_core::message::Value;

/// How deep an expression is followed, through instances too.
const DEPTH: usize = 64;

impl<'p> Writer<'_, 'p> {
    /// The result, unless something that it needs is not known yet.
    pub(super) fn known<T>(
        &mut self,
        compute: impl FnOnce(&mut Machine<'p>) -> Result<T, ReadError>,
    ) -> Result<Option<T>, WriteError> {
        match compute(&mut self.machine) {
            Ok(result) => Ok(Some(result)),
            Err(error) if error.class() == Class::Unread => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn value(&mut self, code: &'p Code, here: &Here) -> Result<Option<Value>, WriteError> {
        match self.known(|machine| machine.eval(code, here))? {
            Some(Val::Plain(value)) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// Makes `code` equal `target`, if it has one unknown field and can be solved for it. Whether
    /// it is equal is for others to check.
    pub(super) fn solve(
        &mut self,
        code: &'p Code,
        here: &Here,
        target: &Value,
    ) -> Result<(), WriteError> {
        self.solve_within(code, here, target, DEPTH)
    }

    fn solve_within(
        &mut self,
        code: &'p Code,
        here: &Here,
        target: &Value,
        depth: usize,
    ) -> Result<(), WriteError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Ok(());
        };
        match &code.op {
            Op::Own(slot) => self.solve_member(here.this(), *slot, target, depth),
            Op::Member(of, _, slot) => match self.object_behind(of, here)? {
                Some(object) => self.solve_member(object, *slot, target, depth),
                None => Ok(()),
            },
            Op::Cast(of, _) => self.solve_within(of, here, target, depth),
            Op::Unary(Unary::Negate, of) => match target.as_int().and_then(i128::checked_neg) {
                Some(n) => self.solve_within(of, here, &Value::Int(n), depth),
                None => Ok(()),
            },
            Op::Arith(op, two) => self.solve_arith(*op, two, here, target, depth),
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                match self.known(|machine| machine.truth(condition, here))? {
                    Some(true) => self.solve_within(then, here, target, depth),
                    Some(false) => self.solve_within(otherwise, here, target, depth),
                    None => Ok(()),
                }
            }
            Op::Call(method, of) if method.name == "to_i" => match of.as_slice() {
                [of] => self.solve_number(of, here, target, depth),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn solve_arith(
        &mut self,
        op: Arith,
        two: &'p [Code; 2],
        here: &Here,
        target: &Value,
        depth: usize,
    ) -> Result<(), WriteError> {
        let Some(target) = target.as_int() else {
            return Ok(());
        };
        let known = [self.value(&two[0], here)?, self.value(&two[1], here)?];
        let known = known.map(|value| value.and_then(|value| value.as_int()));
        let exact = |by: i128| {
            (by != 0 && target.checked_rem(by) == Some(0))
                .then(|| target.checked_div(by))
                .flatten()
        };
        let (unknown, wanted) = match (op, known) {
            (Arith::Add, [None, Some(b)]) => (&two[0], target.checked_sub(b)),
            (Arith::Add, [Some(a), None]) => (&two[1], target.checked_sub(a)),
            (Arith::Sub, [None, Some(b)]) => (&two[0], target.checked_add(b)),
            (Arith::Sub, [Some(a), None]) => (&two[1], a.checked_sub(target)),
            (Arith::Mul, [None, Some(b)]) => (&two[0], exact(b)),
            (Arith::Mul, [Some(a), None]) => (&two[1], exact(a)),
            _ => return Ok(()),
        };
        let wanted = wanted.ok_or_else(|| {
            WriteError::new(
                WriteProblem::Contradiction,
                "no number of whole units makes this size or count",
            )
        })?;
        self.solve_within(unknown, here, &Value::Int(wanted), depth)
    }

    /// `of.to_i` is `target`: digits, if it is text.
    fn solve_number(
        &mut self,
        of: &'p Code,
        here: &Here,
        target: &Value,
        depth: usize,
    ) -> Result<(), WriteError> {
        let (object, slot) = match &of.op {
            Op::Own(slot) => (Some(here.this()), *slot),
            Op::Member(of, _, slot) => (self.object_behind(of, here)?, *slot),
            _ => return self.solve_within(of, here, target, depth),
        };
        let Some(object) = object else { return Ok(()) };
        let field = self.machine.ty(object).field(slot);
        let Some(Form::Text(cut, _)) = field.map(|field| &field.form) else {
            return self.solve_within(of, here, target, depth);
        };
        let width = match &cut.size {
            Size::Of(code) => self.known(|machine| machine.size(code, &Here::of(object)))?,
            Size::Eos | Size::Terminated => Some(0),
        };
        let (Some(width), Some(n)) = (width, target.as_int()) else {
            return Ok(());
        };
        let digits = decimal(n, width)?;
        if width > 0 && digits.len() > width {
            let message = format!("the number has more than {width} digits");
            return Err(WriteError::new(WriteProblem::DoesNotFit, message));
        }
        self.assign(object, slot, &Value::Str(digits.into()))
    }

    fn solve_member(
        &mut self,
        object: ObjectId,
        slot: usize,
        target: &Value,
        depth: usize,
    ) -> Result<(), WriteError> {
        match self.machine.ty(object).instance(slot) {
            Some(Field {
                form: Form::Value(code),
                ..
            }) => {
                if self.holds_number(object) {
                    return self.set_number(object, target);
                }
                self.solve_within(code, &Here::of(object), target, depth)
            }
            Some(_) => Ok(()),
            None => self.assign(object, slot, target),
        }
    }

    /// The structure that an expression names; created if it is a field that is not there yet.
    fn object_behind(
        &mut self,
        code: &'p Code,
        here: &Here,
    ) -> Result<Option<ObjectId>, WriteError> {
        let (object, slot) = match &code.op {
            Op::Own(slot) => (Some(here.this()), *slot),
            Op::Member(of, _, slot) => (self.object_behind(of, here)?, *slot),
            _ => {
                return Ok(self
                    .known(|machine| machine.object_of(code, here))?
                    .flatten());
            }
        };
        let Some(object) = object else {
            return Ok(None);
        };
        if self.machine.ty(object).instance(slot).is_some() {
            return Ok(self
                .known(|machine| machine.object_of(code, here))?
                .flatten());
        }
        Ok(self.structure_in(object, slot))
    }

    /// Gives a field that is not known a value.
    pub(super) fn assign(
        &mut self,
        object: ObjectId,
        slot: usize,
        value: &Value,
    ) -> Result<(), WriteError> {
        if !matches!(self.machine.peek(object, slot), Val::Unset) {
            return Ok(());
        }
        let target = Target {
            object,
            slot,
            index: None,
        };
        self.machine.set(object, slot, Val::Plain(value.clone()));
        self.fill_hole(target, value)
    }

    /// Makes a condition true or false, as far as its fields are not known.
    pub(super) fn imply(
        &mut self,
        code: &'p Code,
        here: &Here,
        truth: bool,
    ) -> Result<(), WriteError> {
        self.imply_within(code, here, truth, DEPTH)
    }

    fn imply_within(
        &mut self,
        code: &'p Code,
        here: &Here,
        truth: bool,
        depth: usize,
    ) -> Result<(), WriteError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Ok(());
        };
        match &code.op {
            Op::Not(of) => self.imply_within(of, here, !truth, depth),
            Op::All(all) if truth => {
                for code in all {
                    self.imply_within(code, here, true, depth)?;
                }
                Ok(())
            }
            Op::Any(all) if !truth => {
                for code in all {
                    self.imply_within(code, here, false, depth)?;
                }
                Ok(())
            }
            Op::Compare(op, two) => self.imply_comparison(*op, two, here, truth, depth),
            Op::Own(slot) => self.imply_member(here.this(), *slot, truth, depth),
            Op::Member(of, _, slot) => match self.object_behind(of, here)? {
                Some(object) => self.imply_member(object, *slot, truth, depth),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn imply_member(
        &mut self,
        object: ObjectId,
        slot: usize,
        truth: bool,
        depth: usize,
    ) -> Result<(), WriteError> {
        match self.machine.ty(object).instance(slot) {
            Some(Field {
                form: Form::Value(code),
                ..
            }) => self.imply_within(code, &Here::of(object), truth, depth),
            Some(_) => Ok(()),
            None => self.assign(object, slot, &Value::Bool(truth)),
        }
    }

    fn imply_comparison(
        &mut self,
        op: Comparison,
        two: &'p [Code; 2],
        here: &Here,
        truth: bool,
        depth: usize,
    ) -> Result<(), WriteError> {
        let Some(right) = self.value(&two[1], here)? else {
            return Ok(());
        };
        match (op, truth) {
            (Comparison::Eq, true) | (Comparison::Ne, false) => match &two[0].op {
                Op::Arith(Arith::BitAnd, _) if right != Value::Int(0) => {
                    self.imply_mask(&two[0], here)
                }
                _ => self.solve_within(&two[0], here, &right, depth),
            },
            (Comparison::Ne, true) | (Comparison::Eq, false) if right == Value::Int(0) => {
                self.imply_mask(&two[0], here)
            }
            _ => Ok(()),
        }
    }

    /// `field & MASK` is not zero: the bits of the mask are set.
    fn imply_mask(&mut self, code: &'p Code, here: &Here) -> Result<(), WriteError> {
        let Op::Arith(Arith::BitAnd, two) = &code.op else {
            return Ok(());
        };
        let [left, right] = &**two;
        let (field, mask) = match (left.constant(), right.constant()) {
            (None, Some(Value::Int(mask))) => (left, *mask),
            (Some(Value::Int(mask)), None) => (right, *mask),
            _ => return Ok(()),
        };
        let (object, slot) = match &field.op {
            Op::Own(slot) => (Some(here.this()), *slot),
            Op::Member(of, _, slot) => (self.object_behind(of, here)?, *slot),
            _ => return Ok(()),
        };
        let Some(object) = object else { return Ok(()) };
        match self.masks.get_mut(&(object, slot)) {
            Some(bits) => *bits |= mask,
            None if matches!(self.machine.peek(object, slot), Val::Unset) => {
                self.masks.insert((object, slot), mask);
            }
            None => {}
        }
        Ok(())
    }
}
