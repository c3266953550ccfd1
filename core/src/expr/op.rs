//! The compiled form: a tree of operations, small enough to walk without bookkeeping.
//!
//! Running needs no step counter: an operation runs at most once, there are no loops, and the
//! source bounds how many there are. What they produce is charged to a [`Budget`].

use super::ast::{Arith, Unary};
use super::builtin::{Builtin, dispatch};
use super::{Comparison, Env, EvalError, Problem, Span, Var, arith, compare};
use crate::codec::{Descriptor, EnumId};
use crate::message::Value;
use bytestring::ByteString;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// What running an operation gives.
pub type Outcome<'e> = Result<Cow<'e, Value>, EvalError>;

/// The most that one run may produce in text, bytes and lists, intermediate results included:
/// 1 MiB.
pub(super) const MAX_PRODUCED: usize = 1 << 20;

/// What one run may still produce, in bytes.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    /// 1 MiB, which is for one run.
    #[must_use]
    pub const fn full() -> Self {
        Self(MAX_PRODUCED)
    }

    /// So many bytes.
    #[must_use]
    pub const fn of(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Takes `bytes` before they are allocated.
    ///
    /// # Errors
    /// If that is more than is left.
    pub fn charge(&mut self, bytes: usize) -> Result<(), EvalError> {
        let left = self.0.checked_sub(bytes);
        self.0 = left.ok_or_else(|| {
            EvalError::new(Problem::TooMuch, "the expression produces more than 1 MiB")
        })?;
        Ok(())
    }
}

/// One run.
pub(super) struct Run<'e> {
    pub(super) env: &'e dyn Env,
    pub(super) budget: Budget,
}

/// An operation and its place in the configuration file.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) kind: OpKind,
    pub(super) at: Span,
}

#[derive(Clone, Debug)]
pub(super) enum OpKind {
    Const(Value),
    Load(Var),
    /// A field of a structure; absent if the structure is.
    Field(Box<Op>, usize),
    /// A member of a JSON object; absent if there is none.
    Member(Box<Op>, ByteString),
    Index(Box<[Op; 2]>),
    Not(Box<Op>),
    Unary(Unary, Box<Op>),
    All(Vec<Op>),
    Any(Vec<Op>),
    Compare(Comparison, Box<[Op; 2]>),
    Arith(Arith, Box<[Op; 2]>),
    Choose(Box<[Op; 3]>),
    List(Vec<Op>),
    /// An integer where a float is promised.
    ToFloat(Box<Op>),
    /// An enum's label, or its number if it has none.
    Label(Box<Op>, Arc<Descriptor>, EnumId),
    /// The first argument is the one that a method is called on.
    Call(&'static Builtin, Vec<Op>),
    /// A method, or a member of that name, of a value whose type is known only now.
    Dispatch(ByteString, Vec<Op>),
}

impl Op {
    pub(super) const fn constant(&self) -> Option<&Value> {
        match &self.kind {
            OpKind::Const(value) => Some(value),
            _ => None,
        }
    }

    /// The operations whose values this one takes.
    pub(super) fn inputs(&self) -> Vec<&Self> {
        match &self.kind {
            OpKind::Const(_) | OpKind::Load(_) => Vec::new(),
            OpKind::Field(of, _)
            | OpKind::Member(of, _)
            | OpKind::Not(of)
            | OpKind::Unary(_, of)
            | OpKind::ToFloat(of)
            | OpKind::Label(of, ..) => vec![of],
            OpKind::Index(two) | OpKind::Compare(_, two) | OpKind::Arith(_, two) => {
                two.iter().collect()
            }
            OpKind::Choose(three) => three.iter().collect(),
            OpKind::All(all)
            | OpKind::Any(all)
            | OpKind::List(all)
            | OpKind::Call(_, all)
            | OpKind::Dispatch(_, all) => all.iter().collect(),
        }
    }

    pub(super) fn eval<'e>(&'e self, run: &mut Run<'e>) -> Outcome<'e> {
        let outcome = match &self.kind {
            OpKind::Load(var) => run.env.load(*var),
            _ => self.step(run),
        };
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => Err(self.located(error)),
        }
    }

    #[cold]
    fn located(&self, error: EvalError) -> EvalError {
        error.at(self.at.clone())
    }

