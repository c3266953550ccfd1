//! From what was typed to what is valid: names are looked up, rules compiled, parts that do not
//! fit together refused.

mod declared;
mod fit;
mod names;
mod questions;
mod routes;
mod speech;

use crate::diagnostic::{Diagnostic, codes};
use crate::plan::{
    DefinitionPlan, ListenerPlan, ListenerTls, Plan, ProtocolPlan, Service, Speech, UpstreamPlan,
};
use crate::protocols::Protocols;
use crate::read::{Problem, Reader};
use crate::typed::{File, Form, Listener, Upstream};
use gatewright_core::codec::Protocol;
use gatewright_core::health::ErrorReplies;
use names::{Names, Spoken};
use routes::Routes;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The plan of a file. `None` if something is missing without which there is none; that and all
/// other errors are noted.
pub(crate) fn plan(reader: &mut Reader<'_>, file: &File, protocols: &Protocols) -> Option<Plan> {
    let names = Names::new(reader, file, protocols);
    let spoken: Vec<_> = file
        .listeners
        .iter()
        .map(|listener| spoken(reader, &names, listener))
        .collect();
    let speeches: Vec<_> = (file.upstreams.iter())
        .map(|upstream| speech::speech(reader, &names, upstream))
        .collect();
    let routes = Routes::new(reader, &names, &spoken, &speeches);
    routes.note_idle_retries(reader, &names);
    routes.note_idle_waits(reader, &names);
    names.note_unused(reader);
    note_same_address(reader, file);
    if file.listeners.is_empty() {
        reader.note(
            Diagnostic::error(codes::MISSING_KEY, "there is no listener")
                .at(&Arc::clone(&reader.source), 0..0)
                .help("`[listeners.NAME]` with `bind` and `protocol`"),
        );
    }
    let mut listeners = Vec::with_capacity(file.listeners.len());
    for (index, (listener, spoken)) in file.listeners.iter().zip(&spoken).enumerate() {
        if let Some(spoken) = spoken {
            listeners.extend(listener_plan(&routes, index, listener, spoken));
        }
    }
    let upstreams = (file.upstreams.iter().zip(speeches))
        .map(|(upstream, speaks)| upstream_plan(reader, upstream, speaks))
        .collect();
    (listeners.len() == file.listeners.len()).then(|| Plan {
        workers: workers(file.gateway.workers),
        gather: file.gateway.gather,
        in_flight: file.gateway.in_flight,
        drain: file.gateway.drain,
        log: file.gateway.log.clone(),
        admin: file.gateway.admin.as_ref().map(|admin| admin.value),
        protocols: protocol_plans(&names),
        listeners,
        upstreams,
    })
}

fn protocol_plans(names: &Names<'_>) -> Vec<ProtocolPlan> {
    let typed = names.file.protocols.iter();
    let usable = typed.zip(&names.declared).filter_map(|(typed, protocol)| {
        let definition = match typed.form.as_ref()? {
            Form::Codec(_) => None,
            Form::Definition(definition) => Some(DefinitionPlan {
                file: definition.file.value.clone(),
                folders: definition.folders.clone(),
            }),
        };
        Some(ProtocolPlan {
            name: typed.name.value.as_str().into(),
            protocol: Arc::clone(protocol.as_ref()?),
            definition,
        })
    });
    usable.collect()
}

