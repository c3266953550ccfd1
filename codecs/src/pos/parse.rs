//! One whole frame into a message whose texts are slices of it.

use super::{BODY_AT, Body, CODE_LEN, CURRENCIES, KIND_AT, MERCHANT_LEN, PAD, PAN_LEN};
use crate::framing::fixed::{be_u8, be_u16, be_u32, octets};
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::{Cause, DecodeError, Side};
use gatewright_core::message::{Correlation, Kind, Message, Record, Value};
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Merchant, pan, amount, currency.
type AuthReq<'f> = (&'f [u8; MERCHANT_LEN], &'f [u8; PAN_LEN], u32, u16);

/// All that a parser can find wrong is that the frame ends too early.
type Parsed<'f, T> = IResult<&'f [u8], T, ()>;

const PAN_AT: usize = BODY_AT + MERCHANT_LEN;
const CURRENCY_AT: usize = PAN_AT + PAN_LEN + 4;
const CODE_AT: usize = BODY_AT + 1;

pub(super) fn parse(frame: Bytes, side: Side) -> Result<Message, DecodeError> {
    let Ok((rest, (kind, seq))) = header(&frame) else {
        return Err(truncated(&frame));
    };
    let correlation = Correlation::Id(u64::from(seq));
    let Some(body) = Body::of_kind(kind) else {
        return Err(unknown_kind(kind).answering(None, correlation));
    };
    if body.reader() != side {
        return Err(wrong_direction(kind));
    }
    let fields = match body {
        Body::AuthReq => auth_req(&frame, seq, whole(&frame, auth_req_view(rest))?),
        Body::AuthRsp => auth_rsp(&frame, seq, whole(&frame, auth_rsp_view(rest))?),
    };
    let kind = match body {
        Body::AuthReq => Kind::Request,
        Body::AuthRsp => Kind::Reply,
    };
    match fields {
        Ok(fields) => Ok(Message::new(kind, body.operation(), fields)
            .with_correlation(correlation)
            .with_frame(frame)),
        Err(error) => Err(error.answering(Some(body.operation()), correlation)),
    }
}

fn header(frame: &[u8]) -> Parsed<'_, (u8, u32)> {
    preceded(octets::<KIND_AT, _>, (be_u8, be_u32)).parse(frame)
}

fn auth_req_view(body: &[u8]) -> Parsed<'_, AuthReq<'_>> {
    (octets, octets, be_u32, be_u16).parse(body)
}

fn auth_rsp_view(body: &[u8]) -> Parsed<'_, (u8, &[u8; CODE_LEN])> {
    (be_u8, octets).parse(body)
}

/// What was parsed, if it is the whole frame.
fn whole<T>(frame: &Bytes, parsed: Parsed<'_, T>) -> Result<T, DecodeError> {
    match parsed {
        Ok(([], view)) => Ok(view),
        Ok((rest, _)) => {
            let end = frame.len().saturating_sub(rest.len());
            Err(DecodeError::new(
                Cause::TrailingBytes,
                end,
                "the end of the frame",
                format!("{} bytes more", rest.len()),
            ))
        }
        Err(_) => Err(truncated(frame)),
    }
}

fn auth_req(frame: &Bytes, seq: u32, view: AuthReq<'_>) -> Result<Record, DecodeError> {
    let (merchant, pan, amount, currency) = view;
    if !CURRENCIES.contains(&currency) {
        return Err(DecodeError::new(
            Cause::BadValue,
            CURRENCY_AT,
            "a currency from 1 to 999",
            "another number",
        ));
    }
    let merchant = text(frame, BODY_AT, unpadded(merchant))?;
    let pan = text(frame, PAN_AT, unpadded(pan))?;
    Ok(vec![
        seq.into(),
        merchant,
        pan,
        amount.into(),
        currency.into(),
    ])
}

fn auth_rsp(
    frame: &Bytes,
    seq: u32,
    (status, code): (u8, &[u8; CODE_LEN]),
) -> Result<Record, DecodeError> {
    let code = text(frame, CODE_AT, code)?;
    Ok(vec![seq.into(), status.into(), code])
}

fn unpadded(field: &[u8]) -> &[u8] {
    let len = field
        .iter()
        .rposition(|byte| *byte != PAD)
        .map_or(0, |last| last.saturating_add(1));
    field.get(..len).unwrap_or(field)
}

/// The text of a field that starts at `at`, as a slice of the frame.
fn text(frame: &Bytes, at: usize, field: &[u8]) -> Result<Value, DecodeError> {
    if field.is_ascii()
        && let Ok(text) = ByteString::try_from(frame.slice(at..at.saturating_add(field.len())))
    {
        return Ok(Value::Str(text));
    }
    let bad = field.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    Err(DecodeError::new(
        Cause::BadValue,
        at.saturating_add(bad),
        "ASCII text",
        "a byte above 7f",
    ))
}

fn truncated(frame: &Bytes) -> DecodeError {
    DecodeError::new(
        Cause::Truncated,
        frame.len(),
        "more of the body",
        "the end of the frame",
    )
}

fn unknown_kind(kind: u8) -> DecodeError {
    DecodeError::new(
        Cause::UnknownOperation,
        KIND_AT,
        "kind 01 or 81",
        format!("kind {kind:02x}"),
    )
}

fn wrong_direction(kind: u8) -> DecodeError {
    DecodeError::new(
        Cause::WrongDirection,
        KIND_AT,
        "a message for this side",
        format!("kind {kind:02x}"),
    )
}
