//! What a connection has while it is busy.

use super::answers::InLine;
use super::payload::Incoming;
use super::streamed::Streaming;
use crate::dispatch::{Exchange, Exchanges, InFlight, Kept};
use crate::upstream::Lanes;
use bytes::BytesMut;
use gatewright_core::session::{ExchangeKey, Spare};
use std::cell::RefCell;
use std::task::Context;
use std::time::Instant;

/// What a connection has besides while it is busy. It is lent by the worker, so that getting busy
/// costs no allocation and being idle no memory.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(super) inbound: BytesMut,
    pub(super) outbound: BytesMut,
    /// What replies take of the worker's room that the client should have taken, if any ever had to wait.
    pub(super) untaken: Option<Kept>,
    pub(super) exchanges: Exchanges,
    pub(super) lanes: Lanes,
    /// Memory for a session that gets busy, from the last one that became quiet.
    pub(super) memory: Option<Spare<InLine>>,
    /// The request that is being read, if its payload is not here yet.
    pub(super) incoming: Option<Incoming>,
    /// The reply that is being written, if its payload is not here yet.
    pub(super) streaming: Option<Box<Streaming>>,
    /// Since when a frame is incomplete.
    pub(super) partial_since: Option<Instant>,
    /// Since when the client takes none of the bytes that wait for it.
    pub(super) stalled_since: Option<Instant>,
    /// Frames that may still be taken in this turn.
    pub(super) frames_left: u16,
}

impl Work {
    /// Whether an idle connection may do without.
    pub(super) fn is_done(&self) -> bool {
        self.inbound.is_empty()
            && self.outbound.is_empty()
            && self.exchanges.is_empty()
            && self.streaming.is_none()
            && self.incoming.is_none()
            && self.partial_since.is_none()
            && self.stalled_since.is_none()
    }

    /// Whether so much waits for an upstream already that no more should be read. If so, the task
    /// is woken once there is room.
    pub(super) fn is_backed_up(&mut self, cx: &mut Context<'_>) -> bool {
        // What is on its way already waits for nothing but its own room.
        match &mut self.incoming {
            Some(incoming) => incoming.is_choked(cx),
            None => self.lanes.are_full(cx),
        }
    }

    /// Whether the client has no room for the bytes that wait for it: more of them would only take memory here,
    /// for as long as it reads slowly.
    pub(super) fn is_stalled(&self) -> bool {
        self.stalled_since.is_some() && !self.outbound.is_empty()
    }

    /// Whether a request is half read or a reply half written.
    pub(super) const fn is_halfway(&self) -> bool {
        self.incoming.is_some() || self.streaming.is_some()
    }

    /// When the time of an exchange is over, if it is one whose payload may have got on meanwhile.
    pub(super) fn deadline_of(&self, key: ExchangeKey) -> Option<Instant> {
        let mut all = self.exchanges.iter();
        all.find_map(|in_flight| match in_flight {
            InFlight::Exchange(exchange) if exchange.key == Some(key) => Some(exchange.deadline()),
            InFlight::Exchange(_) | InFlight::Batch(_) => None,
        })
    }

    /// The one-way messages that are on their way.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges
            .iter()
            .filter_map(|in_flight| match in_flight {
                InFlight::Exchange(exchange) if exchange.key.is_none() => Some(&**exchange),
                InFlight::Exchange(_) | InFlight::Batch(_) => None,
            })
    }

    /// Frees the memory of replies that are written, unless it is little: the next ones need it.
    pub(super) fn keep_little(&mut self) {
        if self.outbound.capacity() > KEPT_BYTES {
            self.outbound = BytesMut::new();
        }
    }

    /// Cancels what is on its way and forgets the rest, but not the memory it took.
    fn clear(&mut self) {
        self.exchanges.clear();
        self.exchanges.forget_task();
        self.streaming = None;
        self.incoming = None;
        self.lanes.clear();
        self.inbound = BytesMut::new();
        self.outbound.clear();
        self.untaken = None;
        self.keep_little();
        self.partial_since = None;
        self.stalled_since = None;
    }
}

/// How much is kept: for so many connections. As many may get busy in one turn of the worker.
const KEPT: usize = 512;
/// The memory for replies that each of them keeps.
const KEPT_BYTES: usize = 16 << 10;
/// The first so many keep that much, those after them the memory for a small reply.
const KEPT_WHOLE: usize = 64;
const KEPT_SMALL: usize = 1 << 10;

/// What connections of a worker that became idle leave to the next ones that get busy. Many do
/// both with each message, and would otherwise allocate and free as often.
#[derive(Debug, Default)]
#[expect(
    clippy::vec_box,
    reason = "boxes move between here and connections, which hold one word each"
)]
pub(crate) struct Spares(RefCell<Vec<Box<Work>>>);

impl Spares {
    pub(super) fn lend(&self) -> Box<Work> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    pub(super) fn take_back(&self, mut work: Box<Work>) {
        work.clear();
        let mut kept = self.0.borrow_mut();
        if kept.len() >= KEPT_WHOLE && work.outbound.capacity() > KEPT_SMALL {
            work.outbound = BytesMut::new();
        }
        if kept.len() < KEPT {
            kept.push(work);
        }
    }
}