fn workers(typed: Option<usize>) -> NonZeroUsize {
    typed
        .and_then(NonZeroUsize::new)
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// The protocol of a listener. Limits that do not fit it are noted.
fn spoken(reader: &mut Reader<'_>, names: &Names<'_>, listener: &Listener) -> Option<Spoken> {
    let spoken = names.protocol(reader, listener.protocol.as_ref()?)?;
    note_idle_forwarded(reader, &spoken.protocol, listener);
    match spoken.service {
        Service::Messages => {
            note_long_frame(reader, &spoken.protocol, listener);
            note_idle_body(reader, &spoken.protocol, listener);
            note_http_in_websocket(reader, &spoken.protocol, listener);
        }
        Service::Relay => {
            for limit in &listener.of_messages {
                let message = format!("`{}` is a limit of messages", limit.value);
                let problem = Problem::new(codes::MISMATCH, message);
                let help = "the listener relays bytes: leave it away";
                reader.problem(problem.help(help), limit.span.clone());
            }
        }
    }
    Some(spoken)
}

fn note_long_frame(reader: &mut Reader<'_>, protocol: &Arc<dyn Protocol>, listener: &Listener) {
    let longest = protocol.descriptor().capabilities.max_frame;
    if let Some(span) = listener.frame.span.clone()
        && listener.frame.value > longest
    {
        let name = &protocol.descriptor().name;
        let message = format!("`frame` is above what `{name}` allows");
        let help = format!("no frame of this protocol is longer than {longest} bytes");
        let source = Arc::clone(&reader.source);
        reader.note(
            Diagnostic::error(codes::OUT_OF_RANGE, message)
                .at(&source, span)
                .help(help),
        );
    }
}

/// No client speaks HTTP within WebSocket.
fn note_http_in_websocket(
    reader: &mut Reader<'_>,
    protocol: &Arc<dyn Protocol>,
    listener: &Listener,
) {
    if let (Some(_), Some(_), Some(bind)) = (
        &listener.websocket,
        &protocol.descriptor().http,
        &listener.bind,
    ) {
        let problem = Problem::new(codes::MISMATCH, "HTTP carried by WebSocket");
        let help = "its clients come by `tcp://`";
        reader.problem(problem.help(help), bind.span.clone());
    }
}

/// A limit of bodies does nothing where there are none.
fn note_idle_body(reader: &mut Reader<'_>, protocol: &Arc<dyn Protocol>, listener: &Listener) {
    let descriptor = protocol.descriptor();
    if let (Some(span), None) = (&listener.body, &descriptor.http) {
        let problem = Problem::warning(codes::UNUSED, "`body` is not used");
        let help = format!(
            "messages of `{}` have no bodies that follow them",
            descriptor.name
        );
        reader.problem(problem.help(help), span.clone());
    }
}

/// Where requests came from is told of those of HTTP only.
fn note_idle_forwarded(reader: &mut Reader<'_>, protocol: &Arc<dyn Protocol>, listener: &Listener) {
    let descriptor = protocol.descriptor();
    if let (Some(span), None) = (&listener.forwarded, &descriptor.http) {
        let problem = Problem::warning(codes::UNUSED, "`forwarded` is not used");
        let help = format!("clients of `{}` do not speak HTTP", descriptor.name);
        reader.problem(problem.help(help), span.clone());
    }
}

/// How TLS is spoken: with the protocol's own names for ALPN, unless others are typed.
fn tls_plan(listener: &Listener, protocol: &Arc<dyn Protocol>) -> Option<ListenerTls> {
    let mut tls = listener.tls.clone()?;
    let http = listener.websocket.is_some() || protocol.descriptor().http.is_some();
    if tls.alpn.is_empty() && http {
        // RFC 9113, 3.2; RFC 7301, 6. WebSocket begins with a request of either: RFC 6455, RFC 8441.
        tls.alpn = vec!["h2".into(), "http/1.1".into()];
    }
    Some(tls)
}

fn listener_plan(
    routes: &Routes<'_>,
    index: usize,
    listener: &Listener,
    spoken: &Spoken,
) -> Option<ListenerPlan> {
    let protocol = &spoken.protocol;
    let (table, plans) = routes.of_listener(index, protocol)?;
    let mut limits = listener.limits;
    limits.frame = limits
        .frame
        .min(protocol.descriptor().capabilities.max_frame);
    Some(ListenerPlan {
        name: listener.name.value.as_str().into(),
        bind: listener.bind.as_ref()?.value,
        service: spoken.service,
        protocol: Arc::clone(protocol),
        tls: tls_plan(listener, protocol),
        websocket: listener.websocket.clone(),
        forwarding: listener.forwarding.clone(),
        limits,
        table,
        routes: plans,
    })
}

fn upstream_plan(
    reader: &mut Reader<'_>,
    upstream: &Upstream,
    speaks: Option<Speech>,
) -> UpstreamPlan {
    let mut limits = upstream.limits;
    if let Some(speech) = &speaks {
        let longest = speech.protocol.descriptor().capabilities.max_frame;
        limits.frame = limits.frame.min(longest);
    }
    let check = questions::check(reader, upstream, speaks.as_ref());
    let errors = errors(upstream, speaks.as_ref());
    UpstreamPlan {
        name: upstream.name.value.as_str().into(),
        endpoints: upstream.endpoints.clone(),
        discovery: upstream.discovery.clone(),
        speaks,
        ranks: upstream.ranks.clone(),
        policy: upstream.policy,
        check,
        errors,
        lifetime: upstream.lifetime,
        deadline_header: upstream.deadline_header.clone(),
        traceparent: upstream.traceparent,
        retry: upstream.retry.policy.clone(),
        limits,
        tls: upstream.tls.clone(),
    }
}

/// Which error replies speak against an endpoint: those of HTTP by which a server fails, unless something else is
/// said.
fn errors(upstream: &Upstream, speaks: Option<&Speech>) -> ErrorReplies {
    let http = speaks.is_some_and(|speech| speech.protocol.descriptor().http.is_some());
    let by_default = if http {
        ErrorReplies::Failures
    } else {
        ErrorReplies::None
    };
    upstream.errors.unwrap_or(by_default)
}

/// Notes addresses that somebody listens on already.
fn note_same_address(reader: &mut Reader<'_>, file: &File) {
    let bound = |listener: &Listener| {
        let name = format!("listener `{}`", listener.name.value);
        Some((name, listener.bind.clone()?))
    };
    let admin = file.gateway.admin.clone();
    let admin = admin.map(|admin| ("the admin listener".to_owned(), admin));
    let bound: Vec<_> = (file.listeners.iter().filter_map(bound))
        .chain(admin)
        .collect();
    for (index, (_, bind)) in bound.iter().enumerate() {
        let mut before = bound.iter().take(index);
        let Some((other, first)) = before.find(|(_, first)| overlap(first.value, bind.value))
        else {
            continue;
        };
        let message = if first.value == bind.value {
            format!("{other} has the address {} already", bind.value)
        } else {
            format!("{other} has the port {} already", bind.value.port())
        };
        let problem = Problem::new(codes::DUPLICATE, message);
        let help = format!("it listens on {}", first.value);
        let help = (first.value != bind.value).then_some(help);
        reader.problem(problem.help_if(help), bind.span.clone());
    }
}

/// Whether the system refuses the one while somebody listens on the other. An unspecified address is every
/// address of its family, and `[::]` is those of IPv4, too (RFC 3493, 3.7). Link-local ones of two links are two
/// (RFC 4007, 6).
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (ip, other_ip) = (one.ip().to_canonical(), other.ip().to_canonical());
    let covers =
        |any: IpAddr, one: IpAddr| any.is_unspecified() && (any.is_ipv6() || one.is_ipv4());
    let one_link = link(one).is_none_or(|id| link(other).is_none_or(|other| id == other));
    let same = (ip == other_ip && one_link) || covers(ip, other_ip) || covers(other_ip, ip);
    same && one.port() == other.port() && one.port() != 0
}

