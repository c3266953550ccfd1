//! One change of header fields: what ends here, and what comes in its place or beside it.

use crate::codec::HttpShape;
use crate::expr::{Env, EvalError, RuleError, Source};
use crate::message::headers::NewHeaders;
use crate::message::{Body, Value};
use crate::translate::codes::{HEADER_NAME, TWICE};
use crate::translate::headers::{Headers, header_name};
use crate::translate::load::Findings;
use crate::translate::scope::SecretScope;
use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;
use std::sync::Arc;

/// What the gateway says itself in a request that it hands on: a rule would be a second voice.
pub(in crate::translate) const TOLD_BY_THE_GATEWAY: [&str; 8] = [
    "expect",
    "forwarded",
    "grpc-timeout",
    "max-forwards",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// A change as typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'s> {
    pub(super) set: &'s [(Source, Source)],
    pub(super) add: &'s [(Source, Source)],
    pub(super) remove: &'s [Source],
    /// Names that it must not have.
    pub(super) refused: &'static [&'static str],
}

/// A compiled change.
#[derive(Debug, Default)]
pub(super) struct Change {
    set: Headers,
    add: Headers,
    /// What ends here: what is removed, and what others take the place of.
    ends: Arc<[HeaderName]>,
}

/// What a change is for one message; nothing by default.
#[derive(Debug, Default)]
pub(in crate::translate) struct Changed<'c> {
    change: Option<&'c Change>,
    fields: SmallVec<[(&'c HeaderName, HeaderValue); 4]>,
}

impl Change {
    pub(super) fn compile(
        typed: Typed<'_>,
        scope: &mut impl SecretScope,
        findings: &mut Findings,
    ) -> Self {
        findings.errors.extend(refused(typed));
        let set = Headers::compile(typed.set, scope, findings);
        let add = Headers::compile(typed.add, scope, findings);
        let mut remove = Vec::with_capacity(typed.remove.len());
        for source in typed.remove {
            let name = findings.take(header_name(source));
            let named = |name: &HeaderName| remove.contains(name) || set.has(name) || add.has(name);
            match name {
                Some(name) if named(&name) => findings.errors.push(twice(&name, source)),
                name => remove.extend(name),
            }
        }
        let ends = set.names().chain(&remove).cloned().collect();
        Self { set, add, ends }
    }

    pub(super) fn ends(&self) -> &[HeaderName] {
        &self.ends
    }

    fn drops(&self, name: &str) -> bool {
        let is_name = |own: &HeaderName| own.as_str().eq_ignore_ascii_case(name);
        self.ends.iter().any(is_name)
    }

    /// Its values for one message.
    pub(super) fn evaluate(&self, env: &dyn Env) -> Result<Changed<'_>, EvalError> {
        let mut fields = SmallVec::new();
        for headers in [&self.set, &self.add] {
            headers.each_there(env, |name, value| fields.push((name, value)))?;
        }
        Ok(Changed {
            change: Some(self),
            fields,
        })
    }
}

fn refused(typed: Typed<'_>) -> impl Iterator<Item = RuleError> {
    let given = typed.set.iter().chain(typed.add).map(|(name, _)| name);
    let is_refused = move |name: &&Source| {
        let own = |own: &&str| own.eq_ignore_ascii_case(name.text());
        typed.refused.iter().any(own)
    };
    given.chain(typed.remove).filter(is_refused).map(|name| {
        let message = format!("header `{}` is written by the gateway alone", name.text());
        RuleError::new(HEADER_NAME, name.span().clone(), message)
    })
}

fn twice(name: &HeaderName, source: &Source) -> RuleError {
    let message = format!("header `{name}` is named twice");
    RuleError::new(TWICE, source.span().clone(), message)
        .help("what is in `headers` takes the place of what is there: nothing is left to remove")
}

impl Changed<'_> {
    /// Whether a field that is there ends here.
    pub(in crate::translate) fn drops(&self, name: &str) -> bool {
        self.change.is_some_and(|change| change.drops(name))
    }

    pub(in crate::translate) const fn is_nothing(&self) -> bool {
        self.change.is_none()
    }

    /// Has what ends here in a head end behind its payload, too.
    pub(in crate::translate) fn withhold_behind(&self, payload: &Body) {
        if let (Some(change), Body::Stream(payload)) = (self.change, payload) {
            payload.withhold(Arc::clone(&change.ends));
        }
    }

    /// What comes in the place of others, or beside them.
    pub(in crate::translate) fn fields(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.fields.iter().map(|(name, value)| (*name, value))
    }

    /// The header fields of a reply with these changes.
    pub(in crate::translate) fn of(&self, given: &Value) -> Value {
        // Values of rules are visible ASCII.
        let own = || {
            self.fields()
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        };
        if let Value::Headers(headers) = given {
            let mut fields = NewHeaders::with_capacity(headers.size() + 64 * self.fields.len());
            fields.add_from(headers, |header| !self.drops(header.name()));
            for (name, value) in own() {
                // Names and values were checked for a stricter form.
                let _ = fields.add(name, value);
            }
            return Value::Headers(fields.finish());
        }
        let name = |field: &Value| {
            let name = field.as_record()?.get(HttpShape::NAME.index())?;
            name.as_str().map(str::to_owned)
        };
        let kept = given.as_list().unwrap_or_default().iter();
        let kept = kept.filter(|field| !name(field).is_some_and(|name| self.drops(&name)));
        // In the order of their slots: HttpShape::NAME, HttpShape::VALUE.
        let own = own().map(|(name, value)| Value::Record(vec![name.into(), value.into()]));
        Value::List(kept.cloned().chain(own).collect())
    }
}
