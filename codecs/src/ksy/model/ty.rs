//! Static types of expressions and fields.

use super::{EnumIndex, Model, TypeId};
use gatewright_core::expr::semantics::Sort;

/// A static type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// An integer.
    Int,
    /// A single bit (`b1`): a truth value.
    Bool,
    /// A float.
    Float,
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// A number with labels.
    Enum(EnumIndex),
    /// A structure.
    Struct(TypeId),
    /// One of several structures: it has to be cast before its fields can be named.
    AnyStruct,
    /// A list.
    List(Box<Self>),
    /// What a structure is read from.
    Stream,
    /// Known only when it is read: one of several types.
    Any,
}

impl Ty {
    /// What operators and methods see of it; streams have none of them.
    #[must_use]
    pub const fn sort(&self) -> Sort {
        match self {
            Self::Int => Sort::Int,
            Self::Bool => Sort::Bool,
            Self::Float => Sort::Float,
            Self::Str => Sort::Str,
            Self::Bytes => Sort::Bytes,
            Self::Enum(_) => Sort::Enum,
            Self::Struct(_) | Self::AnyStruct | Self::Stream => Sort::Struct,
            Self::List(_) => Sort::List,
            Self::Any => Sort::Any,
        }
    }

    /// Whether it is a number without labels.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// The one type of two branches, if there is one.
    #[must_use]
    pub fn unified(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a.clone()),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Some(Self::Float),
            (Self::Struct(_) | Self::AnyStruct, Self::Struct(_) | Self::AnyStruct) => {
                Some(Self::AnyStruct)
            }
            (Self::List(a), Self::List(b)) => a.unified(b).map(|one| Self::List(Box::new(one))),
            _ => None,
        }
    }

    /// Whether a value of type `given` can be passed where this one is asked for.
    #[must_use]
    pub fn takes(&self, given: &Self) -> bool {
        match (self, given) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::AnyStruct, Self::Struct(_) | Self::AnyStruct) => true,
            (Self::List(a), Self::List(b)) => a.takes(b),
            (a, b) => a == b,
        }
    }

    /// For people.
    #[must_use]
    pub fn describe(&self, model: &Model) -> String {
        match self {
            Self::Enum(id) => format!("the enum `{}`", model.enumeration(*id).name),
            Self::Struct(id) => format!("a `{}`", model.path(*id)),
            Self::AnyStruct => "one of several structures".to_owned(),
            Self::Stream => "a stream".to_owned(),
            Self::Any => "a value whose type is known only when it is read".to_owned(),
            Self::List(of) => format!("a list whose elements are {}", of.describe(model)),
            Self::Int | Self::Bool | Self::Float | Self::Str | Self::Bytes => {
                self.sort().describe().to_owned()
            }
        }
    }
}
