//! Expressions of a `-gateway` section, run: null stands for what is absent and goes on through
//! every operator, except where the rest decides (`false and null` is false).

use super::eval::{Here, bool_of};
use super::{Class, Machine, ObjectId, ReadError, Val};
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, Op};
use crate::ksy::section::plan::{
    DirectionPlan, Kind, OperationIndex, RejectOperation, RejectPlan, SectionPlan, kind_named,
};
use gatewright_core::expr::Comparison;
use gatewright_core::expr::semantics::{Builtin, binary, unary};
use gatewright_core::message::Value;
use smallvec::SmallVec;
use std::borrow::Cow;

/// The parts of what ties a reply to its request; null for those that the message has not.
pub type IdParts = SmallVec<[Value; 1]>;

impl<'p> Machine<'p> {
    /// The kind of the message that was read, if it says so.
    ///
    /// # Errors
    /// If the expression cannot be computed.
    pub fn kind_of(&mut self, direction: &'p DirectionPlan) -> Result<Option<Kind>, ReadError> {
        let Some(code) = &direction.kind else {
            return Ok(None);
        };
        let value = self.value_of(code)?;
        Ok(value.as_str().and_then(kind_named))
    }

    /// The operation of the message that was read; `None` if it is none that is known.
    ///
    /// # Errors
    /// If the expression cannot be computed.
    pub fn operation_of(
        &mut self,
        section: &'p SectionPlan,
        direction: &'p DirectionPlan,
    ) -> Result<Option<OperationIndex>, ReadError> {
        let value = self.value_of(&direction.operation)?;
        Ok(section.operation(&value))
    }

    /// What ties the message that was read to its request or its reply; `None` if it has nothing
    /// of it.
    ///
    /// # Errors
    /// If an expression cannot be computed.
    pub fn id_of(&mut self, direction: &'p DirectionPlan) -> Result<Option<IdParts>, ReadError> {
        let mut parts = IdParts::new();
        for part in &direction.id {
            parts.push(self.value_of(&part.code)?);
        }
        let known = parts.iter().any(|part| !part.is_null());
        Ok(known.then_some(parts))
    }

    /// Whether the message that was read is a failure. Where that is unknown it is none.
    ///
    /// # Errors
    /// If the expression cannot be computed.
    pub fn is_error(&mut self, direction: &'p DirectionPlan) -> Result<bool, ReadError> {
        match &direction.error {
            Some(code) => Ok(self.value_of(code)? == Value::Bool(true)),
            None => Ok(false),
        }
    }

    /// What is passed for the parameters of the reply to the request that was read.
    ///
    /// # Errors
    /// If one of them is absent or cannot be computed.
    pub fn reply_arguments(&mut self, reply: &'p DirectionPlan) -> Result<Vec<Val>, ReadError> {
        let mut arguments = Vec::with_capacity(reply.arguments.len());
        for code in &reply.arguments {
            let value = self.value_of(code)?;
            if value.is_null() {
                let message = "the reply needs a part of the request that is absent";
                return Err(ReadError::new(Class::Other, message));
            }
            arguments.push(Val::Plain(value));
        }
        Ok(arguments)
    }

    /// The operation of the answer that rejects the request that was read; `None` if nothing of
    /// that name is known.
    ///
    /// # Errors
    /// If the expression cannot be computed.
    pub fn rejecting(
        &mut self,
        section: &'p SectionPlan,
        reject: &'p RejectPlan,
    ) -> Result<Option<OperationIndex>, ReadError> {
        match &reject.operation {
            RejectOperation::Named(operation) => Ok(Some(*operation)),
            RejectOperation::Told(code) => {
                let value = self.value_of(code)?;
                Ok(section.operation(&value))
            }
        }
    }

