//! The head of a response.

use super::super::asked::{Asked, Method, Stays};
use super::super::octets::are_value;
use super::super::wrong;
use super::fields::{Fields, Host};
use super::length::{Length, declared};
use super::usual::{First, Usual};
use super::{Version, at_space, first_line, text, version};
use bytes::Bytes;
use gatewright_core::codec::DecodeError;
use gatewright_core::message::{Headers, Value};

/// A response as far as its head says.
#[derive(Debug)]
pub(in super::super) enum Response {
    /// One before the response: the request goes on.
    Interim,
    /// The response.
    Final {
        /// Status and headers.
        record: Vec<Value>,
        length: Length,
        stays: Stays,
    },
}

struct Line {
    version: Version,
    status: u16,
}

/// Reads a whole head, which answers that request.
pub(in super::super) fn response(frame: Bytes, asked: Asked) -> Result<Response, DecodeError> {
    let head = text(frame)?;
    let (first, fields_at) = first_line(&head, 0)?;
    let line = line(first)?;
    let fields = Fields::read(&head, fields_at, Host::Other)?;
    let declared = declared(&fields, line.version)?;
    if line.status < 200 {
        return interim(line.status, declared);
    }
    let stays = Stays::of(line.version, &fields.connection);
    let length = body(line.status, asked, declared)?;
    Ok(last(line.status, asked, length, stays, fields.finish()))
}

/// A whole head that was read before.
pub(in super::super) fn usual_response(
    frame: Bytes,
    usual: Box<Usual>,
    asked: Asked,
) -> Result<Response, DecodeError> {
    let First::Response { status } = usual.first else {
        return response(frame, asked);
    };
    let head = text(frame)?;
    let fields = usual.fields;
    let stays = if fields.closes { Stays::No } else { Stays::Yes };
    let length = body(status, asked, fields.length)?;
    Ok(last(status, asked, length, stays, fields.kept.finish(head)))
}

/// The response itself. What the connection becomes by its fields, its length may overrule.
fn last(status: u16, asked: Asked, length: Length, stays: Stays, headers: Headers) -> Response {
    // Bytes of a tunnel are no messages.
    let is_last = length == Length::UntilClose
        || opens_tunnel(status, asked)
        || matches!(asked.stays, Stays::No);
    Response::Final {
        record: vec![status.into(), Value::Headers(headers)],
        length,
        stays: if is_last { Stays::No } else { stays },
    }
}

/// RFC 9110, 9.3.6: what follows a good answer to CONNECT is the tunnel's.
const fn opens_tunnel(status: u16, asked: Asked) -> bool {
    matches!(asked.method, Method::Connect) && status >= 200 && status < 300
}

fn line(first: &str) -> Result<Line, DecodeError> {
    let bad = |at, expected| wrong::syntax(at, expected, "something else");
    let Some((name, rest)) = at_space(first) else {
        return Err(bad(0, "a version and a status"));
    };
    let version = version(name, 0)?;
    // Those who have nothing to say about it often leave its space out.
    let (digits, reason) = at_space(rest).unwrap_or((rest, ""));
    let status = match digits.as_bytes() {
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => digits.parse().ok(),
        _ => None,
    };
    let status = status.ok_or_else(|| bad(9, "a status of three digits"))?;
    if !are_value(reason.as_bytes()) {
        return Err(bad(12, "a reason without control characters"));
    }
    Ok(Line { version, status })
}

fn interim(status: u16, declared: Option<Length>) -> Result<Response, DecodeError> {
    // RFC 9110, 15.2.2: only a client that asked for it may be switched over, and none here does.
    if status == 101 {
        return Err(wrong::unsupported(
            9,
            "a response in HTTP",
            "another protocol",
        ));
    }
    match declared {
        None | Some(Length::None) => Ok(Response::Interim),
        Some(_) => Err(with_body()),
    }
}

#[cold]
fn with_body() -> DecodeError {
    wrong::value(9, "no body with this status", "one")
}

/// RFC 9112, 6.3, rules 1 to 8.
fn body(status: u16, asked: Asked, declared: Option<Length>) -> Result<Length, DecodeError> {
    match status {
        // What these say about a body that they do not have is not looked at by some, and by others
        // it is.
        204 if !matches!(declared, None | Some(Length::None)) => Err(with_body()),
        204 | 304 => Ok(Length::None),
        status if opens_tunnel(status, asked) => Ok(Length::None),
        _ if asked.method == Method::Head => Ok(Length::None),
        _ => Ok(declared.unwrap_or(Length::UntilClose)),
    }
}
