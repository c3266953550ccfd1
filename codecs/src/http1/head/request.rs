//! The head of a request.

use super::super::asked::{Asked, Method, Stays};
use super::super::authority::is_authority;
use super::super::octets::is_token;
use super::super::{MAX_METHOD, wrong};
use super::fields::{Fields, Host};
use super::length::{Length, declared};
use super::target::{Target, target};
use super::usual::{First, Usual};
use super::{Version, at_space, first_line, text, version};
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::DecodeError;
use gatewright_core::message::Value;
use std::borrow::Cow;
use std::ops::Range;

/// A request as far as its head says.
#[derive(Debug)]
pub(in super::super) struct Request {
    /// Method, target, authority and headers.
    pub(in super::super) record: Vec<Value>,
    pub(in super::super) length: Length,
    pub(in super::super) asked: Asked,
    /// Its body is sent once somebody wants it.
    pub(in super::super) expects_continue: bool,
}

struct Line<'h> {
    method: &'h str,
    target: &'h str,
    /// Where the target starts.
    at: usize,
    version: Version,
}

/// Reads a whole head.
pub(in super::super) fn request(frame: Bytes) -> Result<Request, DecodeError> {
    let head = text(frame)?;
    let start = if head.starts_with("\r\n") { 2 } else { 0 };
    let (first, fields_at) = first_line(&head, start)?;
    let line = line(first, start)?;
    let fields = Fields::read(&head, fields_at, Host::Asked)?;
    let length = body(&line, &fields)?;
    let asks = asks(&line, &fields)?;
    let target = match asks.target {
        Cow::Borrowed("*") => ByteString::from_static("*"),
        Cow::Borrowed("/") => ByteString::from_static("/"),
        Cow::Borrowed(slice) => head.slice_ref(slice),
        Cow::Owned(text) => ByteString::from(text),
    };
    let authority = asks
        .authority
        .map_or(Value::Null, |text| Value::Str(head.slice_ref(text)));
    let method = Method::of(line.method);
    let asked = Asked {
        method,
        version: line.version,
        stays: stays(&line, &fields),
    };
    // RFC 9110, 10.1.1: one of HTTP/1.0 does not know what it asks for.
    let expects_continue = fields.expects_continue && line.version == Version::V11;
    let record = vec![
        Value::Str(head.slice_ref(line.method)),
        Value::Str(target),
        authority,
        Value::Headers(fields.finish()),
    ];
    Ok(Request {
        record,
        length,
        asked,
        expects_continue,
    })
}

/// A whole head that was read before.
pub(in super::super) fn usual_request(
    frame: Bytes,
    usual: Box<Usual>,
) -> Result<Request, DecodeError> {
    let First::Request { method, target } = usual.first else {
        return request(frame);
    };
    let head = text(frame)?;
    let part = |range: Range<usize>| head.slice_ref(head.get(range).unwrap_or_default());
    let target = match part(target) {
        root if root == "/" => ByteString::from_static("/"),
        target => target,
    };
    let fields = usual.fields;
    let authority = fields
        .host
        .map_or(Value::Null, |host| Value::Str(part(host)));
    let asked = Asked {
        method: Method::of(method),
        version: Version::V11,
        stays: if fields.closes { Stays::No } else { Stays::Yes },
    };
    let record = vec![
        Value::Str(ByteString::from_static(method)),
        Value::Str(target),
        authority,
        Value::Headers(fields.kept.finish(head)),
    ];
    Ok(Request {
        record,
        length: fields.length.unwrap_or(Length::None),
        asked,
        expects_continue: false,
    })
}

fn stays(line: &Line<'_>, fields: &Fields<'_>) -> Stays {
    // What follows CONNECT is HTTP only if the tunnel is refused: nobody waits to see.
    if line.method == "CONNECT" {
        return Stays::No;
    }
    Stays::of(line.version, &fields.connection)
}

/// RFC 9112, 3: exactly one space between the parts.
fn line(first: &str, start: usize) -> Result<Line<'_>, DecodeError> {
    let end = first
        .bytes()
        .position(|byte| !is_token(byte))
        .unwrap_or(first.len());
    let (method, rest) = first.split_at(end);
    let at = start.saturating_add(end);
    if method.is_empty() {
        return Err(wrong::syntax(
            start,
            "the method of a request",
            "another byte",
        ));
    }
    if method.len() > MAX_METHOD {
        return Err(wrong::unsupported(
            start,
            "a method of at most 32 letters",
            "a longer one",
        ));
    }
    let Some(rest) = rest.strip_prefix(' ') else {
        return Err(wrong::syntax(
            at,
            "a space behind the method",
            "something else",
        ));
    };
    let at = at.saturating_add(1);
    let Some((target, last)) = at_space(rest) else {
        return Err(wrong::syntax(at, "a target and the version", "one of them"));
    };
    let version_at = at.saturating_add(target.len()).saturating_add(1);
    Ok(Line {
        method,
        target,
        at,
        version: version(last, version_at)?,
    })
}

/// RFC 9112, 6.3: a request without either field has no body.
fn body(line: &Line<'_>, fields: &Fields<'_>) -> Result<Length, DecodeError> {
    let length = declared(fields, line.version)?.unwrap_or(Length::None);
    // RFC 9110, 9.3.6: what it would mean is not defined.
    if line.method == "CONNECT" && length != Length::None {
        return Err(wrong::value(0, "CONNECT without a body", "one with a body"));
    }
    Ok(length)
}

/// What is asked of whom.
struct Asks<'h> {
    target: Cow<'h, str>,
    authority: Option<&'h str>,
}

fn asks<'h>(line: &Line<'h>, fields: &Fields<'h>) -> Result<Asks<'h>, DecodeError> {
    let host = host(line, fields)?;
    let Some(form) = target(line.method, line.target) else {
        return Err(wrong::value(
            line.at,
            "a target that the method can have",
            "something else",
        ));
    };
    let named = match &form {
        Target::Absolute { authority, .. } => Some(*authority),
        Target::Authority => Some(line.target),
        Target::Origin | Target::Asterisk => None,
    };
    let authority = match (named, host) {
        (None, host) => host.filter(|host| !host.is_empty()),
        (Some(named), Some(host)) if !named.eq_ignore_ascii_case(host) => {
            return Err(wrong::value(
                line.at,
                "the target's authority as Host",
                "another",
            ));
        }
        (Some(named), _) => Some(named),
    };
    let target = match form {
        Target::Absolute { origin, .. } => origin,
        Target::Origin | Target::Authority | Target::Asterisk => Cow::Borrowed(line.target),
    };
    Ok(Asks { target, authority })
}

/// RFC 9112, 3.2: a request of HTTP/1.1 without Host, or with an invalid one, is refused. An empty one
/// says that the target has no authority.
fn host<'h>(line: &Line<'h>, fields: &Fields<'h>) -> Result<Option<&'h str>, DecodeError> {
    match &fields.host {
        Some(field) if field.value.is_empty() || is_authority(field.value) => Ok(Some(field.value)),
        Some(field) => Err(wrong::value(
            field.place(),
            "a host and perhaps a port",
            "something else",
        )),
        None if line.version == Version::V10 => Ok(None),
        None => Err(wrong::value(line.at, "a request with Host", "one without")),
    }
}