    /// The values of an answer's fields, in the order of [`RejectPlan::set`]. Parts of a request
    /// that was not read are null.
    ///
    /// # Errors
    /// If one of them cannot be computed.
    pub fn rejected(
        &mut self,
        reject: &'p RejectPlan,
        class: &str,
        code: &str,
    ) -> Result<Vec<Value>, ReadError> {
        let fault = Value::List(vec![Value::from(class), Value::from(code)]);
        let here = Here::with(ObjectId(0), Val::Plain(fault), 0);
        let mut values = Vec::with_capacity(reject.set.len());
        for set in &reject.set {
            let value = self.known(&set.code, &here)?;
            values.push(self.absent_is_null(value)?);
        }
        Ok(values)
    }

    /// The value of an expression on the structure at the top; null if it is unknown.
    fn value_of(&mut self, code: &'p Code) -> Result<Value, ReadError> {
        let Some(root) = self.root() else {
            return Ok(Value::Null);
        };
        let value = self.known(code, &Here::of(root))?;
        self.absent_is_null(value)
    }

    fn absent_is_null(&mut self, value: Option<Val>) -> Result<Value, ReadError> {
        match value {
            Some(Val::Plain(value)) => Ok(value),
            Some(other) => self.plain(&other).map(Cow::into_owned),
            None => Ok(Value::Null),
        }
    }

    /// The member that a structure of one of these types has.
    pub(super) fn any_of(
        &mut self,
        of: Option<ObjectId>,
        cases: &'p [(TypeId, usize)],
    ) -> Result<Val, ReadError> {
        let Some(of) = of else {
            return Ok(Val::Absent);
        };
        let ty = self.object(of).ty;
        match cases.iter().find(|(case, _)| *case == ty) {
            Some((_, slot)) => self.member(of, *slot),
            None => Ok(Val::Absent),
        }
    }

