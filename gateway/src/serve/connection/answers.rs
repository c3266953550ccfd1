//! What a client gets: replies as they may leave, in one write a turn.

use super::streamed::{Streaming, Wrote};
use super::{Connection, Ended, Work};
use crate::dispatch::{
    Answer, Batch, Content, Exchange, InFlight, Kept, Reply, Untaken, unsaid, unwritable,
};
use crate::upstream::Part;
use bytes::{Buf, BytesMut};
use gatewright_core::codec::{EncodeError, Event};
use gatewright_core::fault::Fault;
use gatewright_core::session::ExchangeKey;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::AsyncWrite;

/// A reply that is due.
#[derive(Debug)]
pub(crate) struct InLine {
    reply: Reply,
    /// What it takes of the worker's room, if it has to wait.
    _kept: Option<Kept>,
}

impl From<Reply> for InLine {
    fn from(reply: Reply) -> Self {
        Self { reply, _kept: None }
    }
}

/// What one look at a request on its way found.
enum Outcome {
    Answer(Result<Answer, Fault>),
    Part(Part),
}

impl Connection {
    pub(super) fn collect_answers(&mut self, work: &mut Work, now: Instant, cx: &Context<'_>) {
        if work.exchanges.is_empty() {
            return;
        }
        let mut parts = Vec::new();
        let mut streams = work.streaming.is_some();
        let untaken = &mut work.untaken;
        work.exchanges.poll_ready(
            cx,
            |in_flight, cx| match in_flight {
                InFlight::Exchange(exchange) => match exchange.poll(now, cx) {
                    Poll::Ready(result) => Some(Outcome::Answer(result)),
                    Poll::Pending => None,
                },
                InFlight::Batch(batch) => match batch.poll(cx) {
                    Poll::Ready(part) if part.end.is_some() => Some(Outcome::Part(part)),
                    Poll::Ready(part) => {
                        parts.push((batch.key, part));
                        None
                    }
                    Poll::Pending => None,
                },
            },
            |in_flight, outcome| match (in_flight, outcome) {
                (InFlight::Exchange(exchange), Outcome::Answer(result)) => {
                    streams |= self.answer(exchange, result, streams, untaken, now);
                }
                (InFlight::Batch(batch), Outcome::Part(part)) => {
                    self.finish_batch(&batch, part, streams, untaken, now);
                }
                // Each is polled as what it is.
                (InFlight::Exchange(_), Outcome::Part(_))
                | (InFlight::Batch(_), Outcome::Answer(_)) => {}
            },
        );
        for (key, part) in parts {
            self.pass_frames(key, part.frames, streams, untaken, now);
        }
    }

    /// Gives an exchange the reply that becomes of what came. One that has to wait, for others or for one that
    /// `streams`, takes room. Says whether this one does.
    fn answer(
        &mut self,
        exchange: Box<Exchange>,
        result: Result<Answer, Fault>,
        streams: bool,
        untaken: &mut Option<Kept>,
        now: Instant,
    ) -> bool {
        let key = exchange.key;
        let waits = || key.is_some_and(|key| streams || !self.session.is_next(key));
        let (result, kept) = match result {
            Ok(answer) if waits() => match self.keep(untaken, exchange.weight_of(&answer), now) {
                Some(kept) => (Ok(answer), Some(kept)),
                // That takes none itself: it is small, its request has its own, and of both there are no more than
                // may be in flight.
                None => (Err(unsaid()), None),
            },
            result => (result, None),
        };
        self.finish(exchange, result, kept, now)
    }

    /// Room for a reply that has to wait, if there is any.
    fn keep(&self, untaken: &mut Option<Kept>, bytes: usize, now: Instant) -> Option<Kept> {
        let holder = || Untaken::holder(self.listener.worker.untaken());
        untaken.get_or_insert_with(holder).beside(bytes, now)
    }

    /// Ends an exchange: gives it its reply, which has the room that it needs. Says whether its payload comes as it does.
    pub(super) fn finish(
        &mut self,
        exchange: Box<Exchange>,
        result: Result<Answer, Fault>,
        kept: Option<Kept>,
        now: Instant,
    ) -> bool {
        let key = exchange.key;
        let reply = self.listener.dispatch.finish(exchange, result, now);
        if reply
            .as_ref()
            .is_some_and(|reply| self.listener.dispatch.has_opened(reply))
        {
            self.session.handle_opened();
        }
        let reply = reply.and_then(|reply| match kept {
            Some(kept) => self.in_room(reply, kept, now),
            None => Some(reply.into()),
        });
        let begins = reply.as_ref().is_some_and(|due| due.reply.streams());
        self.settle(key, reply, now);
        begins
    }

