//! The task of one client connection.

use super::parting::Parting;
use crate::clock;
use crate::dispatch::{Arrival, Begun, Dispatch, Exchange, Exchanges, Reply};
use crate::framing::Framing;
use crate::lifecycle::{Alarm, Worker};
use crate::listen::{Listener, Permit};
use bytes::{Buf, BytesMut};
use gatewright_core::codec::{Control, DecodeError, Event, Recovery, Rejected, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::session::{ExchangeKey, Session, SessionLimits};
use gatewright_core::translate::{Facts, HttpAnswer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// One client's connection. It has no buffer, timer or exchange of its own while it is idle.
pub(crate) struct Connection {
    io: TcpStream,
    worker: Rc<Worker>,
    listener: Rc<Listener>,
    _permit: Permit,
    peer: SocketAddr,
    id: u64,
    framing: Framing,
    session: Session<Reply>,
    inbound: BytesMut,
    outbound: BytesMut,
    exchanges: Option<Box<Exchanges>>,
    alarm: Alarm,
    /// Since when a frame is incomplete.
    partial_since: Option<Instant>,
    /// Since when the client takes none of the bytes that wait for it.
    stalled_since: Option<Instant>,
    /// Why the connection ends, once that is known.
    reason: Option<&'static str>,
    parting: Option<Box<Parting>>,
    seen_eof: bool,
    seen_drain: bool,
    /// Replies are held back for this turn.
    gathering: bool,
    /// Frames that may still be taken in this turn.
    frames_left: u16,
}

/// Frames that one turn takes; then the other connections have theirs. Bounds the replies to
/// frames that are answered at once, too: none of those is written before the frames are taken.
const FRAMES_A_TURN: u16 = 256;

/// A client that sends no more, or is not read, may leave unheard: how often it is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// The connection is over at once; what is in flight is cancelled.
struct Ended(&'static str);

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self("reset")
    }
}

impl Connection {
    pub(crate) fn new(
        io: TcpStream,
        peer: SocketAddr,
        id: u64,
        worker: &Rc<Worker>,
        listener: &Rc<Listener>,
        permit: Permit,
    ) -> Self {
        let limits = &listener.limits;
        let capabilities = &listener.protocol.descriptor().capabilities;
        let session_limits = SessionLimits {
            in_flight: limits.in_flight,
            idle: limits.idle,
        };
        listener.metrics.opened();
        Self {
            io,
            worker: Rc::clone(worker),
            listener: Rc::clone(listener),
            _permit: permit,
            peer,
            id,
            framing: Framing::new(Arc::clone(&listener.protocol), Side::Server, limits.frame),
            session: Session::new(session_limits, capabilities, clock::now()),
            inbound: BytesMut::new(),
            outbound: BytesMut::new(),
            exchanges: None,
            alarm: Alarm::new(Rc::clone(worker.timers())),
            partial_since: None,
            stalled_since: None,
            reason: None,
            parting: None,
            seen_eof: false,
            seen_drain: false,
            gathering: false,
            frames_left: 0,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let now = clock::now();
        self.frames_left = FRAMES_A_TURN;
        let drain_begins = !self.seen_drain && self.worker.is_draining();
        self.seen_drain |= drain_begins;
        let timer_due = self.alarm.is_due(now) || drain_begins;
        if timer_due {
            self.handle_timeouts(now)?;
        }
        if self.parting.is_none() {
            self.exchange_bytes(now, cx)?;
        }
        if timer_due || self.parting.is_some() {
            self.set_alarm(now, cx);
        }
        self.part(now, cx)
    }

    /// Reads, forwards, answers and writes for as long as one makes room for the other.
    fn exchange_bytes(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), Ended> {
        loop {
            self.collect_answers(now, cx);
            let starved = self.read(now, cx)?;
            // New exchanges send their requests with their first poll.
            self.collect_answers(now, cx);
            let replies = self.write_replies();
            if !self.gathers(replies, cx) {
                self.flush(now, cx)?;
            }
            // Credit may come back with a write. A socket that was left for lack of it wakes
            // nobody before it is read again.
            let may_go_on = starved || self.framing.may_have_frame(&self.inbound);
            if !self.has_credit() || !may_go_on {
                break;
            }
        }
        if self.frames_left == 0 {
            cx.waker().wake_by_ref();
        } else if self.is_deaf() {
            self.alarm.set(now + LOOK_AFTER, cx);
        }
        if self.session.is_quiet() {
            let spares = &self.listener.dispatch.spares;
            spares.take_back(&mut self.session);
            // The alarm may be set for an exchange that has ended: later than the idle limit or
            // the drain, which count from now on.
            if let Some(at) = self.session.poll_timeout() {
                self.alarm.set(at, cx);
            }
        }
        Ok(())
    }

    // ---- bytes in

    /// Whether another request may be read: it has a place in every queue on its way.
    fn has_credit(&self) -> bool {
        let limits = &self.listener.limits;
        self.frames_left > 0
            && self.session.wants_request()
            && self.outbound.len() < limits.send_buffer
            && self
                .exchanges
                .as_ref()
                .is_none_or(|exchanges| exchanges.len() < limits.in_flight)
    }

    /// Whether the end of the connection would not be read.
    fn is_deaf(&self) -> bool {
        self.seen_eof || !self.has_credit()
    }

    /// Reads until there is nothing or no more credit; says whether it is the latter.
    fn read(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<bool, Ended> {
        self.read_frames(now, cx)?;
        while self.has_credit() && !self.seen_eof {
            let read = {
                let mut scratch = self.worker.scratch();
                let mut buffer = ReadBuf::new(&mut scratch);
                match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                    Poll::Pending => break,
                    Poll::Ready(result) => result?,
                }
                self.inbound.extend_from_slice(buffer.filled());
                buffer.filled().len()
            };
            if read == 0 {
                self.handle_eof();
            } else {
                self.read_frames(now, cx)?;
            }
        }
        if self.inbound.is_empty() {
            // Frames that were split off share its memory; an empty buffer is to hold none.
            self.inbound = BytesMut::new();
        }
        Ok(!self.has_credit())
    }

    fn handle_eof(&mut self) {
        self.seen_eof = true;
        let cut = !self.inbound.is_empty();
        self.inbound.clear();
        self.reason
            .get_or_insert(if cut { "cut-frame" } else { "peer" });
        self.session.handle_eof();
    }

    fn read_frames(&mut self, now: Instant, cx: &Context<'_>) -> Result<(), Ended> {
        while self.has_credit() {
            match self.framing.read(&mut self.inbound) {
                Ok(Some(event)) => {
                    self.frames_left -= 1;
                    let began = self.partial_since.take().unwrap_or(now);
                    self.handle_event(event, Arrival { began, now }, cx)?;
                }
                Ok(None) => {
                    if !self.inbound.is_empty() && self.partial_since.is_none() {
                        self.partial_since = Some(now);
                        self.alarm.set(now + self.listener.limits.frame_time, cx);
                    }
                    return Ok(());
                }
                Err(error) => {
                    self.frames_left -= 1;
                    self.partial_since = None;
                    self.handle_decode_error(&error, now);
                }
            }
        }
        Ok(())
    }

    fn handle_event(&mut self, event: Event, at: Arrival, cx: &Context<'_>) -> Result<(), Ended> {
        match event {
            Event::Head(message) => self.handle_message(message, at, cx),
            Event::Control(Control::Heartbeat(answer)) => {
                self.session.handle_heartbeat(at.now);
                if let Some(message) = answer {
                    self.session
                        .handle_local_answer(Reply::to_unread(message), at.now);
                }
                Ok(())
            }
            Event::Control(Control::GoAway) => {
                self.session.handle_close();
                Ok(())
            }
            // Bodies of requests are whole: a codec that streams them has no listener yet.
            Event::Body(_) | Event::End | Event::Reset(_) => Err(Ended("streamed-body")),
        }
    }

    fn handle_message(
        &mut self,
        request: Message,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        self.listener.metrics.request();
        let listener = Rc::clone(&self.listener);
        let dispatch = &listener.dispatch;
        let facts = self.facts();
        let route = dispatch.route(&request, &facts);
        let deadline = at.began + Dispatch::time_for(route);
        dispatch.spares.lend(&mut self.session);
        let key = match self.session.handle_request(&request, deadline, at.now) {
            Ok(key) => key,
            Err(violation) => {
                tracing::info!(peer = %self.peer, listener = %self.listener.name, violation = violation.as_str(), "closed");
                return Err(Ended(violation.as_str()));
            }
        };
        match dispatch.begin(key, request, route, facts, at) {
            Begun::Exchange(exchange) => {
                self.alarm.set(deadline, cx);
                let worker = &self.worker;
                self.exchanges
                    .get_or_insert_with(|| worker.take_exchanges())
                    .insert(exchange);
            }
            Begun::Answered(reply) => self.settle(key, reply, at.now),
        }
        Ok(())
    }

    fn facts(&self) -> Facts {
        Facts {
            peer: self.peer,
            connection: self.id,
            listener: Arc::clone(&self.listener.name),
            trace: self.worker.trace_id(),
        }
    }

    /// Answers or drops a frame that could not be understood, as its protocol prescribes. What
    /// came before it in the same read is still served.
    fn handle_decode_error(&mut self, error: &DecodeError, now: Instant) {
        self.listener.metrics.decode_error(error);
        let cause = error.cause().as_str();
        tracing::debug!(peer = %self.peer, listener = %self.listener.name, cause, %error, "bad frame");
        let answer = match error.recovery() {
            Recovery::Skip | Recovery::Close => None,
            Recovery::Answer | Recovery::AnswerAndClose => self.refusal(error),
        };
        let goes_on = match error.recovery() {
            Recovery::Skip => true,
            Recovery::Answer => answer.is_some(),
            Recovery::AnswerAndClose | Recovery::Close => false,
        };
        if let Some(answer) = answer {
            self.session.handle_local_answer(answer, now);
        }
        if !goes_on {
            tracing::info!(peer = %self.peer, listener = %self.listener.name, cause, %error, "closing");
            self.reason.get_or_insert(cause);
            self.inbound.clear();
            self.session.handle_close();
        }
    }

    fn refusal(&self, error: &DecodeError) -> Option<Reply> {
        let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
        let rejected = Rejected {
            operation: error.operation(),
            correlation: error.correlation().clone(),
            message: None,
        };
        self.listener.dispatch.refuse_unread(&rejected, &fault)
    }

    // ---- answers

    fn collect_answers(&mut self, now: Instant, cx: &Context<'_>) {
        let Some(mut exchanges) = self.exchanges.take() else {
            return;
        };
        exchanges.poll_ready(
            cx,
            |exchange, cx| match exchange.poll(cx) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            },
            |exchange, result| self.finish(exchange, &result, now),
        );
        if exchanges.is_empty() {
            self.worker.give_back_exchanges(exchanges);
        } else {
            self.exchanges = Some(exchanges);
        }
    }

    fn finish(
        &mut self,
        exchange: Box<Exchange>,
        result: &Result<HttpAnswer, Fault>,
        now: Instant,
    ) {
        let key = exchange.key;
        let reply = self.listener.dispatch.finish(exchange, result, now);
        self.settle(key, reply, now);
    }

    /// Gives an exchange its reply. Where the protocol has none to give, the connection closes
    /// after what is still due: a client must not wait for ever.
    fn settle(&mut self, key: Option<ExchangeKey>, reply: Option<Reply>, now: Instant) {
        let Some(key) = key else { return };
        if reply.is_none() {
            self.reason.get_or_insert("unanswerable");
            self.session.handle_close();
        }
        self.session.handle_reply(key, reply, now);
    }

    /// Puts the replies that may leave into the buffer, and tells how many.
    fn write_replies(&mut self) -> usize {
        let mut replies = 0;
        while let Some(reply) = self.session.poll_transmit() {
            replies += 1;
            let Err(error) = self.framing.write(&reply.event, &mut self.outbound) else {
                continue;
            };
            tracing::warn!(listener = %self.listener.name, %error, "a reply cannot be written");
            let mut instead = self.listener.dispatch.instead_of(&reply);
            let refused = instead.any(|e| self.framing.write(&e, &mut self.outbound).is_ok());
            if !refused {
                self.reason.get_or_insert("unanswerable");
                self.session.handle_close();
            }
        }
        replies
    }

    /// Whether replies wait for one more look at the sockets before they are written. Where
    /// several came together and others are due, more are likely to have come by then, and one
    /// write serves all of them: it costs more than everything else that is done for a reply.
    fn gathers(&mut self, replies: usize, cx: &mut Context<'_>) -> bool {
        let worthwhile = replies > 1 && self.session.in_flight() > 0;
        self.gathering = worthwhile && !self.gathering && self.stalled_since.is_none();
        if self.gathering {
            // Polled once, it wakes this task after the runtime has looked for events.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        self.gathering
    }

    fn flush(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), Ended> {
        while !self.outbound.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.outbound) {
                Poll::Ready(Ok(0)) => return Err(Ended("reset")),
                Poll::Ready(Ok(written)) => {
                    self.outbound.advance(written);
                    self.stalled_since = None;
                }
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => {
                    if self.stalled_since.is_none() {
                        self.stalled_since = Some(now);
                        self.alarm.set(now + self.listener.limits.send_time, cx);
                    }
                    return Ok(());
                }
            }
        }
        self.outbound = BytesMut::new();
        Ok(())
    }

    // ---- time

    fn handle_timeouts(&mut self, now: Instant) -> Result<(), Ended> {
        if let Some(at) = self.worker.drains_at(self.id) {
            self.session.handle_drain(at);
        }
        if self.is_deaf() && self.io.take_error()?.is_some() {
            return Err(Ended("reset"));
        }
        let limits = &self.listener.limits;
        if self
            .partial_since
            .is_some_and(|since| since + limits.frame_time <= now)
        {
            self.partial_since = None;
            self.reason.get_or_insert("frame-time");
            self.inbound.clear();
            self.session.handle_close();
        }
        if self
            .stalled_since
            .is_some_and(|since| since + limits.send_time <= now)
        {
            return Err(Ended("send-time"));
        }
        for key in self.session.handle_timeout(now) {
            self.expire(key, now);
        }
        if self.session.is_finished() {
            let drained = self.worker.drains_at(self.id).is_some_and(|at| at <= now);
            self.reason
                .get_or_insert(if drained { "drain" } else { "idle" });
        }
        self.expire_unanswered(now);
        Ok(())
    }

    fn expire(&mut self, key: ExchangeKey, now: Instant) {
        let exchanges = self.exchanges.as_mut();
        let Some(exchange) = exchanges.and_then(|set| set.take(|e| e.key == Some(key))) else {
            return self.settle(Some(key), None, now);
        };
        let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
        self.finish(exchange, &Err(fault), now);
    }

    /// Ends one-way messages that take too long: nobody waits for them, but they have a place.
    fn expire_unanswered(&mut self, now: Instant) {
        let late = |exchange: &Exchange| exchange.key.is_none() && exchange.deadline <= now;
        while let Some(exchange) = self.exchanges.as_mut().and_then(|set| set.take(late)) {
            let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
            self.finish(exchange, &Err(fault), now);
        }
    }

    fn set_alarm(&mut self, now: Instant, cx: &Context<'_>) {
        let limits = &self.listener.limits;
        let times = [
            self.session.poll_timeout(),
            self.partial_since.map(|since| since + limits.frame_time),
            self.stalled_since.map(|since| since + limits.send_time),
            self.parting.as_ref().map(|parting| parting.until),
            self.is_deaf().then(|| now + LOOK_AFTER),
            self.unanswered().map(|exchange| exchange.deadline).min(),
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }

    /// The one-way messages that are on their way.
    fn unanswered(&self) -> impl Iterator<Item = &Exchange> {
        let exchanges = self.exchanges.iter().flat_map(|set| set.iter());
        exchanges.filter(|exchange| exchange.key.is_none())
    }

    // ---- the end

    /// Clients of one-way messages leave as soon as they have sent them: that takes none back.
    fn part(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let written = self.session.is_finished() && self.outbound.is_empty();
        if !written || self.unanswered().next().is_some() {
            return Poll::Pending;
        }
        if self.seen_eof {
            return Poll::Ready(Ok(()));
        }
        if self.parting.is_none() {
            self.parting = Some(Box::new(Parting::new(now)));
            self.set_alarm(now, cx);
        }
        let Some(parting) = &mut self.parting else {
            return Poll::Pending;
        };
        let mut scratch = self.worker.scratch();
        parting
            .poll(&mut self.io, &mut scratch, now, cx)
            .map_err(Ended::from)
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.turn(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(Ended(reason))) => {
                self.reason = Some(reason);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(mut set) = self.exchanges.take() {
            set.clear();
            self.worker.give_back_exchanges(set);
        }
        self.listener.metrics.closed(self.reason.unwrap_or("drain"));
        self.worker.closed();
    }
}