    /// The value of an expression, or none if it is unknown.
    fn known(&mut self, code: &'p Code, here: &Here) -> Result<Option<Val>, ReadError> {
        match &code.op {
            // A rejection may be of what could not be read at all.
            Op::This | Op::Root | Op::Own(_) if self.root().is_none() => Ok(None),
            Op::Const(_) | Op::This | Op::Root | Op::It | Op::Index | Op::Own(_) => {
                self.eval(code, here).map(present)
            }
            Op::Member(of, _, slot) => match self.known(of, here)? {
                Some(Val::Object(of)) => self.member(of, *slot).map(present),
                _ => Ok(None),
            },
            Op::AnyOf(of, cases) => match self.known(of, here)? {
                Some(Val::Object(of)) => self.any_of(Some(of), cases).map(present),
                _ => Ok(None),
            },
            Op::Cast(of, ty) => Ok(self.known(of, here)?.filter(|val| match val {
                Val::Object(id) => self.object(*id).ty == *ty,
                _ => true,
            })),
            Op::Not(of) => Ok(self.known_truth(of, here)?.map(|truth| bool_of(!truth))),
            Op::All(all) => Ok(self.decided_by(all, false, here)?.map(bool_of)),
            Op::Any(all) => Ok(self.decided_by(all, true, here)?.map(bool_of)),
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                match self.known_truth(condition, here)? {
                    Some(true) => self.known(then, here),
                    Some(false) => self.known(otherwise, here),
                    None => Ok(None),
                }
            }
            Op::Compare(op, two) => Ok(self.known_order(*op, two, here)?.map(bool_of)),
            Op::Arith(op, two) => {
                let Some([a, b]) = self.known_two(two, here)? else {
                    return Ok(None);
                };
                Ok(Some(Val::Plain(binary(*op, &a, &b, &mut self.budget)?)))
            }
            Op::Unary(op, of) => match self.known_value(of, here)? {
                Some(value) => Ok(Some(Val::Plain(unary(*op, &value)?))),
                None => Ok(None),
            },
            Op::Call(builtin, all) => self.known_call(builtin, all, here),
            Op::Parent(of)
            | Op::Stream(of)
            | Op::Position(of)
            | Op::StreamSize(of)
            | Op::AtEnd(of)
            | Op::Count(of)
            | Op::End(of, _) => self.strict(code, std::slice::from_ref(&**of), here),
            Op::Element(two) => self.strict(code, two.as_slice(), here),
            Op::List(all) | Op::Bytes(all) | Op::Format(all) => self.strict(code, all, here),
        }
    }

    fn known_call(
        &mut self,
        builtin: &'static Builtin,
        all: &'p [Code],
        here: &Here,
    ) -> Result<Option<Val>, ReadError> {
        // Most methods have no arguments: nothing is allocated for those.
        let mut values: SmallVec<[Cow<'_, Value>; 2]> = SmallVec::new();
        for code in all {
            let Some(value) = self.known_value(code, here)? else {
                return Ok(None);
            };
            values.push(Cow::Owned(value));
        }
        let mut values = values.into_iter();
        let on = values.next().unwrap_or_default();
        let rest: SmallVec<[Cow<'_, Value>; 1]> = values.collect();
        let result = (builtin.run)(on, &rest, &mut self.budget)?;
        Ok(Some(Val::Plain(result.into_owned())))
    }

    /// An operation that is unknown if one of its operands is.
    fn strict(
        &mut self,
        code: &'p Code,
        operands: &'p [Code],
        here: &Here,
    ) -> Result<Option<Val>, ReadError> {
        for operand in operands {
            if self.known(operand, here)?.is_none() {
                return Ok(None);
            }
        }
        self.eval(code, here).map(present)
    }

    /// `and` is decided by what is false, `or` by what is true, whatever else is unknown.
    fn decided_by(
        &mut self,
        all: &'p [Code],
        deciding: bool,
        here: &Here,
    ) -> Result<Option<bool>, ReadError> {
        let mut unknown = false;
        for code in all {
            match self.known_truth(code, here)? {
                Some(truth) if truth == deciding => return Ok(Some(deciding)),
                Some(_) => {}
                None => unknown = true,
            }
        }
        Ok((!unknown).then_some(!deciding))
    }

    fn known_truth(&mut self, code: &'p Code, here: &Here) -> Result<Option<bool>, ReadError> {
        match &code.op {
            Op::Compare(op, two) => return self.known_order(*op, two, here),
            Op::All(all) => return self.decided_by(all, false, here),
            Op::Any(all) => return self.decided_by(all, true, here),
            _ => {}
        }
        match self.known(code, here)? {
            Some(Val::Plain(Value::Bool(truth))) => Ok(Some(truth)),
            _ => Ok(None),
        }
    }

    /// Whether two values compare so.
    fn known_order(
        &mut self,
        op: Comparison,
        two: &'p [Code; 2],
        here: &Here,
    ) -> Result<Option<bool>, ReadError> {
        let [a, b] = two;
        if let (Some(a), Some(b)) = (self.at_hand(a, here), self.at_hand(b, here)) {
            return Ok(Some(op.accepts(a.cmp(&b))));
        }
        match self.known_two(two, here)? {
            Some([a, b]) => Ok(Some(op.holds(&a, &b)?)),
            None => Ok(None),
        }
    }

    fn known_value(&mut self, code: &'p Code, here: &Here) -> Result<Option<Value>, ReadError> {
        let known = self.known(code, here)?;
        let value = self.absent_is_null(known)?;
        Ok((!value.is_null()).then_some(value))
    }

    fn known_two(
        &mut self,
        two: &'p [Code; 2],
        here: &Here,
    ) -> Result<Option<[Value; 2]>, ReadError> {
        let [a, b] = two;
        let (a, b) = (self.known_value(a, here)?, self.known_value(b, here)?);
        Ok(a.zip(b).map(<[Value; 2]>::from))
    }
}

fn present(val: Val) -> Option<Val> {
    match val {
        Val::Absent | Val::Unset | Val::Busy | Val::Plain(Value::Null) => None,
        Val::Plain(_) | Val::Object(_) | Val::List(_) | Val::Stream(_) => Some(val),
    }
}
