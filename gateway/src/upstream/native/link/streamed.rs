//! Payloads that are carried as they come, on a connection of one request at a time.

use super::super::parcel::as_event;
use super::{Broken, Closed, Link, State};
use crate::clock;
use crate::http2::BUDGET;
use crate::observe::UpstreamMetrics;
use crate::upstream::{CUT, is_stall};
use bytes::Bytes;
use gatewright_core::codec::{EncodeError, Event};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, BodySender, BodyStream, Correlation, Message, Value};
use gatewright_core::reply::Answers;
use std::task::{Context, Poll};
use std::time::Instant;

/// Bytes of a reply that may wait for its client, beyond one read. Many clients read slowly, and as much once
/// more is on its way to each of them.
const ROOM: usize = 32 << 10;

/// The payloads that are on their way.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// A reply whose payload follows. It waits for the end of the bytes that are here: most are
    /// whole by then.
    begun: Option<Begun>,
    /// The rest of the request.
    up: Option<BodyStream>,
    /// Who takes the rest of the reply.
    down: Option<BodySender>,
    /// Whether the rest of the request will never come, though its answer may.
    cut: bool,
}

#[derive(Debug)]
struct Begun {
    /// With the first of its payload, once that is here.
    message: Box<Message>,
    blames: bool,
}

impl Streams {
    pub(super) const fn are_busy(&self) -> bool {
        self.up.is_some() || self.down.is_some()
    }

    /// Whether a reply has begun.
    const fn answers(&self) -> bool {
        self.begun.is_some() || self.down.is_some()
    }

    /// Whether a server that ends the connection does so because of its client: all that came of the request was
    /// sent, the first of it at `since`, and nothing more for long, or for good.
    pub(super) fn lack_the_rest(&self, since: Instant, now: Instant) -> bool {
        let moved = |up: &BodyStream| up.progress().map_or(since, |moved| moved.max(since));
        let stalled = |up: &BodyStream| up.is_starved() && is_stall(moved(up), now);
        self.cut || self.up.as_ref().is_some_and(stalled)
    }

    /// Whether nothing more of the reply is to be read for now. If so, the task is woken once more
    /// is wanted.
    pub(super) fn is_choked(&mut self, cx: &mut Context<'_>) -> bool {
        let down = self.down.as_mut();
        down.is_some_and(|down| down.poll_ready(cx).is_pending())
    }
}

impl Link {
    /// Whether nothing more is to be read for now: see [`Streams::is_choked`].
    pub(in crate::upstream::native) fn is_choked(&self, cx: &mut Context<'_>) -> bool {
        self.state.borrow_mut().streams.is_choked(cx)
    }

    /// Takes what came of a request's payload since the last look, as far as there is room. Tells
    /// whether there would be more.
    pub(in crate::upstream::native) fn pull(&self, cx: &mut Context<'_>) -> bool {
        let state = &mut *self.state.borrow_mut();
        while state.outbound.len() < BUDGET {
            let Some(up) = &mut state.streams.up else {
                return false;
            };
            let event = match up.poll_chunk(cx) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok(chunk))) => Event::Body(chunk),
                Poll::Ready(None) => Event::End(up.take_trailers()),
                Poll::Ready(Some(Err(_))) => {
                    state.cut(CUT);
                    return false;
                }
            };
            up.note_progress(clock::now());
            if matches!(event, Event::End(_)) {
                state.streams.up = None;
            }
            let before = state.outbound.len();
            if let Err(error) = state.framing.write(&event, &mut state.outbound) {
                state.cut(&error.to_string());
                return false;
            }
            let written = state.outbound.len() - before;
            if let Some(flushed) = &mut state.flushed {
                flushed.queue(written, None);
            }
        }
        true
    }

    /// The server ended its direction: takes what that completes.
    pub(in crate::upstream::native) fn finish(
        &self,
        metrics: &UpstreamMetrics,
    ) -> Result<(), Broken> {
        let state = &mut *self.state.borrow_mut();
        match state.framing.finish().map_err(Broken::Unreadable)? {
            Some(event) => state.deliver_event(event, metrics),
            None => Ok(()),
        }
    }
}

