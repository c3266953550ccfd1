//! Listeners as typed.

use crate::keys::{Key, listener as keys};
use crate::plan::ListenerLimits;
use crate::read::{Reader, Section, Setting, Spanned, address};
use std::net::SocketAddr;

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: Spanned<String>,
    pub(crate) bind: Option<Spanned<SocketAddr>>,
    pub(crate) protocol: Option<Spanned<String>>,
    /// With the frame as typed or by default: what the protocol allows is not known yet.
    pub(crate) limits: ListenerLimits,
    pub(crate) frame: Setting<usize>,
    /// Limits that only messages have, as typed.
    pub(crate) of_messages: Vec<Spanned<&'static str>>,
}

impl Listener {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        name: Spanned<String>,
        section: &Section<'_>,
    ) -> Self {
        let bind = section.expanded(reader, &keys::BIND).and_then(|bind| {
            let address = reader.accept(address::bind(&bind.value), &bind.span)?;
            Some(Spanned::new(address, bind.span))
        });
        let protocol = section.name(reader, &keys::PROTOCOL);
        let limits = section.section(reader, &keys::LIMITS);
        let frame = limits.size(reader, &keys::FRAME);
        Self {
            name,
            bind,
            protocol,
            limits: read_limits(reader, &limits, frame.value),
            frame,
            of_messages: of_messages(&limits),
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

fn read_limits(reader: &mut Reader<'_>, limits: &Section<'_>, frame: usize) -> ListenerLimits {
    ListenerLimits {
        connections: limits.count(reader, &keys::CONNECTIONS).value,
        frame,
        body: limits.size(reader, &keys::BODY).value,
        in_flight: limits.count(reader, &keys::IN_FLIGHT).value,
        send_buffer: limits.size(reader, &keys::SEND_BUFFER).value,
        frame_time: limits.duration(reader, &keys::FRAME_TIME).value,
        idle: limits.duration(reader, &keys::IDLE).value,
        send_time: limits.duration(reader, &keys::SEND_TIME).value,
    }
}
