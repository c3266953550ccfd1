//! Requests are a query (may be repeated) or an update (may not) about the name
//! `<nonce in hex>.audit.test`. The answer is one NULL record: the server's number, then any
//! bytes. An rcode is a failure.

use super::{Failure, Found, Garbled, Order, Said, What, Wire};
use crate::request::{Class, Nonce, Request, SERVERS, body};
use std::io::Write as _;

/// DNS over TCP.
#[derive(Debug)]
pub(crate) struct Dns;

const QUERY: u16 = 0x0100;
const UPDATE: u16 = 0x2800;
const REPLY: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
/// Two bytes of length, then the header.
const NAME: usize = 2 + 12;
/// Name, type and class.
const QUESTION: usize = 1 + 32 + 1 + 5 + 1 + 4 + 1 + 4;
const SUFFIX: &[u8] = b"\x05audit\x04test\x00";
const RECORD: usize = NAME + QUESTION;
/// A pointer to the name, type NULL, class IN, no time to live.
const RECORD_HEAD: [u8; 10] = [0xc0, 0x0c, 0, 10, 0, 1, 0, 0, 0, 0];

impl Wire for Dns {
    fn order(&self) -> Order {
        Order::Ids(0xffff)
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let flags = match request.class {
            Class::Idempotent => QUERY,
            Class::Once => UPDATE,
        };
        out.extend(((RECORD - 2) as u16).to_be_bytes());
        write_head(request, flags, 0, out);
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let Some(frame) = frame(bytes)? else {
            return Ok(None);
        };
        let class = match number(frame, 4) {
            QUERY => Class::Idempotent,
            UPDATE => Class::Once,
            _ => return Err(garbled("no such request", frame)),
        };
        let nonce = nonce(frame)?;
        let id = u32::from(number(frame, 2));
        Ok(Some((frame.len(), Request { id, nonce, class })))
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        body(nonce, server, out);
    }

    fn write_reply(&self, to: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        let mut answer = vec![server];
        body(of, server, &mut answer);
        let length = RECORD - 2 + RECORD_HEAD.len() + 2 + answer.len();
        let opcode = match to.class {
            Class::Idempotent => 0,
            Class::Once => UPDATE,
        };
        out.extend((length as u16).to_be_bytes());
        let of = Request { nonce: of, ..*to };
        write_head(&of, REPLY | opcode, 1, out);
        out.extend(RECORD_HEAD);
        out.extend((answer.len() as u16).to_be_bytes());
        out.extend(answer);
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let Some(frame) = frame(bytes)? else {
            return Ok(None);
        };
        let id = u32::from(number(frame, 2));
        let flags = number(frame, 4);
        if flags & REPLY == 0 {
            return Err(garbled("no reply", frame));
        }
        let what = match flags & 0x0f {
            0 => answer(frame)?,
            2 => What::Failed(Failure::Unspecified),
            1 | 5 => What::Failed(Failure::Refused),
            _ => return Err(garbled("no such rcode", frame)),
        };
        let echo = Some(nonce(frame)?);
        Ok(Some((frame.len(), Said { id, echo, what })))
    }

    fn write_oversize(&self, to: &Request, out: &mut Vec<u8>) {
        out.extend([0xff, 0xff]);
        write_head(to, REPLY, 1, out);
        out.resize(out.len() + 60_000, 0x5a);
    }
}

fn write_head(request: &Request, flags: u16, records: u16, out: &mut Vec<u8>) {
    for number in [request.id as u16, flags, 1, records, 0, 0] {
        out.extend(number.to_be_bytes());
    }
    write!(out, "\x20{:032x}", request.nonce).expect("memory");
    out.extend(SUFFIX);
    // SOA, as a zone's, or NULL; class IN.
    let kind = if flags & OPCODE == UPDATE { 6 } else { 10 };
    out.extend([0, kind, 0, 1]);
}

fn frame(bytes: &[u8]) -> Result<Option<&[u8]>, Garbled> {
    let [high, low, ..] = bytes else {
        return Ok(None);
    };
    let length = 2 + usize::from(u16::from_be_bytes([*high, *low]));
    if length < RECORD {
        return Err(garbled("too short", bytes));
    }
    Ok(bytes.get(..length))
}

fn number(frame: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([frame[at], frame[at + 1]])
}

fn nonce(frame: &[u8]) -> Result<Nonce, Garbled> {
    let name = &frame[NAME..NAME + 33];
    let digits = name
        .strip_prefix(b"\x20")
        .and_then(|d| std::str::from_utf8(d).ok());
    let nonce = digits.and_then(|digits| Nonce::from_str_radix(digits, 16).ok());
    if !frame[NAME + 33..].starts_with(SUFFIX) {
        return Err(garbled("another name", frame));
    }
    nonce.ok_or_else(|| garbled("no nonce", frame))
}

fn answer(frame: &[u8]) -> Result<What<'_>, Garbled> {
    let data = frame[RECORD..].strip_prefix(&RECORD_HEAD);
    let data = data.and_then(|data| data.split_first_chunk::<2>());
    match data {
        Some((length, [server, answer @ ..]))
            if *server < SERVERS
                && usize::from(u16::from_be_bytes(*length)) == 1 + answer.len() =>
        {
            let server = *server;
            Ok(What::Answer {
                server,
                answer: answer.into(),
            })
        }
        _ => Err(garbled("no record", frame)),
    }
}

fn garbled(what: &str, bytes: &[u8]) -> Garbled {
    Garbled(format!("{what}: {:02x?}", &bytes[..bytes.len().min(96)]))
}
