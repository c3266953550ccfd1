//! Requests of HTTP/2 as messages, and messages as its responses.

use bytestring::ByteString;
use gatewright_core::codec::{Descriptor, HttpShape};
use gatewright_core::message::{Message, Record, Slot, Value};
use gatewright_core::translate::header_map;
use http::header::{CONTENT_LENGTH, COOKIE, HOST, HeaderMap};
use http::request::Parts;
use http::{Method, Response, StatusCode};

/// The message of a request's head; `None` if it asks for something that no message can say.
pub(super) fn request(descriptor: &Descriptor, shape: &HttpShape, head: &Parts) -> Option<Message> {
    let target = match head.uri.path_and_query() {
        Some(target) if head.method != Method::CONNECT => target.as_str(),
        _ => return None,
    };
    let is_origin = target.starts_with('/') || (target == "*" && head.method == Method::OPTIONS);
    if !is_origin {
        return None;
    }
    let mut record: Record = vec![Value::Null; descriptor.record(shape.request).fields.len()];
    let mut set = |slot: Slot, value: Value| {
        if let Some(place) = record.get_mut(slot.index()) {
            *place = value;
        }
    };
    set(shape.method, Value::from(head.method.as_str()));
    set(shape.target, Value::from(target));
    set(shape.authority, authority(head)?);
    set(shape.request_headers, fields(&head.headers)?);
    Some(descriptor.message(shape.request, record))
}

/// RFC 9113, section 8.3.1: `host` says the same as `:authority`, if both are there.
fn authority(head: &Parts) -> Option<Value> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => Some(std::str::from_utf8(host.as_bytes()).ok()?),
        (Some(_), Some(_)) => return None,
    };
    match (head.uri.authority(), host) {
        (Some(authority), Some(host)) if !authority.as_str().eq_ignore_ascii_case(host) => None,
        (Some(authority), _) if authority.as_str().contains('@') => None,
        (Some(authority), _) => Some(Value::from(authority.as_str())),
        (None, Some(host)) => Some(Value::from(host)),
        (None, None) => Some(Value::Null),
    }
}

/// Cookies that came in pieces are one field (RFC 9113, section 8.2.3).
fn fields(headers: &HeaderMap) -> Option<Value> {
    let field = |name: &str, value: Value| Value::Record(vec![Value::from(name), value]);
    let mut fields = Vec::with_capacity(headers.len());
    let mut cookie = String::new();
    for (name, value) in headers {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        if name == HOST {
            continue;
        }
        if name == COOKIE {
            if !cookie.is_empty() {
                cookie.push_str("; ");
            }
            cookie.push_str(value);
            continue;
        }
        fields.push(field(name.as_str(), Value::from(value)));
    }
    if !cookie.is_empty() {
        fields.push(field("cookie", Value::Str(ByteString::from(cookie))));
    }
    Some(Value::List(fields))
}

/// The head of the response that a message is. The length of a payload that is here is said anew.
pub(super) fn response(shape: &HttpShape, message: &Message) -> Response<()> {
    let mut response = Response::new(());
    let status = message.field(shape.status).as_int();
    let status = status.and_then(|status| u16::try_from(status).ok());
    *response.status_mut() = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::BAD_GATEWAY);
    let mut headers = header_map(message.field(shape.response_headers));
    if let Some(body) = message.body().whole().filter(|body| !body.is_empty()) {
        headers.insert(CONTENT_LENGTH, body.len().into());
    }
    *response.headers_mut() = headers;
    response
}

/// Whether the answer to a request has no payload, whatever its head says.
pub(super) fn is_head(shape: &HttpShape, request: &Message) -> bool {
    request.field(shape.method).as_str() == Some("HEAD")
}
