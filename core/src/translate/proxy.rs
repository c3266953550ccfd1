//! HTTP requests that go on as they are, but for what neighbours say to each other.
//!
//! RFC 9110, section 7.6: fields that `Connection` names and those that are known to be between
//! neighbours end here; `Via` tells who handed the request on. Where it came from is told anew
//! ([`forwarded`](super::forwarded)).

use super::amend::{Amendments, Changed, TOLD_BY_THE_GATEWAY};
use super::forwarded::{Own, own_fields};
use super::forwards::{forwards_left, is_max_forwards};
use super::{Facts, Findings, HttpAnswer, HttpRequest, Outcome, RouteSpec, grpc, traceparent};
use crate::codec::{HttpShape, Protocol, Rejected, Retry};
use crate::expr::RuleError;
use crate::fault::{Fault, FaultClass};
use crate::message::headers::{Header, KnownName, NewHeaders, Role, WrongHeader};
use crate::message::{Body, Headers, Kind, Message, Slot, Value};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// What this gateway adds to a request takes about so many bytes.
const OWN: usize = 230;
const TRACEPARENT: KnownName = KnownName::new("traceparent", Role::Other);
/// What tells of the trace, which is told anew (W3C Trace Context, 3.2 and 3.3): two of them would be none.
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// Hands on requests of a protocol that carries HTTP, and their answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Proxy {
    protocol: Arc<dyn Protocol>,
    shape: HttpShape,
    /// What changes on the way, if anything does.
    rules: Option<Arc<Amendments>>,
    /// What no client says behind its payload: whoever joins trailers to the header fields would take it for
    /// what the gateway says (RFC 9110, 6.5.1).
    withheld: Arc<[HeaderName]>,
    /// Whether servers of HTTP/1.1 are told where requests stand in their trace. Those of HTTP/2 are by whoever sends.
    traced: bool,
}

impl Proxy {
    /// That of a protocol, if it carries HTTP.
    #[must_use]
    pub fn of(protocol: &Arc<dyn Protocol>) -> Option<Self> {
        Some(Self {
            shape: protocol.descriptor().http?,
            protocol: Arc::clone(protocol),
            rules: None,
            withheld: (TOLD_BY_THE_GATEWAY.into_iter().chain(TRACE))
                .map(HeaderName::from_static)
                .collect(),
            traced: true,
        })
    }

    /// The same, of whose requests these are no trailers either.
    #[must_use]
    pub fn withholding(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let before = self.withheld.iter().cloned();
        self.withheld = before.chain(names).collect();
        self
    }

    /// The same, whose servers are told where requests stand in their trace, or not.
    #[must_use]
    pub const fn traced(mut self, traced: bool) -> Self {
        self.traced = traced;
        self
    }

    /// The same with what a route's rules change. The list beside it holds warnings.
    ///
    /// # Errors
    /// All errors of the rules, each with its place.
    pub fn with_rules(
        mut self,
        spec: &RouteSpec,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        let mut findings = Findings::default();
        if spec.request.is_some() || !spec.replies.is_empty() {
            let rules = Amendments::compile(spec, &self.protocol, &mut findings);
            self = self.withholding(rules.ends_of_requests().iter().cloned());
            self.rules = Some(Arc::new(rules));
        }
        findings.finish(Some(self))
    }

    /// Whether a rule looks at the payloads of requests: they have to be here whole, then.
    #[must_use]
    pub fn weighs_payload(&self) -> bool {
        let rules = self.rules.as_ref();
        rules.is_some_and(|rules| rules.weighs_payload())
    }

