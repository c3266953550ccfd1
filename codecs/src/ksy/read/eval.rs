//! Expressions, run.

use super::{Class, Io, IoId, Machine, ObjectId, ReadError, Val};
use crate::ksy::plan::{Code, Extreme, Op};
use bytes::Bytes;
use gatewright_core::expr::Comparison;
use gatewright_core::expr::semantics::{Builtin, binary, text, unary};
use gatewright_core::expr::syntax::Arith;
use gatewright_core::message::Value;
use std::borrow::Cow;

/// Where an expression runs.
#[derive(Clone, Debug)]
pub(in crate::ksy) struct Here {
    this: ObjectId,
    it: Val,
    index: usize,
}

impl Here {
    pub(in crate::ksy) const fn this(&self) -> ObjectId {
        self.this
    }

    pub(in crate::ksy) const fn of(this: ObjectId) -> Self {
        Self {
            this,
            it: Val::Unset,
            index: 0,
        }
    }

    pub(in crate::ksy) fn at(this: ObjectId, index: Option<usize>) -> Self {
        Self {
            this,
            it: Val::Unset,
            index: index.unwrap_or_default(),
        }
    }

    pub(in crate::ksy) const fn with(this: ObjectId, it: Val, index: usize) -> Self {
        Self { this, it, index }
    }
}

/// How many expressions may be computed on behalf of each other, those of instances included.
const MAX_NESTED: usize = 256;

fn wrong(what: &'static str) -> ReadError {
    ReadError::new(
        Class::Other,
        format!("{what} is needed, and the value is absent or another"),
    )
}

