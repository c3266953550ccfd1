//! How a message becomes an HTTP request.

use super::codes::METHOD;
use super::headers::Headers;
use super::json::Document;
use super::load::{Findings, bad_request};
use super::scope::MessageScope;
use super::target::Target;
use super::{BodySpec, HttpRequest, RequestSpec};
use crate::codec::Type;
use crate::expr::{Env, Expr, RuleError, Source, Template};
use crate::fault::Fault;
use crate::message::{Body, Value};
use bytes::Bytes;
use http::Method;

/// Compiled request rules.
#[derive(Clone, Debug)]
pub(super) struct Request {
    method: Method,
    target: Target,
    headers: Headers,
    payload: Payload,
}

#[derive(Clone, Debug)]
enum Payload {
    Empty,
    /// The same for every message.
    Fixed(Bytes),
    Json(Document),
    Bytes(Expr),
    Text(Template),
}

impl Request {
    pub(super) fn compile(
        request: &RequestSpec,
        scope: &mut MessageScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        if request.method == Method::CONNECT {
            let message = "a request with the method CONNECT has no path";
            findings.errors.push(RuleError::new(
                METHOD,
                request.target.span().clone(),
                message,
            ));
        }
        let target = findings.take(Target::compile(&request.target, scope));
        let headers = Headers::compile(&request.headers, scope, findings);
        let payload = Payload::compile(&request.body, scope, findings)?;
        let headers = match request.body {
            BodySpec::Json(_) => headers.or_content_type("application/json"),
            BodySpec::Empty | BodySpec::Bytes(_) => headers,
        };
        Some(Self {
            method: request.method.clone(),
            target: target?,
            headers,
            payload,
        })
    }

    pub(super) fn write(&self, env: &dyn Env) -> Result<HttpRequest, Fault> {
        Ok(HttpRequest {
            method: self.method.clone(),
            target: self.target.write(env)?,
            headers: self.headers.write(env)?,
            body: self.payload.write(env)?,
        })
    }
}

impl Payload {
    fn compile(
        spec: &BodySpec,
        scope: &mut MessageScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        match spec {
            BodySpec::Empty => Some(Self::Empty),
            BodySpec::Bytes(source) => findings.take(Self::compile_bytes(source, scope)),
            BodySpec::Json(spec) => {
                let document = Document::compile(spec, scope.descriptor(), scope, findings);
                Some(document.fixed().map_or(Self::Json(document), Self::Fixed))
            }
        }
    }

    fn compile_bytes(source: &Source, scope: &mut MessageScope<'_>) -> Result<Self, RuleError> {
        let template = Template::compile(source, scope)?;
        match template.single() {
            Some(expr) if matches!(expr.ty(), Type::Bytes { .. }) => Ok(Self::Bytes(expr.clone())),
            _ => Template::compile_text(source, scope).map(Self::Text),
        }
    }

    fn write(&self, env: &dyn Env) -> Result<Body, Fault> {
        let written = match self {
            Self::Empty => return Ok(Body::Empty),
            Self::Fixed(bytes) => Ok(bytes.clone()),
            Self::Json(document) => document.write(env),
            Self::Bytes(expr) => expr.eval(env).map(|value| match &*value {
                Value::Bytes(bytes) => bytes.clone(),
                // Its static type is bytes: anything else is an optional field that is absent.
                _ => Bytes::new(),
            }),
            Self::Text(template) => {
                let mut text = String::new();
                template
                    .write_text(env, &mut text)
                    .map(|()| Bytes::from(text))
            }
        };
        written
            .map(Body::Whole)
            .map_err(|error| bad_request(&error))
    }
}
