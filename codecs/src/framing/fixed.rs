//! Fixed-width fields as nom parsers, numbers big-endian. nom's own number parsers go through an
//! iterator byte by byte, which costs more than all the rest of a short message.

use nom::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

/// So many bytes.
///
/// # Errors
/// If the input is shorter.
pub fn octets<'i, const N: usize, E: ParseError<&'i [u8]>>(
    input: &'i [u8],
) -> IResult<&'i [u8], &'i [u8; N], E> {
    match input.split_first_chunk() {
        Some((octets, rest)) => Ok((rest, octets)),
        None => Err(Err::Error(E::from_error_kind(input, ErrorKind::Eof))),
    }
}

/// One byte.
///
/// # Errors
/// If the input is empty.
pub fn be_u8<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], u8, E> {
    octets.map(|octets| u8::from_be_bytes(*octets)).parse(input)
}

/// Two bytes.
///
/// # Errors
/// If the input is shorter.
pub fn be_u16<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], u16, E> {
    octets
        .map(|octets| u16::from_be_bytes(*octets))
        .parse(input)
}

/// Four bytes.
///
/// # Errors
/// If the input is shorter.
pub fn be_u32<'i, E: ParseError<&'i [u8]>>(input: &'i [u8]) -> IResult<&'i [u8], u32, E> {
    octets
        .map(|octets| u32::from_be_bytes(*octets))
        .parse(input)
}
