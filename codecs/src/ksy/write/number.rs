//! Numbers to bytes.

use super::pad::room;
use super::rules::FieldCodec;
use super::{WriteError, WriteProblem};
use crate::ksy::spec::Endian;
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::message::Value;

fn does_not_fit() -> WriteError {
    WriteError::new(WriteProblem::DoesNotFit, "the value does not fit its place")
}

fn wrong_type(what: &'static str) -> WriteError {
    WriteError::new(WriteProblem::WrongType, what)
}

/// An integer, or a truth value as one.
fn integer(value: &Value) -> Result<i128, WriteError> {
    match value {
        Value::Int(n) => Ok(*n),
        Value::Bool(truth) => Ok(i128::from(*truth)),
        _ => Err(wrong_type("an integer is needed")),
    }
}

pub(super) fn put_int(
    value: &Value,
    signed: bool,
    width: u8,
    order: Endian,
    out: &mut BytesMut,
) -> Result<(), WriteError> {
    let n = integer(value)?;
    let bits = u32::from(width).saturating_mul(8);
    let fits = if signed {
        let most = 1_i128.wrapping_shl(bits.saturating_sub(1));
        (most.wrapping_neg()..most).contains(&n)
    } else {
        (0..1_i128.wrapping_shl(bits)).contains(&n)
    };
    if !fits {
        return Err(does_not_fit());
    }
    let bytes = n.to_be_bytes();
    let from = bytes.len().saturating_sub(usize::from(width));
    let bytes = bytes.get(from..).unwrap_or_default();
    match order {
        Endian::Big => out.put_slice(bytes),
        Endian::Little => bytes.iter().rev().for_each(|byte| out.put_u8(*byte)),
    }
    Ok(())
}

pub(super) fn put_float(
    value: &Value,
    width: u8,
    order: Endian,
    out: &mut BytesMut,
) -> Result<(), WriteError> {
    let x = match value {
        Value::Float(x) => *x,
        // Exact for all integers that a float can hold.
        Value::Int(n) => *n as f64,
        _ => return Err(wrong_type("a float is needed")),
    };
    if width == 8 {
        match order {
            Endian::Big => out.put_f64(x),
            Endian::Little => out.put_f64_le(x),
        }
        return Ok(());
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "decimal numbers are rounded to the nearest"
    )]
    let narrow = x as f32;
    if narrow.is_infinite() && x.is_finite() {
        return Err(does_not_fit());
    }
    match order {
        Endian::Big => out.put_f32(narrow),
        Endian::Little => out.put_f32_le(narrow),
    }
    Ok(())
}

/// The bits of a number or truth value.
pub(super) fn bits(value: &Value, width: u8, truth: bool) -> Result<u64, WriteError> {
    if truth && !matches!(value, Value::Bool(_)) {
        return Err(wrong_type("a truth value is needed"));
    }
    let n = u64::try_from(integer(value)?).map_err(|_| does_not_fit())?;
    if width < 64 && n.wrapping_shr(u32::from(width)) != 0 {
        return Err(does_not_fit());
    }
    Ok(n)
}

/// A number as digits or groups of bits, in so many bytes if that is known.
pub(super) fn coded(
    n: i128,
    codec: Option<FieldCodec>,
    width: Option<usize>,
) -> Result<Bytes, WriteError> {
    match codec {
        Some(FieldCodec::Varint) => varint(u64::try_from(n).map_err(|_| does_not_fit())?),
        Some(FieldCodec::Zigzag) => {
            let n = i64::try_from(n).map_err(|_| does_not_fit())?;
            varint((n.wrapping_shl(1) ^ n.wrapping_shr(63)).cast_unsigned())
        }
        Some(FieldCodec::Ascii) => digits(n, width.unwrap_or_default(), b'0'),
        Some(FieldCodec::Ebcdic) => digits(n, width.unwrap_or_default(), 0xf0),
        Some(FieldCodec::Bcd) => {
            let width = width.unwrap_or_default();
            let digits = digits(n, width.saturating_mul(2), 0)?;
            let pairs = digits.chunks(2);
            Ok(pairs
                .map(|pair| match pair {
                    [high, low] => high << 4 | low,
                    _ => 0,
                })
                .collect())
        }
        None => Err(wrong_type("text or bytes are needed, not a number")),
    }
}

fn varint(mut n: u64) -> Result<Bytes, WriteError> {
    let mut bytes = Vec::new();
    loop {
        let group = u8::try_from(n & 0x7f).map_err(|_| does_not_fit())?;
        n >>= 7;
        if n == 0 {
            bytes.push(group);
            return Ok(bytes.into());
        }
        bytes.push(group | 0x80);
    }
}

/// A number in decimal, filled up with zeros to a width, if it has fewer digits.
pub(super) fn decimal(n: i128, width: usize) -> Result<String, WriteError> {
    let sign = if n < 0 { "-" } else { "" };
    let digits = n.unsigned_abs().to_string();
    let missing = width.saturating_sub(sign.len().saturating_add(digits.len()));
    room(0, missing)?;
    Ok([sign, &"0".repeat(missing), &digits].concat())
}

/// Decimal digits, each added to `zero`, filled up with zeros to a width; zero is any width.
fn digits(n: i128, width: usize, zero: u8) -> Result<Bytes, WriteError> {
    if n < 0 {
        return Err(does_not_fit());
    }
    let text = decimal(n, width)?;
    if width > 0 && text.len() > width {
        return Err(does_not_fit());
    }
    let digit = |byte: u8| byte.wrapping_sub(b'0').wrapping_add(zero);
    Ok(text.bytes().map(digit).collect())
}
