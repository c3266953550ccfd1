//! Comparing values.

use super::op::{describe, expected};
use super::{Comparison, EvalError, Problem};
use crate::message::Value;
use bytestring::ByteString;
use std::cmp::Ordering;

impl Comparison {
    /// As written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// The comparison that asks the same with its sides exchanged.
    pub(super) const fn mirrored(self) -> Self {
        match self {
            Self::Eq | Self::Ne => self,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// Whether it asks which of two is larger.
    pub(super) const fn orders(self) -> bool {
        !matches!(self, Self::Eq | Self::Ne)
    }

    /// Whether it holds for two values that stand in this order.
    #[must_use]
    pub const fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }

    /// Whether `left OP right` holds, as an expression would say. Values of different types are
    /// not equal; absence equals only absence.
    ///
    /// # Errors
    /// If the comparison asks for an order that the two values do not have.
    pub fn holds(self, left: &Value, right: &Value) -> Result<bool, EvalError> {
        holds(self, left, right)
    }
}

pub(super) fn holds(op: Comparison, left: &Value, right: &Value) -> Result<bool, EvalError> {
    match op {
        Comparison::Eq => Ok(equal(left, right)),
        Comparison::Ne => Ok(!equal(left, right)),
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => {
            Ok(order(left, right)?.is_some_and(|ordering| op.accepts(ordering)))
        }
    }
}

fn equal<'v>(left: &'v Value, right: &'v Value) -> bool {
    match (left, right) {
        (Value::Int(a), Value::Float(b)) => mixed(*a, *b) == Some(Ordering::Equal),
        (Value::Float(a), Value::Int(b)) => mixed(*b, *a) == Some(Ordering::Equal),
        (Value::List(_) | Value::Headers(_), Value::List(_) | Value::Headers(_)) => {
            let all = |value: &'v Value| value.as_list().unwrap_or_default();
            let (a, b) = (all(left), all(right));
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            // RFC 8259, 4: members have no order. Sorted, they cost a hostile message no more than it did.
            let sorted = |members: &'v [(ByteString, Value)]| {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name);
                members
            };
            let same = |((a, left), (b, right)): (&(ByteString, Value), &(ByteString, Value))| {
                a == b && equal(left, right)
            };
            left.len() == right.len() && sorted(left).into_iter().zip(sorted(right)).all(same)
        }
        (Value::List(items), Value::Bytes(bytes)) | (Value::Bytes(bytes), Value::List(items)) => {
            items.len() == bytes.len()
                && items
                    .iter()
                    .zip(bytes)
                    .all(|(item, byte)| *item == Value::from(*byte))
        }
        _ => left == right,
    }
}

/// The order of two values; `None` if one of them is not a number in the sense of IEEE 754.
///
/// # Errors
/// If they have none.
pub fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, EvalError> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Int(a), Value::Float(b)) => Ok(mixed(*a, *b)),
        (Value::Float(a), Value::Int(b)) => Ok(mixed(*b, *a).map(Ordering::reverse)),
        (Value::Str(a), Value::Str(b)) => Ok(Some(a.cmp(b))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Value::Null, _) | (_, Value::Null) => Err(expected("a value to compare", &Value::Null)),
        (a, b) => {
            let detail = format!("{} and {} have no order", describe(a), describe(b));
            Err(EvalError::new(Problem::WrongType, detail))
        }
    }
}

/// Exact even where the integer has more digits than a float can hold.
fn mixed(a: i128, b: f64) -> Option<Ordering> {
    // 2^127, the first float beyond all integers of 128 bits.
    const END: f64 = -(i128::MIN as f64);
    if b.is_nan() {
        return None;
    }
    if b >= END {
        return Some(Ordering::Less);
    }
    if b < -END {
        return Some(Ordering::Greater);
    }
    let whole = b.floor();
    Some(a.cmp(&(whole as i128)).then(if b > whole {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_equal_whatever_the_order_of_their_members() {
        let object = |members: &[(&'static str, Value)]| {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, value)| ((*name).into(), value.clone()))
                    .collect(),
            )
        };
        let one = object(&[("a", Value::Int(1)), ("b", object(&[]))]);
        for (other, expected) in [
            (
                object(&[("b", object(&[])), ("a", Value::Float(1.0))]),
                true,
            ),
            (object(&[("a", Value::Int(1))]), false),
            (object(&[("a", Value::Int(1)), ("c", object(&[]))]), false),
            (object(&[("a", object(&[])), ("b", Value::Int(1))]), false),
        ] {
            assert_eq!(equal(&one, &other), expected, "{other:?}");
            assert_eq!(equal(&other, &one), expected, "{other:?}");
        }
    }
}
