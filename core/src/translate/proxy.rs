//! HTTP requests that go on as they are, but for what neighbours say to each other.
//!
//! RFC 9110, section 7.6: fields that `Connection` names and those that are known to be between
//! neighbours end here; `Via` tells who handed the request on. Where it came from stands in
//! `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`; what a client says there itself
//! is not believed.

use super::{Facts, HttpAnswer, HttpRequest, grpc};
use crate::codec::{Descriptor, HttpShape};
use crate::fault::{Fault, FaultClass};
use crate::message::{Body, Kind, Message, Record, Slot, Value};
use bytestring::ByteString;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::sync::Arc;
use std::time::Duration;

/// What is said between neighbours (RFC 9110, section 7.6.1), what the engine says itself, and what
/// is known better here.
const ENDS_HERE: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Hands on requests of a protocol that carries HTTP, and their answers.
#[derive(Clone, Debug)]
pub struct Proxy {
    descriptor: Arc<Descriptor>,
    shape: HttpShape,
}

impl Proxy {
    /// That of a protocol, if it carries HTTP.
    #[must_use]
    pub fn of(descriptor: &Arc<Descriptor>) -> Option<Self> {
        Some(Self {
            shape: descriptor.http?,
            descriptor: Arc::clone(descriptor),
        })
    }

    /// The time that a client gives the whole exchange, where there is a way to say so: gRPC's.
    #[must_use]
    pub fn time_of(&self, request: &Message) -> Option<Duration> {
        grpc::timeout(request, &self.shape)
    }

    /// The request for an upstream of the same protocol.
    #[must_use]
    pub fn message(&self, request: &Message, facts: &Facts) -> Message {
        let shape = &self.shape;
        let text = |text: &'static str| Value::Str(ByteString::from_static(text));
        let field = |name: Value, value: Value| Value::Record(vec![name, value]);
        let mut fields = Vec::with_capacity(headers(request, shape.request_headers).len() + 4);
        let own = own_fields(request, shape, facts);
        fields.extend(
            goes_on(request, shape.request_headers)
                .map(|(name, value)| field(Value::Str(name.clone()), Value::Str(value.clone()))),
        );
        for (name, value) in own {
            fields.push(field(text(name), Value::Str(value)));
        }
        let mut record: Record = request.fields().clone();
        if let Some(place) = record.get_mut(shape.request_headers.index()) {
            *place = Value::List(fields);
        }
        self.descriptor
            .message(request.operation(), record)
            .with_body(request.body().clone())
    }

    /// The request for an upstream of HTTP/2.
    ///
    /// # Errors
    /// If it is nothing that HTTP/2 can say: a method without a path, for one.
    pub fn request(&self, request: &Message, facts: &Facts) -> Result<HttpRequest, Fault> {
        let shape = &self.shape;
        let text = |slot: Slot| request.field(slot).as_str().unwrap_or_default();
        let method = Method::from_bytes(text(shape.method).as_bytes()).map_err(|_| unsayable())?;
        let target = PathAndQuery::try_from(text(shape.target)).map_err(|_| unsayable())?;
        if method == Method::CONNECT {
            return Err(unsayable());
        }
        let fields = headers(request, shape.request_headers);
        // The engine adds its own, such as `traceparent`.
        let mut map = HeaderMap::with_capacity(fields.len() + 6);
        for (name, value) in goes_on(request, shape.request_headers) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsayable())?;
            map.append(name, value_of(value.as_bytes())?);
        }
        for (name, value) in own_fields(request, shape, facts) {
            map.append(HeaderName::from_static(name), value_of(value.as_bytes())?);
        }
        Ok(HttpRequest {
            method,
            target,
            authority: authority(text(shape.authority))?,
            headers: map,
            body: request.body().clone(),
            streams: true,
            awaited_until: None,
        })
    }

    /// The answer as a response of the protocol.
    #[must_use]
    pub fn reply(&self, answer: &HttpAnswer) -> Message {
        let shape = &self.shape;
        let mut record = vec![Value::Null; self.descriptor.record(shape.response).fields.len()];
        for (slot, value) in [
            (shape.status, Value::from(answer.status.as_u16())),
            (shape.response_headers, header_fields(&answer.headers)),
        ] {
            if let Some(place) = record.get_mut(slot.index()) {
                *place = value;
            }
        }
        Message::new(Kind::Reply, shape.response, record).with_body(answer.body.clone())
    }
}

