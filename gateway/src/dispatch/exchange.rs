//! One request on its way to an upstream and back.

use super::feed::{Opening, PATIENCE};
use super::room::{Share, weight};
use super::trial::Trial;
use super::{Action, Arrival, Reply, Route, Sender};
use crate::clock;
use crate::http2::BUDGET;
use crate::upstream::{Call, Lane, NativeCall, Parcel, TimeLeft, Wish};
use gatewright_core::codec::{Event, Needs, Retry};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, BodyStream, Message};
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{Conversion, Facts, HttpAnswer, HttpRequest, Outcome};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// One request on its way. Dropping it cancels it upstream.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Where its reply goes; `None` if none is due.
    pub(crate) key: Option<ExchangeKey>,
    pub(crate) request: Message,
    pub(crate) route: Rc<Route>,
    pub(crate) facts: Facts,
    pub(crate) started: Instant,
    /// How long it may take, from then on.
    limit: Duration,
    pub(crate) attempts: u32,
    retry: Retry,
    /// The time that the client gives it, where it says so.
    allowed: Option<Duration>,
    /// Where tries have times of their own.
    trial: Option<Box<Trial>>,
    /// What it takes of the worker's room.
    share: Option<Share>,
    way: Way,
}

/// Where it is on its way upstream and back. What is large lies elsewhere: there are as many of these as
/// there are requests in flight, and most of them wait.
#[derive(Debug)]
enum Way {
    Http(Box<Call>),
    Native(Rc<Lane>, NativeCall),
    Opening(Opening),
    /// A connection that carries the rest of the reply is kept until that is there.
    Replied {
        event: Box<Event>,
        _rest: Option<NativeCall>,
    },
    Ended,
}

/// How one try ended, and the endpoint that it was sent to, by index.
struct Tried {
    result: Result<Answer, Fault>,
    endpoint: Option<usize>,
}

/// What an upstream said.
#[derive(Debug)]
pub(crate) enum Answer {
    /// An HTTP response. Those are large: the call keeps it.
    Http,
    /// A message of the upstream's protocol; nothing where none is due.
    Message(Option<Box<Message>>),
    /// What it says from now on, as the payload of a response.
    Events(Body),
}

/// An exchange that could not begin.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) exchange: Box<Exchange>,
    pub(super) fault: Fault,
}

impl Exchange {
    /// Translates the request and sends it, or queues it. It goes on with its first poll.
    pub(super) fn begin(
        key: Option<ExchangeKey>,
        request: Message,
        route: &Rc<Route>,
        facts: Facts,
        at: Arrival,
        limit: Duration,
        from: Sender<'_>,
    ) -> Result<Box<Self>, Refused> {
        // Requests are large: this one is moved to where it stays before anything is done with it.
        let allowed = allowed(&request, route, &facts);
        let mut exchange = Box::new(Self {
            key,
            request,
            route: Rc::clone(route),
            facts,
            started: at.began,
            limit,
            attempts: 1,
            retry: from.retry,
            allowed,
            trial: Trial::of(route),
            share: None,
            way: Way::Ended,
        });
        match exchange.start(from, at.now) {
            Ok(()) => {
                route.upstream.offered(at.now);
                Ok(exchange)
            }
            Err(fault) => Err(Refused { exchange, fault }),
        }
    }

    fn start(&mut self, from: Sender<'_>, now: Instant) -> Result<(), Fault> {
        self.share = self.route.room.take_for(&self.request);
        if self.share.is_none() {
            return Err(too_much());
        }
        let (time, until) = (self.time_left(), self.awaited_until());
        let Self {
            request,
            route,
            facts,
            attempts,
            ..
        } = self;
        self.way = match &route.action {
            Action::Translate(rules) => {
                let http = rules.request(request, facts)?;
                Way::http(request, route, http, facts, None, time, now)
            }
            Action::Convert(rules) if rules.has_events() => {
                let client = from.client;
                Way::Opening(Opening::begin(route, rules, request, facts, client)?)
            }
            Action::Convert(rules) => {
                let lane = lane(route, request, facts, rules.operation().needs, from);
                Way::converted(request, lane, None, rules, facts)?
            }
            Action::Forward => {
                let lane = lane(route, request, facts, from.needs, from);
                Way::native(request, lane, None)?
            }
            Action::Proxy(proxy) if route.upstream.speaks() => {
                let lane = lane(route, request, facts, from.needs, from);
                proxy.lend(request, facts, *attempts, |message| {
                    Way::native(message, lane, None)
                })??
            }
            Action::Proxy(proxy) => {
                let mut http = proxy.request(request, facts)?;
                http.awaited_until = until;
                Way::http(request, route, http, facts, None, time, now)
            }
        };
        Ok(())
    }

