//! What a client sends: frames, requests, and what is neither.

use super::payload::Incoming;
use super::{Connection, Ended, Work};
use crate::dispatch::{Arrival, Begun, Dispatch, InFlight, Reply, Sender};
use crate::listen::ClientStream;
use bytes::BytesMut;
use gatewright_core::codec::{Control, DecodeError, Event, Needs, Recovery, Rejected, Retry};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, Message};
use gatewright_core::translate::Facts;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, ReadBuf};

impl Connection {
    /// Whether another request may be read: it has a place in every queue on its way.
    pub(super) fn has_credit(&self, work: &Work) -> bool {
        let limits = &self.listener.limits;
        if work.incoming.is_some() {
            return work.frames_left > 0;
        }
        work.frames_left > 0
            && self.tie.is_none()
            && self.session.wants_request()
            && work.outbound.len() < limits.send_buffer
            && work.exchanges.len() < limits.in_flight
    }

    /// Whether bytes may be read: for a request, or to hear that the client leaves while its last
    /// one blocks.
    fn may_read(&self, work: &Work) -> bool {
        let room = work.inbound.len() < self.listener.limits.frame;
        self.has_credit(work) || (self.awaits_own_reply() && room)
    }

    /// Whether the end of the connection would not be read.
    pub(super) fn is_deaf(&self, work: &Work) -> bool {
        self.seen_eof() || !self.may_read(work)
    }

