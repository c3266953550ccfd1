//! What can be wrong, in the words of its error.

use super::{MAX_FIELDS, MAX_LINE};
use gatewright_core::codec::{Cause, DecodeError, foreign_preamble};

/// A value that is not allowed, `offset` bytes into the frame.
#[cold]
pub(super) fn value(offset: usize, expected: &'static str, got: &'static str) -> DecodeError {
    DecodeError::new(Cause::BadValue, offset, expected, got)
}

/// Bytes that are not laid out as they must be.
#[cold]
pub(super) fn syntax(offset: usize, expected: &'static str, got: &'static str) -> DecodeError {
    DecodeError::new(Cause::BadMagic, offset, expected, got)
}

#[cold]
pub(super) fn unsupported(offset: usize, expected: &'static str, got: &'static str) -> DecodeError {
    DecodeError::new(Cause::Unsupported, offset, expected, got)
}

#[cold]
pub(super) fn cut(offset: usize, expected: &'static str) -> DecodeError {
    DecodeError::new(Cause::Truncated, offset, expected, "the end")
}

/// Only the first line of a head is too long at its very beginning: that tells 414 from 431.
#[cold]
pub(super) fn long_first_line() -> DecodeError {
    let expected = format!("a first line of at most {MAX_LINE} bytes");
    DecodeError::new(Cause::TooLong, 0, expected, "a longer one")
}

#[cold]
pub(super) fn long_frame(offset: usize, max_frame: usize) -> DecodeError {
    let expected = format!("fields of at most {max_frame} bytes");
    DecodeError::new(Cause::TooLong, offset.max(1), expected, "more")
}

#[cold]
pub(super) fn many_fields(offset: usize) -> DecodeError {
    let expected = format!("at most {MAX_FIELDS} fields");
    DecodeError::new(Cause::TooLong, offset.max(1), expected, "more")
}

#[cold]
pub(super) fn many_options(offset: usize) -> DecodeError {
    let expected = format!("Connection with at most {MAX_FIELDS} options");
    DecodeError::new(Cause::TooLong, offset.max(1), expected, "more")
}

/// What no message starts like, and what it starts like instead if that is known.
#[cold]
pub(super) fn start(buf: &[u8], expected: &'static str) -> DecodeError {
    foreign(buf).unwrap_or_else(|| syntax(0, expected, "another byte"))
}

/// Names what the bytes start like, unless it is HTTP/1.
pub(super) fn foreign(buf: &[u8]) -> Option<DecodeError> {
    let name = foreign_preamble(buf).filter(|name| *name != "HTTP")?;
    Some(DecodeError::new(
        Cause::ForeignProtocol,
        0,
        "HTTP/1.1",
        name,
    ))
}

#[cold]
pub(super) fn version(offset: usize, expected: &'static str) -> DecodeError {
    DecodeError::new(Cause::BadVersion, offset, expected, "another version")
}
