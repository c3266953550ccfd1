//! The headers of the request that goes upstream, or of a reply to HTTP.

use super::codes::{HEADER_NAME, HEADER_VALUE, TWICE};
use super::load::{Findings, bad_request};
use super::scope::SecretScope;
use crate::expr::{Env, EvalError, Part, Problem, RuleError, Source, Template};
use crate::fault::Fault;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// What frames or routes a request (RFC 9113, section 8.2.2), or is written by the engine: a rule
/// for it would change nothing.
const NOT_FOR_RULES: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Compiled headers.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    /// Those that are the same for every message.
    fixed: Vec<(HeaderName, HeaderValue)>,
    built: Vec<Built>,
}

#[derive(Clone, Debug)]
struct Built {
    name: HeaderName,
    value: Template,
    secrecy: Secrecy,
}

/// Whether a secret field is in a value: HTTP/2 then keeps it out of its compression tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Public,
    Secret,
}

impl Headers {
    pub(super) fn compile(
        spec: &[(Source, Source)],
        scope: &mut impl SecretScope,
        findings: &mut Findings,
    ) -> Self {
        let mut headers = Self::default();
        for (name, value) in spec {
            let name = findings
                .take(header_name(name))
                .and_then(|n| findings.take(headers.once(n, name)));
            // A bad value is reported beside a bad name.
            let value = findings.take(compile_value(value, scope));
            match (name, value) {
                (Some(name), Some(Value::Fixed(value))) => headers.fixed.push((name, value)),
                (Some(name), Some(Value::Built(value, secrecy))) => {
                    headers.built.push(Built {
                        name,
                        value,
                        secrecy,
                    });
                }
                _ => {}
            }
        }
        headers
    }

    fn once(&self, name: HeaderName, source: &Source) -> Result<HeaderName, RuleError> {
        if self.has(&name) {
            return Err(RuleError::new(
                TWICE,
                source.span().clone(),
                format!("header `{name}` is given twice"),
            ));
        }
        Ok(name)
    }

    pub(super) fn has(&self, name: &HeaderName) -> bool {
        self.names().any(|own| own == name)
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let built = self.built.iter().map(|built| &built.name);
        self.fixed.iter().map(|(name, _)| name).chain(built)
    }

    /// The same headers with a content type, unless a rule gives one.
    pub(super) fn or_content_type(mut self, value: &'static str) -> Self {
        if !self.has(&CONTENT_TYPE) {
            self.fixed
                .push((CONTENT_TYPE, HeaderValue::from_static(value)));
        }
        self
    }

    pub(super) fn write(&self, env: &dyn Env) -> Result<HeaderMap, Fault> {
        // The engine adds its own, such as `traceparent`.
        let mut map = HeaderMap::with_capacity(self.len() + 2);
        self.each(env, |name, value| {
            map.append(name.clone(), value);
        })
        .map_err(|error| bad_request(&error))?;
        Ok(map)
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.fixed.len() + self.built.len()
    }

    /// Hands out each header with its value for one message.
    pub(super) fn each(
        &self,
        env: &dyn Env,
        mut put: impl FnMut(&HeaderName, HeaderValue),
    ) -> Result<(), EvalError> {
        for (name, value) in &self.fixed {
            put(name, value.clone());
        }
        for built in &self.built {
            put(&built.name, built.value(env)?);
        }
        Ok(())
    }

    /// The same without those whose value is one expression that has none for this message.
    pub(super) fn each_there<'h>(
        &'h self,
        env: &dyn Env,
        mut put: impl FnMut(&'h HeaderName, HeaderValue),
    ) -> Result<(), EvalError> {
        for (name, value) in &self.fixed {
            put(name, value.clone());
        }
        for built in &self.built {
            if !built.is_absent(env)? {
                put(&built.name, built.value(env)?);
            }
        }
        Ok(())
    }
}

impl Built {
    fn is_absent(&self, env: &dyn Env) -> Result<bool, EvalError> {
        let single = self.value.single().map(|expr| expr.eval(env)).transpose()?;
        Ok(single.is_some_and(|value| matches!(*value, crate::message::Value::Null)))
    }

    fn value(&self, env: &dyn Env) -> Result<HeaderValue, EvalError> {
        let mut text = String::new();
        self.value.write_text(env, &mut text)?;
        let mut value = sendable(text).ok_or_else(|| {
            let message = format!("a value cannot stand in header `{}`", self.name);
            EvalError::new(Problem::Unreadable, message)
        })?;
        value.set_sensitive(self.secrecy == Secrecy::Secret);
        Ok(value)
    }
}

/// The name of a header that may be set.
///
/// # Errors
/// If it is none, or one that only the gateway writes.
pub fn header_name(source: &Source) -> Result<HeaderName, RuleError> {
    let error = |message: String| RuleError::new(HEADER_NAME, source.span().clone(), message);
    let text = source.text();
    if text.starts_with(':') {
        return Err(error(format!(
            "`{text}` is a pseudo-header of HTTP/2, written by the gateway"
        )));
    }
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| {
        error(format!(
            "`{}` cannot be the name of a header",
            text.escape_debug()
        ))
    })?;
    if NOT_FOR_RULES.contains(&name.as_str()) {
        return Err(error(format!(
            "header `{name}` is written by the gateway alone"
        )));
    }
    Ok(name)
}

enum Value {
    Fixed(HeaderValue),
    Built(Template, Secrecy),
}

fn compile_value(source: &Source, scope: &mut impl SecretScope) -> Result<Value, RuleError> {
    scope.take_secret();
    let template = Template::compile_text(source, &mut *scope)?;
    let secrecy = if scope.take_secret() {
        Secrecy::Secret
    } else {
        Secrecy::Public
    };
    let Some(text) = template.literal() else {
        return check_literals(source, template.parts()).map(|()| Value::Built(template, secrecy));
    };
    sendable(text.to_owned())
        .map(Value::Fixed)
        .ok_or_else(|| not_sendable(source))
}

fn check_literals(source: &Source, parts: &[Part]) -> Result<(), RuleError> {
    let ok = parts.iter().all(|part| match part {
        Part::Literal(text) => text.bytes().all(is_visible),
        Part::Expr { .. } => true,
    });
    if ok {
        Ok(())
    } else {
        Err(not_sendable(source))
    }
}

fn not_sendable(source: &Source) -> RuleError {
    RuleError::new(
        HEADER_VALUE,
        source.span().clone(),
        "this text cannot stand in a header",
    )
    .help("only visible ASCII and inner spaces are sent")
}

const fn is_visible(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// The value as it is sent, if it is visible ASCII with no space at either end (RFC 9113,
/// section 8.2.1).
fn sendable(text: String) -> Option<HeaderValue> {
    let inner = !text.starts_with(' ') && !text.ends_with(' ');
    if !inner || !text.bytes().all(is_visible) {
        return None;
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}
