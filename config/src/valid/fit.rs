//! Whether a route fits its listeners and its upstream.

use super::Names;
use super::names::Spoken;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{EndpointKind, Service, Sharing, Speech};
use crate::read::{Problem, Reader, Spanned};
use crate::typed::Route;
use gatewright_core::codec::Protocol;
use gatewright_core::translate::{RequestSpec, no_request};
use http::HeaderName;
use std::sync::Arc;

/// What a route leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'a> {
    pub(super) kind: EndpointKind,
    pub(super) name: &'a str,
    pub(super) speech: Option<&'a Speech>,
    /// What tells it how much time is left.
    pub(super) deadline_header: Option<&'a HeaderName>,
    /// Whether it is told of traces.
    pub(super) traceparent: bool,
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
            deadline_header: typed.deadline_header.as_ref(),
            traceparent: typed.traceparent,
        })
    }
}

/// What a route makes of messages, as far as it could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Makes {
    Nothing,
    Http,
    Messages,
    /// The same requests, with other header fields.
    Amends,
    Unknown,
}

impl Makes {
    fn of(route: &Route) -> Self {
        match route.spec.as_ref().map(|spec| &spec.request) {
            Some(None) => Self::Nothing,
            Some(Some(RequestSpec::Http(_))) => Self::Http,
            Some(Some(RequestSpec::Message(_))) => Self::Messages,
            Some(Some(RequestSpec::Amended(_))) => Self::Amends,
            None => Self::Unknown,
        }
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
    let makes = Makes::of(route);
    let stream = destination.is_some_and(|to| to.kind == EndpointKind::Stream);
    let misfit = destination.and_then(|to| spoken.iter().find_map(|s| misfit(s, to, makes)));
    match makes {
        _ if relays => {
            let help = "bytes of `raw` listeners are relayed as they are: leave it away";
            note_rules(reader, &route.of_messages, "is for messages", help);
        }
        Makes::Nothing | Makes::Amends if proxied(destination, spoken) => {}
        Makes::Nothing | Makes::Http | Makes::Amends if stream && misfit.is_none() => {
            note_idle(reader, route);
        }
        // Of an upstream that is not known, nobody can tell what it needs.
        Makes::Nothing | Makes::Amends if destination.is_some() && !stream => {
            let source = Arc::clone(&reader.source);
            let span = route.spec.as_ref().map(|spec| spec.span.clone());
            let error = no_request(span.unwrap_or_default());
            reader.note(Diagnostic::rule(Severity::Error, error, source));
        }
        Makes::Nothing | Makes::Http | Makes::Messages | Makes::Amends | Makes::Unknown => {}
    }
    note_idle_events(reader, route, destination, spoken);
    if let (Some(problem), Some(to)) = (misfit, &route.to) {
        reader.problem(problem, to.span.clone());
    }
}

/// Events are for clients of HTTP, and made of messages.
fn note_idle_events(
    reader: &mut Reader<'_>,
    route: &Route,
    destination: Option<Destination<'_>>,
    spoken: &[&Spoken],
) {
    let events = route.spec.as_ref().and_then(|spec| spec.events.clone());
    let http = |spoken: &&Spoken| spoken.protocol.descriptor().http.is_some();
    let stream = destination.is_none_or(|to| to.kind == EndpointKind::Stream);
    let relays = spoken.iter().any(|spoken| spoken.service == Service::Relay);
    let fits = stream && Makes::of(route) == Makes::Messages && spoken.iter().all(http);
    if let Some(span) = events
        && !fits
        && !relays
    {
        let problem = Problem::new(codes::MISMATCH, "`events` of a route that has none");
        let help = "they are for clients of HTTP, and made of what an upstream with a `protocol` says after `request.send`";
        reader.problem(problem.help(help), span);
    }
}

/// Whether requests of HTTP go to an upstream of HTTP as such.
fn proxied(destination: Option<Destination<'_>>, spoken: &[&Spoken]) -> bool {
    let http = |protocol: &Arc<dyn Protocol>| protocol.descriptor().http.is_some();
    let to_http = destination.is_some_and(|to| match to.kind {
        EndpointKind::Http => true,
        EndpointKind::Stream => to.speech.is_some_and(|speech| http(&speech.protocol)),
        EndpointKind::Mock => false,
    });
    to_http && spoken.iter().all(|spoken| http(&spoken.protocol))
}

/// Notes rules of a route that forwards messages as they are.
fn note_idle(reader: &mut Reader<'_>, route: &Route) {
    let help = "messages go to an upstream of the same protocol as they are: leave it away, or make \
                a message with `request.send`";
    let rules = route.of_messages.iter();
    let times = ["timeout", "first-byte-timeout", "try-timeout", "events"];
    let rules = rules.filter(|rule| !times.contains(&rule.value));
    note_rules(reader, rules, "is for upstreams of HTTP", help);
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

fn misfit(spoken: &Spoken, to: Destination<'_>, makes: Makes) -> Option<Problem> {
    match (spoken.service, to.kind) {
        (Service::Relay, EndpointKind::Stream) => None,
        (Service::Messages, EndpointKind::Http | EndpointKind::Mock) => {
            (makes == Makes::Messages).then(|| {
                Problem::new(codes::MISMATCH, "`request.send` for an upstream of HTTP").help(
                    "its `url` begins with `tcp://`, `tls://` or `unix://`, and `protocol` says what it speaks",
                )
            })
        }
        (Service::Relay, EndpointKind::Http | EndpointKind::Mock) => Some(
            Problem::new(
                codes::MISMATCH,
                "bytes of a `raw` listener for an HTTP upstream",
            )
            .help("its `url` begins with `tcp://`, `tls://`, `quic://` or `unix://`"),
        ),
        (Service::Messages, EndpointKind::Stream) => foreign(spoken, to, makes),
    }
}

/// What is wrong with a stream of bytes as an upstream of messages.
fn foreign(spoken: &Spoken, to: Destination<'_>, makes: Makes) -> Option<Problem> {
    let speaks = &spoken.protocol.descriptor().name;
    let Some(speech) = to.speech else {
        let help = match makes {
            Makes::Messages => format!(
                "say what it carries: `protocol = \"…\"` in [upstreams.{}]",
                to.name
            ),
            Makes::Nothing | Makes::Http | Makes::Amends | Makes::Unknown => format!(
                "say what it carries: `protocol = \"{speaks}\"` in [upstreams.{}]; or relay bytes from a `raw` listener",
                to.name
            ),
        };
        return Some(Problem::new(codes::MISMATCH, "messages for an upstream of bytes").help(help));
    };
    if speech.sharing == Sharing::Bound && makes == Makes::Messages {
        let message = "`request.send` for an upstream whose connections are its clients' own";
        let help =
            "messages pass them unread: leave `request` away, or say `sharing = \"exclusive\"`";
        return Some(Problem::new(codes::MISMATCH, message).help(help));
    }
    let same = Arc::ptr_eq(&speech.protocol, &spoken.protocol);
    let fits = same || matches!(makes, Makes::Messages | Makes::Unknown);
    (!fits).then(|| {
        let other = &speech.protocol.descriptor().name;
        // Two definitions may call themselves the same.
        let another = if other == speaks { "another " } else { "" };
        let message = format!("messages of `{speaks}` for an upstream of {another}`{other}`");
        let help = format!(
            "say which message of `{other}` they become: `request.send`; only messages of its own protocol are forwarded"
        );
        Problem::new(codes::MISMATCH, message).help(help)
    })
}
