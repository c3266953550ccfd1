//! One stream: a request, its exchange, its response.

use super::Client;
use super::arriving::{Arriving, Cut};
use super::replying::{Replying, Streaming};
use super::request::{self, Fields};
use super::response::{Payload, Written, written};
use crate::dispatch::{
    Answer, Arrival, Begun, Exchange, InFlight, Reply, Sender, Untaken, unwritable,
};
use crate::http2::{Inflow, Leftover, Outflow, Patience, SharedAllowance, Stopped};
use crate::upstream::Lanes;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::{DecodeError, Event, HttpShape, Needs, Rejected, Retry};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{BodyStream, Correlation, Message};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Method, Request, Response, StatusCode};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// A stream that is not over.
pub(super) struct Stream {
    respond: SendResponse<Bytes>,
    /// Whether it asks for a head alone (RFC 9110, 9.3.2).
    wants_head: bool,
    began: Instant,
    state: State,
}

enum State {
    Arriving(Box<Arriving>),
    /// There is no more of it to wait for: it has no body, or one that is passed on as it comes.
    Read(Message),
    /// It could not be read.
    Bad(Box<DecodeError>),
    Asking(Box<Exchange>),
    Replying(Replying),
    /// The body of its response comes as it does. What that comes from is kept with it.
    Streaming(Box<Streaming>),
    Done(End),
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was answered, or cut by us.
    Ours,
    /// The client gave it up.
    Theirs,
    /// The library did, for what the client made of it.
    Broken,
}

/// What a stream needs to go on.
pub(super) struct Turn<'a> {
    pub(super) client: &'a Client<'a>,
    pub(super) shape: HttpShape,
    pub(super) lanes: &'a mut Lanes,
    pub(super) allowance: &'a SharedAllowance,
    /// Room for what this client may leave lying.
    pub(super) own: &'a Rc<Untaken>,
    pub(super) now: Instant,
    /// Bytes that the connection's streams hold of bodies that are not whole.
    pub(super) arriving: usize,
    /// Whether anything was handed to the library.
    pub(super) moved: bool,
    /// When the next stream may have to be looked after.
    pub(super) wake: Option<Instant>,
}

impl Turn<'_> {
    pub(super) fn wake_at(&mut self, at: Instant) {
        self.wake = Some(self.wake.map_or(at, |earlier| earlier.min(at)));
    }
}

impl Stream {
    pub(super) fn new(
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        client: &Client<'_>,
        shape: &HttpShape,
        allowance: &SharedAllowance,
        authority: &mut ByteString,
        now: Instant,
    ) -> Self {
        let (parts, stream) = request.into_parts();
        let descriptor = client.listener.protocol.descriptor();
        let fields = Fields::of(&parts.headers);
        let expects = fields.expects;
        let state = match request::message(&parts, fields, shape, descriptor, authority) {
            Ok(message) if stream.is_end_stream() => State::Read(message),
            Ok(message) if passes_on(&message, client) => {
                State::Read(passed_on(message, stream, client, allowance))
            }
            Ok(message) => {
                let share = client.listener.worker.room().share();
                State::Arriving(Box::new(Arriving::new(message, stream, share)))
            }
            Err(error) => {
                pass_over(stream, client);
                State::Bad(Box::new(error))
            }
        };
        if expects {
            let mut go_on = Response::new(());
            *go_on.status_mut() = StatusCode::CONTINUE;
            // Refused on a stream that has ended, which its next turn tells.
            let _ = respond.send_informational(go_on);
        }
        Self {
            respond,
            wants_head: parts.method == Method::HEAD,
            began: now,
            state,
        }
    }

