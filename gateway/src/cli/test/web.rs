//! A client's request, where the listener speaks HTTP.

use super::reader::{Node, Reader};
use super::upstream::{Parts, Request};
use bytes::Bytes;
use gatewright_config::codes;
use gatewright_core::codec::{Descriptor, HttpShape};
use gatewright_core::message::{Body, Kind, Message, Record, Slot, Value};
use http::Method;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::uri::PathAndQuery;

/// Whom a request asks that does not say so.
const AUTHORITY: &str = "localhost";

/// Reads `{ post = "/target", headers = { }, json = … }`.
pub(super) fn request(
    reader: &mut Reader,
    node: &Node<'_>,
    descriptor: &Descriptor,
    shape: &HttpShape,
) -> Option<Message> {
    let Request { request, mut parts } = Request::read(reader, "`send`", node)?;
    for name in &parts.absent {
        let message = format!("the header `{name}` has no value");
        reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), None);
    }
    let is_good = |(name, value): &&(String, String)| {
        name.parse::<HeaderName>().is_ok() && HeaderValue::from_bytes(value.as_bytes()).is_ok()
    };
    for (name, _) in parts.headers.iter().filter(|header| !is_good(header)) {
        let message = format!(
            "`{}` is no HTTP header, or not with such a value",
            name.escape_debug()
        );
        reader.note(codes::BAD_NAME, message, node.span(), None);
    }
    let line = line(reader, node, request);
    let body = body(reader, node, &mut parts)?;
    let (method, target) = line?;
    let of_host = |(name, _): &(String, String)| *name == HOST.as_str();
    let (hosts, headers): (Vec<_>, Vec<_>) = parts.headers.into_iter().partition(of_host);
    let host = hosts.first().map_or(AUTHORITY, |(_, host)| host);
    let headers = headers.iter().map(header).collect();
    let mut fields: Record = vec![Value::Null; descriptor.record(shape.request).fields.len()];
    for (slot, value) in [
        (shape.method, Value::from(method.as_str())),
        (shape.target, Value::from(&*target)),
        (shape.authority, Value::from(host)),
        (shape.request_headers, Value::List(headers)),
    ] {
        if let Some(place) = fields.get_mut(slot.index()) {
            *place = value;
        }
    }
    Some(Message::new(Kind::Request, shape.request, fields).with_body(body))
}

/// The method and the target, in origin form.
fn line(
    reader: &mut Reader,
    node: &Node<'_>,
    request: Option<(Method, String)>,
) -> Option<(Method, String)> {
    let Some((method, target)) = request else {
        let help = "such as `send = { post = \"/v1/orders\" }`".to_owned();
        let message = "the request has no method";
        reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), Some(help));
        return None;
    };
    if !target.starts_with('/') || target.parse::<PathAndQuery>().is_err() {
        let message = format!("`{target}` is no path with a query");
        reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), None);
        return None;
    }
    Some((method, target))
}

/// The payload; JSON has its type among the headers.
fn body(reader: &mut Reader, node: &Node<'_>, parts: &mut Parts) -> Option<Body> {
    match (parts.json.take(), parts.body.take()) {
        (Some(_), Some(_)) => {
            let message = "a request has `json` or `body`, not both";
            reader.note(codes::EXACTLY_ONE, message, node.span(), None);
            None
        }
        (Some(json), None) => {
            let name = CONTENT_TYPE.as_str();
            if !parts.headers.iter().any(|(given, _)| given == name) {
                let header = (name.to_owned(), "application/json".to_owned());
                parts.headers.push(header);
            }
            Some(Body::Whole(Bytes::from(json.to_string())))
        }
        (None, Some(bytes)) => Some(Body::Whole(bytes)),
        (None, None) => Some(Body::Empty),
    }
}

/// The length of a request's head, as HTTP/1.1 has it (RFC 9112, 2.1 and 3).
pub(super) fn head_length(message: &Message, shape: &HttpShape) -> usize {
    let length = |value: Option<&Value>| value.and_then(Value::as_str).map_or(0, str::len);
    let of_line = [shape.method, shape.target].map(|slot| length(Some(message.field(slot))));
    let line = of_line.iter().sum::<usize>() + "  HTTP/1.1\r\n".len();
    let host = length(Some(message.field(shape.authority))) + "host: \r\n".len();
    let headers = message.field(shape.request_headers).as_list();
    let header = |header: &Value| {
        let fields = header.as_record().map_or(&[][..], Vec::as_slice);
        let of = |slot: Slot| length(fields.get(slot.index()));
        of(HttpShape::NAME) + of(HttpShape::VALUE) + ": \r\n".len()
    };
    let headers: usize = headers.unwrap_or_default().iter().map(header).sum();
    line + host + headers + "\r\n".len()
}

/// In the order of their slots: `HttpShape::NAME`, `HttpShape::VALUE`.
fn header((name, value): &(String, String)) -> Value {
    Value::Record(vec![Value::from(&**name), Value::from(&**value)])
}

#[cfg(test)]
mod tests;
