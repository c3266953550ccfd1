//! Expressions of a definition, compiled.

use crate::ksy::model::TypeId;
use gatewright_core::expr::Comparison;
use gatewright_core::expr::Span;
use gatewright_core::expr::semantics::Builtin;
use gatewright_core::expr::syntax::{Arith, Unary};
use gatewright_core::message::Value;

/// An expression and its place in the file.
#[derive(Clone, Debug)]
pub struct Code {
    /// What it does.
    pub op: Op,
    /// Its place.
    pub span: Span,
}

/// What an expression does.
#[derive(Clone, Debug)]
pub enum Op {
    /// Always this.
    Const(Value),
    /// The value in a slot of the structure that the expression stands in.
    Own(usize),
    /// The value in a slot of a structure of this type.
    Member(Box<Code>, TypeId, usize),
    /// The value in the slot that a structure's type has here; absent if its type is none of these.
    AnyOf(Box<Code>, Vec<(TypeId, usize)>),
    /// The structure that the expression stands in.
    This,
    /// The structure of the whole message.
    Root,
    /// The structure that a structure is part of.
    Parent(Box<Code>),
    /// What a structure is read from.
    Stream(Box<Code>),
    /// `_`: the element just read, or the value to be judged.
    It,
    /// `_index`.
    Index,
    /// Where the next byte of a stream is.
    Position(Box<Code>),
    /// How many bytes a stream has.
    StreamSize(Box<Code>),
    /// Whether a stream has ended.
    AtEnd(Box<Code>),
    /// An element of a list or a byte of bytes.
    Element(Box<[Code; 2]>),
    /// The number of elements of a list.
    Count(Box<Code>),
    /// The first or last element of a list.
    End(Box<Code>, Extreme),
    /// `not`
    Not(Box<Code>),
    /// An operator before its operand.
    Unary(Unary, Box<Code>),
    /// `and`
    All(Vec<Code>),
    /// `or`
    Any(Vec<Code>),
    /// A comparison.
    Compare(Comparison, Box<[Code; 2]>),
    /// An operator between two operands.
    Arith(Arith, Box<[Code; 2]>),
    /// `condition ? then : otherwise`
    Choose(Box<[Code; 3]>),
    /// A list.
    List(Vec<Code>),
    /// Bytes, one by one.
    Bytes(Vec<Code>),
    /// A method; the first is what it is called on.
    Call(&'static Builtin, Vec<Code>),
    /// Text with values in it.
    Format(Vec<Code>),
    /// A structure that must be of this type.
    Cast(Box<Code>, TypeId),
}

/// Which end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The first element.
    First,
    /// The last element.
    Last,
}

impl Code {
    /// The constant that it always gives, if it does.
    #[must_use]
    pub const fn constant(&self) -> Option<&Value> {
        match &self.op {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }

    /// The expressions that it consists of.
    #[must_use]
    pub const fn parts(&self) -> &[Self] {
        match &self.op {
            Op::Const(_) | Op::Own(_) | Op::This | Op::Root | Op::It | Op::Index => &[],
            Op::Member(of, ..)
            | Op::Parent(of)
            | Op::Stream(of)
            | Op::Position(of)
            | Op::StreamSize(of)
            | Op::AtEnd(of)
            | Op::Count(of)
            | Op::End(of, _)
            | Op::Not(of)
            | Op::Unary(_, of)
            | Op::Cast(of, _)
            | Op::AnyOf(of, _) => std::slice::from_ref(of),
            Op::Element(two) | Op::Compare(_, two) | Op::Arith(_, two) => two.as_slice(),
            Op::Choose(three) => three.as_slice(),
            Op::All(all)
            | Op::Any(all)
            | Op::List(all)
            | Op::Bytes(all)
            | Op::Call(_, all)
            | Op::Format(all) => all.as_slice(),
        }
    }

    /// Whether all that it asks of streams is where the next byte of its own structure's is.
    #[must_use]
    pub fn asks_own_position(&self) -> bool {
        match &self.op {
            Op::StreamSize(_) | Op::AtEnd(_) => false,
            Op::Position(of) => {
                matches!(&of.op, Op::Stream(of) if matches!(of.op, Op::This))
            }
            _ => {
                let mut parts = self.parts().iter();
                let asking = parts.by_ref().filter(|part| part.asks_stream());
                let mut asking = asking.peekable();
                asking.peek().is_some() && asking.all(Self::asks_own_position)
            }
        }
    }

    /// Whether it asks where in a stream something is. Nobody knows while a message is written.
    #[must_use]
    pub fn asks_stream(&self) -> bool {
        matches!(self.op, Op::Position(_) | Op::StreamSize(_) | Op::AtEnd(_))
            || self.parts().iter().any(Self::asks_stream)
    }

    /// Whether it is the stream of the whole message, whoever asks.
    #[must_use]
    pub fn is_frame(&self) -> bool {
        matches!(&self.op, Op::Stream(of) if matches!(of.op, Op::Root))
    }

    /// Whether two expressions say the same, wherever they stand.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.parts(), other.parts());
        let parts = || mine.iter().zip(theirs).all(|(a, b)| a.same(b));
        let head = match (&self.op, &other.op) {
            (Op::Const(a), Op::Const(b)) => a == b,
            (Op::Own(a), Op::Own(b)) => a == b,
            (Op::Member(_, ty, a), Op::Member(_, other, b)) => (ty, a) == (other, b),
            (Op::AnyOf(_, a), Op::AnyOf(_, b)) => a == b,
            (Op::End(_, a), Op::End(_, b)) => a == b,
            (Op::Unary(a, _), Op::Unary(b, _)) => a == b,
            (Op::Compare(a, _), Op::Compare(b, _)) => a == b,
            (Op::Arith(a, _), Op::Arith(b, _)) => a == b,
            (Op::Call(a, _), Op::Call(b, _)) => std::ptr::eq(*a, *b),
            (Op::Cast(_, a), Op::Cast(_, b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        head && mine.len() == theirs.len() && parts()
    }
}
