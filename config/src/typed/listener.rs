//! Listeners as typed.

use super::listener_tls::read_tls;
use super::websocket::read_websocket;
use crate::diagnostic::codes;
use crate::keys::{Key, listener as keys};
use crate::plan::{ListenerLimits, ListenerTls, WebSocketPlan};
use crate::read::{Problem, Reader, Section, Setting, Spanned, address};
use gatewright_core::expr::Span;
use std::net::SocketAddr;

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: Spanned<String>,
    pub(crate) bind: Option<Spanned<SocketAddr>>,
    pub(crate) protocol: Option<Spanned<String>>,
    pub(crate) tls: Option<ListenerTls>,
    pub(crate) websocket: Option<WebSocketPlan>,
    /// With the frame as typed or by default: what the protocol allows is not known yet.
    pub(crate) limits: ListenerLimits,
    pub(crate) frame: Setting<usize>,
    /// Limits that only messages have, as typed.
    pub(crate) of_messages: Vec<Spanned<&'static str>>,
    /// Where the longest body is typed, if it is.
    pub(crate) body: Option<Span>,
}

impl Listener {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        name: Spanned<String>,
        section: &Section<'_>,
    ) -> Self {
        let bind = section.expanded(reader, &keys::BIND).and_then(|bind| {
            let read = reader.accept(address::bind(&bind.value), &bind.span)?;
            Some((Spanned::new(read.address, bind.span), read.path))
        });
        let (bind, path) = bind.map_or((None, None), |(bind, path)| (Some(bind), path));
        let protocol = section.name(reader, &keys::PROTOCOL);
        let limits = section.section(reader, &keys::LIMITS);
        let frame = limits.size(reader, &keys::FRAME);
        let tls = read_tls(reader, section);
        let websocket = read_websocket(reader, section, path.as_deref());
        if tls.is_none() && websocket.is_none() {
            note_idle_handshake(reader, &limits);
        }
        let read = read_limits(reader, &limits, frame.value);
        note_idle_addresses(reader, &limits, &read);
        Self {
            name,
            bind,
            protocol,
            tls,
            websocket,
            limits: read,
            frame,
            of_messages: of_messages(&limits),
            body: limits.node(&keys::BODY).map(|node| node.span.clone()),
        }
    }
}

fn of_messages(limits: &Section<'_>) -> Vec<Spanned<&'static str>> {
    let keys = [
        &keys::FRAME,
        &keys::BODY,
        &keys::IN_FLIGHT,
        &keys::SEND_BUFFER,
    ];
    let typed = |key: &'static Key| Some(Spanned::new(key.name(), limits.node(key)?.span.clone()));
    keys.into_iter().filter_map(typed).collect()
}

/// A limit of handshakes that there are none of does nothing.
fn note_idle_handshake(reader: &mut Reader<'_>, limits: &Section<'_>) {
    if let Some(node) = limits.node(&keys::HANDSHAKE) {
        let problem = Problem::warning(codes::UNUSED, "`handshake` is not used");
        let help = "it is about TLS and WebSocket, which this listener has none of";
        reader.problem(problem.help(help), node.span.clone());
    }
}

/// A limit of one address that is none below that of all does nothing.
fn note_idle_addresses(reader: &mut Reader<'_>, limits: &Section<'_>, read: &ListenerLimits) {
    let all = read.connections;
    if let Some(node) = limits.node(&keys::CONNECTIONS_PER_ADDRESS)
        && read.connections_per_address >= all
    {
        let problem = Problem::warning(codes::UNUSED, "`connections-per-address` is not used");
        let help = format!("`connections` is no more than that: {all}");
        reader.problem(problem.help(help), node.span.clone());
    }
}

fn read_limits(reader: &mut Reader<'_>, limits: &Section<'_>, frame: usize) -> ListenerLimits {
    ListenerLimits {
        connections: limits.count(reader, &keys::CONNECTIONS).value,
        connections_per_address: limits.count(reader, &keys::CONNECTIONS_PER_ADDRESS).value,
        frame,
        in_flight: limits.count(reader, &keys::IN_FLIGHT).value,
        send_buffer: limits.size(reader, &keys::SEND_BUFFER).value,
        body: limits.size(reader, &keys::BODY).value,
        frame_time: limits.duration(reader, &keys::FRAME_TIME).value,
        handshake: limits.duration(reader, &keys::HANDSHAKE).value,
        idle: limits.duration(reader, &keys::IDLE).value,
        send_time: limits.duration(reader, &keys::SEND_TIME).value,
    }
}
