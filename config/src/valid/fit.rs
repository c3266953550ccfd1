//! Whether a route fits its listeners and its upstream.

use super::Names;
use super::names::Spoken;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{EndpointKind, Service, Speech};
use crate::read::{Problem, Reader, Spanned};
use crate::typed::Route;
use gatewright_core::translate::no_request;
use std::sync::Arc;

/// What a route leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'a> {
    pub(super) kind: EndpointKind,
    pub(super) name: &'a str,
    pub(super) speech: Option<&'a Speech>,
}

impl<'a> Destination<'a> {
    /// The upstream of that index, if it has an endpoint.
    pub(super) fn of(
        names: &Names<'a>,
        speeches: &'a [Option<Speech>],
        upstream: usize,
    ) -> Option<Self> {
        let typed = names.file.upstreams.get(upstream)?;
        Some(Self {
            kind: typed.endpoints.first()?.kind(),
            name: &typed.name.value,
            speech: speeches.get(upstream)?.as_ref(),
        })
    }
}

/// Notes what a route has that its listeners or its upstream cannot use, or lacks that they need.
/// `spoken` is what its listeners speak, as far as it is known.
pub(super) fn note_misfits(
    reader: &mut Reader<'_>,
    route: &Route,
    destination: Option<Destination<'_>>,
    spoken: &[&Spoken],
) {
    let relays = spoken.iter().any(|s| s.service == Service::Relay);
    let forwards = destination.is_some_and(|to| to.kind == EndpointKind::Stream);
    let misfit = destination.and_then(|to| spoken.iter().find_map(|spoken| misfit(spoken, to)));
    if relays {
        let help = "bytes of `raw` listeners are relayed as they are: leave it away";
        note_rules(reader, &route.of_messages, "is for messages", help);
    } else if forwards && misfit.is_none() {
        let help = "messages go to an upstream of the same protocol as they are: leave it away";
        let rules = route
            .of_messages
            .iter()
            .filter(|rule| rule.value != "timeout");
        note_rules(reader, rules, "is for upstreams of HTTP", help);
    } else if let Some(spec) = &route.spec
        && spec.request.is_none()
        && !forwards
    {
        let source = Arc::clone(&reader.source);
        let error = no_request(spec.span.clone());
        reader.note(Diagnostic::rule(Severity::Error, error, source));
    }
    if let (Some(problem), Some(to)) = (misfit, &route.to) {
        reader.problem(problem, to.span.clone());
    }
}

fn note_rules<'r>(
    reader: &mut Reader<'_>,
    rules: impl IntoIterator<Item = &'r Spanned<&'static str>>,
    what: &str,
    help: &str,
) {
    for rule in rules {
        let message = format!("`{}` {what}", rule.value);
        let problem = Problem::new(codes::MISMATCH, message);
        reader.problem(problem.help(help), rule.span.clone());
    }
}

fn misfit(spoken: &Spoken, to: Destination<'_>) -> Option<Problem> {
    match (spoken.service, to.kind) {
        (Service::Relay, EndpointKind::Stream)
        | (Service::Messages, EndpointKind::Http | EndpointKind::Mock) => None,
        (Service::Relay, EndpointKind::Http | EndpointKind::Mock) => Some(
            Problem::new(
                codes::MISMATCH,
                "bytes of a `raw` listener for an HTTP upstream",
            )
            .help("its `url` begins with `tcp://`, `tls://`, `quic://` or `unix://`"),
        ),
        (Service::Messages, EndpointKind::Stream) => foreign(spoken, to),
    }
}

/// What is wrong with a stream of bytes as an upstream of messages.
fn foreign(spoken: &Spoken, to: Destination<'_>) -> Option<Problem> {
    let speaks = &spoken.protocol.descriptor().name;
    match to.speech {
        None => Some(
            Problem::new(codes::MISMATCH, "messages for an upstream of bytes").help(format!(
                "say what it carries: `protocol = \"{speaks}\"` in [upstreams.{}]; or relay bytes from a `raw` listener",
                to.name
            )),
        ),
        Some(speech) if Arc::ptr_eq(&speech.protocol, &spoken.protocol) => None,
        Some(speech) => Some(
            Problem::new(
                codes::MISMATCH,
                format!(
                    "messages of `{speaks}` for an upstream of `{}`",
                    speech.protocol.descriptor().name
                ),
            )
            .help("messages are forwarded to an upstream of their own protocol"),
        ),
    }
}
