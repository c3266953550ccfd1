//! What a payment becomes where the gateway converts it to HTTP/1.1: `GET /merchant/pan`, or `POST` of
//! the same for what may be carried out only once. The answer is the first field of the response, the
//! server's number in two digits and the code; a body that nobody asked for comes behind it.

use super::message::{self, Framed, Message, garbled, write_body};
use super::payment::{nonce_of_target, target};
use crate::request::{Class, Nonce, Request, SERVERS, body, code};
use crate::wire::{Found, Order, Said, What, Wire};

/// Payments as heads of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Headed;

const ANSWER: &str = "x-answer";

impl Wire for Headed {
    fn order(&self) -> Order {
        Order::Requests
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let method = match request.class {
            Class::Idempotent => "GET",
            Class::Once => "POST",
        };
        let target = target(request.nonce);
        out.extend(format!("{method} {target} HTTP/1.1\r\nhost: audit\r\n\r\n").as_bytes());
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let class = match message.first.starts_with("POST ") {
            true => Class::Once,
            false => Class::Idempotent,
        };
        let nonce = nonce_of_target(message.target()).ok_or_else(|| garbled("no nonce", bytes))?;
        let id = 0;
        Ok(Some((length, Request { id, nonce, class })))
    }

    fn begun(&self, bytes: &[u8]) -> Option<Nonce> {
        nonce_of_target(message::begun(bytes)?)
    }

    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>) {
        out.extend(code(nonce, server));
    }

    fn write_reply(&self, _: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        let code = code(of, server);
        let code = code.escape_ascii();
        out.extend(format!("HTTP/1.1 200 OK\r\n{ANSWER}: {server:02}{code}\r\n").as_bytes());
        let mut filling = Vec::new();
        body(of, server, &mut filling);
        let framed = match of % 3 {
            0 => Framed::Chunks(1 + (of >> 8) as usize % 100),
            _ => Framed::ByLength,
        };
        write_body(&filling, framed, out);
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let what = match message.failure()? {
            Some(failure) => What::Failed(failure),
            None => {
                let told = message
                    .field(ANSWER)
                    .and_then(|told| told.split_at_checked(2));
                let (server, code) = told.ok_or_else(|| garbled("no answer", bytes))?;
                let server = server.parse().ok().filter(|server| *server < SERVERS);
                What::Answer {
                    server: server.ok_or_else(|| garbled("no server", bytes))?,
                    answer: code.as_bytes().into(),
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