    /// A reply that has to wait, which may have become more than what it was made of. Without room for it,
    /// there is what is said instead.
    fn in_room(&self, reply: Reply, mut kept: Kept, now: Instant) -> Option<InLine> {
        if kept.hold(reply.weight(), now) {
            let _kept = Some(kept);
            return Some(InLine { reply, _kept });
        }
        let fault = unsaid();
        let instead = self.listener.dispatch.instead_of(&reply, &fault).next()?;
        Some(Reply::Unread(Box::new(instead)).into())
    }

    /// Ends a batch: the replies that came, and a refusal for each that did not.
    pub(super) fn finish_batch(
        &mut self,
        batch: &Batch,
        part: Part,
        streams: bool,
        untaken: &mut Option<Kept>,
        now: Instant,
    ) {
        if !part.frames.is_empty() {
            self.pass_frames(batch.key, part.frames, streams, untaken, now);
        }
        let end = part.end.unwrap_or(Ok(()));
        self.listener.dispatch.count_batch(batch, &end, now);
        match end {
            Ok(()) => {
                self.session.handle_reply(batch.key, None, now);
            }
            Err(fault) => self.refuse_batch(batch.key, batch.due, &fault, now),
        }
    }

    /// Puts frames of replies in line. Those that have to wait take room, as in [`answer`](Self::answer); without any
    /// the connection ends in their place.
    fn pass_frames(
        &mut self,
        key: ExchangeKey,
        frames: BytesMut,
        streams: bool,
        untaken: &mut Option<Kept>,
        now: Instant,
    ) {
        let waits = streams || !self.session.is_next(key);
        let kept = match waits {
            true => self.keep(untaken, frames.len(), now),
            false => None,
        };
        if waits && kept.is_none() {
            self.end_by("overload");
            return self.session.handle_gap(key);
        }
        let reply = Reply::Frames(frames);
        (self.session).handle_part(key, InLine { reply, _kept: kept }, now);
    }

    pub(super) fn refuse_batch(
        &mut self,
        key: ExchangeKey,
        requests: u32,
        fault: &Fault,
        now: Instant,
    ) {
        for _ in 0..requests {
            let Some(refusal) = self.listener.dispatch.refuse_passed(fault) else {
                self.end_by("unanswerable");
                return self.session.handle_gap(key);
            };
            self.session.handle_part(key, refusal.into(), now);
        }
        self.session.handle_reply(key, None, now);
    }

    /// Gives an exchange its reply. Where the protocol has none to give, the connection closes after what is due
    /// before it: a client must not wait for ever.
    pub(super) fn settle(&mut self, key: Option<ExchangeKey>, reply: Option<InLine>, now: Instant) {
        match (key, reply) {
            (Some(key), None) => {
                self.end_by("unanswerable");
                self.session.handle_gap(key);
            }
            (Some(key), reply) => {
                self.session.handle_reply(key, reply, now);
            }
            (None, _) => {}
        }
    }

    /// The same for a request that was refused at once. An answer that has to wait takes room for itself and for the
    /// request; without any the connection ends in its place.
    pub(super) fn settle_at_once(
        &mut self,
        work: &mut Work,
        key: Option<ExchangeKey>,
        reply: Option<Reply>,
        now: Instant,
    ) {
        let (Some(key), Some(reply)) = (key, reply) else {
            return self.settle(key, None, now);
        };
        let waits = work.streaming.is_some() || !self.session.is_next(key);
        let kept = match waits {
            true => self.keep(&mut work.untaken, reply.weight_at_once(), now),
            false => None,
        };
        if waits && kept.is_none() {
            self.end_by("overload");
            return self.session.handle_gap(key);
        }
        self.settle(Some(key), Some(InLine { reply, _kept: kept }), now);
    }

