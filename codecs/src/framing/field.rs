//! Takes a message's fields for the wire, refusing what does not fit.

use bytes::Bytes;
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::Value;

/// An integer that fits `T`.
///
/// # Errors
/// Names the field: missing, no integer, out of range.
pub fn uint<T: TryFrom<i128>>(value: &Value, name: &'static str) -> Result<T, EncodeError> {
    match value {
        Value::Int(n) => {
            T::try_from(*n).map_err(|_| EncodeError::new(name, EncodeProblem::OutOfRange))
        }
        other => Err(wrong(other, name)),
    }
}

/// A text.
///
/// # Errors
/// Names the field: missing, no text.
pub fn text<'v>(value: &'v Value, name: &'static str) -> Result<&'v str, EncodeError> {
    value.as_str().ok_or_else(|| wrong(value, name))
}

/// Bytes.
///
/// # Errors
/// Names the field: missing, no bytes.
pub fn bytes<'v>(value: &'v Value, name: &'static str) -> Result<&'v Bytes, EncodeError> {
    value.as_bytes().ok_or_else(|| wrong(value, name))
}

/// A truth value; absent is false.
///
/// # Errors
/// Names the field if it is something else.
pub fn flag(value: &Value, name: &'static str) -> Result<bool, EncodeError> {
    match value {
        Value::Bool(set) => Ok(*set),
        Value::Null => Ok(false),
        other => Err(wrong(other, name)),
    }
}

/// A list's elements; absent is empty.
///
/// # Errors
/// Names the field if it is something else.
pub fn list<'v>(value: &'v Value, name: &'static str) -> Result<&'v [Value], EncodeError> {
    match value {
        Value::Null => Ok(&[]),
        other => other.as_list().ok_or_else(|| wrong(other, name)),
    }
}

fn wrong(value: &Value, name: &'static str) -> EncodeError {
    EncodeError::new(
        name,
        if value.is_null() {
            EncodeProblem::Missing
        } else {
            EncodeProblem::WrongType
        },
    )
}
