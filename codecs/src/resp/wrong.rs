//! What can be wrong with a frame, in the words of its error.

use super::{MAX_ELEMENTS, MAX_NESTED, is_type};
use gatewright_core::codec::{Cause, DecodeError, Side, foreign_preamble};

/// The kind of an error that needs no more words than what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Only the other side sends such a frame.
    Direction,
    /// No element starts like this.
    Type,
    /// An element cannot be this.
    Value,
}

impl Wrong {
    #[cold]
    pub(super) fn at(self, offset: usize, expected: &'static str) -> DecodeError {
        let (cause, got) = match self {
            Self::Direction => (Cause::WrongDirection, "what only a reply holds"),
            Self::Type => (Cause::BadMagic, "another byte"),
            Self::Value => (Cause::BadValue, "something else"),
        };
        DecodeError::new(cause, offset, expected, got)
    }
}

#[cold]
pub(super) fn too_long(offset: usize, max_frame: usize) -> DecodeError {
    let expected = format!("a frame of at most {max_frame} bytes");
    DecodeError::new(Cause::TooLong, offset, expected, "a longer one")
}

#[cold]
pub(super) fn too_deep(offset: usize) -> DecodeError {
    let expected = format!("at most {MAX_NESTED} aggregates in each other");
    DecodeError::new(Cause::TooLong, offset, expected, "one more")
}

#[cold]
pub(super) fn too_many(offset: usize) -> DecodeError {
    let expected = format!("at most {MAX_ELEMENTS} elements in a command");
    DecodeError::new(Cause::TooLong, offset, expected, "more")
}

#[cold]
pub(super) fn streamed(offset: usize) -> DecodeError {
    DecodeError::new(
        Cause::BadValue,
        offset,
        "a value whose length is known",
        "a part of a streamed one, which is not supported",
    )
}

/// The byte `at` bytes behind `start` does not belong into a length.
#[cold]
pub(super) fn length(side: Side, start: usize, at: usize, buf: &[u8]) -> DecodeError {
    let offset = start.saturating_add(at);
    match (at, buf.get(offset)) {
        (0, Some(b'?')) => streamed(offset),
        // A null array or bulk string.
        (0, Some(b'-')) if side == Side::Server => Wrong::Direction.at(offset, "a length"),
        (10.., Some(b'0'..=b'9')) => {
            DecodeError::new(Cause::TooLong, offset, "a length of ten digits", "more")
        }
        _ => Wrong::Value.at(offset, "a length in digits and the end of its line, 0d 0a"),
    }
}

/// Refuses what no command starts like.
pub(super) fn first_of_inline(first: u8, buf: &[u8]) -> Result<(), DecodeError> {
    const EXPECTED: &str = "a command: an array, or a line that starts with a letter";
    // What these two start like is a command, or an empty line.
    let may_be_ours = first == b'\r' || buf.starts_with(b"GET ");
    if !may_be_ours && let Some(protocol) = foreign_preamble(buf) {
        let error = DecodeError::new(Cause::ForeignProtocol, 0, EXPECTED, protocol);
        return Err(error);
    }
    match first {
        b'A'..=b'Z' | b'a'..=b'z' | b'\r' => Ok(()),
        reply if is_type(reply) => Err(Wrong::Direction.at(0, EXPECTED)),
        _ => Err(Wrong::Type.at(0, EXPECTED)),
    }
}

/// Refuses the one line of HTTP that starts like a command.
pub(super) fn http(line: &[u8]) -> Result<(), DecodeError> {
    if line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0") {
        let error = DecodeError::new(Cause::ForeignProtocol, 0, "a command", "HTTP");
        return Err(error);
    }
    Ok(())
}

#[cold]
pub(super) fn first_of_reply(offset: usize, buf: &[u8]) -> DecodeError {
    const EXPECTED: &str = "the type of a value";
    match foreign_preamble(buf) {
        Some(protocol) if offset == 0 => {
            DecodeError::new(Cause::ForeignProtocol, 0, EXPECTED, protocol)
        }
        Some(_) | None => Wrong::Type.at(offset, EXPECTED),
    }
}
