//! Upstreams as typed.

use super::check::{Check, read_check};
use super::discovery::{read_discovery, read_records};
use super::endpoints::{read_endpoints, read_errors, read_key, read_policy};
use super::idle::note_idle;
use super::retry::{Retry, read_retry};
use super::session::Session;
use super::tls::{alpn, identity, pem};
use super::tries::Tries;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::keys::upstream as keys;
use crate::plan::{DiscoveryPlan, Endpoint, EndpointKind, UpstreamLimits, UpstreamTls};
use crate::read::{Problem, Reader, Section, Setting, Spanned, server_name};
use gatewright_core::expr::{Source, Span};
use gatewright_core::health::ErrorReplies;
use gatewright_core::pool::{Lifetime, PoolPolicy, Rank};
use gatewright_core::translate::header_name;
use http::HeaderName;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: Spanned<String>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) discovery: Option<DiscoveryPlan>,
    pub(crate) protocol: Option<Spanned<String>>,
    pub(crate) sharing: Option<Setting<String>>,
    pub(crate) session: Session,
    pub(crate) ranks: Vec<Rank>,
    pub(crate) policy: PoolPolicy,
    pub(crate) key: Option<Source>,
    pub(crate) check: Option<Check>,
    /// As typed; what it is by default depends on the protocol.
    pub(crate) errors: Option<ErrorReplies>,
    pub(crate) retry: Retry,
    pub(crate) timeout: Duration,
    pub(crate) tries: Tries,
    pub(crate) lifetime: Lifetime,
    pub(crate) deadline_header: Option<HeaderName>,
    pub(crate) traceparent: bool,
    pub(crate) limits: UpstreamLimits,
    /// Where the longest wait in the queue is typed, if it is.
    pub(crate) queue_wait: Option<Span>,
    pub(crate) tls: UpstreamTls,
}

impl Upstream {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        name: Spanned<String>,
        section: &Section<'_>,
    ) -> Self {
        let records = read_records(reader, section);
        let (endpoints, ranks) = read_endpoints(reader, section, records);
        let discovery = read_discovery(reader, section, records, &endpoints);
        let policy = read_policy(reader, section);
        let limits = section.section(reader, &keys::LIMITS);
        let kind = endpoints.first().map(Endpoint::kind);
        let http1 = matches!(endpoints.first(), Some(Endpoint::Http(_)));
        let protocol = section.name(reader, &keys::PROTOCOL);
        let protocol = protocol.or_else(|| implied(&endpoints, section));
        note_idle(reader, section, &endpoints, protocol.is_some());
        let errors = read_errors(reader, section, &endpoints);
        let upstream = Self {
            name,
            endpoints,
            discovery,
            protocol,
            sharing: section.text(reader, &keys::SHARING),
            session: Session::read(reader, section),
            ranks,
            policy,
            key: read_key(reader, section, policy.balance),
            check: read_check(reader, section),
            errors,
            retry: read_retry(reader, section),
            timeout: section.duration(reader, &keys::TIMEOUT).value,
            tries: Tries::read(
                reader,
                section,
                &keys::FIRST_BYTE_TIMEOUT,
                &keys::TRY_TIMEOUT,
            ),
            lifetime: read_lifetime(reader, section),
            deadline_header: read_deadline_header(reader, section, kind),
            traceparent: section.flag(reader, &keys::TRACEPARENT).value,
            limits: read_limits(reader, &limits, http1),
            queue_wait: limits.node(&keys::QUEUE_WAIT).map(|node| node.span.clone()),
            tls: read_tls(reader, section),
        };
        upstream.tries.note_idle(reader, upstream.timeout);
        upstream.note_idle_tls(reader, section);
        upstream.note_alpn(reader, section);
        upstream.note_missing_alpn(reader, section);
        upstream
    }

    /// TLS settings without a TLS endpoint do nothing.
    fn note_idle_tls(&self, reader: &mut Reader<'_>, section: &Section<'_>) {
        let Some(node) = section.node(&keys::TLS) else {
            return;
        };
        let any_tls = self.endpoints.iter().any(Endpoint::is_tls);
        if !any_tls && !self.endpoints.is_empty() {
            let problem = Problem::warning(
                codes::UNUSED,
                format!("`tls` of upstream `{}` is not used", self.name.value),
            );
            reader.problem(
                problem.help("none of its URLs is `https://`, `tls://` or `quic://`"),
                node.span.clone(),
            );
        }
    }

    /// RFC 9113, 3.2: HTTP/2 over TLS uses the ALPN identifier "h2".
    fn note_alpn(&self, reader: &mut Reader<'_>, section: &Section<'_>) {
        let https = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Https(_));
        let alpn = &self.tls.alpn;
        if alpn.is_empty() || alpn.iter().any(|name| **name == *"h2") {
            return;
        }
        let tls = section.section(reader, &keys::TLS);
        if let Some(node) = tls.node(&keys::TLS_ALPN)
            && self.endpoints.iter().any(https)
        {
            let problem = Problem::new(codes::MISMATCH, "`alpn` without `h2` for `https://`");
            let help = "HTTP/2 is all that `https://` speaks: leave `alpn` away";
            reader.problem(problem.help(help), node.span.clone());
        }
    }

    /// RFC 9001, 8.1: both ends of a QUIC connection have to agree on a protocol, by ALPN.
    fn note_missing_alpn(&self, reader: &mut Reader<'_>, section: &Section<'_>) {
        let quic = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Quic(_));
        let tls = section.section(reader, &keys::TLS);
        if tls.node(&keys::TLS_ALPN).is_some() || !self.endpoints.iter().any(quic) {
            return;
        }
        if let Some(node) = section.node(&keys::URL) {
            let problem = Problem::new(codes::MISSING_KEY, "`tls.alpn` is missing for `quic://`");
            let help = "a QUIC connection needs the name of its protocol (RFC 9001, 8.1), such as tls = { alpn = \"echo\" }";
            reader.problem(problem.help(help), node.span.clone());
        }
    }
}