impl State {
    /// Writes a message, or the beginning of one whose payload comes as a stream.
    pub(super) fn write(&mut self, message: &mut Message) -> Result<(), EncodeError> {
        let Body::Stream(stream) = message.body() else {
            return self.write_head(message);
        };
        let stream = stream.clone();
        message.set_body(Body::Awaited);
        let written = self.write_head(message);
        message.set_body(Body::Stream(stream.clone()));
        if written.is_ok() {
            self.streams.up = Some(stream);
        }
        written
    }

    /// Ends a request of whose payload the rest cannot be sent: what is not whole must not look like it.
    /// No other request has this connection.
    fn cut(&mut self, detail: &str) {
        self.streams.up = None;
        if self.streams.answers() {
            // The answer came early, and is not cut short for that.
            self.streams.cut = true;
            self.closed.get_or_insert(Closed::Leaving("cut"));
            return;
        }
        self.close("cut");
        for mailbox in self.ledger.drain() {
            mailbox.fail(Fault::sent(FaultClass::BadRequest, detail.to_owned()));
        }
    }

    /// A request is answered. Where the rest of it ends, if there is one, the server may not know.
    pub(super) fn note_answered(&mut self) {
        if self.streams.up.take().is_some() {
            self.closed.get_or_insert(Closed::AtOnce("answered-early"));
        }
    }

    fn write_head(&mut self, message: &mut Message) -> Result<(), EncodeError> {
        let Self {
            framing, outbound, ..
        } = self;
        as_event(message, |event| framing.write(event, outbound))
    }

    /// A reply whose payload follows.
    pub(super) fn deliver_head(
        &mut self,
        mut message: Box<Message>,
        blames: bool,
    ) -> Result<(), Broken> {
        if self.ledger.is_empty() {
            return Err(Broken::Unasked("a reply that nobody asked for"));
        }
        message.set_body(Body::Empty);
        self.streams.begun = Some(Begun { message, blames });
        Ok(())
    }

    /// The bytes that are here are read: whoever waits for a reply whose payload is not whole gets
    /// what there is of it.
    pub(super) fn pass_on(&mut self, metrics: &UpstreamMetrics) {
        let Some(begun) = self.streams.begun.take() else {
            return;
        };
        let Begun {
            mut message,
            blames,
        } = begun;
        let (mut sender, rest) = Body::stream(ROOM);
        if let Body::Whole(first) = message.take_body() {
            // Nothing was sent yet, so that there is room.
            let _ = sender.send(first);
        }
        self.streams.down = Some(sender);
        let owner = self.ledger.front().and_then(|front| front.owner.cloned());
        let Some(mailbox) = owner else {
            metrics.dropped("late");
            return;
        };
        if blames {
            mailbox.blame();
        }
        message.set_body(rest);
        mailbox.put_head(message);
    }

    pub(super) fn deliver_chunk(
        &mut self,
        chunk: Bytes,
        metrics: &UpstreamMetrics,
    ) -> Result<(), Broken> {
        if let Some(Begun { message, .. }) = &mut self.streams.begun
            && matches!(message.body(), Body::Empty)
        {
            message.set_body(chunk.into());
            return Ok(());
        }
        self.pass_on(metrics);
        let Some(down) = &mut self.streams.down else {
            return Err(Broken::Unasked("a payload without its reply"));
        };
        // Nobody may want it any more; then the connection ends soon.
        let _ = down.send(chunk);
        Ok(())
    }

    pub(super) fn deliver_end(
        &mut self,
        trailers: Value,
        metrics: &UpstreamMetrics,
    ) -> Result<(), Broken> {
        let whole = match trailers {
            Value::Null => self.streams.begun.take(),
            _ => None,
        };
        if whole.is_none() {
            self.pass_on(metrics);
            let Some(down) = self.streams.down.take() else {
                return Err(Broken::Unasked("the end of a payload without its reply"));
            };
            down.end(trailers);
        }
        match (
            self.ledger.received(&Correlation::None, clock::turn()),
            whole,
        ) {
            (Answers::Request(mailbox), Some(begun)) => {
                if begun.blames {
                    mailbox.blame();
                }
                mailbox.put_message(begun.message);
            }
            (Answers::Request(mailbox), None) => mailbox.complete(),
            (Answers::Late | Answers::Part | Answers::Unknown, _) => metrics.dropped("late"),
        }
        self.note_answered();
        Ok(())
    }
}
