//! A message into one frame.

use super::{
    AMOUNT, BODY_AT, Body, CODE, CODE_LEN, CURRENCIES, CURRENCY, KIND_AT, MAGIC, MERCHANT,
    MERCHANT_LEN, NO_CODE, PAD, PAN, PAN_LEN, SEQ, SEQ_AT, STATUS,
};
use crate::framing::field;
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::{Message, Value};

pub(super) fn emit(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let Some(body) = Body::of_operation(message.operation()) else {
        return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
    };
    let seq = field::uint(message.field(SEQ), "seq")?;
    if let Some(frame) = message.frame() {
        return patched(frame, seq, out);
    }
    out.reserve(KIND_AT.saturating_add(usize::from(body.len())));
    out.put_slice(&MAGIC);
    out.put_u16(body.len());
    out.put_u8(body.kind());
    out.put_u32(seq);
    match body {
        Body::AuthReq => auth_req(message, out),
        Body::AuthRsp => auth_rsp(message, out),
    }
}

/// The frame that the message came in, with its current `seq`.
fn patched(frame: &Bytes, seq: u32, out: &mut BytesMut) -> Result<(), EncodeError> {
    let (Some(before), Some(after)) = (frame.get(..SEQ_AT), frame.get(BODY_AT..)) else {
        return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
    };
    out.reserve(frame.len());
    out.put_slice(before);
    out.put_u32(seq);
    out.put_slice(after);
    Ok(())
}

fn auth_req(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    padded(message.field(MERCHANT), "merchant", MERCHANT_LEN, out)?;
    padded(message.field(PAN), "pan", PAN_LEN, out)?;
    out.put_u32(field::uint(message.field(AMOUNT), "amount")?);
    let currency = field::uint(message.field(CURRENCY), "currency")?;
    if !CURRENCIES.contains(&currency) {
        return Err(EncodeError::new("currency", EncodeProblem::OutOfRange));
    }
    out.put_u16(currency);
    Ok(())
}

fn auth_rsp(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    out.put_u8(field::uint(message.field(STATUS), "status")?);
    let code = match message.field(CODE) {
        Value::Null => NO_CODE,
        given => ascii(given, "code")?,
    };
    if code.len() != CODE_LEN {
        return Err(EncodeError::new("code", EncodeProblem::OutOfRange));
    }
    out.put_slice(code.as_bytes());
    Ok(())
}

fn padded(
    value: &Value,
    name: &'static str,
    width: usize,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let text = ascii(value, name)?.as_bytes();
    let Some(padding) = width.checked_sub(text.len()) else {
        return Err(EncodeError::new(name, EncodeProblem::OutOfRange));
    };
    // Read back, the last space would be padding.
    if text.ends_with(&[PAD]) {
        return Err(EncodeError::new(name, EncodeProblem::Charset));
    }
    out.put_slice(text);
    out.put_bytes(PAD, padding);
    Ok(())
}

fn ascii<'v>(value: &'v Value, name: &'static str) -> Result<&'v str, EncodeError> {
    let text = field::text(value, name)?;
    if text.is_ascii() {
        Ok(text)
    } else {
        Err(EncodeError::new(name, EncodeProblem::Charset))
    }
}
