//! A request whose payload comes after it: read whole first, or passed on as it comes.

use super::{Connection, Ended, Work};
use crate::collected::Collected;
use crate::dispatch::{Arrival, InFlight, Reply, Share};
use crate::upstream::CUT;
use bytes::Bytes;
use gatewright_core::codec::{Cause, Control, DecodeError, Event, Recovery};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, BodySender, Message, Value};
use gatewright_core::session::ExchangeKey;
use std::task::Context;
use std::time::Instant;

/// Bytes of a payload that may wait for the upstream, beyond one chunk.
const BUDGET: usize = 64 << 10;

/// The request that is being read.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Its rules look at all of it.
    Collecting(Box<Collecting>),
    /// It is on its way already.
    Passing(Passing),
    /// Nobody wants the rest; so many bytes of it may still come.
    Unwanted(usize),
}

#[derive(Debug)]
pub(super) struct Collecting {
    request: Message,
    at: Arrival,
    body: Collected,
    share: Share,
}

#[derive(Debug)]
pub(super) struct Passing {
    to: BodySender,
    /// The exchange that it is the request of, once there is one.
    exchange: Option<ExchangeKey>,
}

impl Incoming {
    /// Notes the exchange that the request has become.
    pub(super) fn note_exchange(&mut self, key: Option<ExchangeKey>) {
        if let Self::Passing(passing) = self {
            passing.exchange = key;
        }
    }

    /// Whether no more of it is to be read for now. If so, the task is woken once it is.
    pub(super) fn is_choked(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Passing(passing) => passing.to.poll_ready(cx).is_pending(),
            Self::Collecting(_) | Self::Unwanted(_) => false,
        }
    }
}

impl Connection {
    /// A message begins whose payload follows.
    pub(super) fn handle_beginning(
        &mut self,
        work: &mut Work,
        mut request: Message,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        self.session.handle_heartbeat(at.now);
        if !self
            .listener
            .dispatch
            .passes_on(&request, &self.facts(&request))
        {
            work.incoming = Some(Incoming::Collecting(Box::new(Collecting {
                request,
                at,
                body: Collected::default(),
                share: self.listener.worker.room().share(),
            })));
            work.partial_since = Some(at.began);
            (self.alarm).set(at.began + self.listener.limits.frame_time, cx);
            return Ok(());
        }
        let (to, body) = Body::stream(BUDGET);
        request.set_body(body);
        work.incoming = Some(Incoming::Passing(Passing { to, exchange: None }));
        self.handle_message(work, request, at, cx)
    }

    /// More of that payload.
    pub(super) fn handle_payload(
        &mut self,
        work: &mut Work,
        chunk: Bytes,
        at: Arrival,
    ) -> Result<(), Ended> {
        let most = self.listener.limits.body;
        match work.incoming.as_mut() {
            Some(Incoming::Collecting(collecting)) => {
                // Its time counts from its first byte.
                work.partial_since = Some(collecting.at.began);
                if collecting.body.len().saturating_add(chunk.len()) > most {
                    let error = too_long(most, &collecting.request);
                    self.announce_end(work);
                    self.handle_decode_error(work, &error, at.now);
                } else if collecting.share.grow(chunk.len()) {
                    collecting.body.push(chunk);
                } else {
                    self.refuse_collecting(work, at.now);
                }
                Ok(())
            }
            Some(incoming @ Incoming::Passing(_)) => {
                if let Incoming::Passing(passing) = incoming
                    && passing.to.send(chunk).is_err()
                {
                    *incoming = Incoming::Unwanted(most);
                }
                Ok(())
            }
            Some(Incoming::Unwanted(left)) => match left.checked_sub(chunk.len()) {
                Some(less) => {
                    *left = less;
                    Ok(())
                }
                None => {
                    // Its answer may still be on its way: that is not cut off with a reset.
                    self.announce_end(work);
                    self.stop_reading(work, "unwanted-payload");
                    Ok(())
                }
            },
            None => Err(Ended("payload-without-message")),
        }
    }

    /// The payload is complete.
    pub(super) fn handle_end(
        &mut self,
        work: &mut Work,
        trailers: Value,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        let Some(incoming) = work.incoming.take() else {
            return Err(Ended("payload-without-message"));
        };
        match incoming {
            Incoming::Collecting(collecting) => {
                let Collecting {
                    mut request,
                    at: Arrival { began, .. },
                    body,
                    share,
                } = *collecting;
                // The whole request takes its own.
                drop(share);
                request.set_body(body.finish().into());
                work.partial_since = None;
                self.handle_message(work, request, Arrival { began, ..at }, cx)
            }
            Incoming::Passing(passing) => {
                passing.to.end(trailers);
                Ok(())
            }
            Incoming::Unwanted(_) => Ok(()),
        }
    }

