//! ```text
//! ac 4d | length u16 | 01 | seq u32 | merchant 15 | pan 19 | amount u32 | currency u16
//! ac 4d | length u16 | 81 | seq u32 | status u8 | code 6
//! ```
//!
//! Merchant and pan hold the nonce's halves in base 32, the currency the class, the status the
//! server or the failure.

use super::{Failure, Found, Garbled, Order, Said, What, Wire};
use crate::request::{Class, Nonce, Request, SERVERS, code};

/// The payment protocol.
#[derive(Debug)]
pub(crate) struct Pos;

const REQUEST: usize = 49;
const REPLY: usize = 16;
const SEQ: std::ops::Range<usize> = 5..9;
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
/// Base-32 digits that 64 bits take.
const HALF: usize = 13;
const MERCHANT: usize = 15;
const PAN: usize = 19;
const ONCE: u16 = 2;

impl Wire for Pos {
    fn order(&self) -> Order {
        Order::Ids(u32::MAX)
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        out.extend([0xac, 0x4d, 0, 45, 0x01]);
        out.extend(request.id.to_be_bytes());
        write_half((request.nonce >> 64) as u64, MERCHANT, out);
        write_half(request.nonce as u64, PAN, out);
        out.extend(1_u32.to_be_bytes());
        let class = match request.class {
            Class::Idempotent => 1,
            Class::Once => ONCE,
        };
        out.extend(u16::to_be_bytes(class));
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let Some(frame) = frame(bytes, [0xac, 0x4d, 0, 45, 0x01], REQUEST)? else {
            return Ok(None);
        };
        let (merchant, pan) = (&frame[9..9 + MERCHANT], &frame[24..24 + PAN]);
        let nonce = parse_nonce(merchant, pan).ok_or_else(|| garbled("no nonce", frame))?;
        let class = match u16::from_be_bytes([frame[47], frame[48]]) {
            ONCE => Class::Once,
            _ => Class::Idempotent,
        };
        let id = id(frame);
        Ok(Some((REQUEST, Request { id, nonce, class })))
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        out.extend(code(nonce, server));
    }

    fn write_reply(&self, to: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        out.extend([0xac, 0x4d, 0, 12, 0x81]);
        out.extend(to.id.to_be_bytes());
        out.push(server);
        out.extend(code(of, server));
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let Some(frame) = frame(bytes, [0xac, 0x4d, 0, 12, 0x81], REPLY)? else {
            return Ok(None);
        };
        let (status, answer) = (frame[9], &frame[10..]);
        let what = if status < SERVERS {
            let server = status;
            What::Answer {
                server,
                answer: answer.into(),
            }
        } else if answer == b"------" {
            What::Failed(failure(status).ok_or_else(|| garbled("no such status", frame))?)
        } else {
            return Err(garbled("a failure with a code", frame));
        };
        let id = id(frame);
        let echo = None;
        Ok(Some((REPLY, Said { id, echo, what })))
    }

    fn write_oversize(&self, to: &Request, out: &mut Vec<u8>) {
        out.extend([0xac, 0x4d, 0xff, 0xff, 0x81]);
        out.extend(to.id.to_be_bytes());
        out.resize(out.len() + 60_000, 0x5a);
    }
}

/// What the gateway's rules and the protocol's own refusals use.
const fn failure(status: u8) -> Option<Failure> {
    Some(match status {
        90 => Failure::Unreachable,
        91 => Failure::Timeout,
        92 => Failure::BadReply,
        93 => Failure::Draining,
        94 => Failure::Internal,
        95 => Failure::Overload,
        96 => Failure::Unspecified,
        _ => return None,
    })
}

/// The frame at the start, if it has this header and is whole.
fn frame(bytes: &[u8], header: [u8; 5], length: usize) -> Result<Option<&[u8]>, Garbled> {
    let there = bytes.len().min(header.len());
    if bytes[..there] != header[..there] {
        return Err(garbled("no such header", bytes));
    }
    Ok(bytes.get(..length))
}

fn garbled(what: &str, bytes: &[u8]) -> Garbled {
    Garbled(format!("{what}: {:02x?}", &bytes[..bytes.len().min(64)]))
}

fn id(frame: &[u8]) -> u32 {
    frame[SEQ]
        .iter()
        .fold(0, |id, byte| id << 8 | u32::from(*byte))
}

pub(super) fn write_half(half: u64, width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    out.extend((0..HALF).map(|at| DIGITS[(half >> (5 * at)) as usize % 32]));
    out.resize(end, b' ');
}

fn parse_half(field: &[u8]) -> Option<u64> {
    field.iter().take(HALF).rev().try_fold(0, |half, digit| {
        let digit = DIGITS.iter().position(|known| known == digit)?;
        Some(half << 5 | digit as u64)
    })
}

/// The nonce that two texts hold.
pub(super) fn parse_nonce(merchant: &[u8], pan: &[u8]) -> Option<Nonce> {
    let (high, low) = (parse_half(merchant)?, parse_half(pan)?);
    Some(u128::from(high) << 64 | u128::from(low))
}
