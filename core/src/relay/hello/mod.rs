//! The server's name that a TLS client asks for, read from its first bytes.
//!
//! ```text
//! record    22 · version 2 · len 2 · fragment                     (RFC 8446, 5.1)
//! handshake 1 · len 3 · ClientHello, over one record or several   (RFC 8446, 4)
//! hello     version 2 · random 32 · session ≤32 · ciphers · compression · extensions   (4.1.2)
//! extension 0 · len 2 · names: type 0 · len 2 · host name         (RFC 6066, 3)
//! ```
//!
//! With Encrypted ClientHello the name is the outer one.

use crate::codec::{Cause, DecodeError};
use bytestring::ByteString;
use nom::bytes::complete::take;
use nom::combinator::{all_consuming, flat_map};
use nom::multi::many0;
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};
use std::borrow::Cow;

/// The most bytes that are looked at for a name.
pub const LONGEST_HELLO: usize = 16 << 10;

const HANDSHAKE: u8 = 22;
const MAJOR_VERSION: u8 = 3;
const RECORD_HEAD: usize = 5;
const CLIENT_HELLO: u8 = 1;
const HELLO_HEAD: usize = 4;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// What the first bytes of a connection say about a server's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sni {
    /// More bytes are needed to tell.
    Incomplete,
    /// No name: the bytes are not TLS, or the client names nobody.
    Absent,
    /// This one, in lower case.
    Name(ByteString),
}

/// Looks for the name in all bytes that a client has sent so far.
///
/// # Errors
/// If the bytes begin like TLS and go on like nothing that RFC 8446 allows, or after
/// [`LONGEST_HELLO`] bytes without an end.
pub fn server_name(sent: &[u8]) -> Result<Sni, DecodeError> {
    if !begins_like_tls(sent) {
        return Ok(Sni::Absent);
    }
    let Some(hello) = client_hello(sent)? else {
        return if sent.len() < LONGEST_HELLO {
            Ok(Sni::Incomplete)
        } else {
            Err(error(Cause::TooLong, 0, "a ClientHello of 16 KiB", "more"))
        };
    };
    let (_, extensions) = all_consuming(extensions)
        .parse(&hello)
        .map_err(|_| malformed("a ClientHello"))?;
    let mut named = extensions.iter().filter(|(kind, _)| *kind == SERVER_NAME);
    match (named.next(), named.next()) {
        (None, _) => Ok(Sni::Absent),
        (Some((_, names)), None) => host_name(names).map(Sni::Name),
        (Some(_), Some(_)) => Err(malformed("one list of server names")),
    }
}

fn error(cause: Cause, at: usize, expected: &'static str, got: &'static str) -> DecodeError {
    DecodeError::new(cause, at, expected, got)
}

fn malformed(expected: &'static str) -> DecodeError {
    error(Cause::BadValue, 0, expected, "something else")
}

fn begins_like_tls(sent: &[u8]) -> bool {
    let begins = [HANDSHAKE, MAJOR_VERSION];
    sent.iter().zip(begins).all(|(byte, begin)| *byte == begin)
}

/// The body of the ClientHello in the records at the start of `sent`, once it is whole.
fn client_hello(sent: &[u8]) -> Result<Option<Cow<'_, [u8]>>, DecodeError> {
    let mut handshake = Cow::Borrowed(&[][..]);
    let mut rest = sent;
    loop {
        let Some(Record { fragment, after }) = record(rest, sent.len() - rest.len())? else {
            return Ok(None);
        };
        rest = after;
        if handshake.is_empty() {
            handshake = Cow::Borrowed(fragment);
        } else {
            handshake.to_mut().extend_from_slice(fragment);
        }
        if let Some(length) = hello_length(&handshake)?
            && let Some(end) = length.checked_add(HELLO_HEAD)
            && handshake.len() >= end
        {
            return Ok(Some(match handshake {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[HELLO_HEAD..end]),
                Cow::Owned(bytes) => Cow::Owned(bytes[HELLO_HEAD..end].to_vec()),
            }));
        }
    }
}

struct Record<'a> {
    fragment: &'a [u8],
    /// The bytes behind it.
    after: &'a [u8],
}

/// The first record, once it is whole.
fn record(bytes: &[u8], at: usize) -> Result<Option<Record<'_>>, DecodeError> {
    if !begins_like_tls(bytes) {
        return Err(error(
            Cause::BadMagic,
            at,
            "a record of a handshake",
            "another",
        ));
    }
    let Some((&[_, _, _, high, low], after)) = bytes.split_first_chunk::<RECORD_HEAD>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match length {
        0 => Err(error(Cause::TooShort, at, "a fragment", "none")),
        1..=LONGEST_HELLO => {
            let split = after.split_at_checked(length);
            Ok(split.map(|(fragment, after)| Record { fragment, after }))
        }
        _ => Err(error(Cause::TooLong, at, "a record of 16 KiB", "more")),
    }
}

/// The length that the handshake message says it has, once that is there.
fn hello_length(handshake: &[u8]) -> Result<Option<usize>, DecodeError> {
    if handshake.first().is_some_and(|kind| *kind != CLIENT_HELLO) {
        return Err(malformed("a ClientHello"));
    }
    let Some(&[_, high, middle, low]) = handshake.first_chunk::<HELLO_HEAD>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
    if length > LONGEST_HELLO {
        return Err(error(
            Cause::TooLong,
            RECORD_HEAD,
            "a ClientHello of 16 KiB",
            "more",
        ));
    }
    Ok(Some(length))
}

type Extension<'a> = (u16, &'a [u8]);

fn of_u8(input: &[u8]) -> IResult<&[u8], &[u8]> {
    flat_map(be_u8, take).parse(input)
}

fn of_u16(input: &[u8]) -> IResult<&[u8], &[u8]> {
    flat_map(be_u16, take).parse(input)
}

/// The extensions of a hello; one of TLS 1.2 may end before them.
fn extensions(hello: &[u8]) -> IResult<&[u8], Vec<Extension<'_>>> {
    let fixed = (be_u16, take(32_usize));
    let (rest, _) = (fixed, of_u8, of_u16, of_u8).parse(hello)?;
    if rest.is_empty() {
        return Ok((rest, Vec::new()));
    }
    let (rest, block) = of_u16(rest)?;
    let (_, extensions) = all_consuming(many0((be_u16, of_u16))).parse(block)?;
    Ok((rest, extensions))
}

/// The one name in a list of server names.
fn host_name(names: &[u8]) -> Result<ByteString, DecodeError> {
    let list = |input| -> IResult<&[u8], (u8, &[u8])> {
        let (rest, names) = of_u16(input)?;
        let (_, name) = all_consuming((be_u8, of_u16)).parse(names)?;
        Ok((rest, name))
    };
    match all_consuming(list).parse(names) {
        Ok((_, (HOST_NAME, name))) if is_host_name(name) => {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            Ok(ByteString::from(name))
        }
        _ => Err(malformed("one host name")),
    }
}

/// RFC 6066, 3: ASCII, without a dot at the end.
fn is_host_name(name: &[u8]) -> bool {
    let fine = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=253).contains(&name.len()) && name.iter().all(fine) && !name.ends_with(b".")
}

#[cfg(test)]
mod tests;
