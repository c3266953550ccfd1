//! Commands are `GET nonce` (may be repeated) and `INCR nonce` (may not); now and then as a line
//! of words, which no gateway passes on unread. Some may need a connection of their own instead:
//! `BLPOP nonce 1` until it is answered, `WATCH nonce` from then on. The answer is a bulk string: the server's letter,
//! then any bytes. An error is the gateway's.

use super::{Failure, Found, Garbled, Order, Said, What, Wire};
use crate::request::{Class, Nonce, Request, SERVERS, body};
use std::io::Write as _;

/// Redis' protocol.
#[derive(Debug)]
pub(crate) struct Resp {
    /// Whether there are commands that need a connection of their own.
    pub(crate) own: bool,
}

/// Letters of servers begin here.
const LETTER: u8 = b'0';

impl Wire for Resp {
    fn order(&self) -> Order {
        Order::Requests
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let nonce = request.nonce;
        let (name, more) = match request.class {
            Class::Once if self.own && nonce % 64 == 5 => ("BLPOP", "$1\r\n1\r\n"),
            Class::Once if self.own && nonce % 1024 == 7 => ("WATCH", ""),
            Class::Once => ("INCR", ""),
            Class::Idempotent => ("GET", ""),
        };
        let words = if more.is_empty() { 2 } else { 3 };
        let length = name.len();
        let written = if nonce.is_multiple_of(16) {
            write!(out, "{name} {nonce:032x}\r\n")
        } else {
            write!(
                out,
                "*{words}\r\n${length}\r\n{name}\r\n$32\r\n{nonce:032x}\r\n{more}"
            )
        };
        written.expect("memory");
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let mut lines = Lines { bytes, at: 0 };
        let Ok([name, key]) = read_words(&mut lines) else {
            return Ok(None);
        };
        let class = match name {
            b"GET" => Class::Idempotent,
            b"INCR" | b"BLPOP" | b"WATCH" => Class::Once,
            _ => return Err(garbled("no such command", bytes)),
        };
        let key = std::str::from_utf8(key).ok();
        let nonce = key.and_then(|key| Nonce::from_str_radix(key, 16).ok());
        let nonce = nonce.ok_or_else(|| garbled("no nonce", bytes))?;
        let id = 0;
        Ok(Some((lines.at, Request { id, nonce, class })))
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        body(nonce, server, out);
    }

    fn write_reply(&self, _: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        let mut answer = vec![LETTER + server];
        body(of, server, &mut answer);
        write!(out, "${}\r\n", answer.len()).expect("memory");
        out.extend(answer);
        out.extend(b"\r\n");
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let mut lines = Lines { bytes, at: 0 };
        let Ok(line) = lines.next() else {
            return Ok(None);
        };
        let what = match line {
            [b'-', text @ ..] => {
                What::Failed(failure(text).ok_or_else(|| garbled("no such error", bytes))?)
            }
            [b'$', length @ ..] => {
                let length = parse(length).ok_or_else(|| garbled("no length", bytes))?;
                let Ok(bulk) = lines.take(length) else {
                    return Ok(None);
                };
                let [letter, answer @ ..] = bulk else {
                    return Err(garbled("no server", bytes));
                };
                let server = letter.wrapping_sub(LETTER);
                if server >= SERVERS {
                    return Err(garbled("no such server", bytes));
                }
                What::Answer {
                    server,
                    answer: answer.into(),
                }
            }
            _ => return Err(garbled("no reply", bytes)),
        };
        let (id, echo) = (0, None);
        Ok(Some((lines.at, Said { id, echo, what })))
    }

    fn write_oversize(&self, _: &Request, out: &mut Vec<u8>) {
        out.extend(b"$9000000\r\n");
        out.resize(out.len() + 60_000, 0x5a);
    }
}

fn failure(text: &[u8]) -> Option<Failure> {
    let begins = |with: &str| text.starts_with(with.as_bytes());
    Some(match text {
        _ if begins("TIMEOUT ") => Failure::Timeout,
        _ if begins("UNREACHABLE ") => Failure::Unreachable,
        _ if begins("BADREPLY ") => Failure::BadReply,
        _ if begins("OVERLOADED ") => Failure::Overload,
        _ if begins("ERR gateway: an internal") => Failure::Internal,
        _ if begins("ERR gateway: ") => Failure::Refused,
        _ if begins("DRAINING ") => Failure::Draining,
        _ => return None,
    })
}

pub(super) fn garbled(what: &str, bytes: &[u8]) -> Garbled {
    let start = &bytes[..bytes.len().min(64)];
    Garbled(format!("{what}: {}", start.escape_ascii()))
}

fn parse(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// More bytes are needed.
pub(super) struct Short;

pub(super) struct Lines<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Lines<'b> {
    fn next(&mut self) -> Result<&'b [u8], Short> {
        let rest = &self.bytes[self.at..];
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .ok_or(Short)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }

    pub(super) fn bulk(&mut self) -> Result<&'b [u8], Short> {
        let length = self.next()?.get(1..).and_then(parse).unwrap_or(0);
        self.take(length)
    }

    /// So many bytes and the end of their line.
    fn take(&mut self, length: usize) -> Result<&'b [u8], Short> {
        let rest = &self.bytes[self.at..];
        if rest.len() < length.saturating_add(2) {
            return Err(Short);
        }
        self.at += length + 2;
        Ok(&rest[..length])
    }
}

/// The first two words of a command; empty ones for what is none.
pub(super) fn read_words<'b>(lines: &mut Lines<'b>) -> Result<[&'b [u8]; 2], Short> {
    let first = lines.next()?;
    let more = match first {
        b"*2" => 0,
        b"*3" => 1,
        _ => {
            let space = first.iter().position(|byte| *byte == b' ').unwrap_or(0);
            let (name, key) = first.split_at(space);
            return Ok([name, key.get(1..).unwrap_or_default()]);
        }
    };
    let words = [lines.bulk()?, lines.bulk()?];
    for _ in 0..more {
        lines.bulk()?;
    }
    Ok(words)
}
