//! What upstreams of bytes carry, where messages are sent to them.

use super::Names;
use super::names::Spoken;
use super::questions::compiled;
use crate::diagnostic::codes;
use crate::plan::{EndpointKind, Service, Sharing, Speech};
use crate::read::{Problem, Reader, Setting};
use crate::typed::Upstream;
use gatewright_core::codec::{CorrelationKind, Protocol};
use std::sync::Arc;

/// What an upstream speaks; `None` if it says nothing, or nothing that can be.
pub(super) fn speech(
    reader: &mut Reader<'_>,
    names: &Names<'_>,
    upstream: &Upstream,
) -> Option<Speech> {
    note_idle_sharing(reader, upstream);
    note_idle_session(reader, upstream);
    let name = upstream.protocol.as_ref()?;
    let kind = upstream.endpoints.first()?.kind();
    if kind != EndpointKind::Stream {
        let problem = Problem::new(codes::MISMATCH, "a `protocol` for an upstream of HTTP");
        let help = "it is for `tcp://`, `tls://`, `quic://` and `unix://`: leave it away";
        reader.problem(problem.help(help), name.span.clone());
        return None;
    }
    let Spoken { protocol, service } = names.protocol(reader, name)?;
    if service == Service::Relay {
        let problem = Problem::new(codes::MISMATCH, "`raw` is not said of an upstream");
        let help = "bytes of `raw` listeners need no `protocol` here: leave it away";
        reader.problem(problem.help(help), name.span.clone());
        return None;
    }
    let sharing = sharing(reader, upstream.sharing.as_ref(), &protocol)?;
    let opening = upstream.session.open.iter();
    let opening: Vec<_> = opening
        .filter_map(|spec| compiled(reader, spec, &protocol))
        .collect();
    Some(Speech {
        protocol,
        sharing,
        opening: opening.into(),
    })
}

/// A protocol's replies can be told apart on a shared connection by its numbers or by its order.
fn sharing(
    reader: &mut Reader<'_>,
    typed: Option<&Setting<String>>,
    protocol: &Arc<dyn Protocol>,
) -> Option<Sharing> {
    let can_share = match protocol.descriptor().capabilities.correlation {
        CorrelationKind::Fifo | CorrelationKind::Id { .. } => true,
        CorrelationKind::Key | CorrelationKind::None => false,
    };
    match typed.map(|typed| (typed.value.as_str(), typed.span.as_ref())) {
        Some((sharing @ ("shared" | "bound"), span)) if protocol.descriptor().http.is_some() => {
            let name = &protocol.descriptor().name;
            let message = format!("connections of `{name}` cannot be {sharing}");
            let problem = Problem::new(codes::MISMATCH, message);
            let help = "each carries one request at a time: a payload that is slow, or cut, would be everybody's. Leave it \
                        away; HTTP/2 (`h2c://`, `https://`) shares its connections by itself";
            reader.problem(problem.help(help), span.cloned().unwrap_or_default());
            // What else is wrong is not because of that.
            Some(Sharing::Exclusive)
        }
        Some(("shared", span)) if !can_share => {
            let name = &protocol.descriptor().name;
            let message = format!("clients cannot share a connection of `{name}`");
            let problem = Problem::new(codes::MISMATCH, message);
            let help = "its replies tell neither by number nor by order whose they are";
            reader.problem(problem.help(help), span.cloned().unwrap_or_default());
            None
        }
        Some(("exclusive", _)) => Some(Sharing::Exclusive),
        Some(("bound", _)) => Some(Sharing::Bound),
        // A slow answer of HTTP would hold up all that were asked for after it.
        None if protocol.descriptor().http.is_some() => Some(Sharing::Exclusive),
        Some(_) | None if can_share => Some(Sharing::Shared),
        Some(_) | None => Some(Sharing::Exclusive),
    }
}

/// Only what is said of a protocol can be a message of it.
fn note_idle_session(reader: &mut Reader<'_>, upstream: &Upstream) {
    if let (Some(span), None) = (&upstream.session.span, &upstream.protocol) {
        let problem = Problem::new(codes::MISMATCH, "`session.open` without a `protocol`");
        let help = "say what the bytes are: `protocol = \"\u{2026}\"`";
        reader.problem(problem.help(help), span.clone());
    }
}

/// A way of sharing without a protocol does nothing.
fn note_idle_sharing(reader: &mut Reader<'_>, upstream: &Upstream) {
    if let Some(Setting {
        span: Some(span), ..
    }) = &upstream.sharing
        && upstream.protocol.is_none()
    {
        let problem = Problem::warning(codes::UNUSED, "`sharing` without a `protocol`");
        let help = "it says who uses a connection that carries messages of a protocol";
        reader.problem(problem.help(help), span.clone());
    }
}
