//! HTTP requests that go on as they are, but for what neighbours say to each other.
//!
//! RFC 9110, section 7.6: fields that `Connection` names and those that are known to be between
//! neighbours end here; `Via` tells who handed the request on. Where it came from is told anew
//! ([`forwarded`](super::forwarded)).

use super::forwarded::own_fields;
use super::{Facts, HttpAnswer, HttpRequest, grpc};
use crate::codec::{Descriptor, HttpShape};
use crate::fault::{Fault, FaultClass};
use crate::message::headers::{Header, KnownName, NewHeaders, Role, WrongHeader};
use crate::message::{Body, Headers, Kind, Message, Record, Slot, Value};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// What this gateway adds to a request takes about so many bytes.
const OWN: usize = 160;

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
    ///
    /// # Errors
    /// If what should be header fields are none.
    pub fn message(&self, request: &Message, facts: &Facts) -> Result<Message, Fault> {
        let shape = &self.shape;
        let given = headers(request, shape)?;
        let mut fields = NewHeaders::with_capacity(given.size() + OWN);
        let passing = Passing::of(request, &given);
        fields.add_from(&given, |header| passing.takes(header));
        own_fields(request, shape, &passing, facts, |name, value| {
            fields.add_known(name, value)
        })?;
        let of_headers = shape.request_headers.index();
        let record = request.fields().iter().enumerate();
        let record = record.map(|(slot, value)| match slot == of_headers {
            // They are said anew.
            true => Value::Null,
            false => value.clone(),
        });
        let mut record: Record = record.collect();
        if let Some(place) = record.get_mut(of_headers) {
            *place = Value::Headers(fields.finish());
        }
        Ok(self
            .descriptor
            .message(request.operation(), record)
            .with_body(request.body().clone()))
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
        let given = headers(request, shape)?;
        let passing = Passing::of(request, &given);
        // The engine adds its own, such as `traceparent`.
        let mut map = HeaderMap::with_capacity(given.len() + 6);
        for header in given.iter().filter(|header| passing.takes(*header)) {
            let (name, value) = pair(header).ok_or_else(unsayable)?;
            map.append(name, value);
        }
        own_fields(request, shape, &passing, facts, |name, value| {
            let value = HeaderValue::from_str(value).map_err(|_| WrongHeader)?;
            map.append(HeaderName::from_static(name.as_str()), value);
            Ok(())
        })?;
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
    let mut fields = NewHeaders::with_capacity(map.len() * 48);
    let mut good = true;
    each_text(map, |name, value| good &= fields.add(name, value).is_ok());
    if good {
        return Value::Headers(fields.finish());
    }
    // Whoever writes them says what is wrong.
    let mut fields = Vec::new();
    each_text(map, |name, value| {
        fields.push(Value::Record(vec![name.into(), value.into()]));
    });
    Value::List(fields)
}

fn each_text(map: &HeaderMap, mut take: impl FnMut(&str, &str)) {
    for (name, value) in map {
        if let Ok(value) = std::str::from_utf8(value.as_bytes())
            && !between_neighbours(Role::of(name.as_str().as_bytes()))
        {
            take(name.as_str(), value);
        }
    }
}

/// The reverse of [`header_fields`]. What cannot be a header field is left out.
#[must_use]
pub fn header_map(fields: &Value) -> HeaderMap {
    let mut map = HeaderMap::new();
    let goes_on = |role| !between_neighbours(role);
    each_pair(fields, goes_on, |pair| map.extend(pair));
    map
}

/// Hands out the header fields whose roles go on, each as HTTP/2 has it; nothing for one that cannot
/// be one there.
pub fn each_pair(
    fields: &Value,
    goes_on: impl Fn(Role) -> bool,
    mut take: impl FnMut(Option<(HeaderName, HeaderValue)>),
) {
    if let Value::Headers(headers) = fields {
        let going = headers.iter().filter(|header| goes_on(header.role()));
        going.for_each(|header| take(pair(header)));
        return;
    }
    for record in fields.as_list().unwrap_or_default() {
        let text = |slot: Slot| record.as_record()?.get(slot.index())?.as_str();
        let (name, value) = (text(HttpShape::NAME), text(HttpShape::VALUE));
        if name.is_none_or(|name| goes_on(Role::of(name.as_bytes()))) {
            let name = name.and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
            let value = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
            take(name.zip(value));
        }
    }
}