impl<'p> Machine<'p> {
    /// The value of an expression as a condition.
    pub(in crate::ksy) fn truth(&mut self, code: &'p Code, here: &Here) -> Result<bool, ReadError> {
        self.step()?;
        match &code.op {
            Op::Not(of) => self.truth(of, here).map(|holds| !holds),
            Op::All(all) => {
                for code in all {
                    if !self.truth(code, here)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Op::Any(all) => {
                for code in all {
                    if self.truth(code, here)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Op::Compare(op, two) => {
                let [left, right] = &**two;
                if let (Some(left), Some(right)) =
                    (self.at_hand(left, here), self.at_hand(right, here))
                {
                    return Ok(op.accepts(left.cmp(&right)));
                }
                let left = self.eval(left, here)?;
                self.compared(&left, *op, right, here)
            }
            _ => match self.eval(code, here)? {
                Val::Plain(Value::Bool(truth)) => Ok(truth),
                _ => Err(wrong("a truth value")),
            },
        }
    }

    /// Whether a value compares so with that of an expression.
    pub(in crate::ksy) fn compared(
        &mut self,
        left: &Val,
        op: Comparison,
        code: &'p Code,
        here: &Here,
    ) -> Result<bool, ReadError> {
        self.step()?;
        if let (Val::Plain(left), Op::Const(right)) = (left, &code.op) {
            if let (Value::Int(left), Value::Int(right)) = (left, right) {
                return Ok(op.accepts(left.cmp(right)));
            }
            return Ok(op.holds(left, right)?);
        }
        let right = self.eval(code, here)?;
        let (left, right) = (self.plain(left)?, self.plain(&right)?);
        self.look_at(length(&left).min(length(&right)))?;
        Ok(op.holds(&left, &right)?)
    }

    /// An integer that an expression gives without any computing: a constant, or a field that has
    /// been read.
    pub(super) fn at_hand(&self, code: &Code, here: &Here) -> Option<i128> {
        match &code.op {
            Op::Const(value) => value.as_int(),
            Op::Own(slot) => self.int_in(here.this, *slot),
            Op::Member(of, _, slot) => self.int_in(self.object_at_hand(of, here)?, *slot),
            _ => None,
        }
    }

    /// The integer in a slot. After a failure somebody has to look whether it is that slot's; of a
    /// message that could not be read at all there is none.
    fn int_in(&self, id: ObjectId, slot: usize) -> Option<i128> {
        if self.objects.is_empty() || !self.failed.is_empty() {
            return None;
        }
        match self.peek(id, slot) {
            Val::Plain(value) => value.as_int(),
            _ => None,
        }
    }

    /// A structure that an expression gives without any computing.
    fn object_at_hand(&self, code: &Code, here: &Here) -> Option<ObjectId> {
        let found = match &code.op {
            Op::This => return (!self.objects.is_empty()).then_some(here.this),
            Op::Own(slot) if !self.objects.is_empty() => self.peek(here.this, *slot),
            Op::Member(of, _, slot) => self.peek(self.object_at_hand(of, here)?, *slot),
            _ => return None,
        };
        match found {
            Val::Object(id) => Some(*id),
            _ => None,
        }
    }

    /// The value of an expression as a number of bytes or elements.
    pub(in crate::ksy) fn size(&mut self, code: &'p Code, here: &Here) -> Result<usize, ReadError> {
        let n = match self.at_hand(code, here) {
            Some(n) => n,
            None => match self.eval(code, here)? {
                Val::Plain(Value::Int(n)) => n,
                _ => return Err(wrong("an integer")),
            },
        };
        usize::try_from(n).map_err(|_| {
            let message = "a size or place is negative or beyond all bounds";
            ReadError::new(if n < 0 { Class::Other } else { Class::Eof }, message)
        })
    }

    /// The value of an expression as a number of elements, of which there are none below one.
    pub(in crate::ksy) fn count_of_elements(
        &mut self,
        code: &'p Code,
        of: ObjectId,
    ) -> Result<usize, ReadError> {
        match self.eval(code, &Here::of(of))? {
            Val::Plain(Value::Int(n)) if n < 0 => Ok(0),
            // More than can be counted are more than the limit of elements, too.
            Val::Plain(Value::Int(n)) => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            _ => Err(wrong("an integer")),
        }
    }

    /// The value of an expression as a stream.
    pub(in crate::ksy) fn stream_of(
        &mut self,
        code: &'p Code,
        here: &Here,
    ) -> Result<IoId, ReadError> {
        match self.eval(code, here)? {
            Val::Stream(io) => Ok(io),
            _ => Err(wrong("a stream")),
        }
    }

    fn stream_at(&mut self, code: &'p Code, here: &Here) -> Result<Io, ReadError> {
        let io = self.stream_of(code, here)?;
        Ok(self.stream(io))
    }

    /// The value of an expression as a structure, or none.
    pub(in crate::ksy) fn object_of(
        &mut self,
        code: &'p Code,
        here: &Here,
    ) -> Result<Option<ObjectId>, ReadError> {
        Ok(match self.eval(code, here)? {
            Val::Object(id) => Some(id),
            _ => None,
        })
    }

    fn object_at(&mut self, code: &'p Code, here: &Here) -> Result<ObjectId, ReadError> {
        self.object_of(code, here)?
            .ok_or_else(|| wrong("a structure"))
    }

    /// The value of a member; instances are computed or read.
    pub fn member(&mut self, id: ObjectId, slot: usize) -> Result<Val, ReadError> {
        if !self.failed.is_empty()
            && let Some(error) = self.failure(id, slot)
        {
            return Err(error.clone());
        }
        match self.peek(id, slot) {
            Val::Unset => {
                self.demand(id, slot)?;
                Ok(self.peek(id, slot).clone())
            }
            Val::Busy => Err(ReadError::new(Class::Other, "a value depends on itself")),
            known => Ok(known.clone()),
        }
    }

    /// A value without references into this machine.
    pub(in crate::ksy) fn plain<'v>(&mut self, val: &'v Val) -> Result<Cow<'v, Value>, ReadError> {
        Ok(match val {
            Val::Plain(value) => Cow::Borrowed(value),
            Val::List(list) => {
                let elements = self.whole_elements(*list).to_vec();
                self.budget
                    .charge(elements.len().saturating_mul(size_of::<Value>()))?;
                let mut values = Vec::with_capacity(elements.len());
                for element in &elements {
                    values.push(self.plain(element)?.into_owned());
                }
                Cow::Owned(Value::List(values))
            }
            Val::Unset | Val::Busy | Val::Absent | Val::Object(_) | Val::Stream(_) => {
                Cow::Owned(Value::Null)
            }
        })
    }

    fn plain_of(&mut self, code: &'p Code, here: &Here) -> Result<Value, ReadError> {
        match self.eval(code, here)? {
            Val::Plain(value) => Ok(value),
            other => self.plain(&other).map(Cow::into_owned),
        }
    }

    pub(in crate::ksy) fn eval(&mut self, code: &'p Code, here: &Here) -> Result<Val, ReadError> {
        self.step()?;
        self.nested = self.nested.saturating_add(1);
        if self.nested > MAX_NESTED {
            self.nested = self.nested.saturating_sub(1);
            let message = "expressions need too many others";
            return Err(ReadError::new(Class::Other, message));
        }
        let val = self.op(code, here);
        self.nested = self.nested.saturating_sub(1);
        val
    }

    fn op(&mut self, code: &'p Code, here: &Here) -> Result<Val, ReadError> {
        match &code.op {
            Op::Const(value) => {
                if let Value::List(values) = value {
                    self.look_at(values.len())?;
                }
                Ok(Val::Plain(value.clone()))
            }
            Op::Own(slot) => self.member(here.this, *slot),
            Op::Member(of, _, slot) => {
                let of = self.object_at(of, here)?;
                self.member(of, *slot)
            }
            Op::AnyOf(of, cases) => {
                let of = self.object_of(of, here)?;
                self.any_of(of, cases)
            }
            Op::This => Ok(Val::Object(here.this)),
            Op::Root => Ok(Val::Object(self.object(here.this).root)),
            Op::Parent(of) => {
                let of = self.object_at(of, here)?;
                Ok(self.object(of).parent.map_or(Val::Absent, Val::Object))
            }
            Op::Stream(of) => {
                let of = self.object_at(of, here)?;
                Ok(Val::Stream(self.object(of).io))
            }
            Op::It => Ok(here.it.clone()),
            Op::Index => Ok(integer(here.index)),
            Op::Position(of) => {
                let stream = self.stream_at(of, here)?;
                Ok(integer(stream.pos.saturating_sub(stream.start)))
            }
            Op::StreamSize(of) => {
                let stream = self.stream_at(of, here)?;
                Ok(integer(stream.end.saturating_sub(stream.start)))
            }
            Op::AtEnd(of) => Ok(bool_of(self.stream_at(of, here)?.at_end())),
            Op::Not(_) | Op::All(_) | Op::Any(_) | Op::Compare(..) => {
                self.truth(code, here).map(bool_of)
            }
            Op::Arith(op, two) => self.arith(*op, two, here),
            Op::Unary(op, of) => {
                let of = self.plain_of(of, here)?;
                Ok(Val::Plain(unary(*op, &of)?))
            }
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                let holds = self.truth(condition, here)?;
                self.eval(if holds { then } else { otherwise }, here)
            }
            Op::Element(two) => self.indexed(two, here),
            Op::Count(of) => self.count_of(of, here),
            Op::End(of, which) => self.end_of(of, *which, here),
            Op::List(all) => self.make_list(all, here),
            Op::Bytes(all) => self.make_bytes(all, here),
            Op::Call(builtin, all) => self.call(builtin, all, here),
            Op::Format(parts) => self.format(parts, here),
            Op::Cast(of, ty) => match self.eval(of, here)? {
                Val::Object(id) if self.object(id).ty != *ty => Err(ReadError::new(
                    Class::Conversion,
                    "the structure is of another type than it is taken for",
                )),
                val => Ok(val),
            },
        }
    }

    fn arith(&mut self, op: Arith, two: &'p [Code; 2], here: &Here) -> Result<Val, ReadError> {
        let (a, b) = (self.plain_of(&two[0], here)?, self.plain_of(&two[1], here)?);
        Ok(Val::Plain(match floats(op, &a, &b) {
            Some(x) => Value::Float(x),
            None => binary(op, &a, &b, &mut self.budget)?,
        }))
    }

    /// The number of elements of a list. Bytes may be taken for one, and constants are one that is
    /// not in this machine.
    fn count_of(&mut self, of: &'p Code, here: &Here) -> Result<Val, ReadError> {
        Ok(integer(match self.eval(of, here)? {
            Val::List(list) => self.whole_elements(list).len(),
            Val::Plain(Value::Bytes(bytes)) => bytes.len(),
            Val::Plain(Value::List(values)) => values.len(),
            _ => return Err(wrong("a list")),
        }))
    }

    fn end_of(&mut self, of: &'p Code, which: Extreme, here: &Here) -> Result<Val, ReadError> {
        let end = match self.eval(of, here)? {
            Val::List(list) => {
                let elements = self.whole_elements(list);
                let end = match which {
                    Extreme::First => elements.first(),
                    Extreme::Last => elements.last(),
                };
                end.cloned()
            }
            Val::Plain(Value::Bytes(bytes)) => {
                let end = match which {
                    Extreme::First => bytes.first(),
                    Extreme::Last => bytes.last(),
                };
                end.map(|byte| integer(usize::from(*byte)))
            }
            Val::Plain(Value::List(values)) => {
                let end = match which {
                    Extreme::First => values.first(),
                    Extreme::Last => values.last(),
                };
                end.cloned().map(Val::Plain)
            }
            _ => return Err(wrong("a list")),
        };
        end.ok_or_else(|| ReadError::new(Class::Other, "the list is empty"))
    }

    fn indexed(&mut self, two: &'p [Code; 2], here: &Here) -> Result<Val, ReadError> {
        let of = self.eval(&two[0], here)?;
        let at = match self.eval(&two[1], here)? {
            Val::Plain(Value::Int(at)) => usize::try_from(at).ok(),
            _ => return Err(wrong("an integer")),
        };
        let found = match &of {
            Val::List(list) => at
                .and_then(|at| self.whole_elements(*list).get(at))
                .cloned(),
            Val::Plain(Value::Bytes(bytes)) => at
                .and_then(|at| bytes.get(at))
                .map(|byte| integer(usize::from(*byte))),
            Val::Plain(Value::List(values)) => {
                at.and_then(|at| values.get(at)).cloned().map(Val::Plain)
            }
            _ => return Err(wrong("a list")),
        };
        found.ok_or_else(|| ReadError::new(Class::Other, "there is no element of that index"))
    }

    fn make_list(&mut self, all: &'p [Code], here: &Here) -> Result<Val, ReadError> {
        let list = self.new_list()?;
        for code in all {
            let val = self.eval(code, here)?;
            if let Some(list) = self.lists.get_mut(list.0 as usize) {
                list.push(val);
            }
        }
        Ok(Val::List(list))
    }

    fn make_bytes(&mut self, all: &'p [Code], here: &Here) -> Result<Val, ReadError> {
        let mut bytes = Vec::with_capacity(all.len());
        for code in all {
            let byte = match self.eval(code, here)? {
                Val::Plain(Value::Int(n)) => u8::try_from(n).ok(),
                _ => None,
            };
            bytes.push(byte.ok_or_else(|| wrong("an integer from 0 to 255"))?);
        }
        Ok(Val::Plain(Value::Bytes(Bytes::from(bytes))))
    }

    fn call(
        &mut self,
        builtin: &'static Builtin,
        all: &'p [Code],
        here: &Here,
    ) -> Result<Val, ReadError> {
        let mut values = Vec::with_capacity(all.len());
        for code in all {
            values.push(Cow::Owned(self.plain_of(code, here)?));
        }
        let mut values = values.into_iter();
        let on = values.next().unwrap_or_default();
        let rest: Vec<Cow<'_, Value>> = values.collect();
        let result = (builtin.run)(on, &rest, &mut self.budget)?;
        Ok(Val::Plain(result.into_owned()))
    }

    fn format(&mut self, parts: &'p [Code], here: &Here) -> Result<Val, ReadError> {
        let mut whole = String::new();
        for part in parts {
            let value = self.plain_of(part, here)?;
            let part = text(&value)?;
            self.budget.charge(part.len())?;
            whole.push_str(&part);
        }
        Ok(Val::Plain(Value::Str(whole.into())))
    }
}

/// IEEE 754's arithmetic, in which a message may have any value: infinite ones and those that are
/// no numbers, too.
fn floats(op: Arith, a: &Value, b: &Value) -> Option<f64> {
    let (a, b) = match (a, b) {
        (Value::Float(a), Value::Float(b)) => (*a, *b),
        (Value::Float(a), Value::Int(b)) => (*a, *b as f64),
        (Value::Int(a), Value::Float(b)) => (*a as f64, *b),
        _ => return None,
    };
    match op {
        Arith::Add => Some(a + b),
        Arith::Sub => Some(a - b),
        Arith::Mul => Some(a * b),
        Arith::Div => Some(a / b),
        Arith::Rem => Some(a - b * (a / b).floor()),
        Arith::BitOr | Arith::BitXor | Arith::BitAnd | Arith::Shl | Arith::Shr => None,
    }
}

/// How much there is to compare.
fn length(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.len(),
        Value::Str(text) => text.len(),
        _ => 0,
    }
}

fn integer(n: usize) -> Val {
    Val::Plain(Value::Int(n as i128))
}

pub(super) const fn bool_of(truth: bool) -> Val {
    Val::Plain(Value::Bool(truth))
}