    /// Goes on until the upstream has answered, or failed in a way after which nothing is tried
    /// again.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Answer, Fault>> {
        loop {
            let Tried { result, endpoint } = match self.poll_try(now, cx) {
                Poll::Ready(tried) => tried,
                Poll::Pending => match self.give_up_if_late(now, cx) {
                    Some(tried) => tried,
                    None => return Poll::Pending,
                },
            };
            // Where nothing could be reached, everything was tried.
            if endpoint.is_none() || !self.is_tried_again(&result) {
                return Poll::Ready(result);
            }
            self.attempts += 1;
            if let Err(fault) = self.start_again(endpoint, clock::now()) {
                return Poll::Ready(Err(fault));
            }
        }
    }

    fn poll_try(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Tried> {
        let (result, endpoint) = match &mut self.way {
            Way::Http(call) => {
                let answered = ready!(call.poll(now, cx));
                (answered.map(|()| Answer::Http), call.endpoint())
            }
            Way::Native(_, call) => {
                let reply = ready!(call.poll_message(cx));
                (reply.map(Answer::Message), call.endpoint())
            }
            Way::Opening(opening) => {
                let opened = ready!(opening.poll(cx));
                (opened.map(Answer::Events), None)
            }
            Way::Replied { .. } | Way::Ended => {
                let fault = Fault::sent(FaultClass::Internal, "polled after its end");
                (Err(fault), None)
            }
        };
        Poll::Ready(Tried { result, endpoint })
    }

    /// Ends a try that has exceeded its own time, which is its endpoint's fault.
    fn give_up_if_late(&mut self, now: Instant, cx: &Context<'_>) -> Option<Tried> {
        // Most requests have no such time.
        let trial = self.trial.as_mut()?;
        let (progress, endpoint) = match &self.way {
            Way::Http(call) => (call.progress()?, call.endpoint()),
            Way::Native(_, call) => (call.progress()?, call.endpoint()),
            Way::Opening(_) | Way::Replied { .. } | Way::Ended => return None,
        };
        let late = trial.exceeds(progress, self.request.body(), now, cx)?;
        self.route.upstream.note_late(late);
        self.way.blame(now);
        let result = Err(Fault::sent(FaultClass::Timeout, late.detail()));
        Some(Tried { result, endpoint })
    }

    /// Whether it is sent once more after it ended so.
    fn is_tried_again(&self, result: &Result<Answer, Fault>) -> bool {
        // What was sent of a payload is gone.
        if matches!(self.request.body(), Body::Stream(_)) {
            return false;
        }
        let told = self.error_of(result);
        let outcome = match (result, self.response(), &told) {
            (Ok(Answer::Http), Some(answer), _) if answer.status.as_u16() >= 400 => {
                Outcome::Answer(answer)
            }
            (Ok(Answer::Message(_)), _, Some(error)) => Outcome::Answer(error),
            (Ok(_), _, _) => return false,
            (Err(fault), _, _) => Outcome::Fault(fault),
        };
        let now = clock::now();
        let upstream = &self.route.upstream;
        now < self.deadline() && upstream.tries_again(&outcome, self.retry, self.attempts, now)
    }

    /// What a server of HTTP/1.1 has answered, if that is an error.
    fn error_of(&self, result: &Result<Answer, Fault>) -> Option<HttpAnswer> {
        match (&self.route.action, result) {
            (Action::Proxy(proxy), Ok(Answer::Message(Some(reply)))) => proxy.error_of(reply),
            _ => None,
        }
    }

    /// When its time is over. A payload that is handed on as it comes may take as long as it likes
    /// while it gets on: then the time counts from its last bytes.
    pub(crate) fn deadline(&self) -> Instant {
        let since = match self.request.body() {
            Body::Stream(payload) => payload.progress().unwrap_or(self.started),
            Body::Empty | Body::Whole(_) | Body::Awaited => self.started,
        };
        let at = since + self.limit;
        self.awaited_until().map_or(at, |until| until.min(at))
    }

    fn time_left(&self) -> TimeLeft {
        TimeLeft {
            deadline: self.deadline(),
            each_try: self.route.plan.tries.whole,
            patience: self.limit,
        }
    }

    /// When the client waits no more, if it said so.
    fn awaited_until(&self) -> Option<Instant> {
        self.allowed.map(|allowed| self.started + allowed)
    }

    /// Its time is over: notes whose fault that is.
    pub(super) fn time_out(&self, now: Instant) {
        // Who waits for a client that sends nothing has done nothing wrong.
        if matches!(self.request.body(), Body::Stream(payload) if payload.is_starved()) {
            return;
        }
        if self.trial.as_ref().is_none_or(|trial| !trial.is_over()) {
            self.way.time_out(self.limit, now);
        }
    }

    /// How many bytes there are of what came of it.
    pub(crate) fn weight_of(&self, answer: &Answer) -> usize {
        match answer {
            Answer::Http => match self.response().map(|answer| &answer.body) {
                Some(Body::Whole(body)) => body.len(),
                Some(Body::Stream(_)) => BUDGET,
                Some(Body::Empty | Body::Awaited) | None => 0,
            },
            Answer::Message(reply) => reply.as_deref().map_or(0, weight),
            Answer::Events(_) => BUDGET,
        }
    }

    /// How many bytes there are of a request that has no room.
    pub(super) fn weight_without_room(&self) -> usize {
        match self.share {
            Some(_) => 0,
            None => weight(&self.request),
        }
    }

    /// The HTTP response that came, until it has become a reply.
    pub(super) const fn response(&self) -> Option<&HttpAnswer> {
        match &self.way {
            Way::Http(call) => call.answer(),
            Way::Native(..) | Way::Opening(_) | Way::Replied { .. } | Way::Ended => None,
        }
    }

    /// Ends it with its reply, if there is one. One that waits for its turn keeps its exchange,
    /// which keeps no stream and no place upstream.
    pub(super) fn reply_with(mut self: Box<Self>, message: Option<Message>) -> Option<Reply> {
        let message = message?;
        if let (Body::Stream(stream), Some(share)) = (self.request.body(), &mut self.share)
            && stream.is_at_end()
        {
            share.give_back_passing(&self.request);
        }
        let rest = match std::mem::replace(&mut self.way, Way::Ended) {
            Way::Native(_, call) if matches!(message.body(), Body::Stream(_)) => Some(call),
            _ => None,
        };
        self.way = Way::Replied {
            event: Box::new(Event::Head(message)),
            _rest: rest,
        };
        Some(Reply::Exchange(self))
    }

    /// How long the payload of its reply may stand still, if that comes as a stream.
    pub(super) fn patience(&self) -> Duration {
        match &self.route.action {
            Action::Convert(rules) if rules.has_events() => PATIENCE,
            Action::Convert(_) | Action::Translate(_) | Action::Forward | Action::Proxy(_) => {
                self.route.plan.timeout
            }
        }
    }

    /// What the client gets, once that is known.
    pub(super) const fn reply(&self) -> Option<&Event> {
        match &self.way {
            Way::Replied { event, .. } => Some(event),
            Way::Http(_) | Way::Native(..) | Way::Opening(_) | Way::Ended => None,
        }
    }

    /// Takes out the payload of the reply, if that is a stream.
    pub(super) fn take_stream(&mut self) -> Option<BodyStream> {
        let Way::Replied { event, .. } = &mut self.way else {
            return None;
        };
        let Event::Head(message) = &mut **event else {
            return None;
        };
        let Body::Stream(stream) = message.body() else {
            return None;
        };
        let stream = stream.clone();
        message.set_body(Body::Awaited);
        Some(stream)
    }

    /// What it waits for, for a fault's detail.
    pub(crate) const fn awaits(&self) -> &'static str {
        match &self.way {
            Way::Http(call) => call.awaits(),
            Way::Native(..) => "no reply in time",
            Way::Opening(_) => "no connection in time",
            Way::Replied { .. } | Way::Ended => "not handled in time",
        }
    }

    fn start_again(&mut self, failed: Option<usize>, now: Instant) -> Result<(), Fault> {
        let (time, until) = (self.time_left(), self.awaited_until());
        if let Some(trial) = &mut self.trial {
            trial.begin_again();
        }
        // What is given up gives its place back first.
        let lane = std::mem::replace(&mut self.way, Way::Ended).end();
        let Self {
            request,
            route,
            facts,
            attempts,
            ..
        } = self;
        self.way = match (lane, &route.action) {
            (Some(lane), Action::Convert(rules)) => {
                Way::converted(request, lane, failed, rules, facts)?
            }
            (Some(lane), Action::Proxy(proxy)) => {
                proxy.lend(request, facts, *attempts, |message| {
                    Way::native(message, lane, failed)
                })??
            }
            (Some(lane), _) => Way::native(request, lane, failed)?,
            (_, Action::Translate(rules)) => {
                let http = rules.request(request, facts)?;
                Way::http(request, route, http, facts, failed, time, now)
            }
            (_, Action::Proxy(proxy)) => {
                let mut http = proxy.request(request, facts)?;
                http.awaited_until = until;
                Way::http(request, route, http, facts, failed, time, now)
            }
            (_, Action::Convert(_) | Action::Forward) => {
                return Err(Fault::unsent(FaultClass::Internal, "no way to go on"));
            }
        };
        Ok(())
    }
}

