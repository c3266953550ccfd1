//! The body of a response, until the client has taken it.

use super::stream::{End, Turn};
use crate::dispatch::{Kept, Reply};
use crate::http2::{BUDGET, Outflow};
use bytes::Bytes;
use h2::{Reason, SendStream};
use std::task::{Context, Poll};
use std::time::Instant;

/// A response whose body is not written.
pub(super) struct Replying {
    pub(super) stream: SendStream<Bytes>,
    pub(super) left: Bytes,
    /// Since when the client takes none of it.
    pub(super) stalled_since: Option<Instant>,
    /// What it takes of the room for answers once it has to wait.
    kept: Option<Kept>,
}

/// A response whose body is on its way.
pub(super) struct Streaming {
    pub(super) outflow: Outflow,
    _reply: Reply,
    /// What it takes of the room for answers once it has to wait.
    kept: Option<Kept>,
}

/// Whether there is room for bytes that the client does not take yet: in what each client may leave lying, or in what
/// all of them have beyond, until others need it.
fn has_room(kept: &mut Option<Kept>, bytes: usize, turn: &mut Turn<'_>, cx: &Context<'_>) -> bool {
    let now = turn.now;
    if kept.as_mut().is_some_and(|kept| kept.hold(bytes, now)) {
        return true;
    }
    let listener = turn.client.listener;
    let gave_way = kept.take().is_some_and(|kept| kept.has_given_way());
    if !gave_way {
        *kept = turn.own.keep(bytes, now).or_else(|| {
            let kept = listener.worker.untaken().keep(bytes, now)?;
            kept.line_up(listener.limits.send_time, now, cx);
            Some(kept)
        });
    }
    if kept.is_none() {
        turn.moved = true;
        tracing::debug!(peer = %turn.client.peer.address, listener = %listener.name, gave_way, "an answer that its client does not take finds no room");
    }
    kept.is_some()
}

impl Streaming {
    pub(super) const fn new(outflow: Outflow, reply: Reply) -> Self {
        Self {
            outflow,
            _reply: reply,
            kept: None,
        }
    }

    /// Whether it may go on as it does: what the client does not take is kept here and on its way here.
    pub(super) fn has_room(&mut self, turn: &mut Turn<'_>, cx: &Context<'_>) -> bool {
        let sent = self.outflow.take_sent();
        if let Some(kept) = &self.kept {
            kept.note_taken(sent, turn.now);
        }
        match self.outflow.held_up() {
            0 => {
                self.kept = None;
                true
            }
            chunk => has_room(&mut self.kept, chunk + BUDGET, turn, cx),
        }
    }
}

impl Replying {
    pub(super) const fn new(stream: SendStream<Bytes>, left: Bytes) -> Self {
        Self {
            stream,
            left,
            stalled_since: None,
            kept: None,
        }
    }

    /// Writes what the client has room for.
    pub(super) fn poll(&mut self, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Poll<End> {
        while !self.left.is_empty() {
            self.stream.reserve_capacity(self.left.len());
            let room = match self.stream.capacity() {
                0 => match self.stream.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(room))) => room,
                    Poll::Ready(_) => return Poll::Ready(End::Theirs),
                    Poll::Pending if !has_room(&mut self.kept, self.left.len(), turn, cx) => {
                        self.stream.send_reset(Reason::ENHANCE_YOUR_CALM);
                        return Poll::Ready(End::Ours);
                    }
                    Poll::Pending => {
                        self.stalled_since.get_or_insert(turn.now);
                        turn.wake_at(turn.now + turn.client.listener.limits.send_time);
                        return Poll::Pending;
                    }
                },
                room => room,
            };
            let chunk = self.left.split_to(room.min(self.left.len()));
            let last = self.left.is_empty();
            if !chunk.is_empty() {
                self.stalled_since = None;
                turn.moved = true;
                if self.stream.send_data(chunk, last).is_err() {
                    return Poll::Ready(End::Theirs);
                }
            }
        }
        Poll::Ready(End::Ours)
    }
}
