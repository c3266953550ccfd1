//! The payload of an HTTP request or of a reply to one.

use super::BodySpec;
use super::json::Document;
use super::load::Findings;
use crate::codec::{Descriptor, Type};
use crate::expr::{Env, EvalError, Expr, RuleError, Scope, Source, Template};
use crate::message::{Body, Value};
use bytes::Bytes;
use std::sync::Arc;

/// A compiled payload.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    /// There is none.
    Empty,
    /// The same for every message.
    Fixed(Bytes),
    /// A document with values in it.
    Json(Document),
    /// Bytes as they are.
    Bytes(Expr),
    /// Text with values in it.
    Text(Template),
}

impl Payload {
    /// Compiles a payload. `descriptor` has the enums and structures of values that name none
    /// themselves.
    pub(super) fn compile(
        spec: &BodySpec,
        descriptor: &Arc<Descriptor>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Option<Self> {
        match spec {
            BodySpec::Empty => Some(Self::Empty),
            BodySpec::Bytes(source) => findings.take(Self::compile_bytes(source, scope)),
            BodySpec::Json(spec) => {
                let document = Document::compile(spec, descriptor, scope, findings);
                Some(document.fixed().map_or(Self::Json(document), Self::Fixed))
            }
        }
    }

    fn compile_bytes(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let template = Template::compile(source, scope)?;
        match template.single() {
            Some(expr) if matches!(expr.ty(), Type::Bytes { .. }) => Ok(Self::Bytes(expr.clone())),
            _ => Template::compile_text(source, scope).map(Self::Text),
        }
    }

    /// Appends to `text`, unless the body is made elsewhere.
    pub(super) fn write(
        &self,
        env: &dyn Env,
        text: &mut String,
    ) -> Result<Option<Body>, EvalError> {
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