/// The fault of an answer that has to wait and finds no room. No overload, which says that nothing was done.
pub(crate) fn unsaid() -> Fault {
    let detail = "answers that wait for their turn hold too many bytes";
    Fault::sent(FaultClass::Internal, detail)
}

/// The fault of a reply that its protocol cannot say.
pub(crate) fn unwritable() -> Fault {
    Fault::sent(FaultClass::BadReply, "the reply does not fit the wire")
}

/// The fault of what finds no room.
pub(crate) fn too_much() -> Fault {
    let detail = "requests in flight hold too many bytes";
    Fault::unsent(FaultClass::Overload, detail)
}

/// The time that a client gives its request. Only those of HTTP/2 say so, as gRPC needs that.
fn allowed(request: &Message, route: &Route, facts: &Facts) -> Option<Duration> {
    match &route.action {
        Action::Proxy(proxy) if facts.carriage.http2 => proxy.time_of(request),
        Action::Proxy(_) | Action::Translate(_) | Action::Convert(_) | Action::Forward => None,
    }
}

impl Way {
    /// Gives up what is on its way; tells the lane that it was on, if it was on one.
    fn end(self) -> Option<Rc<Lane>> {
        match self {
            Self::Native(lane, _) => Some(lane),
            Self::Http(_) | Self::Opening(_) | Self::Replied { .. } | Self::Ended => None,
        }
    }

