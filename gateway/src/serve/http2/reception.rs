//! The connection of a client that speaks HTTP/2.

use super::collecting::{Collected, Collecting};
use super::{Rewound, message};
use crate::clock;
use crate::dispatch::{Arrival, Begun, Content, Dispatch, Exchanges, InFlight, Reply, Sender};
use crate::http2::{BUDGET, Cork, Corked, Inflow, Outflow, Patience};
use crate::lifecycle::Alarm;
use crate::listen::Listener;
use crate::upstream::Lanes;
use bytes::Bytes;
use gatewright_core::codec::{
    Capabilities, Cause, DecodeError, Event, HttpShape, Needs, Rejected, ReplyOrder, Retry,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, Message};
use gatewright_core::session::{ExchangeKey, Session, SessionLimits};
use gatewright_core::translate::Facts;
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

type Transport = Corked<Rewound>;

/// One client, from the preface on.
pub(in crate::serve) struct Http2 {
    listener: Rc<Listener>,
    shape: HttpShape,
    state: State,
    cork: Cork<Rewound>,
    session: Session<Answer>,
    exchanges: Exchanges,
    collecting: Vec<Collecting>,
    /// Where answers go.
    responders: HashMap<ExchangeKey, Responder>,
    alarm: Alarm,
    facts: Facts,
    /// Since when the client takes none of the bytes that wait for it.
    stalled_since: Option<Instant>,
    /// When it is closed, whatever the client still does.
    closes_at: Option<Instant>,
}

enum State {
    Opening(Handshake<Transport, Bytes>),
    Open(Box<Connection<Transport, Bytes>>),
}

struct Responder {
    respond: SendResponse<Bytes>,
    head: bool,
}

/// A reply and where it goes.
struct Answer {
    key: ExchangeKey,
    reply: Reply,
}

/// Why a connection is over.
type Ended = &'static str;

impl Http2 {
    pub(in crate::serve) fn new(
        io: Rewound,
        listener: &Rc<Listener>,
        shape: HttpShape,
        facts: Facts,
    ) -> Self {
        let limits = &listener.limits;
        // Each stream is answered by itself.
        let capabilities = Capabilities {
            reply_order: ReplyOrder::Any,
            ..listener.protocol.descriptor().capabilities
        };
        let session_limits = SessionLimits {
            in_flight: limits.in_flight,
            idle: limits.idle,
        };
        let (io, cork) = Corked::new(io);
        let streams = u32::try_from(limits.in_flight).unwrap_or(u32::MAX);
        let mut builder = Builder::new();
        builder
            .max_concurrent_streams(streams)
            .max_header_list_size(u32::try_from(limits.frame).unwrap_or(u32::MAX))
            .max_send_buffer_size(BUDGET)
            // What all streams of a client may have waiting is what one of HTTP/1.1 may.
            .initial_window_size(WINDOW)
            .initial_connection_window_size(4 * WINDOW);
        Self {
            listener: Rc::clone(listener),
            shape,
            state: State::Opening(builder.handshake(io)),
            cork,
            session: Session::new(session_limits, &capabilities, clock::now()),
            exchanges: Exchanges::default(),
            collecting: Vec::new(),
            responders: HashMap::new(),
            alarm: Alarm::new(Rc::clone(listener.worker.timers())),
            facts,
            stalled_since: None,
            closes_at: None,
        }
    }

