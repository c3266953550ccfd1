//! What an expression says, before it is known what its names mean. Definitions, whose names mean
//! fields of messages that are still being read, start from here as rules do.

use super::{Comparison, Span};
use bytestring::ByteString;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'s> {
    /// What it says.
    pub kind: Kind<'s>,
    /// Its place in the expression's text, in bytes.
    pub span: Span,
    /// The levels below and including this one.
    pub height: usize,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'s> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer literal.
    Int(i128),
    /// A floating point literal.
    Float(f64),
    /// A text literal.
    Str(ByteString),
    /// `f"a{b}"`: text with expressions in it.
    Format(Vec<Node<'s>>),
    /// `[a, b]`
    List(Vec<Node<'s>>),
    /// A field, or whatever else the scope knows; or the function of a call.
    Name(&'s str),
    /// `enumeration::label`; the enumeration may be a path itself.
    Label {
        /// As written.
        enumeration: &'s str,
        /// The last part.
        label: &'s str,
    },
    /// `sizeof<type>` or, in bits, `bitsizeof<type>`.
    SizeOf {
        /// Whether it counts bits.
        bits: bool,
        /// The type as written.
        of: &'s str,
    },
    /// `value.as<type>`
    Cast(Box<Node<'s>>, &'s str),
    /// `not a`
    Not(Box<Node<'s>>),
    /// `-a`, `+a`, `~a`
    Unary(Unary, Box<Node<'s>>),
    /// `a and b and c`
    All(Vec<Node<'s>>),
    /// `a or b or c`
    Any(Vec<Node<'s>>),
    /// `a == b`
    Compare(Comparison, Box<[Node<'s>; 2]>),
    /// `a + b`
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

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-`
    Negate,
    /// `+`
    Plus,
    /// `~`
    Invert,
}

impl Unary {
    /// As written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Plus => "+",
            Self::Invert => "~",
        }
    }
}

/// An operator between two numbers, or two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
}

impl Arith {
    /// As written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
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
    #[must_use]
    pub const fn takes_floats(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Rem
        )
    }
}

impl<'s> Node<'s> {
    /// The expressions that it consists of.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Null
            | Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Str(_)
            | Kind::Name(_)
            | Kind::Label { .. }
            | Kind::SizeOf { .. } => Vec::new(),
            Kind::Not(of) | Kind::Unary(_, of) | Kind::Attr(of, _) | Kind::Cast(of, _) => vec![of],
            Kind::List(all) | Kind::All(all) | Kind::Any(all) | Kind::Format(all) => {
                all.iter().collect()
            }
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
    #[must_use]
    pub fn name_span(&self) -> Span {
        match self.kind {
            Kind::Attr(_, name) => self.span.end - name.len()..self.span.end,
            _ => self.span.clone(),
        }
    }
}
