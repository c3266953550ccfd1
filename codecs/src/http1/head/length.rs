//! How long a body is: RFC 9112, 6.

use super::super::wrong;
use super::Version;
use super::fields::{Field, Fields};
use gatewright_core::codec::DecodeError;
use std::num::NonZeroU64;

/// Digits of the longest body that is taken: a quintillion bytes. It cannot wrap.
const DIGITS: usize = 18;

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Length {
    /// There is none, or it is empty.
    None,
    /// So many bytes.
    Exactly(NonZeroU64),
    /// Its chunks tell.
    Chunked,
    /// As long as the connection.
    UntilClose,
}

/// A number of bytes in decimal digits, and nothing else: no sign, no space, no list.
pub(in super::super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > DIGITS {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))?;
        Some(number.wrapping_mul(10).wrapping_add(digit.into()))
    })
}

/// What `Content-Length` and `Transfer-Encoding` say together; `None` if neither is there.
pub(super) fn declared(
    fields: &Fields<'_>,
    version: Version,
) -> Result<Option<Length>, DecodeError> {
    match (&fields.coding, &fields.length) {
        // RFC 9112, 6.3: ought to be handled as an error.
        (Some(coding), Some(_)) => Err(both(coding)),
        (Some(coding), None) => coded(coding, version).map(Some),
        (None, Some(length)) => counted(length).map(Some),
        (None, None) => Ok(None),
    }
}

#[cold]
fn both(coding: &Field<'_>) -> DecodeError {
    let expected = "either Content-Length or Transfer-Encoding";
    wrong::value(coding.place(), expected, "both")
}

fn coded(coding: &Field<'_>, version: Version) -> Result<Length, DecodeError> {
    let at = coding.place();
    if version == Version::V10 {
        // RFC 9112, 6.1: framing that is to be treated as faulty.
        return Err(wrong::value(at, "no Transfer-Encoding in HTTP/1.0", "one"));
    }
    if coding.value.eq_ignore_ascii_case("chunked") {
        return Ok(Length::Chunked);
    }
    Err(wrong::unsupported(
        at,
        "the transfer coding `chunked`",
        "another",
    ))
}

fn counted(length: &Field<'_>) -> Result<Length, DecodeError> {
    match number(length.value.as_bytes()) {
        Some(n) => Ok(NonZeroU64::new(n).map_or(Length::None, Length::Exactly)),
        None => {
            let expected = "a length of at most 18 digits";
            Err(wrong::value(length.place(), expected, "something else"))
        }
    }
}
