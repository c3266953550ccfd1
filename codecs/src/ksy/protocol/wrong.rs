//! What is wrong with a frame or a message, as the engine hears it.

use crate::ksy::read::{Class, ReadError};
use crate::ksy::section::verify::Wrong;
use crate::ksy::write::{WriteError, WriteProblem};
use gatewright_core::codec::{Cause, DecodeError, EncodeError, EncodeProblem};

pub(super) fn wrong_sum(name: &str, wrong: Wrong) -> DecodeError {
    match wrong {
        Wrong::TooShort => DecodeError::new(
            Cause::Truncated,
            0,
            format!("a frame with its checksum `{name}`"),
            "a shorter one",
        ),
        Wrong::Differs { at } => DecodeError::new(
            Cause::BadValue,
            at,
            format!("the checksum `{name}` of the frame"),
            "another one",
        ),
    }
}

pub(super) fn decode_error(error: &ReadError) -> DecodeError {
    let cause = match error.class() {
        Class::Eof => Cause::Truncated,
        Class::Validation | Class::Conversion | Class::Endian | Class::Unread | Class::Other => {
            Cause::BadValue
        }
    };
    let path = error.path();
    let expected = if path.is_empty() {
        "a message as it is defined".to_owned()
    } else {
        format!("`{path}` as it is defined")
    };
    let offset = error.offset().unwrap_or_default();
    DecodeError::new(cause, offset, expected, error.message().to_owned())
}

pub(super) fn encode_error(error: &WriteError) -> EncodeError {
    let problem = match error.problem() {
        WriteProblem::Missing => EncodeProblem::Missing,
        WriteProblem::WrongType | WriteProblem::ReadOnly => EncodeProblem::WrongType,
        WriteProblem::DoesNotFit | WriteProblem::Contradiction | WriteProblem::TooMuch => {
            EncodeProblem::OutOfRange
        }
    };
    EncodeError::new(error.path(), problem)
}