    /// Goes on with it until it is over.
    pub(super) fn poll(&mut self, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Poll<End> {
        match ready!(self.go_on(turn, cx)) {
            End::Theirs => Poll::Ready(self.who_ended_it(cx)),
            end => Poll::Ready(end),
        }
    }

    /// The client, or the library because of it. Clients that give one up say CANCEL (RFC 9113, 7); one that
    /// says anything else is taken for the library, which does no harm.
    fn who_ended_it(&mut self, cx: &mut Context<'_>) -> End {
        match self.respond.poll_reset(cx) {
            Poll::Ready(Ok(Reason::CANCEL | Reason::NO_ERROR)) => End::Theirs,
            Poll::Ready(Ok(_)) => End::Broken,
            Poll::Ready(Err(_)) | Poll::Pending => End::Theirs,
        }
    }

    fn go_on(&mut self, turn: &mut Turn<'_>, cx: &mut Context<'_>) -> Poll<End> {
        // Before anything is asked for, and while it is waited for. What has begun to reply hears of a reset by
        // what it writes. In one turn nothing changes: frames are read between two.
        let begins = matches!(
            self.state,
            State::Arriving(_) | State::Read(_) | State::Bad(_)
        );
        if begins && self.respond.poll_reset(cx).is_ready() {
            return Poll::Ready(End::Theirs);
        }
        loop {
            match &mut self.state {
                State::Arriving(arriving) => match ready!(arriving.poll(turn, cx)) {
                    Ok(()) => self.handle_whole(turn),
                    Err(Cut::TooLong(error)) => self.handle_too_long(error, turn),
                    Err(Cut::GivenUp) => return Poll::Ready(End::Theirs),
                    Err(Cut::NoRoom) => {
                        arriving.note_refusal(self.began, turn);
                        // RFC 9113, 8.7: nothing was done with it, so it may be sent again.
                        self.respond.send_reset(Reason::REFUSED_STREAM);
                        turn.moved = true;
                        return Poll::Ready(End::Ours);
                    }
                },
                State::Read(_) => self.handle_read(turn),
                State::Bad(error) => {
                    let reply = refusal(error, turn);
                    self.state = self.answer(reply, turn);
                }
                State::Asking(exchange) => match exchange.poll(turn.now, cx) {
                    Poll::Ready(result) => self.finish(result, turn),
                    Poll::Pending if begins => return Poll::Pending,
                    Poll::Pending => return self.respond.poll_reset(cx).map(|_| End::Theirs),
                },
                State::Replying(replying) => return replying.poll(turn, cx),
                State::Streaming(streaming) => {
                    turn.moved = true;
                    let ended = Pin::new(&mut streaming.outflow).poll(cx).is_ready();
                    if !ended && streaming.has_room(turn, cx) {
                        return Poll::Pending;
                    }
                    if !ended {
                        self.respond.send_reset(Reason::ENHANCE_YOUR_CALM);
                    }
                    return Poll::Ready(End::Ours);
                }
                State::Done(end) => return Poll::Ready(*end),
            }
        }
    }

    /// Begins the exchange of a request whose body is whole.
    fn handle_whole(&mut self, turn: &mut Turn<'_>) {
        let State::Arriving(arriving) = std::mem::replace(&mut self.state, State::Done(End::Ours))
        else {
            return;
        };
        self.state = match self.ask(arriving.request(), turn) {
            Ok(exchange) => State::Asking(exchange),
            Err(reply) => self.answer(reply, turn),
        };
    }

    /// Refuses a request whose body is longer than one may be.
    fn handle_too_long(&mut self, error: Box<DecodeError>, turn: &Turn<'_>) {
        if let State::Arriving(arriving) = std::mem::replace(&mut self.state, State::Bad(error)) {
            pass_over(arriving.into_rest(), turn.client);
        }
    }

    /// Begins the exchange of a request of which nothing is waited for.
    fn handle_read(&mut self, turn: &mut Turn<'_>) {
        let State::Read(message) = std::mem::replace(&mut self.state, State::Done(End::Ours))
        else {
            return;
        };
        self.state = match self.ask(message, turn) {
            Ok(exchange) => State::Asking(exchange),
            Err(reply) => self.answer(reply, turn),
        };
    }

    /// Sends the request upstream; or gives its answer, if there is one.
    fn ask(&self, request: Message, turn: &mut Turn<'_>) -> Result<Box<Exchange>, Option<Reply>> {
        let client = turn.client;
        let dispatch = &client.listener.dispatch;
        client.listener.metrics.requests(1);
        let facts = client.facts(&request);
        let route = dispatch.route(&request, &facts);
        let needs = dispatch.needs(&request, route);
        match needs {
            Needs::Nothing | Needs::Exclusive => {}
            Needs::Bound | Needs::Replay => {
                let problem = "the stream of one request cannot have a connection of its own";
                let fault = Fault::unsent(FaultClass::BadRequest, problem);
                return Err(dispatch.refuse(request, &fault));
            }
        }
        // What goes one at a time on its connection is not to wait for the other streams' answers.
        let apart = route.is_some_and(|route| !route.upstream.shares_connections());
        let from = Sender {
            client: client.peer.connection,
            lanes: (!apart).then_some(&mut *turn.lanes),
            needs,
            retry: Retry::IfUnsent,
        };
        let at = Arrival {
            began: self.began,
            now: turn.now,
        };
        match dispatch.begin(None, request, route, facts, at, from) {
            Begun::Exchange(InFlight::Exchange(exchange)) => {
                turn.wake_at(exchange.deadline());
                Ok(exchange)
            }
            // Nothing is sent unread here.
            Begun::Exchange(InFlight::Batch(_)) => Err(None),
            Begun::Answered(reply) => Err(reply),
        }
    }

    fn finish(&mut self, result: Result<Answer, Fault>, turn: &mut Turn<'_>) {
        let State::Asking(exchange) = std::mem::replace(&mut self.state, State::Done(End::Ours))
        else {
            return;
        };
        let dispatch = &turn.client.listener.dispatch;
        let reply = dispatch.finish(exchange, result, turn.now);
        self.state = self.answer(reply, turn);
    }

    /// Begins the response: the reply, or what is to be said instead of one that does not fit.
    fn answer(&mut self, reply: Option<Reply>, turn: &mut Turn<'_>) -> State {
        turn.moved = true;
        let Some(mut reply) = reply else {
            self.respond.send_reset(Reason::INTERNAL_ERROR);
            return State::Done(End::Ours);
        };
        let rest = reply.take_stream();
        let (shape, client, now) = (turn.shape, turn.client, turn.now);
        let fits = |event: &Event| match client.listener.dated(event, now).as_ref().unwrap_or(event)
        {
            Event::Head(message) => written(message, &shape, self.wants_head),
            Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => None,
        };
        let response = reply.event().and_then(fits).or_else(|| {
            tracing::warn!(listener = %turn.client.listener.name, "a reply cannot be written");
            let fault = unwritable();
            let mut instead = turn.client.listener.dispatch.instead_of(&reply, &fault);
            instead.find_map(|event| fits(&event))
        });
        match response {
            Some(response) => self.send(response, rest, reply, turn),
            None => {
                self.respond.send_reset(Reason::INTERNAL_ERROR);
                State::Done(End::Ours)
            }
        }
    }

    fn send(
        &mut self,
        response: Written,
        rest: Option<BodyStream>,
        reply: Reply,
        turn: &Turn<'_>,
    ) -> State {
        let Written { head, body } = response;
        let empty = matches!(&body, Payload::Whole(body) if body.is_empty());
        // Refused on a stream that has ended.
        let Ok(stream) = self.respond.send_response(head, empty) else {
            return State::Done(End::Theirs);
        };
        match (body, rest) {
            (Payload::Whole(left), _) if !left.is_empty() => {
                State::Replying(Replying::new(stream, left))
            }
            (Payload::Awaited, Some(rest)) => {
                let listener = turn.client.listener;
                let limit = reply.patience().max(listener.limits.send_time);
                let patience = Patience::new(limit, listener.worker.timers());
                let outflow = Outflow::new(rest, stream, turn.allowance.clone(), patience);
                State::Streaming(Box::new(Streaming::new(outflow, reply)))
            }
            (Payload::Whole(_) | Payload::Awaited, _) => State::Done(End::Ours),
        }
    }

    /// When its time is over, be it for the request, the answer or the response.
    pub(super) fn deadline(&self, client: &Client<'_>) -> Option<Instant> {
        let limits = &client.listener.limits;
        match &self.state {
            State::Arriving(_) => Some(self.began + limits.frame_time),
            State::Asking(exchange) => Some(exchange.deadline()),
            State::Replying(replying) => Some(replying.stalled_since? + limits.send_time),
            State::Read(_) | State::Bad(_) | State::Streaming(_) | State::Done(_) => None,
        }
    }

    /// Its time is over: a request that waits gets its answer, anything else ends.
    pub(super) fn expire(&mut self, turn: &mut Turn<'_>) {
        turn.moved = true;
        match &mut self.state {
            State::Asking(exchange) => {
                let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
                self.finish(Err(fault), turn);
            }
            State::Replying(replying) => {
                replying.stream.send_reset(Reason::CANCEL);
                self.state = State::Done(End::Ours);
            }
            State::Arriving(_)
            | State::Read(_)
            | State::Bad(_)
            | State::Streaming(_)
            | State::Done(_) => {
                self.respond.send_reset(Reason::CANCEL);
                self.state = State::Done(End::Ours);
            }
        }
    }

    /// Bytes that it holds of a body that is not whole.
    pub(super) fn arriving(&self) -> usize {
        match &self.state {
            State::Arriving(arriving) => arriving.len(),
            State::Read(_)
            | State::Streaming(_)
            | State::Bad(_)
            | State::Asking(_)
            | State::Replying(_)
            | State::Done(_) => 0,
        }
    }

    /// Bytes of its response that wait for the client.
    pub(super) const fn waiting(&self) -> usize {
        match &self.state {
            State::Replying(replying) => replying.left.len(),
            State::Arriving(_)
            | State::Read(_)
            | State::Bad(_)
            | State::Asking(_)
            | State::Streaming(_)
            | State::Done(_) => 0,
        }
    }
}

/// Whether the body of a request goes on as it comes.
fn passes_on(message: &Message, client: &Client<'_>) -> bool {
    let dispatch = &client.listener.dispatch;
    dispatch.passes_on(message, &client.facts(message))
}

/// The request with its body as a stream. That ends with whoever takes it.
fn passed_on(
    mut message: Message,
    stream: RecvStream,
    client: &Client<'_>,
    allowance: &SharedAllowance,
) -> Message {
    let listener = client.listener;
    let patience = Patience::new(listener.limits.frame_time, listener.worker.timers());
    let (inflow, body) = Inflow::new(Bytes::new(), stream, allowance.clone(), patience);
    let mut inflow = inflow.strict();
    tokio::task::spawn_local(async move {
        if (&mut inflow).await == Stopped::Unwanted {
            inflow.into_leftover().await;
        }
    });
    message.set_body(body);
    message
}

/// Reads the body of a request that is refused, if that is little. That ends by itself.
fn pass_over(stream: RecvStream, client: &Client<'_>) {
    if !stream.is_end_stream() {
        let listener = client.listener;
        let patience = Patience::new(listener.limits.frame_time, listener.worker.timers());
        tokio::task::spawn_local(Leftover::new(stream, patience));
    }
}

/// The protocol's own answer to what could not be read.
fn refusal(error: &DecodeError, turn: &Turn<'_>) -> Option<Reply> {
    let listener = turn.client.listener;
    listener.metrics.decode_error(error);
    let cause = error.cause().as_str();
    tracing::debug!(peer = %turn.client.peer.address, listener = %listener.name, cause, %error, "bad request");
    let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
    let rejected = Rejected {
        operation: Some(turn.shape.request),
        correlation: Correlation::None,
        message: None,
        error: Some(error),
    };
    listener.dispatch.refuse_unread(&rejected, &fault)
}
