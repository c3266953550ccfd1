//! How a message becomes an HTTP request.

use super::codes::METHOD;
use super::headers::Headers;
use super::json::Document;
use super::load::{Findings, bad_request};
use super::scope::MessageScope;
use super::target::Target;
use super::{BodySpec, HttpRequest, HttpSpec};
use crate::codec::Type;
use crate::expr::{Env, EvalError, Expr, RuleError, Source, Template};
use crate::fault::Fault;
use crate::message::{Body, Value};
use bytes::Bytes;
use http::Method;

/// Room for the path and body of most requests.
const TEXT: usize = 384;

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
        request: &HttpSpec,
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

    /// All text that is put together for a message is in one allocation: its path, then its body.
    pub(super) fn write(&self, env: &dyn Env) -> Result<HttpRequest, Fault> {
        let mut text = String::with_capacity(TEXT);
        self.target.write(env, &mut text)?;
        let path = text.len();
        let headers = self.headers.write(env)?;
        let body = (self.payload.write(env, &mut text)).map_err(|error| bad_request(&error))?;
        let text = Bytes::from(text);
        Ok(HttpRequest {
            method: self.method.clone(),
            authority: None,
            target: self.target.finish(text.slice(..path))?,
            headers,
            body: body.unwrap_or_else(|| Body::Whole(text.slice(path..))),
            streams: false,
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

    /// Appends to `text`, unless the body is made elsewhere.
    fn write(&self, env: &dyn Env, text: &mut String) -> Result<Option<Body>, EvalError> {
        match self {
            Self::Empty => Ok(Some(Body::Empty)),
            Self::Fixed(bytes) => Ok(Some(Body::Whole(bytes.clone()))),
            Self::Json(document) => document.write(env, text).map(|()| None),
            Self::Text(template) => template.write_text(env, text).map(|()| None),
            Self::Bytes(expr) => Ok(Some(Body::Whole(match &*expr.eval(env)? {
                Value::Bytes(bytes) => bytes.clone(),
                // Its static type is bytes: anything else is an optional field that is absent.
                _ => Bytes::new(),
            }))),
        }
    }
}