    /// Notes that it took too long: the endpoint's fault if it had at least half of this time.
    fn time_out(&self, limit: Duration, now: Instant) {
        match self {
            Self::Http(call) => call.timed_out(limit, now),
            Self::Native(_, call) => call.timed_out(limit, now),
            Self::Opening(_) | Self::Replied { .. } | Self::Ended => {}
        }
    }

    /// Notes that it took too long, which is the endpoint's fault.
    fn blame(&self, now: Instant) {
        self.time_out(Duration::ZERO, now);
    }

    fn converted(
        request: &Message,
        lane: Rc<Lane>,
        avoid: Option<usize>,
        rules: &Conversion,
        facts: &Facts,
    ) -> Result<Self, Fault> {
        Self::native(&mut rules.request(request, facts)?, lane, avoid)
    }

    /// Sends what a request became.
    fn http(
        request: &Message,
        route: &Route,
        http: HttpRequest,
        facts: &Facts,
        avoid: Option<usize>,
        time: TimeLeft,
        now: Instant,
    ) -> Self {
        let key = route.upstream.key_of(&route.plan, request, facts);
        let wish = Wish { key, avoid };
        Self::Http(Call::begin(&route.upstream, http, facts, wish, time, now))
    }

    fn native(request: &mut Message, lane: Rc<Lane>, avoid: Option<usize>) -> Result<Self, Fault> {
        let call = lane.send(Parcel::Message(request), avoid)?;
        Ok(Self::Native(lane, call))
    }
}

/// What a request is sent on that asks this of its connection.
fn lane(
    route: &Route,
    request: &Message,
    facts: &Facts,
    needs: Needs,
    from: Sender<'_>,
) -> Rc<Lane> {
    let upstream = match (&route.own, needs) {
        (Some(own), Needs::Exclusive) => own.exclusive.as_ref().unwrap_or(&route.upstream),
        _ => &route.upstream,
    };
    let key = route.upstream.key_of(&route.plan, request, facts);
    from.lane(upstream, key)
}