/// The link of an address that needs one, if it is said.
fn link(address: SocketAddr) -> Option<u32> {
    let SocketAddr::V6(address) = address else {
        return None;
    };
    let id = address.scope_id();
    (address.ip().is_unicast_link_local() && id != 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_interfaces_overlap_with_each() {
        for (one, other, overlaps) in [
            ("127.0.0.1:7", "127.0.0.1:7", true),
            ("127.0.0.1:7", "127.0.0.2:7", false),
            ("0.0.0.0:7", "127.0.0.1:7", true),
            ("0.0.0.0:7", "127.0.0.1:8", false),
            ("0.0.0.0:0", "127.0.0.1:0", false),
            ("[::]:7", "[::1]:7", true),
            ("[::]:7", "127.0.0.1:7", true),
            ("[::]:7", "0.0.0.0:7", true),
            ("0.0.0.0:7", "[::1]:7", false),
            ("127.0.0.1:7", "[::ffff:127.0.0.1]:7", true),
            ("[fe80::1%1]:7", "[fe80::1%2]:7", false),
            ("[fe80::1%1]:7", "[fe80::1%1]:7", true),
            ("[fe80::1%1]:7", "[fe80::1]:7", true),
            ("[fe80::1%1]:7", "[::]:7", true),
            ("[::1%1]:7", "[::1%2]:7", true),
        ] {
            let [one, other] = [one, other].map(|address| address.parse().unwrap());
            assert_eq!(overlap(one, other), overlaps, "{one} {other}");
            assert_eq!(overlap(other, one), overlaps, "{other} {one}");
        }
    }
}
