//! Whether a route fits its listeners and its upstream.

use super::Names;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{Endpoint, EndpointKind, Service};
use crate::read::{Problem, Reader};
use crate::typed::Route;
use gatewright_core::translate::no_request;
use std::sync::Arc;

/// Notes what a route has that its listeners cannot use, or lacks that they need. `services` are
/// those of its listeners, as far as they are known.
pub(super) fn note_misfits(
    reader: &mut Reader<'_>,
    names: &Names<'_>,
    route: &Route,
    upstream: Option<usize>,
    services: &[Service],
) {
    if services.contains(&Service::Relay) {
        for rule in &route.of_messages {
            let message = format!("`{}` is for messages", rule.value);
            let problem = Problem::new(codes::MISMATCH, message);
            let help = "bytes of `raw` listeners are relayed as they are: leave it away";
            reader.problem(problem.help(help), rule.span.clone());
        }
    } else if let Some(spec) = &route.spec
        && spec.request.is_none()
    {
        let source = Arc::clone(&reader.source);
        let error = no_request(spec.span.clone());
        reader.note(Diagnostic::rule(Severity::Error, error, source));
    }
    note_upstream(reader, names, route, upstream, services);
}

fn note_upstream(
    reader: &mut Reader<'_>,
    names: &Names<'_>,
    route: &Route,
    upstream: Option<usize>,
    services: &[Service],
) {
    let endpoints = upstream.and_then(|index| names.file.upstreams.get(index));
    let Some(first) = endpoints.and_then(|upstream| upstream.endpoints.first()) else {
        return;
    };
    let misfit = services.iter().find_map(|service| misfit(*service, first));
    if let (Some(problem), Some(to)) = (misfit, &route.to) {
        reader.problem(problem, to.span.clone());
    }
}

fn misfit(service: Service, endpoint: &Endpoint) -> Option<Problem> {
    match (service, endpoint.kind()) {
        (Service::Relay, EndpointKind::Stream)
        | (Service::Messages, EndpointKind::Http | EndpointKind::Mock) => None,
        (Service::Relay, EndpointKind::Http | EndpointKind::Mock) => Some(
            Problem::new(
                codes::MISMATCH,
                "bytes of a `raw` listener for an HTTP upstream",
            )
            .help("its `url` begins with `tcp://`, `tls://` or `unix://`"),
        ),
        (Service::Messages, EndpointKind::Stream) => Some(
            Problem::new(codes::MISMATCH, "messages for an upstream of bytes").help(
                "its `url` begins with `h2c://` or `https://`; only `raw` listeners relay bytes",
            ),
        ),
    }
}
