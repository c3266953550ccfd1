//! Functions and methods of bytes.

use super::charset::{Charset, NotInCharset};
use super::lists::empty;
use super::op::{Budget, Outcome, expected};
use super::{EvalError, Problem};
use crate::message::Value;
use base64_simd::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use std::borrow::Cow;

fn expect(value: &Value) -> Result<&Bytes, EvalError> {
    value.as_bytes().ok_or_else(|| expected("bytes", value))
}

/// Bytes, or the UTF-8 bytes of text.
pub(super) fn raw(value: &Value) -> Result<&[u8], EvalError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Str(text) => Ok(text.as_bytes()),
        other => Err(expected("bytes or text", other)),
    }
}

fn unreadable(what: &'static str) -> EvalError {
    EvalError::new(Problem::Unreadable, what)
}

fn text<'e>(ascii: Vec<u8>) -> Outcome<'e> {
    let text = String::from_utf8(ascii).map_err(|_| unreadable("the bytes are not UTF-8"))?;
    Ok(Cow::Owned(Value::Str(text.into())))
}

fn give<'e>(bytes: Vec<u8>) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Bytes(bytes.into())))
}

/// Appends base64 (RFC 4648, section 4), with padding.
pub(super) fn write_base64(bytes: &[u8], out: &mut String) {
    STANDARD.encode_append(bytes, out);
}

pub(super) fn to_base64<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let bytes = raw(&of)?;
    budget.charge(bytes.len().div_ceil(3).saturating_mul(4))?;
    let text: String = STANDARD.encode_type(bytes);
    Ok(Cow::Owned(Value::Str(text.into())))
}

/// Read with all of its padding or with none.
pub(super) fn from_base64<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let text = super::text::expect(&of)?;
    budget.charge(text.len().div_ceil(4).saturating_mul(3))?;
    let base64 = if text.ends_with('=') {
        STANDARD
    } else {
        STANDARD_NO_PAD
    };
    let bytes = base64.decode_to_vec(text.as_bytes());
    give(bytes.map_err(|_| unreadable("the text is not base64"))?)
}

pub(super) fn to_hex<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let bytes = raw(&of)?;
    budget.charge(bytes.len().saturating_mul(2))?;
    let digit = |nibble: u8| {
        if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        }
    };
    text(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect(),
    )
}

pub(super) fn from_hex<'e>(
    of: Cow<'e, Value>,
    _: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let text = super::text::expect(&of)?;
    budget.charge(text.len() / 2)?;
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.map_or_else(|| Err(unreadable("the text is not hexadecimal")), give)
}

/// `utf8(text)`: shares the text's bytes.
pub(super) fn of_text<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    let text = super::text::expect(&of)?;
    Ok(Cow::Owned(Value::Bytes(text.as_bytes().clone())))
}

pub(super) fn length<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    Ok(Cow::Owned(Value::Int(expect(&of)?.len() as i128)))
}

fn one<'e>(byte: Option<&u8>) -> Outcome<'e> {
    byte.map(|byte| Cow::Owned(Value::from(*byte)))
        .ok_or_else(empty)
}

pub(super) fn first<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    one(expect(&of)?.first())
}

pub(super) fn last<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    one(expect(&of)?.last())
}

pub(super) fn min<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    one(expect(&of)?.iter().min())
}

pub(super) fn max<'e>(of: Cow<'e, Value>, _: &[Cow<'e, Value>], _: &mut Budget) -> Outcome<'e> {
    one(expect(&of)?.iter().max())
}

/// `.to_s(encoding)`: shares the bytes where the encoding is a part of UTF-8.
pub(super) fn decode<'e>(
    of: Cow<'e, Value>,
    args: &[Cow<'e, Value>],
    budget: &mut Budget,
) -> Outcome<'e> {
    let bytes = expect(&of)?;
    let encoding = args
        .first()
        .and_then(|arg| arg.as_str())
        .unwrap_or_default();
    let charset = Charset::named(encoding);
    let (charset, _) = charset.ok_or_else(|| unreadable("there is no such character encoding"))?;
    budget.charge(charset.decoded_len(bytes.len()))?;
    let text = charset.decode(bytes);
    text.map(|text| Cow::Owned(Value::Str(text)))
        .map_err(|NotInCharset| unreadable("the bytes are not text in that encoding"))
}
