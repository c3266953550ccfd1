//! Routes as typed.

use super::rules;
use super::tries::Tries;
use crate::keys::{Key, route as keys};
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
    pub(crate) tries: Tries,
    /// What only routes of messages have, as typed.
    pub(crate) of_messages: Vec<Spanned<&'static str>>,
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
            tries: Tries::read(
                reader,
                section,
                &keys::FIRST_BYTE_TIMEOUT,
                &keys::TRY_TIMEOUT,
            ),
            of_messages: of_messages(section),
            spec: spec(reader, section, span, name),
        }
    }
}

fn of_messages(section: &Section<'_>) -> Vec<Spanned<&'static str>> {
    let keys = [
        &keys::REQUEST,
        &keys::REPLY,
        &keys::TIMEOUT,
        &keys::FIRST_BYTE_TIMEOUT,
        &keys::TRY_TIMEOUT,
        &keys::EVENTS,
    ];
    let typed = |key: &'static Key| Some(Spanned::new(key.name(), section.node(key)?.span.clone()));
    keys.into_iter().filter_map(typed).collect()
}

fn spec(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    span: Span,
    name: Option<Source>,
) -> Option<RouteSpec> {
    let operation = section.source(reader, &keys::OPERATION);
    let when = section.source(reader, &keys::WHEN);
    let events = section.flag_if(reader, &keys::EVENTS);
    let events = events.filter(|events| *events);
    let events = events.and_then(|_| Some(section.node(&keys::EVENTS)?.span.clone()));
    let replies = rules::replies(reader, section);
    let request = match section.node(&keys::REQUEST) {
        Some(_) => Some(rules::request(reader, section)?),
        None => None,
    };
    Some(RouteSpec {
        name,
        operation,
        when,
        request,
        replies,
        events,
        span,
    })
}
