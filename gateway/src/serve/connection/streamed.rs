//! A reply whose payload comes as it does.

use super::{Connection, Ended, Work};
use crate::dispatch::Reply;
use gatewright_core::codec::Event;
use gatewright_core::message::BodyStream;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Bytes at which no more of a payload is taken before they are written.
const ENOUGH: usize = 32 << 10;

/// The reply that is being written. Those after it wait.
#[derive(Debug)]
pub(super) struct Streaming {
    body: BodyStream,
    /// What the rest comes from is kept with it.
    _reply: Reply,
    /// How long the payload may stand still.
    patience: Duration,
    /// Until when that is.
    pub(super) until: Instant,
}

/// How far the writing of a payload got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// All of it; there may have been none.
    All,
    /// As much as there is room for.
    Enough,
    /// All that is here.
    Some,
}

impl Streaming {
    /// What is left of a reply whose beginning is written.
    pub(super) fn new(body: BodyStream, reply: Reply, now: Instant) -> Self {
        let patience = reply.patience();
        Self {
            body,
            _reply: reply,
            patience,
            until: now + patience,
        }
    }
}

impl Connection {
    /// Writes what came of a payload since the last look.
    pub(super) fn write_payload(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<Wrote, Ended> {
        loop {
            let full = work.outbound.len() >= ENOUGH || work.is_stalled();
            let Some(streaming) = &mut work.streaming else {
                return Ok(Wrote::All);
            };
            if full {
                return Ok(Wrote::Enough);
            }
            let event = match streaming.body.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => Event::Body(chunk),
                Poll::Ready(None) => Event::End(streaming.body.take_trailers()),
                // The client has to see that it is not whole.
                Poll::Ready(Some(Err(_))) => return Err(Ended("cut-reply")),
                Poll::Pending if streaming.until <= now => return Err(Ended("reply-stalled")),
                Poll::Pending => {
                    self.alarm.set(streaming.until, cx);
                    return Ok(Wrote::Some);
                }
            };
            streaming.until = now + streaming.patience;
            if matches!(event, Event::End(_)) {
                work.streaming = None;
            }
            let written = self.framing.write(&event, &mut work.outbound);
            written.map_err(|_| Ended("cut-reply"))?;
        }
    }
}
