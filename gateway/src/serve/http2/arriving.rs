//! A request whose body is collected before anything is done about it.

use super::stream::Turn;
use crate::collected::Collected;
use crate::dispatch::Share;
use crate::serve::connection::too_long;
use gatewright_config::plan::HTTP2_BODIES;
use gatewright_core::codec::DecodeError;
use gatewright_core::message::{Body, Message};
use h2::RecvStream;
use std::task::{Context, Poll};
use std::time::Instant;

/// A request whose body is not whole.
pub(super) struct Arriving {
    message: Message,
    stream: RecvStream,
    body: Collected,
    share: Share,
}

/// Why a body is never whole.
pub(super) enum Cut {
    TooLong(Box<DecodeError>),
    /// The client gave the stream up.
    GivenUp,
    /// Bodies that are not whole take too much already.
    NoRoom,
}

impl Arriving {
    /// One of whose body nothing is here.
    pub(super) fn new(message: Message, stream: RecvStream, share: Share) -> Self {
        Self {
            message,
            stream,
            body: Collected::default(),
            share,
        }
    }

    /// Bytes of its body that are here.
    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    /// The rest of its body, which nobody collects.
    pub(super) fn into_rest(self) -> RecvStream {
        self.stream
    }

    /// Reads the body to its end.
    pub(super) fn poll(
        &mut self,
        turn: &mut Turn<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Cut>> {
        let most = turn.client.listener.limits.body;
        loop {
            let Poll::Ready(chunk) = self.stream.poll_data(cx) else {
                let limit = turn.client.listener.limits.frame_time;
                turn.wake_at(turn.now + limit);
                return Poll::Pending;
            };
            let chunk = match chunk {
                None => {
                    turn.arriving = turn.arriving.saturating_sub(self.body.len());
                    return Poll::Ready(Ok(()));
                }
                Some(Ok(chunk)) => chunk,
                Some(Err(_)) => return Poll::Ready(Err(Cut::GivenUp)),
            };
            // Never more than came.
            let _ = self.stream.flow_control().release_capacity(chunk.len());
            if self.body.len().saturating_add(chunk.len()) > most {
                let error = too_long(most, &self.message);
                return Poll::Ready(Err(Cut::TooLong(Box::new(error))));
            }
            turn.arriving = turn.arriving.saturating_add(chunk.len());
            let room = self.share.grow(chunk.len());
            if !room || turn.arriving > most.saturating_mul(HTTP2_BODIES) {
                return Poll::Ready(Err(Cut::NoRoom));
            }
            turn.moved = true;
            if !chunk.is_empty() {
                self.body.push(chunk);
            }
        }
    }

    /// Counts and logs that there is no room for it.
    pub(super) fn note_refusal(&self, began: Instant, turn: &Turn<'_>) {
        let (client, took) = (turn.client, turn.now.saturating_duration_since(began));
        client.listener.metrics.requests(1);
        let facts = client.facts(&self.message);
        // What is left to say is said by the stream's reset.
        let _ = (client.listener.dispatch).no_room(&self.message, &facts, took);
    }

    pub(super) fn request(self) -> Message {
        let body = self.body.finish();
        self.message.with_body(if body.is_empty() {
            Body::Empty
        } else {
            Body::Whole(body)
        })
    }
}