    /// Apart from [`eval`](Self::eval), which most often loads a variable: that needs none of the
    /// room that this takes.
    #[inline(never)]
    fn step<'e>(&'e self, run: &mut Run<'e>) -> Outcome<'e> {
        match &self.kind {
            OpKind::Const(value) => Ok(Cow::Borrowed(value)),
            OpKind::Load(var) => run.env.load(*var),
            OpKind::Field(of, slot) => of.eval(run).map(|value| field(value, *slot)),
            OpKind::Member(of, name) => member(of.eval(run)?, name),
            OpKind::Index(two) => index(two[0].eval(run)?, &*two[1].eval(run)?),
            OpKind::All(_) | OpKind::Any(_) | OpKind::Compare(..) | OpKind::Not(_) => {
                self.truth(run).map(|holds| Cow::Owned(Value::Bool(holds)))
            }
            OpKind::Unary(operator, of) => arith::unary(*operator, &*of.eval(run)?).map(Cow::Owned),
            OpKind::Arith(op, two) => {
                let (left, right) = (two[0].eval(run)?, two[1].eval(run)?);
                arith::binary(*op, &left, &right, &mut run.budget).map(Cow::Owned)
            }
            OpKind::Choose(three) => {
                let taken = if three[0].truth(run)? {
                    &three[1]
                } else {
                    &three[2]
                };
                taken.eval(run)
            }
            OpKind::List(all) => list(all, run),
            OpKind::ToFloat(of) => of.eval(run).map(float),
            OpKind::Label(of, descriptor, id) => label(of.eval(run)?, descriptor, *id),
            OpKind::Call(builtin, all) if all.len() == 1 => {
                let of = all[0].eval(run)?;
                (builtin.run)(of, &[], &mut run.budget)
            }
            OpKind::Call(builtin, all) => {
                let (first, rest) = arguments(all, run)?;
                (builtin.run)(first, &rest, &mut run.budget)
            }
            OpKind::Dispatch(name, all) => {
                let (first, rest) = arguments(all, run)?;
                dispatch(name, first, &rest, &mut run.budget)
            }
        }
    }

    /// Runs it as a condition.
    pub(super) fn truth<'e>(&'e self, run: &mut Run<'e>) -> Result<bool, EvalError> {
        match &self.kind {
            OpKind::All(all) => decide(all, false, run),
            OpKind::Any(all) => decide(all, true, run),
            OpKind::Not(of) => of.truth(run).map(|holds| !holds),
            OpKind::Compare(op, two) => {
                let (left, right) = (two[0].eval(run)?, two[1].eval(run)?);
                compare::holds(*op, &left, &right).map_err(|error| error.at(self.at.clone()))
            }
            _ => match &*self.eval(run)? {
                Value::Bool(holds) => Ok(*holds),
                other => Err(expected("a truth value", other).at(self.at.clone())),
            },
        }
    }
}

/// The error for a value of another type than its place demands. It names types only.
pub(super) fn expected(what: &str, got: &Value) -> EvalError {
    match got {
        Value::Null => EvalError::new(
            Problem::Absent,
            format!("{what} is needed, but the value is absent"),
        ),
        other => EvalError::new(
            Problem::WrongType,
            format!("{what} is needed, not {}", describe(other)),
        ),
    }
}

/// What a value is, for errors.
pub(super) const fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Int(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Str(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::List(_) | Value::Headers(_) => "a list",
        Value::Record(_) => "a structure",
        Value::Object(_) => "a JSON object",
    }
}

/// What is called on, and the further arguments.
type Arguments<'e> = (Cow<'e, Value>, SmallVec<[Cow<'e, Value>; 1]>);

fn arguments<'e>(all: &'e [Op], run: &mut Run<'e>) -> Result<Arguments<'e>, EvalError> {
    let Some((first, rest)) = all.split_first() else {
        return Ok((Cow::Owned(Value::Null), SmallVec::new()));
    };
    let first = first.eval(run)?;
    let mut further = SmallVec::new();
    for arg in rest {
        further.push(arg.eval(run)?);
    }
    Ok((first, further))
}

/// Whether any is `stop`, in order and no further than needed; else not.
fn decide<'e>(all: &'e [Op], stop: bool, run: &mut Run<'e>) -> Result<bool, EvalError> {
    for op in all {
        if op.truth(run)? == stop {
            return Ok(stop);
        }
    }
    Ok(!stop)
}