    /// Answers a request for whose payload there is no room. Nobody reads the rest of it, so the
    /// connection ends with the answer.
    fn refuse_collecting(&mut self, work: &mut Work, now: Instant) {
        self.announce_end(work);
        if let Some(Incoming::Collecting(collecting)) = work.incoming.take() {
            let Collecting { request, at, .. } = *collecting;
            let (dispatch, facts) = (&self.listener.dispatch, self.facts(&request));
            self.listener.metrics.requests(1);
            let took = now.saturating_duration_since(at.began);
            let fault = dispatch.no_room(&request, &facts, took);
            if let Some(answer) = dispatch.refuse(request, &fault) {
                self.session.handle_local_answer(answer.into(), now);
            }
        }
        self.stop_reading(work, "overload");
    }

    /// Answers a request whose payload turns out to be none: what was sent of it is cut short
    /// upstream, so that nobody takes it for all of it.
    pub(super) fn refuse_payload(
        &mut self,
        work: &mut Work,
        incoming: &Incoming,
        refusal: Option<Reply>,
        now: Instant,
    ) {
        if let Some(key) = self.end_passing(work, incoming, "the rest of it is malformed", now) {
            // It is answered as all that is malformed is.
            self.announce_end(work);
            self.settle(Some(key), refusal.map(Into::into), now);
        }
    }

    /// Ends a request of whose payload the client sends no more, without an answer: there is nobody who
    /// has asked all of it.
    pub(super) fn cut_payload(&mut self, work: &mut Work, incoming: &Incoming, now: Instant) {
        let key = self.end_passing(work, incoming, CUT, now);
        self.settle(key, None, now);
    }

    /// Takes out the exchange of a payload that is handed on as it comes, and counts it. There is none
    /// where nobody wants the payload, or where it was answered early.
    fn end_passing(
        &self,
        work: &mut Work,
        incoming: &Incoming,
        detail: &'static str,
        now: Instant,
    ) -> Option<ExchangeKey> {
        let Incoming::Passing(Passing { exchange, .. }) = incoming else {
            return None;
        };
        let key = (*exchange)?;
        match work.exchanges.take(|e| e.key() == Some(key))? {
            InFlight::Exchange(exchange) => {
                let fault = Fault::sent(FaultClass::BadRequest, detail);
                self.listener.dispatch.finish(exchange, Err(fault), now);
                Some(key)
            }
            InFlight::Batch(_) => None,
        }
    }

    /// Tells a client that waits for that to send its payload. What it was told before comes first.
    pub(super) fn invite_payload(&mut self, work: &mut Work) {
        let quiet = match &work.incoming {
            Some(Incoming::Collecting(_)) => self.session.is_quiet(),
            // Its own exchange is the one that is in flight.
            Some(Incoming::Passing(_)) => self.session.in_flight() <= 1,
            Some(Incoming::Unwanted(_)) | None => false,
        };
        if quiet && work.streaming.is_none() {
            let invitation = Event::Control(Control::Continue);
            // Nothing in it could fail to fit the wire, and a client that hears nothing sends its
            // payload all the same (RFC 9110, 10.1.1).
            let _ = self.framing.write(&invitation, &mut work.outbound);
        }
    }

    /// Has the reply that is written next say that it is the last one, where the protocol has a way
    /// to. Not where others are due before the last one.
    pub(super) fn announce_end(&mut self, work: &mut Work) {
        if self.session.in_flight() <= 1 {
            // Other protocols have nothing to say.
            let _ = (self.framing).write(&Event::Control(Control::GoAway), &mut work.outbound);
        }
    }

    /// Takes no more requests once the client, or we, said that the last one was the last.
    pub(super) fn close_if_ended(&mut self) {
        if self.tie.is_none() && self.framing.has_ended() && !self.session.is_closing() {
            self.end_by("last-message");
            self.session.handle_close();
        }
    }
}

/// A payload above the limit. Nobody reads the rest of it, so the connection ends with the answer.
pub(in crate::serve) fn too_long(most: usize, message: &Message) -> DecodeError {
    let expected = format!("a body of at most {most} bytes");
    DecodeError::new(Cause::LongBody, 0, expected, "a longer one")
        .answering(Some(message.operation()), message.correlation().clone())
        .with_recovery(Recovery::AnswerAndClose)
}
