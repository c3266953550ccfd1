//! How a message becomes an HTTP request.

use super::codes::METHOD;
use super::headers::Headers;
use super::load::{Findings, bad_request};
use super::payload::Payload;
use super::scope::MessageScope;
use super::target::Target;
use super::{BodySpec, HttpRequest, HttpSpec};
use crate::expr::{Env, RuleError};
use crate::fault::Fault;
use crate::message::Body;
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
        let descriptor = scope.descriptor();
        let payload = Payload::compile(&request.body, descriptor, scope, findings)?;
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
            awaited_until: None,
        })
    }
}
