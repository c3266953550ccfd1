//! Whole heads: the first line, the fields, and what they say about the rest of the message.

mod fields;
mod length;
mod request;
mod response;
mod target;
mod usual;

pub(super) use fields::trailers;
pub(super) use length::{Length, number};
pub(super) use request::{Request, request, usual_request};
pub(super) use response::{Response, response, usual_response};
pub use target::is_path_and_query;
pub(super) use target::{Target, target};
pub(super) use usual::{Usual, usual};

use super::wrong;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::DecodeError;

/// The version of the peer, the second number: the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V10,
    V11,
}

/// Reads `HTTP/1.0` or `HTTP/1.1`: RFC 9112, 2.3. Nothing else is a version of this protocol, and
/// case matters.
fn version(text: &str, at: usize) -> Result<Version, DecodeError> {
    const EXPECTED: &str = "HTTP/1.0 or HTTP/1.1";
    match text.as_bytes() {
        b"HTTP/1.1" => Ok(Version::V11),
        b"HTTP/1.0" => Ok(Version::V10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(wrong::version(at, EXPECTED))
        }
        _ => Err(wrong::syntax(at, EXPECTED, "something else")),
    }
}

/// All of a frame as text. What is not UTF-8 is refused, though RFC 9110, 5.5 lets old fields have any
/// byte above ASCII: a field is a text everywhere else.
fn text(frame: Bytes) -> Result<ByteString, DecodeError> {
    ByteString::try_from(frame).map_err(|error| {
        let at = error.valid_up_to();
        wrong::value(at, "text in UTF-8", "other bytes")
    })
}

/// The first line of a head, without its end, and where the next one starts.
fn first_line(head: &str, from: usize) -> Result<(&str, usize), DecodeError> {
    let rest = head.as_bytes().get(from..).unwrap_or_default();
    let Some(length) = memchr::memchr(b'\n', rest) else {
        return Err(wrong::cut(head.len(), "the end of the first line"));
    };
    let end = from.saturating_add(length);
    let line = head.get(from..end).and_then(|line| line.strip_suffix('\r'));
    let line = line.ok_or_else(|| wrong::syntax(end, "a line that ends in CR LF", "LF alone"))?;
    Ok((line, end.saturating_add(1)))
}

/// What stands before and behind the first space.
fn at_space(text: &str) -> Option<(&str, &str)> {
    let space = memchr::memchr(b' ', text.as_bytes())?;
    Some((text.get(..space)?, text.get(space.saturating_add(1)..)?))
}