/// Header or trailer fields as a protocol that carries HTTP has them. Those that are between
/// neighbours are left out, and those whose values are no text.
#[must_use]
pub fn header_fields(map: &HeaderMap) -> Value {
    let field = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        let goes_on = !between_neighbours(name.as_str());
        goes_on.then(|| Value::Record(vec![Value::from(name.as_str()), Value::from(value)]))
    };
    Value::List(map.iter().filter_map(field).collect())
}

/// The reverse of [`header_fields`]. What cannot be a header field is left out.
#[must_use]
pub fn header_map(fields: &Value) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs_in(list(fields)) {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && !between_neighbours(name.as_str())
        {
            map.append(name, value);
        }
    }
    map
}

fn unsayable() -> Fault {
    Fault::unsent(
        FaultClass::BadRequest,
        "the request is nothing that HTTP/2 can say",
    )
}

fn value_of(bytes: &[u8]) -> Result<HeaderValue, Fault> {
    HeaderValue::from_bytes(bytes).map_err(|_| unsayable())
}

fn authority(text: &str) -> Result<Option<Authority>, Fault> {
    match text {
        "" => Ok(None),
        text => Authority::try_from(text).map(Some).map_err(|_| unsayable()),
    }
}

/// The header fields of a message.
pub(super) fn headers(message: &Message, slot: Slot) -> &[Value] {
    list(message.field(slot))
}

fn list(fields: &Value) -> &[Value] {
    match fields {
        Value::List(fields) => fields,
        _ => &[],
    }
}

/// Names and values of header fields.
pub(super) fn pairs(
    message: &Message,
    slot: Slot,
) -> impl Iterator<Item = (&ByteString, &ByteString)> {
    pairs_in(headers(message, slot))
}

fn pairs_in(fields: &[Value]) -> impl Iterator<Item = (&ByteString, &ByteString)> {
    fields.iter().filter_map(|field| {
        let Value::Record(field) = field else {
            return None;
        };
        let text = |slot: Slot| match field.get(slot.index()) {
            Some(Value::Str(text)) => Some(text),
            _ => None,
        };
        Some((text(HttpShape::NAME)?, text(HttpShape::VALUE)?))
    })
}

/// The header fields of a request that the next one gets, too.
fn goes_on(message: &Message, slot: Slot) -> impl Iterator<Item = (&ByteString, &ByteString)> {
    let connection = |name: &str| name.eq_ignore_ascii_case("connection");
    let named: Vec<&str> = pairs(message, slot)
        .filter(|(name, _)| connection(name))
        .flat_map(|(_, value)| value.split(',').map(str::trim))
        .collect();
    // Of what is here, the length is said anew.
    let streams = matches!(message.body(), Body::Stream(_));
    pairs(message, slot).filter(move |(name, value)| {
        if streams && name.eq_ignore_ascii_case("content-length") {
            return true;
        }
        if name.eq_ignore_ascii_case("te") {
            // It says that whoever asks takes trailers (RFC 9110, section 10.1.4).
            return value.eq_ignore_ascii_case("trailers");
        }
        let ends = ENDS_HERE.iter().any(|end| name.eq_ignore_ascii_case(end));
        !ends && !named.iter().any(|other| name.eq_ignore_ascii_case(other))
    })
}

/// Whether a field of an answer ends here.
fn between_neighbours(name: &str) -> bool {
    matches!(
        name,
        "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding" | "upgrade"
    )
}

/// What this gateway says of where a request came from.
fn own_fields(
    request: &Message,
    shape: &HttpShape,
    facts: &Facts,
) -> impl Iterator<Item = (&'static str, ByteString)> {
    // The version that the request came in, and what this gateway is called (RFC 9110, 7.6.3).
    let via = if facts.carriage.http2 {
        "2 gatewright"
    } else {
        "1.1 gatewright"
    };
    let proto = if facts.carriage.tls { "https" } else { "http" };
    let host = match request.field(shape.authority) {
        Value::Str(host) if !host.is_empty() => Some(("x-forwarded-host", host.clone())),
        _ => None,
    };
    [
        ("via", ByteString::from_static(via)),
        (
            "x-forwarded-for",
            ByteString::from(facts.peer.ip().to_canonical().to_string()),
        ),
        ("x-forwarded-proto", ByteString::from_static(proto)),
    ]
    .into_iter()
    .chain(host)
}
