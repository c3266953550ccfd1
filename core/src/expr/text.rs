//! Functions and methods of text. Positions count characters (Unicode scalar values).

use super::op::{Budget, Outcome, expected};
use super::{EvalError, Problem, format, numbers};
use crate::message::Value;
use bytestring::ByteString;
use std::borrow::Cow;

/// The value as text.
pub(super) fn expect(value: &Value) -> Result<&ByteString, EvalError> {
    match value {
        Value::Str(text) => Ok(text),
        other => Err(expected("text", other)),
    }
}

fn give<'e>(text: impl Into<ByteString>) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Str(text.into())))
}

pub(super) fn upper<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let text = expect(&of)?;
    // No character grows more than threefold in bytes.
    budget.charge(text.len().saturating_mul(3))?;
    give(text.to_uppercase())
}

pub(super) fn lower<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let text = expect(&of)?;
    budget.charge(text.len().saturating_mul(3))?;
    give(text.to_lowercase())
}

pub(super) fn trim<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    let text = expect(&of)?;
    give(text.slice_ref(text.trim()))
}

pub(super) fn length<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Int(expect(&of)?.chars().count() as i128)))
}

pub(super) fn reverse<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let text = expect(&of)?;
    budget.charge(text.len())?;
    give(text.chars().rev().collect::<String>())
}

pub(super) fn substring<'e>(
    of: Cow<'e, Value>,
    args: &[Cow<'e, Value>],
    _: &mut Budget,
) -> Outcome<'e> {
    let text = expect(&of)?;
    let outside = || {
        EvalError::new(
            Problem::OutOfRange,
            "substring(from, to) needs 0 <= from <= to <= length",
        )
    };
    let position = |at| {
        let n = usize::try_from(numbers::argument(args, at)?).ok();
        n.and_then(|n| offset(text, n)).ok_or_else(outside)
    };
    let (from, to) = (position(0)?, position(1)?);
    let part = text.get(from..to).ok_or_else(outside)?;
    give(text.slice_ref(part))
}

/// Where in bytes the `n`-th character starts, or where the text ends if it has `n`.
fn offset(text: &str, n: usize) -> Option<usize> {
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(n)
}

pub(super) fn string<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    if matches!(*of, Value::Str(_)) {
        return Ok(of);
    }
    let mut text = String::new();
    format::write(&of, &mut text)?;
    budget.charge(text.len())?;
    give(text)
}
