//! Requests that a gateway hands on as they are: `GET` and `PUT /nonce` (may be repeated) and
//! `POST /nonce` (may not). All but `GET` have a body that follows from the nonce, some of several
//! times what a gateway holds of a body at once; it has a length, or comes in chunks. The answer is any
//! bytes, framed in either way; a field has the server's number.

use super::message::{self, Framed, Message, garbled, write_body};
use crate::request::{Class, Nonce, Request, SERVERS, body};
use crate::rng::{Rng, mix};
use crate::wire::{Found, Order, Said, What, Wire};

/// HTTP/1.1 with bodies.
#[derive(Debug)]
pub(crate) struct Whole;

impl Wire for Whole {
    fn order(&self) -> Order {
        Order::Requests
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let nonce = request.nonce;
        let method = match request.class {
            Class::Once => "POST",
            Class::Idempotent if asks_only(nonce) => "GET",
            Class::Idempotent => "PUT",
        };
        out.extend(format!("{method} /{nonce:032x} HTTP/1.1\r\nhost: audit\r\n").as_bytes());
        if method == "GET" {
            out.extend(b"\r\n");
        } else {
            write_body(&request_body(nonce), framed(nonce), out);
        }
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let nonce = nonce_of_target(message.target()).ok_or_else(|| garbled("no nonce", bytes))?;
        let class = match message.first.split(' ').next() {
            Some("POST") => Class::Once,
            _ => Class::Idempotent,
        };
        let expected = expected(message.first.starts_with("GET "), nonce);
        // A request with another's body is one that nobody sent.
        let nonce = if message.body == expected {
            nonce
        } else {
            !nonce
        };
        Ok(Some((
            length,
            Request {
                id: 0,
                nonce,
                class,
            },
        )))
    }

    fn begun(&self, bytes: &[u8]) -> Option<Nonce> {
        nonce_of_target(message::begun(bytes)?)
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        let times = if nonce >> 16 & 63 == 0 { 12 } else { 1 };
        for part in 0..times {
            body(nonce.wrapping_add(part), server, out);
        }
    }

    fn write_reply(&self, _: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        out.extend(format!("HTTP/1.1 200 OK\r\n{SERVER}: {server}\r\n").as_bytes());
        let mut answer = Vec::new();
        self.answer(of, server, &mut answer);
        write_body(&answer, framed(of >> 32), out);
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let what = match message.failure()? {
            Some(failure) => What::Failed(failure),
            None => {
                let server = message.field(SERVER).and_then(|value| value.parse().ok());
                let server = server.filter(|server| *server < SERVERS);
                What::Answer {
                    server: server.ok_or_else(|| garbled("no server", bytes))?,
                    answer: message.body,
                }
            }
        };
        let (id, echo) = (0, None);
        Ok(Some((length, Said { id, echo, what })))
    }

    fn write_oversize(&self, _: &Request, out: &mut Vec<u8>) {
        message::write_oversize(out);
    }
}

/// The field that tells who answered.
pub(crate) const SERVER: &str = "x-server";

/// The request that a target names.
pub(crate) fn nonce_of_target(target: &str) -> Option<Nonce> {
    let digits = target
        .strip_prefix('/')
        .filter(|digits| digits.len() == 32)?;
    Nonce::from_str_radix(digits, 16).ok()
}

/// The body that a request must have.
pub(crate) fn expected(only_asks: bool, nonce: Nonce) -> Vec<u8> {
    match only_asks {
        true => Vec::new(),
        false => request_body(nonce),
    }
}

const fn asks_only(nonce: Nonce) -> bool {
    nonce.is_multiple_of(2)
}

fn framed(nonce: Nonce) -> Framed {
    match nonce >> 4 & 1 {
        0 => Framed::ByLength,
        _ => Framed::Chunks(1 + (nonce >> 8) as usize % 5_000),
    }
}

/// Some hundred bytes, now and then some ten thousand; seldom more than a stream's window.
fn request_body(nonce: Nonce) -> Vec<u8> {
    let mut rng = Rng::seeded(mix(nonce as u64) ^ (nonce >> 64) as u64);
    let length = match rng.below(256) {
        0 => 60_000 + rng.below(60_000),
        1..8 => rng.below(20_000),
        _ => rng.below(300),
    };
    let mut body: Vec<u8> = (0..length.div_ceil(8))
        .flat_map(|_| rng.next().to_le_bytes())
        .collect();
    body.truncate(length);
    body
}
