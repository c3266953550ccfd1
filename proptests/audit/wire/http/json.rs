//! Payments in JSON: `POST /merchant/pan` with both once more in the body, and the class. The
//! answer is the server's number and the code.

use super::message::{self, Framed, Message, garbled, write_body};
use super::payment::{halves, nonce_of_target};
use crate::request::{Class, Nonce, Request, SERVERS, code};
use crate::wire::pos::parse_nonce;
use crate::wire::{Found, Garbled, Order, Said, What, Wire};
use serde_json::Value;
use std::borrow::Cow;

/// Payments over HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Json;

impl Wire for Json {
    fn order(&self) -> Order {
        Order::Requests
    }

    fn write_request(&self, request: &Request, out: &mut Vec<u8>) {
        let [merchant, pan] = halves(request.nonce);
        let currency = match request.class {
            Class::Idempotent => 1,
            Class::Once => 2,
        };
        let body = format!(r#"{{"merchant":"{merchant}","pan":"{pan}","currency":{currency}}}"#);
        out.extend(format!("POST /{merchant}/{pan} HTTP/1.1\r\nhost: audit\r\n").as_bytes());
        let framed = match request.nonce % 4 {
            0 => Framed::Chunks(1 + (request.nonce >> 8) as usize % 64),
            _ => Framed::ByLength,
        };
        write_body(body.as_bytes(), framed, out);
    }

    fn read_request(&self, bytes: &[u8]) -> Found<Request> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let nonce = nonce_of_target(message.target());
        let told = told(&message.body);
        let nonce = nonce.ok_or_else(|| garbled("no nonce", bytes))?;
        // Two halves of different requests are a third one, which nobody sent.
        let nonce = if told == Some(nonce) { nonce } else { !nonce };
        let class = Class::Idempotent;
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
        out.extend(code(nonce, server));
    }

    fn write_reply(&self, _: &Request, server: u8, of: Nonce, out: &mut Vec<u8>) {
        out.extend(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
        let framed = match of % 4 {
            1 => Framed::Chunks(1 + (of >> 8) as usize % 16),
            _ => Framed::ByLength,
        };
        write_body(answer_in_json(of, server).as_bytes(), framed, out);
    }

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>> {
        let Some((length, message)) = Message::read(bytes)? else {
            return Ok(None);
        };
        let what = match message.failure()? {
            Some(failure) => What::Failed(failure),
            None => answer(&message.body)?,
        };
        let (id, echo) = (0, None);
        Ok(Some((length, Said { id, echo, what })))
    }

    fn write_oversize(&self, _: &Request, out: &mut Vec<u8>) {
        message::write_oversize(out);
    }
}

/// The request that a body speaks of.
pub(crate) fn told(body: &[u8]) -> Option<Nonce> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let [merchant, pan] = [&json["merchant"], &json["pan"]].map(Value::as_str);
    parse_nonce(merchant?.as_bytes(), pan?.as_bytes())
}

/// The body of an answer.
pub(crate) fn answer_in_json(nonce: Nonce, server: u8) -> String {
    let code = code(nonce, server);
    let code = code.escape_ascii();
    format!("{{\"server\":{server},\"code\":\"{code}\"}}")
}

fn answer<'b>(body: &[u8]) -> Result<What<'b>, Garbled> {
    let json: Value = serde_json::from_slice(body).map_err(|_| garbled("no JSON", body))?;
    let server = json["server"].as_u64().and_then(|n| u8::try_from(n).ok());
    let server = server.filter(|server| *server < SERVERS);
    match (server, json["code"].as_str()) {
        (Some(server), Some(code)) => Ok(What::Answer {
            server,
            answer: Cow::Owned(code.as_bytes().to_vec()),
        }),
        _ => Err(garbled("no answer", body)),
    }
}
