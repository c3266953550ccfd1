//! The line before each chunk: RFC 9112, 7.1.

use super::octets::is_value;
use super::wrong;
use gatewright_core::codec::{Cause, DecodeError};
use nom::bytes::complete::take_while;
use nom::{IResult, Parser};

/// Digits of the largest chunk that is taken. Nobody sends more, but to make a sum wrap.
const DIGITS: usize = 15;
/// The longest line: the end of the chunk before it, a size, an extension.
const MAX_EXTENSION: usize = 256;

/// What stands before the data of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkLine {
    /// Bytes of data; none in the last chunk.
    pub(super) size: u64,
    /// Where the data starts.
    pub(super) end: usize,
    /// Bytes that say nothing: what somebody may send for ever without sending data.
    pub(super) extension: usize,
}

/// Whether a chunk came before this line: its data ends in CR LF, which is read with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Head,
    Chunk,
}

/// The line at the start of `buf`, if all of it is there.
pub(super) fn line(buf: &[u8], before: Before) -> Result<Option<ChunkLine>, DecodeError> {
    let start = match (before, buf) {
        (Before::Head, _) => 0,
        (Before::Chunk, [b'\r', b'\n', ..]) => 2,
        (Before::Chunk, [] | [b'\r']) => return Ok(None),
        (Before::Chunk, _) => return Err(wrong::syntax(0, "CR LF behind a chunk", "more data")),
    };
    let text = buf.get(start..).unwrap_or_default();
    sized(text)
        .map_err(|error| error.shifted(start))
        .map(|line| {
            line.map(|line| ChunkLine {
                end: line.end.saturating_add(start),
                ..line
            })
        })
}

fn sized(text: &[u8]) -> Result<Option<ChunkLine>, DecodeError> {
    let (rest, digits) = split(text, |byte| byte.is_ascii_hexdigit());
    let size = size(digits)?;
    let (rest, extension) = match rest.first() {
        None => return Ok(None),
        Some(b'\r') => (rest, &[][..]),
        Some(b';') => split(rest, is_value),
        // White space is allowed before extensions, and those who do not know that end there.
        Some(_) => return Err(wrong::syntax(digits.len(), "the size of a chunk", "more")),
    };
    if digits.is_empty() {
        return Err(wrong::syntax(0, "the size of a chunk", "no digit"));
    }
    if extension.len() > MAX_EXTENSION {
        return Err(long_extensions(digits.len()));
    }
    let at = digits.len().saturating_add(extension.len());
    match rest {
        [b'\r', b'\n', ..] => Ok(Some(ChunkLine {
            size,
            end: at.saturating_add(2),
            extension: extension.len(),
        })),
        [] | [b'\r'] => Ok(None),
        _ => Err(wrong::syntax(
            at,
            "CR LF behind the size of a chunk",
            "another byte",
        )),
    }
}

#[cold]
pub(super) fn long_extensions(offset: usize) -> DecodeError {
    DecodeError::new(
        Cause::BadValue,
        offset.max(1),
        "short extensions of chunks",
        "more",
    )
}

fn split(text: &[u8], belongs: fn(u8) -> bool) -> (&[u8], &[u8]) {
    let taken: IResult<&[u8], &[u8]> = take_while(belongs).parse(text);
    taken.unwrap_or((text, &[]))
}

fn size(digits: &[u8]) -> Result<u64, DecodeError> {
    if digits.len() > DIGITS {
        let expected = "the size of a chunk in at most 15 digits";
        return Err(DecodeError::new(Cause::BadValue, DIGITS, expected, "more"));
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map_or(0, u64::from);
    let mut size = 0_u64;
    for byte in digits {
        size = size.wrapping_shl(4) | digit(byte);
    }
    Ok(size)
}
