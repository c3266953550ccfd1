//! Functions and methods that give integers.

use super::op::{Budget, Outcome, expected};
use super::{EvalError, Problem, text};
use crate::message::Value;
use std::borrow::Cow;

pub(super) fn int<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    let n = match &*of {
        Value::Int(n) => *n,
        Value::Bool(b) => i128::from(*b),
        Value::Float(x) => truncate(*x)?,
        Value::Str(text) => parse(text, 10)?,
        other => return Err(expected("a number, a truth value or text", other)),
    };
    Ok(Cow::Owned(Value::Int(n)))
}

pub(super) fn int_in_radix<'e>(
    of: Cow<'e, Value>,
    args: &[Cow<'e, Value>],
    _: &mut Budget,
) -> Outcome<'e> {
    let radix = u32::try_from(argument(args, 0)?).ok();
    let radix = radix.filter(|radix| (2..=36).contains(radix));
    let radix =
        radix.ok_or_else(|| EvalError::new(Problem::OutOfRange, "a radix is from 2 to 36"))?;
    Ok(Cow::Owned(Value::Int(parse(text::expect(&of)?, radix)?)))
}

/// An argument that is an integer.
pub(super) fn argument(args: &[Cow<'_, Value>], at: usize) -> Result<i128, EvalError> {
    let arg = args.get(at).map_or(&Value::Null, |arg| &**arg);
    arg.as_int().ok_or_else(|| expected("an integer", arg))
}

fn parse(text: &str, radix: u32) -> Result<i128, EvalError> {
    let number = i128::from_str_radix(text, radix);
    number.map_err(|_| {
        EvalError::new(
            Problem::Unreadable,
            "the text is not an integer in that base",
        )
    })
}

/// Towards zero. `as` saturates, so what it cannot hold is refused before.
fn truncate(x: f64) -> Result<i128, EvalError> {
    if x.abs() < -(i128::MIN as f64) {
        return Ok(x as i128);
    }
    Err(EvalError::new(
        Problem::Overflow,
        "the float does not fit 128 bits",
    ))
}