    /// What the rules change in a request.
    fn changed(&self, request: &Message, facts: &Facts) -> Result<Changed<'_>, Fault> {
        match &self.rules {
            Some(rules) => rules.request(request, facts),
            None => Ok(Changed::default()),
        }
    }

    fn withhold_behind(&self, request: &Message) {
        if let Body::Stream(payload) = request.body() {
            payload.withhold(Arc::clone(&self.withheld));
        }
    }

    /// Whether a request may be sent once more after it may have been carried out: by its method (RFC 9110, 9.2.2).
    #[must_use]
    pub fn retry_of(&self, request: &Message) -> Retry {
        match request.field(self.shape.method).as_str() {
            Some("GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE") => Retry::Idempotent,
            Some(_) | None => Retry::IfUnsent,
        }
    }

    /// The time that a client gives the whole exchange, where there is a way to say so: gRPC's.
    #[must_use]
    pub fn time_of(&self, request: &Message) -> Option<Duration> {
        grpc::timeout(request, &self.shape)
    }

    /// Lends a request as an upstream of the same protocol gets it with this attempt, of which the first is 1.
    /// Afterwards it is as it was.
    ///
    /// # Errors
    /// If what should be header fields are none, or a rule has no value for one.
    pub fn lend<T>(
        &self,
        request: &mut Message,
        facts: &Facts,
        attempt: u32,
        to: impl FnOnce(&mut Message) -> T,
    ) -> Result<T, Fault> {
        let slot = self.shape.request_headers;
        let fields = Value::Headers(self.fields(request, facts, attempt)?);
        let given = request.replace_field(slot, fields);
        let result = to(request);
        request.set_field(slot, given);
        Ok(result)
    }

    /// The header fields of a request as an upstream gets them.
    fn fields(&self, request: &Message, facts: &Facts, attempt: u32) -> Result<Headers, Fault> {
        let shape = &self.shape;
        let given = headers(request, shape)?;
        let changed = self.changed(request, facts)?;
        self.withhold_behind(request);
        let mut fields = NewHeaders::with_capacity(given.size() + OWN);
        let passing = Passing::of(request, shape, &given);
        fields.add_from(&given, |header| {
            // Of HTTP/1.1 it is said between neighbours, who have `Connection` name it (RFC 9110, 10.1.4).
            let ends = header.role() == Role::Te || is_trace(header.name());
            passing.takes(header) && !ends && !changed.drops(header.name())
        });
        own_fields(request, shape, &passing, facts, |own| match own {
            Own::Line(line) => {
                fields.add_line(&line);
                Ok(())
            }
            Own::Field(name, value) => fields.add_known(name, value),
        })?;
        if self.traced {
            // The first span of a trace has the low half of its number, as Zipkin has it. Those of further attempts
            // count on from it: within a trace, no two may be the same.
            let span = (facts.trace as u64).wrapping_add(u64::from(attempt.saturating_sub(1)));
            let parent = traceparent(facts.trace, span);
            let parent = str::from_utf8(&parent).map_err(|_| unsayable())?;
            (fields.add_known(TRACEPARENT, parent)).map_err(|_| unsayable())?;
        }
        for (name, value) in changed.fields() {
            let value = value.to_str().map_err(|_| unsayable())?;
            (fields.add(name.as_str(), value)).map_err(|_| unsayable())?;
        }
        Ok(fields.finish())
    }

    /// The request for an upstream of HTTP/2.
    ///
    /// # Errors
    /// If it is nothing that HTTP/2 can say: a method without a path, for one. Or if a rule has no
    /// value for a header field.
    pub fn request(&self, request: &Message, facts: &Facts) -> Result<HttpRequest, Fault> {
        let shape = &self.shape;
        let text = |slot: Slot| request.field(slot).as_str().unwrap_or_default();
        let method = Method::from_bytes(text(shape.method).as_bytes()).map_err(|_| unsayable())?;
        let target = PathAndQuery::try_from(text(shape.target)).map_err(|_| unsayable())?;
        if method == Method::CONNECT {
            return Err(unsayable());
        }
        let given = headers(request, shape)?;
        let changed = self.changed(request, facts)?;
        self.withhold_behind(request);
        let passing = Passing::of(request, shape, &given);
        // The engine adds its own, such as `traceparent`.
        let mut map = HeaderMap::with_capacity(given.len() + 6);
        let goes_on = |header: &Header<'_>| {
            passing.takes(*header) && !is_trace(header.name()) && !changed.drops(header.name())
        };
        for header in given.iter().filter(goes_on) {
            let (name, value) = pair(header).ok_or_else(unsayable)?;
            map.append(name, value);
        }
        own_fields(request, shape, &passing, facts, |own| {
            let (name, value) = match own {
                Own::Line(line) => (line.name(), HeaderValue::from_static(line.value())),
                Own::Field(name, value) => {
                    let value = HeaderValue::from_str(value).map_err(|_| WrongHeader)?;
                    (name.as_str(), value)
                }
            };
            map.append(HeaderName::from_static(name), value);
            Ok(())
        })?;
        for (name, value) in changed.fields() {
            map.append(name.clone(), value.clone());
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

    /// The answer of a server of HTTP/2 to a request as a response of the protocol.
    #[must_use]
    pub fn reply(&self, request: &Message, answer: &HttpAnswer, facts: &Facts) -> Option<Message> {
        let reply = self.response(answer);
        self.amended(request, reply, &Outcome::Answer(answer), facts)
    }

    /// The response of a server of the same protocol to a request as the client gets it.
    #[must_use]
    pub fn passed_back(
        &self,
        request: &Message,
        mut reply: Message,
        facts: &Facts,
    ) -> Option<Message> {
        let correlation = request.correlation().clone();
        let descriptor = self.protocol.descriptor();
        descriptor.correlate(&mut reply, correlation);
        if self.rules.is_none() {
            return Some(reply);
        }
        match self.answer(&reply) {
            Some(answer) => self.amended(request, reply, &Outcome::Answer(&answer), facts),
            None => self.refusal(request, &bad_reply("the answer has no status"), facts),
        }
    }

    /// A reply of a server of the same protocol that tells of an error, as retries look at it: without its payload.
    #[must_use]
    pub fn error_of(&self, reply: &Message) -> Option<HttpAnswer> {
        let status = reply.field(self.shape.status).as_int()?;
        (status >= 400).then(|| self.answer(reply)).flatten()
    }

    /// What a client gets for a fault: the protocol's own refusal. `None` if it has none.
    #[must_use]
    pub fn refusal(&self, request: &Message, fault: &Fault, facts: &Facts) -> Option<Message> {
        let mut refusal = self.protocol.reject(&Rejected::from(request), fault)?;
        if let Some(rules) = &self.rules
            && let Ok(changed) = rules.reply(request, &Outcome::Fault(fault), facts)
        {
            self.change(&mut refusal, &changed);
        }
        Some(refusal)
    }

    /// A reply with what the rules change; a refusal if a rule has no value for it.
    fn amended(
        &self,
        request: &Message,
        mut reply: Message,
        outcome: &Outcome<'_>,
        facts: &Facts,
    ) -> Option<Message> {
        let Some(rules) = &self.rules else {
            return Some(reply);
        };
        match rules.reply(request, outcome, facts) {
            Ok(changed) => {
                self.change(&mut reply, &changed);
                Some(reply)
            }
            Err(error) => self.refusal(request, &bad_reply(error.detail()), facts),
        }
    }

    /// One of which nothing changes stays as it came.
    fn change(&self, reply: &mut Message, changed: &Changed<'_>) {
        if changed.is_nothing() {
            return;
        }
        let slot = self.shape.response_headers;
        changed.withhold_behind(reply.body());
        let fields = changed.of(reply.field(slot));
        reply.set_field(slot, fields);
    }

    /// A response as rules look at it, which is without its payload.
    fn answer(&self, reply: &Message) -> Option<HttpAnswer> {
        let status = reply.field(self.shape.status).as_int()?;
        let status = u16::try_from(status).ok()?;
        Some(HttpAnswer {
            status: StatusCode::from_u16(status).ok()?,
            headers: header_map(reply.field(self.shape.response_headers)),
            body: Body::Empty,
        })
    }

    fn response(&self, answer: &HttpAnswer) -> Message {
        let shape = &self.shape;
        let fields = &self.protocol.descriptor().record(shape.response).fields;
        let mut record = vec![Value::Null; fields.len()];
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

/// Header fields as a protocol that carries HTTP has them. Those that are between neighbours are left
/// out, and those whose values are no text.
fn header_fields(map: &HeaderMap) -> Value {
    fields_of(map, |role| !between_neighbours(role))
}

/// Trailer fields as a protocol that carries HTTP has them. Those that say what had to be known before are left
/// out (RFC 9110, 6.5.1), and those whose values are no text.
#[must_use]
pub fn trailer_fields(map: &HeaderMap) -> Value {
    fields_of(map, |role| {
        matches!(role, Role::Other | Role::Origin | Role::Date)
    })
}

fn fields_of(map: &HeaderMap, goes_on: impl Fn(Role) -> bool) -> Value {
    let mut fields = NewHeaders::with_capacity(map.len() * 48);
    let mut good = true;
    each_text(map, &goes_on, |name, value| {
        good &= fields.add(name, value).is_ok();
    });
    if good {
        return Value::Headers(fields.finish());
    }
    // Whoever writes them says what is wrong.
    let mut fields = Vec::new();
    each_text(map, &goes_on, |name, value| {
        fields.push(Value::Record(vec![name.into(), value.into()]));
    });
    Value::List(fields)
}

fn each_text(map: &HeaderMap, goes_on: impl Fn(Role) -> bool, mut take: impl FnMut(&str, &str)) {
    for (name, value) in map {
        if let Ok(value) = std::str::from_utf8(value.as_bytes())
            && goes_on(Role::of(name.as_str().as_bytes()))
        {
            take(name.as_str(), value);
        }
    }
}

/// Fields as a map. What cannot be a header field is left out.
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
    let name = header_name(header.name())?;
    let value = HeaderValue::from_maybe_shared(header.shared_value().into_bytes()).ok()?;
    Some((name, value))
}

/// A name as HTTP/2 has it. To read any costs several times as much as to know those that most messages
/// have, as most write them.
fn header_name(name: &str) -> Option<HeaderName> {
    Some(match name {
        "Date" | "date" => header::DATE,
        "ETag" | "etag" => header::ETAG,
        "Vary" | "vary" => header::VARY,
        "Server" | "server" => header::SERVER,
        "Accept" | "accept" => header::ACCEPT,
        "Set-Cookie" | "set-cookie" => header::SET_COOKIE,
        "User-Agent" | "user-agent" => header::USER_AGENT,
        "Content-Type" | "content-type" => header::CONTENT_TYPE,
        "Accept-Ranges" | "accept-ranges" => header::ACCEPT_RANGES,
        "Cache-Control" | "cache-control" => header::CACHE_CONTROL,
        "Last-Modified" | "last-modified" => header::LAST_MODIFIED,
        "Content-Length" | "content-length" => header::CONTENT_LENGTH,
        _ => return HeaderName::from_bytes(name.as_bytes()).ok(),
    })
}

/// Whether a field tells of the trace.
fn is_trace(name: &str) -> bool {
    TRACE.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn bad_reply(detail: &str) -> Fault {
    Fault::sent(FaultClass::BadReply, detail.to_owned())
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
    /// How many more times it may be handed on, if that is said.
    pub(super) forwards: Option<u64>,
}

impl<'h> Passing<'h> {
    pub(super) fn of(request: &Message, shape: &HttpShape, headers: &'h Headers) -> Self {
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
            forwards: forwards_left(request, shape, headers),
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
            Role::Other if self.forwards.is_some() && is_max_forwards(header) => false,
            Role::Other | Role::Date | Role::Credentials => !self.names(header),
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

    #[test]
    fn known_names_are_what_they_are_read_as() {
        let names = [
            "Date Etag ETag Vary Server Accept Set-Cookie User-Agent Content-Type Accept-Ranges",
            "Cache-Control Last-Modified Content-Length X-Other",
        ];
        for name in names.iter().flat_map(|names| names.split(' ')) {
            for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                let read = HeaderName::from_bytes(name.as_bytes()).ok();
                assert_eq!(header_name(&name), read, "{name}");
            }
        }
        assert_eq!(header_name("no name"), None);
    }

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

    #[test]
    fn no_trailer_says_what_had_to_be_known_before() {
        let mut map = HeaderMap::new();
        for name in [
            "host",
            "content-length",
            "te",
            "expect",
            "upgrade",
            "date",
            "x",
        ] {
            map.insert(name, HeaderValue::from_static("1"));
        }
        let left = header_map(&trailer_fields(&map));
        let names: Vec<_> = left.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["date", "x"]);
    }
}