/// What the scheme of a URL says that its connections carry.
fn implied(endpoints: &[Endpoint], section: &Section<'_>) -> Option<Spanned<String>> {
    match endpoints.first()? {
        Endpoint::Http(_) => {
            let url = section.node(&keys::URL)?;
            Some(Spanned::new("http".to_owned(), url.span.clone()))
        }
        _ => None,
    }
}

fn read_lifetime(reader: &mut Reader<'_>, section: &Section<'_>) -> Lifetime {
    Lifetime {
        age: section.duration_if(reader, &keys::MAX_AGE),
        requests: section
            .count_if(reader, &keys::MAX_REQUESTS)
            .map(|count| count as u64),
    }
}

/// The header is set as requests of HTTP/2 are made.
fn read_deadline_header(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    kind: Option<EndpointKind>,
) -> Option<HeaderName> {
    let name = section.source(reader, &keys::DEADLINE_HEADER)?;
    if kind == Some(EndpointKind::Stream) {
        let problem = Problem::new(
            codes::MISMATCH,
            "`deadline-header` is for upstreams of HTTP/2",
        );
        let help = "those of `h2c://` and `https://`: leave it away";
        reader.problem(problem.help(help), name.span().clone());
    }
    match header_name(&name) {
        Ok(name) => Some(name),
        Err(error) => {
            let source = Arc::clone(&reader.source);
            reader.note(Diagnostic::rule(Severity::Error, error, source));
            None
        }
    }
}

/// Connections to an endpoint of HTTP/1.1, if nothing is said: each carries one request at a time.
const HTTP1_CONNECTIONS: usize = 256;

fn read_limits(reader: &mut Reader<'_>, limits: &Section<'_>, http1: bool) -> UpstreamLimits {
    let connections = limits.count(reader, &keys::CONNECTIONS);
    UpstreamLimits {
        connections: match (connections.span, http1) {
            (None, true) => HTTP1_CONNECTIONS,
            (Some(_), _) | (None, false) => connections.value,
        },
        dedicated: limits.count(reader, &keys::DEDICATED).value,
        streams: limits.count(reader, &keys::STREAMS).value,
        queue: limits.count(reader, &keys::QUEUE).value,
        queue_wait: limits.duration(reader, &keys::QUEUE_WAIT).value,
        body: limits.size(reader, &keys::BODY).value,
        window: limits.size(reader, &keys::WINDOW).value,
        frame: limits.size(reader, &keys::FRAME).value,
        quarantine: limits.duration(reader, &keys::QUARANTINE).value,
        connect: limits.duration(reader, &keys::CONNECT).value,
        silence: limits.duration(reader, &keys::SILENCE).value,
        idle: limits.duration(reader, &keys::IDLE).value,
    }
}

fn read_tls(reader: &mut Reader<'_>, section: &Section<'_>) -> UpstreamTls {
    let tls = section.section(reader, &keys::TLS);
    let ca = pem(reader, &tls, &keys::TLS_CA);
    let identity = identity(reader, &tls, &keys::TLS_CERT, &keys::TLS_KEY);
    let alpn = alpn(reader, &tls, &keys::TLS_ALPN);
    let server_name = tls
        .expanded(reader, &keys::TLS_SERVER_NAME)
        .and_then(|name| {
            reader.accept(server_name(&name.value), &name.span)?;
            Some(name.value.text.into())
        });
    UpstreamTls {
        ca,
        server_name,
        identity,
        alpn,
    }
}