    /// Serves the client; ready with the reason when it is over.
    pub(in crate::serve) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let now = clock::now();
        let drains = self.listener.worker.is_draining() && !self.session.is_draining();
        if (self.alarm.is_due(now) || drains)
            && let Err(ended) = self.handle_timeouts(now)
        {
            return Poll::Ready(ended);
        }
        let turned = self.turn(now, cx);
        match self.cork.poll_release(cx) {
            Poll::Ready(Ok(())) => self.stalled_since = None,
            Poll::Ready(Err(_)) => return Poll::Ready("reset"),
            Poll::Pending => {
                self.stalled_since.get_or_insert(now);
            }
        }
        if turned.is_pending() {
            self.set_alarm(now, cx);
        }
        turned
    }

    fn turn(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Ended> {
        if let State::Opening(handshake) = &mut self.state {
            match Future::poll(Pin::new(handshake), cx) {
                Poll::Ready(Ok(connection)) => self.state = State::Open(Box::new(connection)),
                Poll::Ready(Err(_)) => return Poll::Ready("bad-preface"),
                Poll::Pending => return Poll::Pending,
            }
        }
        loop {
            self.collect_answers(now, cx);
            self.transmit();
            self.notice_resets(cx);
            let State::Open(connection) = &mut self.state else {
                return Poll::Pending;
            };
            // New streams wait while there is no credit; the library answers for the rest.
            if !self.session.wants_request() && !self.session.is_closing() {
                return match connection.poll_closed(cx) {
                    Poll::Ready(_) => Poll::Ready("peer"),
                    Poll::Pending => Poll::Pending,
                };
            }
            match connection.poll_accept(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => {
                    self.handle_request(request, respond, now, cx);
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(reason(&error)),
                Poll::Ready(None) => return Poll::Ready("peer"),
                Poll::Pending => {
                    if !self.go_on_collecting(now, cx) && !self.has_news() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Whether an exchange that was begun is to be polled for the first time.
    fn has_news(&self) -> bool {
        self.exchanges.has_woken()
    }

    fn handle_request(
        &mut self,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        now: Instant,
        cx: &mut Context<'_>,
    ) {
        self.session.handle_heartbeat(now);
        let (head, from) = request.into_parts();
        let at = Arrival { began: now, now };
        let descriptor = Arc::clone(self.listener.protocol.descriptor());
        let Some(message) = message::request(&descriptor, &self.shape, &head) else {
            let error = DecodeError::new(Cause::BadValue, 0, "a request of HTTP", "another one");
            return self.refuse(respond, None, &error);
        };
        let facts = self.facts();
        if from.is_end_stream() {
            return self.begin(message, respond, facts, at);
        }
        if self.listener.dispatch.passes_on(&message, &facts) {
            let mut message = message;
            let limit = self.listener.limits.send_time;
            let patience = Patience::new(limit, self.listener.worker.timers());
            let (inflow, body) = Inflow::new(Bytes::new(), from, patience);
            tokio::task::spawn_local(async move {
                inflow.await;
            });
            message.set_body(body);
            return self.begin(message, respond, facts, at);
        }
        let mut collecting = Collecting::new(message, at, respond, from);
        match collecting.poll(self.listener.limits.body, cx) {
            Poll::Ready(collected) => self.handle_collected(collecting, collected, now),
            Poll::Pending => self.collecting.push(collecting),
        }
    }

    /// Whether one of the requests that were not whole is.
    fn go_on_collecting(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let most = self.listener.limits.body;
        let mut whole = Vec::new();
        let mut index = 0;
        while let Some(collecting) = self.collecting.get_mut(index) {
            match collecting.poll(most, cx) {
                Poll::Ready(collected) => {
                    whole.push((self.collecting.swap_remove(index), collected));
                }
                Poll::Pending => index += 1,
            }
        }
        let any = !whole.is_empty();
        for (collecting, collected) in whole {
            self.handle_collected(collecting, collected, now);
        }
        any
    }

    fn handle_collected(&mut self, collecting: Collecting, collected: Collected, now: Instant) {
        match collected {
            Collected::Whole => {
                let (message, at, respond) = collecting.finish();
                let facts = self.facts();
                self.begin(message, respond, facts, Arrival { now, ..at });
            }
            Collected::TooLong => {
                let most = self.listener.limits.body;
                let expected = format!("a payload of at most {most} bytes");
                let error = DecodeError::new(Cause::TooLong, 0, expected, "a longer one");
                let Collecting {
                    request, respond, ..
                } = collecting;
                self.refuse(respond, Some(&request), &error);
            }
            Collected::Cut => {}
        }
    }

    fn begin(&mut self, request: Message, respond: SendResponse<Bytes>, facts: Facts, at: Arrival) {
        let listener = Rc::clone(&self.listener);
        let dispatch = &listener.dispatch;
        let route = dispatch.route(&request, &facts);
        listener.metrics.requests(1);
        let deadline = at.began + Dispatch::time_for(route);
        let head = message::is_head(&self.shape, &request);
        let key = self.session.handle_request(&request, deadline, at.now);
        let Ok(Some(key)) = key else {
            // The client asked for more than it was allowed to, or the connection is about to end.
            let mut respond = respond;
            return respond.send_reset(Reason::REFUSED_STREAM);
        };
        self.responders.insert(key, Responder { respond, head });
        // Streams do not wait for each other: each has a lane of its own.
        let from = Sender {
            client: self.facts.connection,
            lanes: &mut Lanes::default(),
            needs: Needs::Nothing,
            retry: Retry::IfUnsent,
        };
        match dispatch.begin(Some(key), request, route, facts, at, from) {
            Begun::Exchange(exchange) => self.exchanges.insert(exchange),
            Begun::Answered(reply) => self.settle(key, reply, at.now),
        }
    }

    fn collect_answers(&mut self, now: Instant, cx: &Context<'_>) {
        if self.exchanges.is_empty() {
            return;
        }
        let mut ended = Vec::new();
        self.exchanges.poll_ready(
            cx,
            |in_flight, cx| match in_flight {
                InFlight::Exchange(exchange) => match exchange.poll(now, cx) {
                    Poll::Ready(result) => Some(result),
                    Poll::Pending => None,
                },
                InFlight::Batch(_) => None,
            },
            |in_flight, result| ended.push((in_flight, result)),
        );
        for (in_flight, result) in ended {
            if let InFlight::Exchange(exchange) = in_flight
                && let Some(key) = exchange.key
            {
                let reply = self.listener.dispatch.finish(exchange, result, now);
                self.settle(key, reply, now);
            }
        }
    }

    fn settle(&mut self, key: ExchangeKey, reply: Option<Reply>, now: Instant) {
        if reply.is_none()
            && let Some(mut responder) = self.responders.remove(&key)
        {
            responder.respond.send_reset(Reason::INTERNAL_ERROR);
        }
        let answer = reply.map(|reply| Answer { key, reply });
        self.session.handle_reply(key, answer, now);
    }

    /// Hands over the answers that are there.
    fn transmit(&mut self) {
        while let Some(Answer { key, reply }) = self.session.poll_transmit() {
            if let Some(responder) = self.responders.remove(&key) {
                self.send(responder, reply);
            }
        }
    }

    /// What the library refuses to send is for a stream, or a connection, that is no more.
    fn send(&self, responder: Responder, mut reply: Reply) {
        let Responder { mut respond, head } = responder;
        let rest = reply.take_stream();
        let Some(Content::Event(Event::Head(message))) = reply.content() else {
            return respond.send_reset(Reason::INTERNAL_ERROR);
        };
        let response = message::response(&self.shape, message);
        let whole = message.body().whole().unwrap_or_default();
        if head || (rest.is_none() && whole.is_empty()) {
            let _ = respond.send_response(response, true);
            return;
        }
        let Ok(mut stream) = respond.send_response(response, false) else {
            return;
        };
        let body = match rest {
            Some(body) => body,
            None if whole.len() <= BUDGET => {
                let _ = stream.send_data(whole, true);
                return;
            }
            None => {
                let (mut sender, body) = Body::stream(whole.len());
                let _ = sender.send(whole);
                sender.end(gatewright_core::message::Value::Null);
                let Body::Stream(body) = body else { return };
                body
            }
        };
        let limit = reply.patience().max(self.listener.limits.send_time);
        let patience = Patience::new(limit, self.listener.worker.timers());
        let outflow = Outflow::new(body, stream, patience);
        tokio::task::spawn_local(async move {
            // What the rest comes from is kept with it.
            let _reply = reply;
            outflow.await;
        });
    }

    /// Gives up what clients take back.
    fn notice_resets(&mut self, cx: &mut Context<'_>) {
        let mut reset = Vec::new();
        for (key, responder) in &mut self.responders {
            if !matches!(responder.respond.poll_reset(cx), Poll::Pending) {
                reset.push(*key);
            }
        }
        for key in reset {
            self.responders.remove(&key);
            drop(self.exchanges.take(|other| other.key() == Some(key)));
            self.session.handle_reply(key, None, clock::now());
        }
    }

    /// The protocol's own refusal of what is no message.
    fn refuse(&self, respond: SendResponse<Bytes>, request: Option<&Message>, error: &DecodeError) {
        self.listener.metrics.decode_error(error);
        tracing::debug!(peer = %self.facts.peer, listener = %self.listener.name, %error, "bad request");
        let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
        let rejected = Rejected {
            operation: Some(self.shape.request),
            correlation: gatewright_core::message::Correlation::None,
            message: request,
            error: Some(error),
        };
        let head = request.is_some_and(|request| message::is_head(&self.shape, request));
        if let Some(reply) = self.listener.dispatch.refuse_unread(&rejected, &fault) {
            self.send(Responder { respond, head }, reply);
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            trace: self.listener.worker.trace_id(),
            ..self.facts.clone()
        }
    }

    fn handle_timeouts(&mut self, now: Instant) -> Result<(), Ended> {
        let limits = self.listener.limits;
        if self.closes_at.is_some_and(|at| at <= now) {
            return Err("idle");
        }
        if (self.stalled_since).is_some_and(|since| since + limits.send_time <= now) {
            return Err("send-time");
        }
        if let Some(at) = self.listener.worker.drains_at(self.facts.connection) {
            self.session.handle_drain(at);
        }
        self.expire_collecting(now);
        for key in self.session.handle_timeout(now) {
            let taken = self.exchanges.take(|other| other.key() == Some(key));
            let reply = match taken {
                Some(InFlight::Exchange(exchange)) => {
                    let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
                    self.listener.dispatch.finish(exchange, Err(fault), now)
                }
                Some(InFlight::Batch(_)) | None => None,
            };
            self.settle(key, reply, now);
        }
        if self.session.is_closing() && self.closes_at.is_none() {
            let State::Open(connection) = &mut self.state else {
                return Err("idle");
            };
            connection.graceful_shutdown();
            self.closes_at = Some(now + limits.send_time);
        }
        Ok(())
    }

    /// RFC 9113, section 7: who takes too long with a request has its stream reset.
    fn expire_collecting(&mut self, now: Instant) {
        let limit = self.listener.limits.frame_time;
        for collecting in &mut self.collecting {
            if collecting.at.began + limit <= now {
                collecting.respond.send_reset(Reason::CANCEL);
            }
        }
        self.collecting
            .retain(|collecting| collecting.at.began + limit > now);
    }

    fn set_alarm(&mut self, now: Instant, cx: &Context<'_>) {
        let limits = &self.listener.limits;
        let opening = matches!(self.state, State::Opening(_));
        let oldest = self.collecting.iter().map(|collecting| collecting.at.began);
        let times = [
            self.session.poll_timeout(),
            oldest.min().map(|began| began + limits.frame_time),
            self.stalled_since.map(|since| since + limits.send_time),
            opening.then(|| now + limits.frame_time),
            self.closes_at,
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }
}

/// Bytes of a payload that may come before they are taken, by stream; of all streams, four times as
/// many.
const WINDOW: u32 = 256 << 10;

fn reason(error: &h2::Error) -> Ended {
    match error.reason() {
        Some(Reason::ENHANCE_YOUR_CALM) => "flood",
        Some(_) => "protocol",
        None => "reset",
    }
}