    /// Puts the replies that may leave into the buffer. Tells whether more would have been put there,
    /// had there been room.
    pub(super) fn write_replies(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<bool, Ended> {
        loop {
            match self.write_payload(work, now, cx)? {
                Wrote::All => {}
                Wrote::Enough => return Ok(true),
                Wrote::Some => return Ok(false),
            }
            let Some(InLine { reply, .. }) = self.session.poll_transmit() else {
                self.invite_payload(work);
                self.close_if_ended();
                return Ok(false);
            };
            self.write_reply(work, reply, now);
        }
    }

    fn write_reply(&mut self, work: &mut Work, mut reply: Reply, now: Instant) {
        let rest = reply.take_stream();
        let written = match reply.content() {
            Some(Content::Event(event)) => self.write_event(work, event, now),
            Some(Content::Frames(frames)) => {
                work.outbound.extend_from_slice(frames);
                Ok(())
            }
            None => Ok(()),
        };
        let Err(error) = written else {
            work.streaming = rest.map(|body| Box::new(Streaming::new(body, reply, now)));
            return;
        };
        tracing::warn!(listener = %self.listener.name, %error, "a reply cannot be written");
        let fault = unwritable();
        let refused = (self.listener.dispatch.instead_of(&reply, &fault)).any(|event| {
            let dated = self.listener.dated(&event, now);
            let event = dated.as_ref().unwrap_or(&event);
            self.framing.write(event, &mut work.outbound).is_ok()
        });
        if !refused {
            self.end_by("unanswerable");
            self.session.handle_unwritten();
        }
    }

    fn write_event(
        &mut self,
        work: &mut Work,
        event: &Event,
        now: Instant,
    ) -> Result<(), EncodeError> {
        let dated = self.listener.dated(event, now);
        let event = dated.as_ref().unwrap_or(event);
        self.framing.write(event, &mut work.outbound)
    }

    pub(super) fn flush(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        while let Some(io) = &mut self.io
            && !work.outbound.is_empty()
        {
            match Pin::new(io).poll_write(cx, &work.outbound) {
                Poll::Ready(Ok(0)) => return Err(Ended("reset")),
                Poll::Ready(Ok(written)) => {
                    match written == work.outbound.len() {
                        true => work.outbound.clear(),
                        false => work.outbound.advance(written),
                    }
                    work.stalled_since = None;
                    if let Some(untaken) = &work.untaken {
                        untaken.note_taken(written, now);
                    }
                    self.session.handle_written(now);
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => {
                    self.note_stall(work, now, cx);
                    return Ok(());
                }
            }
        }
        if let Some(io) = (self.io.as_mut()).filter(|io| io.holds_back()) {
            match Pin::new(io).poll_flush(cx) {
                Poll::Ready(flushed) => {
                    flushed?;
                    work.stalled_since = None;
                }
                Poll::Pending => self.note_stall(work, now, cx),
            }
        }
        work.keep_little();
        Ok(())
    }

    fn note_stall(&mut self, work: &mut Work, now: Instant, cx: &Context<'_>) {
        if work.stalled_since.is_none() {
            work.stalled_since = Some(now);
            self.alarm.set(now + self.listener.limits.send_time, cx);
        }
    }

    /// What is in flight is answered whether this client takes its replies or not, as a connection that clients
    /// share upstream is read on: one that leaves too many of them lying is disconnected. So is one whose room others
    /// need and who holds it for too long, be it for replies that wait for another one.
    pub(super) fn evict_if_slow(
        &self,
        work: &mut Work,
        now: Instant,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        let (waiting, is_slow) = (work.outbound.len(), work.is_stalled());
        let limits = &self.listener.limits;
        let beyond = waiting.saturating_sub(limits.send_buffer);
        let has_room = match &mut work.untaken {
            None if beyond == 0 => true,
            untaken => {
                let holder = || Untaken::holder(self.listener.worker.untaken());
                let untaken = untaken.get_or_insert_with(holder);
                let has_room = untaken.hold(beyond, now);
                untaken.line_up(limits.send_time, now, cx);
                has_room
            }
        };
        if !has_room && !is_slow {
            tracing::info!(peer = %self.peer.address, listener = %self.listener.name, "answers that wait for another one for long give way");
            return Err(Ended("overload"));
        }
        let most = self.listener.reply_room;
        if !has_room || most.is_some_and(|most| waiting > most) {
            tracing::info!(peer = %self.peer.address, listener = %self.listener.name, "a client takes its replies too slowly");
            return Err(Ended("slow-reader"));
        }
        Ok(())
    }
}
