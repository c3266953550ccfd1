//! What the payment protocol becomes where the gateway converts it: `GET merchant:pan`, or `INCR`
//! of the same for what may be carried out only once. The answer is a bulk string, the server's
//! number in two digits and the code.

use super::resp::{Lines, garbled, read_words};
use super::{Failure, Found, Order, Resp, Said, What, Wire};
use crate::request::{Class, Nonce, Request, SERVERS, code};
use crate::wire::pos::{parse_nonce, write_half};
use std::io::Write as _;

/// Payments as commands of redis.
#[derive(Debug)]
pub(crate) struct PosInResp;

const HALF: usize = 13;
const ANSWER: usize = 8;

impl Wire for PosInResp {
    fn order(&self) -> Order {
        Order::Requests
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let name: &[u8] = match request.class {
            Class::Idempotent => b"GET ",
            Class::Once => b"INCR ",
        };
        out.extend(name);
        write_half((request.nonce >> 64) as u64, HALF, out);
        out.push(b':');
        write_half(request.nonce as u64, HALF, out);
        out.extend(b"\r\n");
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let mut lines = Lines { bytes, at: 0 };
        let Ok([name, key]) = read_words(&mut lines) else {
            return Ok(None);
        };
        let class = match name.to_ascii_uppercase().as_slice() {
            b"GET" => Class::Idempotent,
            b"INCR" => Class::Once,
            _ => return Err(garbled("no such command", bytes)),
        };
        let colon = key.iter().position(|byte| *byte == b':');
        let halves = colon.map(|at| (&key[..at], &key[at + 1..]));
        let nonce = halves.and_then(|(merchant, pan)| parse_nonce(merchant, pan));
        let nonce = nonce.ok_or_else(|| garbled("no nonce", bytes))?;
        let id = 0;
        Ok(Some((lines.at, Request { id, nonce, class })))
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        out.extend(code(nonce, server));
    }

    fn write_reply(&self, _: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        write!(out, "${ANSWER}\r\n{server:02}").expect("memory");
        out.extend(code(of, server));
        out.extend(b"\r\n");
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let mut lines = Lines { bytes, at: 0 };
        let Ok(bulk) = lines.bulk() else {
            return Ok(None);
        };
        let number = bulk.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let number = number.and_then(|digits| digits.parse().ok());
        let what = match number {
            Some(server) if server < SERVERS => What::Answer {
                server,
                answer: bulk[2..].into(),
            },
            Some(_) | None => What::Failed(Failure::Unspecified),
        };
        let (id, echo) = (0, None);
        Ok(Some((lines.at, Said { id, echo, what })))
    }

    fn write_oversize(&self, to: &Request, out: &mut Vec<u8>) {
        Resp { own: false }.write_oversize(to, out);
    }
}
