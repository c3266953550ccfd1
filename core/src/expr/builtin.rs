//! Functions and methods, one row each.

use super::op::{Budget, Outcome, describe, expected, member};
use super::{EvalError, Problem, bytes, lists, numbers, text};
use crate::codec::Type;
use crate::message::Value;
use std::borrow::Cow;

/// What a value is, as far as functions and methods care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A truth value.
    Bool,
    /// An integer.
    Int,
    /// A float.
    Float,
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// A number with labels.
    Enum,
    /// A list.
    List,
    /// A structure.
    Struct,
    /// Known only when it arrives.
    Any,
}

impl Sort {
    /// That of values of a type.
    #[must_use]
    pub const fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::Int { .. } => Self::Int,
            Type::Float => Self::Float,
            Type::Str { .. } => Self::Str,
            Type::Bytes { .. } => Self::Bytes,
            Type::Enum(_) => Self::Enum,
            Type::List(_) => Self::List,
            Type::Struct(_) => Self::Struct,
            Type::Any => Self::Any,
        }
    }

    const fn of_value(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Self::Bool,
            Value::Int(_) => Self::Int,
            Value::Float(_) => Self::Float,
            Value::Str(_) => Self::Str,
            Value::Bytes(_) => Self::Bytes,
            Value::List(_) | Value::Headers(_) => Self::List,
            Value::Record(_) => Self::Struct,
            Value::Null | Value::Object(_) => Self::Any,
        }
    }

    /// For people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Bool => "a truth value",
            Self::Int => "an integer",
            Self::Float => "a float",
            Self::Str => "text",
            Self::Bytes => "bytes",
            Self::Enum => "an enum",
            Self::List => "a list",
            Self::Struct => "a structure",
            Self::Any => "JSON",
        }
    }
}

/// What a function or method gives.
#[derive(Clone, Debug)]
pub enum Gives {
    /// Always this type.
    Always(Type),
    /// An element of the list that it is called on.
    Element,
}

/// Runs a function or method: the value that it is called on, further arguments, what may be
/// produced. The values have been checked, but for those that are [`Sort::Any`].
pub type Body = for<'e> fn(Cow<'e, Value>, &[Cow<'e, Value>], &mut Budget) -> Outcome<'e>;

/// A function, or a method of certain values.
#[derive(Debug)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// What it can be called on, or what its first argument can be.
    pub on: &'static [Sort],
    /// Its further arguments, all of which must be given.
    pub params: &'static [Sort],
    /// What it gives.
    pub gives: Gives,
    /// Its code.
    pub run: Body,
}

const fn row(
    name: &'static str,
    on: &'static [Sort],
    params: &'static [Sort],
    gives: Type,
    run: Body,
) -> Builtin {
    Builtin {
        name,
        on,
        params,
        gives: Gives::Always(gives),
        run,
    }
}

const fn elements(name: &'static str, run: Body) -> Builtin {
    Builtin {
        name,
        on: &[Sort::List],
        params: &[],
        gives: Gives::Element,
        run,
    }
}

/// `function(x)`
pub(super) static FUNCTIONS: [Builtin; 10] = [
    row(
        "base64",
        &[Sort::Bytes, Sort::Str],
        &[],
        Type::STR,
        bytes::to_base64,
    ),
    row(
        "unbase64",
        &[Sort::Str],
        &[],
        Type::BYTES,
        bytes::from_base64,
    ),
    row(
        "hex",
        &[Sort::Bytes, Sort::Str],
        &[],
        Type::STR,
        bytes::to_hex,
    ),
    row("unhex", &[Sort::Str], &[], Type::BYTES, bytes::from_hex),
    row("utf8", &[Sort::Str], &[], Type::BYTES, bytes::of_text),
    row("upper", &[Sort::Str], &[], Type::STR, text::upper),
    row("lower", &[Sort::Str], &[], Type::STR, text::lower),
    row("trim", &[Sort::Str], &[], Type::STR, text::trim),
    row(
        "string",
        &[Sort::Str, Sort::Int, Sort::Float, Sort::Bool],
        &[],
        Type::STR,
        text::string,
    ),
    row(
        "int",
        &[Sort::Int, Sort::Float, Sort::Bool, Sort::Enum, Sort::Str],
        &[],
        Type::INT,
        numbers::int,
    ),
];

/// `x.method` and `x.method(arguments)`
pub(super) static METHODS: [Builtin; 18] = [
    row("to_s", &[Sort::Int], &[], Type::STR, text::string),
    row(
        "to_i",
        &[Sort::Float, Sort::Bool, Sort::Enum, Sort::Int, Sort::Str],
        &[],
        Type::INT,
        numbers::int,
    ),
    row(
        "to_i",
        &[Sort::Str],
        &[Sort::Int],
        Type::INT,
        numbers::int_in_radix,
    ),
    row("length", &[Sort::Str], &[], Type::INT, text::length),
    row("reverse", &[Sort::Str], &[], Type::STR, text::reverse),
    row(
        "substring",
        &[Sort::Str],
        &[Sort::Int, Sort::Int],
        Type::STR,
        text::substring,
    ),
    row("length", &[Sort::Bytes], &[], Type::INT, bytes::length),
    row("size", &[Sort::Bytes], &[], Type::INT, bytes::length),
    row("first", &[Sort::Bytes], &[], Type::U8, bytes::first),
    row("last", &[Sort::Bytes], &[], Type::U8, bytes::last),
    row("min", &[Sort::Bytes], &[], Type::U8, bytes::min),
    row("max", &[Sort::Bytes], &[], Type::U8, bytes::max),
    row(
        "to_s",
        &[Sort::Bytes],
        &[Sort::Str],
        Type::STR,
        bytes::decode,
    ),
    row("size", &[Sort::List], &[], Type::INT, lists::size),
    elements("first", lists::first),
    elements("last", lists::last),
    elements("min", lists::min),
    elements("max", lists::max),
];

/// The function of that name.
pub(super) fn function(name: &str) -> Option<&'static Builtin> {
    FUNCTIONS.iter().find(|row| row.name == name)
}

/// All methods of that name.
pub fn methods(name: &str) -> impl Iterator<Item = &'static Builtin> {
    METHODS.iter().filter(move |row| row.name == name)
}

/// Whether `.name` can be a method without arguments.
pub(super) fn is_property(name: &str) -> bool {
    methods(name).any(|row| row.params.is_empty())
}

/// Calls a method on a value whose type was not known before. JSON objects have no methods, so
/// there the name is a member's.
pub(super) fn dispatch<'e>(
    name: &str,
    on: Cow<'e, Value>,
    args: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    if args.is_empty() && matches!(*on, Value::Object(_) | Value::Null) {
        return member(on, name);
    }
    if on.is_null() {
        return Err(expected("a value to call a method on", &on));
    }
    let sort = Sort::of_value(&on);
    let row = methods(name).find(|row| row.on.contains(&sort) && row.params.len() == args.len());
    match row {
        Some(row) => (row.run)(on, args, budget),
        None => Err(EvalError::new(
            Problem::WrongType,
            format!(
                "{} has no method `{name}` with {} arguments",
                describe(&on),
                args.len()
            ),
        )),
    }
}