    /// Reads until there is nothing or no more credit; says whether it is the latter.
    pub(super) fn read(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<bool, Ended> {
        self.read_frames(work, now, cx)?;
        while self.may_read(work) && !self.seen_eof() && !work.is_backed_up(cx) {
            let Some(io) = &mut self.io else { break };
            let read = {
                let mut scratch = self.listener.worker.scratch();
                let mut buffer = ReadBuf::new(&mut scratch);
                match Pin::new(io).poll_read(cx, &mut buffer) {
                    Poll::Pending => break,
                    Poll::Ready(result) => result?,
                }
                let filled = buffer.filled();
                if work.inbound.is_empty() {
                    // As large as needed, at once.
                    work.inbound = BytesMut::from(filled);
                } else {
                    work.inbound.extend_from_slice(filled);
                }
                filled.len()
            };
            if read == 0 {
                self.handle_eof(work, now)?;
            } else {
                self.session.handle_heard(now);
                self.read_frames(work, now, cx)?;
            }
        }
        if work.inbound.is_empty() {
            // Frames that were split off share its memory; an empty buffer is to hold none.
            work.inbound = BytesMut::new();
        }
        Ok(!self.has_credit(work))
    }

    fn handle_eof(&mut self, work: &mut Work, now: Instant) -> Result<(), Ended> {
        if self.awaits_own_reply() {
            // That may take for ever, and nobody waits for it any more.
            return Err(Ended("peer"));
        }
        let cut = !work.inbound.is_empty() || work.incoming.is_some();
        work.inbound.clear();
        work.partial_since = None;
        if let Some(incoming) = work.incoming.take() {
            self.end_by("cut-frame");
            self.cut_payload(work, &incoming, now);
        }
        let violation = self.io.as_ref().and_then(ClientStream::violation);
        let ending = self.end_by(match violation {
            Some(violation) => violation,
            None if cut => "cut-frame",
            None => "peer",
        });
        ending.seen_eof = true;
        self.session.handle_eof();
        Ok(())
    }

    pub(super) fn read_frames(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        if self.may_become_http2() && !self.look_at_opening(work, now, cx) {
            return Ok(());
        }
        while self.has_credit(work) && !work.is_backed_up(cx) {
            if self.pass_on(work, now, cx) {
                continue;
            }
            match self.framing.read(&mut work.inbound) {
                Ok(Some(event)) => {
                    work.frames_left -= 1;
                    let began = work.partial_since.take().unwrap_or(now);
                    self.handle_event(work, event, Arrival { began, now }, cx)?;
                    self.close_if_ended();
                }
                Ok(None) => return self.await_more(work, now, cx),
                Err(error) => {
                    work.frames_left -= 1;
                    work.partial_since = None;
                    self.handle_decode_error(work, &error, now);
                }
            }
        }
        Ok(())
    }

    /// A frame is not whole: it has its time to become so.
    fn await_more(&mut self, work: &mut Work, now: Instant, cx: &Context<'_>) -> Result<(), Ended> {
        let partial = !work.inbound.is_empty() || work.incoming.is_some();
        if partial && work.partial_since.is_none() {
            work.partial_since = Some(now);
            self.alarm.set(now + self.listener.limits.frame_time, cx);
        }
        Ok(())
    }

    /// Sends the requests at the start of the buffer on unread, where nobody has to read them.
    /// `false` if there is none of that kind: then the next frame has to be read.
    pub(super) fn pass_on(&mut self, work: &mut Work, now: Instant, cx: &Context<'_>) -> bool {
        let listener = Rc::clone(&self.listener);
        let Some(route) = listener.dispatch.passage() else {
            return false;
        };
        let most = self.session.credit().min(usize::from(work.frames_left));
        // What cannot be scanned is read, and refused there.
        let scanned = self.framing.scan(&work.inbound, most).unwrap_or_default();
        let frames = u16::try_from(scanned.frames).unwrap_or(u16::MAX);
        let Some(requests) = NonZeroU32::new(u32::from(frames)) else {
            return false;
        };
        work.frames_left = work.frames_left.saturating_sub(frames);
        listener.metrics.requests(requests.get());
        let began = work.partial_since.take().unwrap_or(now);
        let deadline = began + Dispatch::time_for(Some(route));
        let frames = work.inbound.split_to(scanned.bytes).freeze();
        let key = self.session.handle_batch(requests, deadline, now);
        let from = Sender {
            client: self.peer.connection,
            lanes: Some(&mut work.lanes),
            needs: Needs::Nothing,
            retry: Retry::IfUnsent,
        };
        let at = Arrival { began, now };
        match listener
            .dispatch
            .begin_batch(key, &frames, requests, at, from)
        {
            Ok(batch) => {
                self.alarm.set(deadline, cx);
                work.exchanges.insert(InFlight::Batch(batch));
            }
            Err(fault) => self.refuse_batch(key, requests.get(), &fault, now),
        }
        true
    }

    pub(super) fn handle_event(
        &mut self,
        work: &mut Work,
        event: Event,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        match event {
            Event::Head(message) if matches!(message.body(), Body::Awaited) => {
                self.handle_beginning(work, message, at, cx)
            }
            Event::Head(message) => self.handle_message(work, message, at, cx),
            Event::Control(Control::Heartbeat(answer)) => {
                self.session.handle_heartbeat(at.now);
                if let Some(message) = answer.filter(|_| !self.session.takes_echo()) {
                    self.session
                        .handle_local_answer(Reply::to_unread(*message).into(), at.now);
                }
                Ok(())
            }
            Event::Control(Control::GoAway) => {
                self.session.handle_close();
                Ok(())
            }
            Event::Control(Control::Continue) => Ok(()),
            Event::Body(chunk) => self.handle_payload(work, chunk, at),
            Event::End(trailers) => self.handle_end(work, trailers, at, cx),
            Event::Reset(_) => Err(Ended("cut-body")),
        }
    }

    pub(super) fn handle_message(
        &mut self,
        work: &mut Work,
        request: Message,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        let listener = Rc::clone(&self.listener);
        let dispatch = &listener.dispatch;
        let facts = self.facts(&request);
        let route = dispatch.route(&request, &facts);
        if !self.session.admits(dispatch.operation(&request)) && dispatch.awaits_opening(route) {
            return self.refuse_unopened(work, request, at);
        }
        let needs = dispatch.needs(&request, route);
        let request = match needs {
            Needs::Nothing => request,
            Needs::Exclusive | Needs::Bound | Needs::Replay => {
                match self.tied(work, request, route, needs, at) {
                    Some(request) => request,
                    None => return Ok(()),
                }
            }
        };
        self.listener.metrics.requests(1);
        let deadline = at.began + dispatch.time_for_message(route, &request);
        let key = match self.session.handle_request(&request, deadline, at.now) {
            Ok(key) => key,
            Err(violation) => {
                tracing::info!(peer = %self.peer.address, listener = %self.listener.name, violation = violation.as_str(), "closed");
                return Err(Ended(violation.as_str()));
            }
        };
        if let Some(incoming) = &mut work.incoming {
            incoming.note_exchange(key);
        }
        let from = Sender {
            client: self.peer.connection,
            lanes: Some(&mut work.lanes),
            needs,
            retry: Retry::IfUnsent,
        };
        match dispatch.begin(key, request, route, facts, at, from) {
            Begun::Exchange(exchange) => {
                self.alarm.set(deadline, cx);
                work.exchanges.insert(exchange);
            }
            Begun::Answered(reply) => self.settle_at_once(work, key, reply, at.now),
        }
        Ok(())
    }

    /// Nothing passes before the client has opened its session: the protocol says no for us, or the
    /// connection ends. A message that has no answer is dropped.
    fn refuse_unopened(
        &mut self,
        work: &mut Work,
        request: Message,
        at: Arrival,
    ) -> Result<(), Ended> {
        self.listener.metrics.unopened();
        let opened = self.session.handle_request(&request, at.now, at.now);
        let key = opened.map_err(|violation| Ended(violation.as_str()))?;
        let fault = Fault::unsent(
            FaultClass::BadRequest,
            "the client has not opened its session",
        );
        let refusal = self.listener.dispatch.refuse(request, &fault);
        self.settle_at_once(work, key, refusal, at.now);
        Ok(())
    }

    /// What is known of a request beside its fields.
    pub(super) fn facts(&self, request: &Message) -> Facts {
        let shown = self.io.as_ref().and_then(ClientStream::shown);
        let carriage = self.listener.carriage(self.peer.address, shown, request);
        Facts {
            peer: Arc::clone(&self.peer),
            client: self.listener.client(self.peer.address, carriage, request),
            trace: self.listener.worker.trace_id(),
            carriage,
        }
    }

    /// Answers or drops a frame that could not be understood, as its protocol prescribes. What
    /// came before it in the same read is still served.
    pub(super) fn handle_decode_error(
        &mut self,
        work: &mut Work,
        error: &DecodeError,
        now: Instant,
    ) {
        self.listener.metrics.decode_error(error);
        let cause = error.cause().as_str();
        tracing::debug!(peer = %self.peer.address, listener = %self.listener.name, cause, %error, "bad frame");
        let answer = match error.recovery() {
            Recovery::Skip | Recovery::Close => None,
            Recovery::Answer | Recovery::AnswerAndClose => self.refusal(error),
        };
        let goes_on = match error.recovery() {
            Recovery::Skip => true,
            Recovery::Answer => answer.is_some(),
            Recovery::AnswerAndClose | Recovery::Close => false,
        };
        match (work.incoming.take(), answer) {
            (Some(incoming @ (Incoming::Passing(_) | Incoming::Unwanted(_))), answer) => {
                self.refuse_payload(work, &incoming, answer, now);
            }
            (Some(Incoming::Collecting(_)) | None, Some(answer)) => {
                self.session.handle_local_answer(answer.into(), now);
            }
            (Some(Incoming::Collecting(_)) | None, None) => {}
        }
        if !goes_on {
            tracing::info!(peer = %self.peer.address, listener = %self.listener.name, cause, %error, "closing");
            self.stop_reading(work, cause);
        }
    }

    /// Takes nothing more of what the client sends: the connection ends once all is answered that
    /// it has asked for.
    pub(super) fn stop_reading(&mut self, work: &mut Work, reason: &'static str) {
        self.end_by(reason);
        work.incoming = None;
        work.inbound.clear();
        work.partial_since = None;
        self.session.handle_close();
    }

    pub(super) fn refusal(&self, error: &DecodeError) -> Option<Reply> {
        let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
        let rejected = Rejected {
            operation: error.operation(),
            correlation: error.correlation().clone(),
            message: None,
            error: Some(error),
        };
        self.listener.dispatch.refuse_unread(&rejected, &fault)
    }
}
