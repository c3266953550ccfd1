//! What an expression says, before it is known what its names mean.

use super::{Comparison, Span};
use bytestring::ByteString;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node<'s> {
    pub(super) kind: Kind<'s>,
    /// Its place in the expression's text, in bytes.
    pub(super) span: Span,
    /// The levels below and including this one.
    pub(super) height: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind<'s> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(ByteString),
    /// `[a, b]`
    List(Vec<Node<'s>>),
    /// A field, or whatever else the scope knows; or the function of a call.
    Name(&'s str),
    /// `enumeration::label`
    Label {
        enumeration: &'s str,
        label: &'s str,
    },
    Not(Box<Node<'s>>),
    Unary(Unary, Box<Node<'s>>),
    /// `a and b and c`
    All(Vec<Node<'s>>),
    /// `a or b or c`
    Any(Vec<Node<'s>>),
    Compare(Comparison, Box<[Node<'s>; 2]>),
    Arith(Arith, Box<[Node<'s>; 2]>),
    /// `condition ? then : otherwise`
    Choose(Box<[Node<'s>; 3]>),
    /// `of.name`; the name is the last part of the span.
    Attr(Box<Node<'s>>, &'s str),
    /// `of[index]`
    Index(Box<[Node<'s>; 2]>),
    /// `function(arguments)` or `of.method(arguments)`: the callee is a `Name` or an `Attr`.
    Call(Box<Node<'s>>, Vec<Node<'s>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Plus,
    Invert,
}

impl Unary {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Plus => "+",
            Self::Invert => "~",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    BitOr,
    BitXor,
    BitAnd,
    Shl,
    Shr,
}

impl Arith {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::Shl => "<<",
            Self::Shr => ">>",
        }
    }

    /// Whether it takes floats as well as integers.
    pub(super) const fn takes_floats(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Rem
        )
    }
}

impl<'s> Node<'s> {
    pub(super) fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Str(_)
            | Kind::Name(_)
            | Kind::Label { .. } => Vec::new(),
            Kind::Not(of) | Kind::Unary(_, of) | Kind::Attr(of, _) => vec![of],
            Kind::List(all) | Kind::All(all) | Kind::Any(all) => all.iter().collect(),
            Kind::Compare(_, two) | Kind::Arith(_, two) | Kind::Index(two) => two.iter().collect(),
            Kind::Choose(three) => three.iter().collect(),
            Kind::Call(callee, args) => std::iter::once(&**callee).chain(args).collect(),
        }
    }

    pub(super) fn new(kind: Kind<'s>, span: Span) -> Self {
        let mut node = Self {
            kind,
            span,
            height: 1,
        };
        node.height += node
            .children()
            .iter()
            .map(|child| child.height)
            .max()
            .unwrap_or(0);
        node
    }

    /// The place of the name of an `Attr`.
    pub(super) fn name_span(&self) -> Span {
        match self.kind {
            Kind::Attr(_, name) => self.span.end - name.len()..self.span.end,
            _ => self.span.clone(),
        }
    }
}
