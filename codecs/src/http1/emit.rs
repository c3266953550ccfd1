//! Heads for the wire, in one form: the codec alone says where a message ends, and the fields that do
//! so are written here.

use super::asked::{Asked, Method, Stays};
use super::authority::is_authority;
use super::given::{Given, Of, fields, put};
use super::head::{Target, Version, target};
use super::octets::is_token;
use super::reason::reason;
use super::schema::{AUTHORITY, METHOD, REQUEST_HEADERS, RESPONSE_HEADERS, STATUS, TARGET};
use super::{MAX_LINE, MAX_METHOD, decimal};
use crate::framing::field::{text, uint};
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::{Body, Message, Value};

/// How the rest of a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// There is no more.
    Whole,
    /// So many bytes follow.
    Bytes(u64),
    /// Chunks follow.
    Chunks,
    /// Bytes follow until the connection ends.
    Rest,
    /// What follows is not for the peer, who asked for the head alone.
    Unasked,
}

/// What is known of a body when its head is written.
#[derive(Debug)]
enum Payload {
    Here(Bytes),
    Awaited,
}

impl Payload {
    fn of(message: &Message) -> Result<Self, EncodeError> {
        match message.body() {
            Body::Empty => Ok(Self::Here(Bytes::new())),
            Body::Whole(bytes) => Ok(Self::Here(bytes.clone())),
            Body::Awaited => Ok(Self::Awaited),
            // Whoever reads the stream hands its parts over.
            Body::Stream(_) => Err(EncodeError::new("", EncodeProblem::NotInProtocol)),
        }
    }

    const fn is_empty(&self) -> bool {
        matches!(self, Self::Here(bytes) if bytes.is_empty())
    }
}

/// A request's head and as much of its body as is there.
pub(super) fn request(message: &Message, out: &mut BytesMut) -> Result<Written, EncodeError> {
    let method = method(message)?;
    let headers = fields(message.field(REQUEST_HEADERS))?;
    let given = Given::read(&headers, Of::Request)?;
    request_line(method, message, out)?;
    given.write(out);
    let payload = Payload::of(message)?;
    let framed = request_body(method, &payload, given.length, out)?;
    let stays = if given.bind_connection() {
        Stays::No
    } else {
        Stays::Yes
    };
    Ok(Written { framed, stays })
}

fn request_body(
    method: &str,
    payload: &Payload,
    length: Option<u64>,
    out: &mut BytesMut,
) -> Result<Framed, EncodeError> {
    match payload {
        // RFC 9110, 9.3.6: what it would mean is not defined.
        _ if method == "CONNECT" && !payload.is_empty() => Err(misfit("")),
        // RFC 9110, 8.6: where a body is usual, its absence is said.
        Payload::Here(bytes) if bytes.is_empty() && !matches!(method, "POST" | "PUT" | "PATCH") => {
            end(out);
            Ok(Framed::Whole)
        }
        Payload::Here(bytes) => Ok(whole(bytes, out)),
        Payload::Awaited => Ok(awaited(length, Version::V11, out)),
    }
}

fn method(message: &Message) -> Result<&str, EncodeError> {
    let method = text(message.field(METHOD), "method")?;
    let fits = !method.is_empty() && method.len() <= MAX_METHOD;
    if !fits || !method.bytes().all(is_token) {
        return Err(EncodeError::new("method", EncodeProblem::Charset));
    }
    Ok(method)
}

fn request_line(method: &str, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let asked = text(message.field(TARGET), "target")?;
    let authority = match message.field(AUTHORITY) {
        Value::Null => None,
        value => Some(text(value, "authority")?),
    };
    if !authority.is_none_or(is_authority) {
        return Err(EncodeError::new("authority", EncodeProblem::Charset));
    }
    let host = match target(method, asked) {
        Some(Target::Origin | Target::Asterisk) => authority.unwrap_or_default(),
        Some(Target::Authority)
            if authority.is_none_or(|text| text.eq_ignore_ascii_case(asked)) =>
        {
            asked
        }
        // Whom it asks is said by the authority alone.
        Some(Target::Authority | Target::Absolute { .. }) | None => {
            return Err(EncodeError::new("target", EncodeProblem::Charset));
        }
    };
    let line = [method, " ", asked, " HTTP/1.1\r\n"];
    let length: usize = line.iter().map(|part| part.len()).sum();
    if length > MAX_LINE {
        return Err(misfit("target"));
    }
    line.iter().for_each(|part| out.put_slice(part.as_bytes()));
    put(out, "host", host);
    Ok(())
}