/// A header field as HTTP/2 has it. Its value is not copied.
fn pair(header: Header<'_>) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(header.name().as_bytes()).ok()?;
    let value = HeaderValue::from_maybe_shared(header.shared_value().into_bytes()).ok()?;
    Some((name, value))
}

pub(super) fn unsayable() -> Fault {
    Fault::unsent(
        FaultClass::BadRequest,
        "the request is nothing that HTTP/2 can say",
    )
}

fn authority(text: &str) -> Result<Option<Authority>, Fault> {
    match text {
        "" => Ok(None),
        text => Authority::try_from(text).map(Some).map_err(|_| unsayable()),
    }
}

/// The header fields of a request.
pub(super) fn headers<'m>(
    request: &'m Message,
    shape: &HttpShape,
) -> Result<Cow<'m, Headers>, Fault> {
    Headers::of(request.field(shape.request_headers)).map_err(|_| unsayable())
}

/// Which header fields of a request the next one gets, too.
pub(super) struct Passing<'h> {
    headers: &'h Headers,
    /// What `Connection` names.
    named: SmallVec<[&'h str; 4]>,
    /// Of a payload that is here, the length is said anew.
    length: bool,
}

impl<'h> Passing<'h> {
    pub(super) fn of(request: &Message, headers: &'h Headers) -> Self {
        let mut named = SmallVec::new();
        if headers.roles().has(Role::Connection) {
            let options = headers
                .iter()
                .filter(|header| header.role() == Role::Connection);
            named.extend(options.flat_map(|header| header.value().split(',').map(str::trim)));
        }
        Self {
            headers,
            named,
            length: matches!(request.body(), Body::Stream(_)),
        }
    }

    /// Whether `Connection` names a field.
    fn names(&self, header: Header<'_>) -> bool {
        let is = |name: &&str| header.name().eq_ignore_ascii_case(name);
        self.named.iter().any(is)
    }

    /// What is said in the lines of a field that tells where a request came from.
    pub(super) fn origins(&self, field: KnownName) -> impl Iterator<Item = &'h str> {
        let is_told = self.headers.roles().has(Role::Origin);
        let all = is_told.then(|| self.headers.iter()).into_iter().flatten();
        let named = all.filter(move |header| {
            header.role() == Role::Origin && header.name().eq_ignore_ascii_case(field.as_str())
        });
        let going = named.filter(|header| !self.names(*header));
        going
            .map(|header| header.value())
            .filter(|value| !value.is_empty())
    }

    fn takes(&self, header: Header<'_>) -> bool {
        match header.role() {
            Role::Other | Role::Date => !self.names(header),
            Role::Length => self.length,
            // It says that whoever asks takes trailers (RFC 9110, section 10.1.4).
            Role::Te => header.value().eq_ignore_ascii_case("trailers"),
            // What is said between neighbours, what the engine says itself, and what is known
            // better here.
            Role::Host
            | Role::Coding
            | Role::Connection
            | Role::Expect
            | Role::Hop
            | Role::Origin => false,
        }
    }
}

/// Whether a field of an answer ends here.
const fn between_neighbours(role: Role) -> bool {
    matches!(role, Role::Connection | Role::Hop | Role::Coding)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What came over HTTP/2 with white space around it is nothing for HTTP/1.1, and goes on elsewhere.
    #[test]
    fn fields_that_http1_cannot_say_are_kept_for_http2() {
        let mut map = HeaderMap::new();
        map.insert("grpc-status", HeaderValue::from_static("0"));
        map.insert("x", HeaderValue::from_static(" y"));
        map.insert("connection", HeaderValue::from_static("close"));
        let fields = header_fields(&map);
        assert!(Headers::of(&fields).is_err());
        map.remove("connection");
        assert_eq!(header_map(&fields), map);
        map.remove("x");
        let fields = header_fields(&map);
        assert!(matches!(fields, Value::Headers(_)));
        assert_eq!(header_map(&fields), map);
    }
}