/// The element that `find` picks: borrowed from a borrowed value, moved out of an owned one.
fn pick<'e>(
    value: Cow<'e, Value>,
    find: impl FnOnce(&Value) -> Option<&Value>,
) -> Option<Cow<'e, Value>> {
    match value {
        Cow::Borrowed(value) => find(value).map(Cow::Borrowed),
        Cow::Owned(value) => find(&value).cloned().map(Cow::Owned),
    }
}

fn field(value: Cow<'_, Value>, slot: usize) -> Cow<'_, Value> {
    pick(value, |value| value.as_record()?.get(slot)).unwrap_or_default()
}

pub(super) fn member<'e>(value: Cow<'e, Value>, name: &str) -> Outcome<'e> {
    match &*value {
        Value::Null => Ok(Cow::Owned(Value::Null)),
        Value::Object(_) => Ok(pick(value, |value| match value {
            Value::Object(members) => members
                .iter()
                .find(|(key, _)| &**key == name)
                .map(|(_, value)| value),
            _ => None,
        })
        .unwrap_or_default()),
        other => Err(expected("a JSON object", other)),
    }
}

fn index<'e>(value: Cow<'e, Value>, index: &Value) -> Outcome<'e> {
    let outside = || EvalError::new(Problem::OutOfRange, "the index is beyond the end");
    match (&*value, index) {
        (Value::Object(_) | Value::Null, Value::Str(name)) => member(value, name),
        (Value::List(_) | Value::Headers(_), Value::Int(n)) => {
            element(value, usize::try_from(*n).ok()).ok_or_else(outside)
        }
        (Value::Bytes(bytes), Value::Int(n)) => {
            let byte = usize::try_from(*n)
                .ok()
                .and_then(|n| bytes.get(n))
                .ok_or_else(outside)?;
            Ok(Cow::Owned(Value::from(*byte)))
        }
        (Value::List(_) | Value::Headers(_) | Value::Bytes(_), other) => {
            Err(expected("an integer as index", other))
        }
        (Value::Object(_), other) => Err(expected("text as the name of a member", other)),
        (other, _) => Err(expected("a list", other)),
    }
}

/// An element of a list.
pub(super) fn element(value: Cow<'_, Value>, at: Option<usize>) -> Option<Cow<'_, Value>> {
    pick(value, |value| value.as_list()?.get(at?))
}

fn list<'e>(all: &'e [Op], run: &mut Run<'e>) -> Outcome<'e> {
    run.budget
        .charge(size_of::<Value>().saturating_mul(all.len()))?;
    let mut items = Vec::with_capacity(all.len());
    for op in all {
        let item = op.eval(run)?;
        run.budget.charge(weight(&item))?;
        items.push(item.into_owned());
    }
    Ok(Cow::Owned(Value::List(items)))
}

/// What a copy of the value allocates: text and bytes are shared, lists are not.
fn weight(value: &Value) -> usize {
    let nested = |items: &[Value]| {
        items
            .iter()
            .map(|item| size_of::<Value>() + weight(item))
            .sum()
    };
    match value {
        Value::List(items) | Value::Record(items) => nested(items),
        Value::Object(members) => members
            .iter()
            .map(|(_, item)| 2 * size_of::<Value>() + weight(item))
            .sum(),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Bytes(_)
        | Value::Headers(_) => 0,
    }
}

fn float(value: Cow<'_, Value>) -> Cow<'_, Value> {
    match *value {
        Value::Int(n) => Cow::Owned(Value::Float(n as f64)),
        _ => value,
    }
}

fn label<'e>(value: Cow<'e, Value>, descriptor: &Descriptor, id: EnumId) -> Outcome<'e> {
    let Value::Int(n) = *value else {
        return Err(expected("an enum", &value));
    };
    let text = match descriptor.schema.enumeration(id).label(n) {
        Some(label) => label.into(),
        None => ByteString::from(n.to_string()),
    };
    Ok(Cow::Owned(Value::Str(text)))
}
