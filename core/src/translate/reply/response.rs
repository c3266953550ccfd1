//! Replies to clients that speak HTTP.

use crate::codec::{Descriptor, FieldDef, HttpShape, Protocol, Type};
use crate::expr::{Env, EvalError, RuleError};
use crate::message::{Body, Headers as RequestHeaders, Kind, Message, Record, Value};
use crate::translate::codes::RESPONSE;
use crate::translate::compose::Making;
use crate::translate::forwards::forwards_left;
use crate::translate::headers::Headers;
use crate::translate::load::Findings;
use crate::translate::payload::Payload;
use crate::translate::scope::ReplyScope;
use crate::translate::{BodySpec, ResponseSpec, grpc};
use bytes::Bytes;
use std::sync::Arc;

/// The statuses that end an exchange (RFC 9110, section 15): those below announce another one.
const STATUS: FieldDef = FieldDef::new("status", Type::Int { min: 200, max: 599 });

/// A compiled response.
#[derive(Clone, Debug)]
pub(super) struct Response {
    descriptor: Arc<Descriptor>,
    shape: HttpShape,
    status: Making,
    headers: Headers,
    payload: Payload,
}

impl Response {
    /// Checks and compiles a response of the protocol that `descriptor` describes.
    pub(super) fn compile(
        spec: &ResponseSpec,
        shape: &HttpShape,
        descriptor: &Arc<Descriptor>,
        scope: &mut ReplyScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let status = match &spec.status {
            Some(status) => Making::compile(status, &STATUS, descriptor, scope, findings),
            None => findings.refuse(no_status(spec)),
        };
        let headers = Headers::compile(&spec.headers, scope, findings);
        let payload = Payload::compile(&spec.body, descriptor, scope, findings);
        let headers = match spec.body {
            BodySpec::Json(_) => headers.or_content_type("application/json"),
            BodySpec::Empty | BodySpec::Bytes(_) => headers,
        };
        let response = Self {
            descriptor: Arc::clone(descriptor),
            shape: *shape,
            status: status?,
            headers,
            payload: payload?,
        };
        findings.take(response.can_have_body(spec))?;
        Some(response)
    }

    /// The response to one request.
    pub(super) fn build(&self, env: &dyn Env) -> Result<Message, EvalError> {
        let status = self.status.make(env, &self.descriptor.schema)?;
        let mut headers = Vec::with_capacity(self.headers.len());
        self.headers.each(env, |name, value| {
            headers.push(header(name.as_str(), value.to_str().unwrap_or_default()));
        })?;
        let body = match status.as_int() {
            Some(status) if has_no_body(status) => Body::Empty,
            Some(_) | None => {
                let mut text = String::new();
                let body = self.payload.write(env, &mut text)?;
                body.unwrap_or_else(|| Body::Whole(Bytes::from(text)))
            }
        };
        Ok(message(&self.shape, &self.descriptor, status, headers).with_body(body))
    }

    /// Whether what is known of the status now lets a body be made.
    fn can_have_body(&self, spec: &ResponseSpec) -> Result<(), RuleError> {
        match (self.status.constant().and_then(Value::as_int), &spec.body) {
            (Some(status), BodySpec::Json(_) | BodySpec::Bytes(_)) if has_no_body(status) => {
                let message = format!("a response with status {status} has no body");
                Err(RuleError::new(RESPONSE, spec.span.clone(), message)
                    .help("leave `json` and `body` away, or choose another status"))
            }
            _ => Ok(()),
        }
    }
}

/// RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5.
const fn has_no_body(status: i128) -> bool {
    matches!(status, 204 | 205 | 304)
}

/// What a client gets whose request was carried out or sent on, and to which nothing is answered.
pub(super) fn accepted(shape: &HttpShape, descriptor: &Descriptor) -> Message {
    message(shape, descriptor, Value::from(202_u16), Vec::new())
}

/// What a client gets that asks for a path by another method than its routes have: RFC 9110, section
/// 15.5.6, with the problem of RFC 9457. `None` if the protocol is not HTTP.
///
/// `allow` lists the methods, as [`Table::allowed`](crate::route::Table::allowed) does.
#[must_use]
pub fn not_allowed(
    request: &Message,
    protocol: &Arc<dyn Protocol>,
    allow: &str,
) -> Option<Message> {
    const PROBLEM: &str = r#"{"type":"about:blank","title":"Method Not Allowed","status":405}"#;
    let descriptor = protocol.descriptor();
    let shape = descriptor.http.as_ref()?;
    // gRPC has one method: there, such a path is one that does not exist.
    if grpc::asks(request, shape) {
        return None;
    }
    let headers = vec![
        header("allow", allow),
        header("content-type", "application/problem+json"),
    ];
    let mut reply = message(shape, descriptor, Value::from(405_u16), headers)
        .with_body(Body::Whole(Bytes::from_static(PROBLEM.as_bytes())));
    descriptor.correlate(&mut reply, request.correlation().clone());
    Some(reply)
}

/// What a client gets that asks for a host on a connection that is not for it: RFC 9110, section
/// 15.5.20. `None` if the protocol is not HTTP.
#[must_use]
pub fn misdirected(request: &Message, protocol: &Arc<dyn Protocol>) -> Option<Message> {
    const PROBLEM: &str = r#"{"type":"about:blank","title":"Misdirected Request","status":421}"#;
    let descriptor = protocol.descriptor();
    let shape = descriptor.http.as_ref()?;
    let headers = vec![header("content-type", "application/problem+json")];
    let mut reply = message(shape, descriptor, Value::from(421_u16), headers)
        .with_body(Body::Whole(Bytes::from_static(PROBLEM.as_bytes())));
    descriptor.correlate(&mut reply, request.correlation().clone());
    Some(reply)
}

/// The answer to a request that is handed on no further: RFC 9110, section 7.6.2. `None` to all others. Nobody is
/// shown what came to this gateway, so TRACE is none of its methods.
#[must_use]
pub fn not_forwarded(request: &Message, protocol: &Arc<dyn Protocol>) -> Option<Message> {
    let descriptor = protocol.descriptor();
    let shape = descriptor.http.as_ref()?;
    let given = RequestHeaders::of(request.field(shape.request_headers)).ok()?;
    if forwards_left(request, shape, &given)? > 0 {
        return None;
    }
    if request.field(shape.method).as_str() == Some("TRACE") {
        return not_allowed(request, protocol, "OPTIONS");
    }
    let mut reply = message(shape, descriptor, Value::from(204_u16), Vec::new());
    descriptor.correlate(&mut reply, request.correlation().clone());
    Some(reply)
}

fn message(
    shape: &HttpShape,
    descriptor: &Descriptor,
    status: Value,
    headers: Vec<Value>,
) -> Message {
    let mut fields: Record = vec![Value::Null; descriptor.record(shape.response).fields.len()];
    for (slot, value) in [
        (shape.status, status),
        (shape.response_headers, Value::List(headers)),
    ] {
        if let Some(place) = fields.get_mut(slot.index()) {
            *place = value;
        }
    }
    Message::new(Kind::Reply, shape.response, fields)
}

fn header(name: &str, value: &str) -> Value {
    // In the order of their slots: HttpShape::NAME, HttpShape::VALUE.
    Value::Record(vec![Value::from(name), Value::from(value)])
}

fn no_status(spec: &ResponseSpec) -> RuleError {
    let message = "the response has no `status`";
    RuleError::new(RESPONSE, spec.span.clone(), message)
        .help("such as `status = 200`, or `status = \"{status}\"` of an HTTP answer")
}