/// A head, and what becomes of the connection by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) framed: Framed,
    /// Whether it outlasts this exchange: a client is told if not.
    pub(super) stays: Stays,
}

/// A response's head and as much of its body as is there.
pub(super) fn response(
    message: &Message,
    asked: Asked,
    out: &mut BytesMut,
) -> Result<Written, EncodeError> {
    let status = status(message)?;
    let headers = fields(message.field(RESPONSE_HEADERS))?;
    let given = Given::read(&headers, Of::Response)?;
    out.put_slice(b"HTTP/1.1 ");
    decimal::put(status.into(), out);
    out.put_u8(b' ');
    out.put_slice(reason(status).as_bytes());
    end(out);
    given.write(out);
    let payload = Payload::of(message)?;
    let stays = match (&payload, given.length, asked.version) {
        // RFC 9112, 6.3: nothing else tells this peer where the body ends.
        (Payload::Awaited, None, Version::V10) if asked.method != Method::Head => Stays::No,
        _ => asked.stays,
    };
    match stays {
        Stays::Yes => {}
        Stays::IfTold => put(out, "connection", "keep-alive"),
        Stays::No => put(out, "connection", "close"),
    }
    let framed = response_body(status, asked, &payload, given.length, out)?;
    Ok(Written { framed, stays })
}

/// A response before the response is no message.
fn status(message: &Message) -> Result<u16, EncodeError> {
    match uint(message.field(STATUS), "status")? {
        status @ 200..=999 => Ok(status),
        _ => Err(misfit("status")),
    }
}

/// RFC 9110, 6.4.1 and 8.6.
fn response_body(
    status: u16,
    asked: Asked,
    payload: &Payload,
    length: Option<u64>,
    out: &mut BytesMut,
) -> Result<Framed, EncodeError> {
    match (asked.method, status, payload) {
        (Method::Connect, 200..=299, payload) => bodiless(payload, None, out),
        (_, 204, payload) => bodiless(payload, None, out),
        (_, 304, payload) => bodiless(payload, length, out),
        (Method::Head, _, Payload::Here(bytes)) => {
            put_length((!bytes.is_empty()).then_some(bytes.len()), length, out);
            Ok(Framed::Whole)
        }
        (Method::Head, _, Payload::Awaited) => {
            put_length(None, length, out);
            Ok(Framed::Unasked)
        }
        (_, _, Payload::Here(bytes)) => Ok(whole(bytes, out)),
        (_, _, Payload::Awaited) => Ok(awaited(length, asked.version, out)),
    }
}

/// A body that its status does not have must not come.
fn bodiless(
    payload: &Payload,
    length: Option<u64>,
    out: &mut BytesMut,
) -> Result<Framed, EncodeError> {
    put_length(None, length, out);
    match payload {
        Payload::Here(bytes) if bytes.is_empty() => Ok(Framed::Whole),
        Payload::Here(_) => Err(misfit("")),
        Payload::Awaited => Ok(Framed::Bytes(0)),
    }
}

/// The length of a body that is not sent, if anybody knows it.
fn put_length(real: Option<usize>, said: Option<u64>, out: &mut BytesMut) {
    let real = real.and_then(|length| u64::try_from(length).ok());
    if let Some(length) = real.or(said) {
        put_number(length, out);
    }
    end(out);
}

fn whole(bytes: &Bytes, out: &mut BytesMut) -> Framed {
    put_number(u64::try_from(bytes.len()).unwrap_or(u64::MAX), out);
    end(out);
    out.put_slice(bytes);
    Framed::Whole
}

fn awaited(length: Option<u64>, version: Version, out: &mut BytesMut) -> Framed {
    let framed = match (length, version) {
        (Some(length), _) => {
            put_number(length, out);
            Framed::Bytes(length)
        }
        (None, Version::V11) => {
            put(out, "transfer-encoding", "chunked");
            Framed::Chunks
        }
        (None, Version::V10) => Framed::Rest,
    };
    end(out);
    framed
}

fn put_number(length: u64, out: &mut BytesMut) {
    out.put_slice(b"content-length: ");
    decimal::put(length, out);
    end(out);
}

fn end(out: &mut BytesMut) {
    out.put_slice(b"\r\n");
}

fn misfit(field: &'static str) -> EncodeError {
    EncodeError::new(field, EncodeProblem::OutOfRange)
}
