//! Routes as typed.

use super::rules;
use crate::keys::route as keys;
use crate::read::{Reader, Section, Spanned};
use gatewright_core::expr::{Source, Span};
use gatewright_core::translate::RouteSpec;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) from: Vec<Spanned<String>>,
    pub(crate) to: Option<Spanned<String>>,
    pub(crate) timeout: Option<Duration>,
    /// Absent if its rules cannot be read.
    pub(crate) spec: Option<RouteSpec>,
}

impl Route {
    pub(crate) fn read(reader: &mut Reader<'_>, section: &Section<'_>, span: Span) -> Self {
        let name = section.source(reader, &keys::NAME);
        if let Some(name) = &name {
            reader.accept(crate::read::name(name.text()), name.span());
        }
        Self {
            name: name
                .as_ref()
                .map(|name| Spanned::new(name.text().to_owned(), name.span().clone())),
            from: section.texts(reader, &keys::FROM),
            to: section.name(reader, &keys::TO),
            timeout: section.duration_if(reader, &keys::TIMEOUT),
            spec: spec(reader, section, span, name),
        }
    }
}

fn spec(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    span: Span,
    name: Option<Source>,
) -> Option<RouteSpec> {
    let operation = section.source(reader, &keys::OPERATION);
    let when = section.source(reader, &keys::WHEN);
    let replies = rules::replies(reader, section);
    let request = rules::request(reader, section)?;
    Some(RouteSpec {
        name,
        operation,
        when,
        request,
        replies,
        span,
    })
}
