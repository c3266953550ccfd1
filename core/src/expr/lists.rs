//! Methods of lists.

use super::op::{Budget, Outcome, element, expected};
use super::{EvalError, Problem, compare};
use crate::message::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

fn expect(value: &Value) -> Result<&[Value], EvalError> {
    value.as_list().ok_or_else(|| expected("a list", value))
}

/// The error of what only a list with elements has.
pub(super) fn empty() -> EvalError {
    EvalError::new(Problem::OutOfRange, "there are no elements")
}

pub(super) fn size<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Int(expect(&of)?.len() as i128)))
}

pub(super) fn first<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    element(of, Some(0)).ok_or_else(empty)
}

pub(super) fn last<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    let at = expect(&of)?.len().checked_sub(1);
    element(of, at).ok_or_else(empty)
}

pub(super) fn min<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    extreme(of, Ordering::Less)
}

pub(super) fn max<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    extreme(of, Ordering::Greater)
}

/// The first element that no other is `better` than.
fn extreme(of: Cow<'_, Value>, better: Ordering) -> Outcome<'_> {
    let items = expect(&of)?;
    let mut best = (0, items.first().ok_or_else(empty)?);
    // The first one too, so that a lone element that has no order is refused as well.
    for (at, item) in items.iter().enumerate() {
        if compare::order(item, best.1)? == Some(better) {
            best = (at, item);
        }
    }
    let at = best.0;
    element(of, Some(at)).ok_or_else(empty)
}
