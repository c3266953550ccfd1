//! One request on its way to an upstream and back.

use super::{Action, Arrival, Route, Sender};
use crate::clock;
use crate::upstream::{Call, Lane, NativeCall, Parcel, Wish};
use gatewright_core::codec::{Needs, Retry};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{Conversion, Facts, HttpAnswer, Outcome, Translation};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// One request on its way. Dropping it cancels it upstream.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Where its reply goes; `None` if none is due.
    pub(crate) key: Option<ExchangeKey>,
    pub(crate) request: Message,
    pub(crate) route: Rc<Route>,
    pub(crate) facts: Facts,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    pub(crate) attempts: u32,
    retry: Retry,
    way: Way,
}

/// How it goes upstream.
#[derive(Debug)]
enum Way {
    Http(Call),
    Native(Rc<Lane>, NativeCall),
    Ended,
}

/// What an upstream said.
#[derive(Debug)]
pub(crate) enum Answer {
    /// An HTTP response.
    Http(HttpAnswer),
    /// A message of the upstream's protocol; nothing where none is due.
    Message(Option<Box<Message>>),
}

/// A request that could not be translated or sent.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) request: Message,
    pub(super) facts: Facts,
    pub(super) fault: Fault,
}

impl Exchange {
    /// Translates the request and sends it, or queues it. It goes on with its first poll.
    pub(super) fn new(
        key: Option<ExchangeKey>,
        mut request: Message,
        route: &Rc<Route>,
        facts: Facts,
        at: Arrival,
        from: Sender<'_>,
    ) -> Result<Box<Self>, Box<Refused>> {
        let retry = from.retry;
        let deadline = at.began + route.plan.timeout;
        let way = match &route.action {
            Action::Translate(rules) => {
                Way::http(&request, route, rules, &facts, None, deadline, at.now)
            }
            Action::Convert(rules) => {
                let lane = lane(route, &request, &facts, rules.operation().needs, from);
                Way::converted(&request, lane, rules, &facts)
            }
            Action::Forward => {
                let lane = lane(route, &request, &facts, from.needs, from);
                Way::native(&mut request, lane)
            }
        };
        let way = match way {
            Ok(way) => way,
            Err(fault) => {
                return Err(Box::new(Refused {
                    request,
                    facts,
                    fault,
                }));
            }
        };
        route.upstream.offered(at.now);
        let route = Rc::clone(route);
        Ok(Box::new(Self {
            key,
            request,
            route,
            facts,
            started: at.began,
            deadline,
            attempts: 1,
            retry,
            way,
        }))
    }

    /// Goes on until the upstream has answered, or failed in a way after which nothing is tried
    /// again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Fault>> {
        loop {
            let result = match &mut self.way {
                Way::Http(call) => ready!(call.poll(cx)).map(Answer::Http),
                Way::Native(_, call) => {
                    let reply = ready!(call.poll_message(cx));
                    reply.map(|reply| Answer::Message(reply.map(Box::new)))
                }
                Way::Ended => Err(Fault::sent(FaultClass::Internal, "polled after its end")),
            };
            if is_good(&result) {
                return Poll::Ready(result);
            }
            // Where nothing could be reached, everything was tried.
            let failed = self.way.endpoint();
            let now = clock::now();
            if failed.is_none() || now >= self.deadline || !self.is_tried_again(&result, now) {
                return Poll::Ready(result);
            }
            self.attempts += 1;
            self.way = match self.again(failed, now) {
                Ok(way) => way,
                Err(fault) => return Poll::Ready(Err(fault)),
            };
        }
    }

    fn is_tried_again(&self, result: &Result<Answer, Fault>, now: Instant) -> bool {
        let outcome = match result {
            Ok(Answer::Http(answer)) => Outcome::Answer(answer),
            Ok(Answer::Message(_)) => return false,
            Err(fault) => Outcome::Fault(fault),
        };
        let upstream = &self.route.upstream;
        upstream.tries_again(&outcome, self.retry, self.attempts, now)
    }

    /// Its time is over: notes whose fault that is.
    pub(super) fn time_out(&self, now: Instant) {
        let limit = self.route.plan.timeout;
        match &self.way {
            Way::Http(call) => call.timed_out(limit, now),
            Way::Native(_, call) => call.timed_out(limit, now),
            Way::Ended => {}
        }
    }

    /// Takes back what is left of its call. A reply that waits for its turn keeps its exchange,
    /// which must keep no stream and no place upstream.
    pub(super) fn end_call(&mut self) {
        self.way = Way::Ended;
    }

    /// What it waits for, for a fault's detail.
    pub(crate) const fn awaits(&self) -> &'static str {
        match &self.way {
            Way::Http(call) => call.awaits(),
            Way::Native(..) => "no reply in time",
            Way::Ended => "not handled in time",
        }
    }

    fn again(&mut self, failed: Option<usize>, now: Instant) -> Result<Way, Fault> {
        let way = std::mem::replace(&mut self.way, Way::Ended);
        match (way, &self.route.action) {
            (Way::Native(lane, _), Action::Convert(rules)) => {
                Way::converted(&self.request, lane, rules, &self.facts)
            }
            (Way::Native(lane, _), _) => Way::native(&mut self.request, lane),
            (_, Action::Translate(rules)) => {
                let (route, facts) = (&self.route, &self.facts);
                Way::http(
                    &self.request,
                    route,
                    rules,
                    facts,
                    failed,
                    self.deadline,
                    now,
                )
            }
            (_, Action::Convert(_) | Action::Forward) => {
                Err(Fault::unsent(FaultClass::Internal, "no way to go on"))
            }
        }
    }
}

impl Way {
    fn http(
        request: &Message,
        route: &Rc<Route>,
        rules: &Translation,
        facts: &Facts,
        avoid: Option<usize>,
        deadline: Instant,
        now: Instant,
    ) -> Result<Self, Fault> {
        let http = rules.request(request, facts)?;
        let key = route.upstream.key_of(&route.plan, request, facts);
        let wish = Wish { key, avoid };
        let call = Call::begin(&route.upstream, http, facts, wish, deadline, now);
        Ok(Self::Http(call))
    }

    fn converted(
        request: &Message,
        lane: Rc<Lane>,
        rules: &Conversion,
        facts: &Facts,
    ) -> Result<Self, Fault> {
        Self::native(&mut rules.request(request, facts)?, lane)
    }

    fn native(request: &mut Message, lane: Rc<Lane>) -> Result<Self, Fault> {
        let call = lane.send(Parcel::Message(request))?;
        Ok(Self::Native(lane, call))
    }

    /// The endpoint that it was sent to, by index.
    fn endpoint(&self) -> Option<usize> {
        match self {
            Self::Http(call) => call.endpoint(),
            Self::Native(_, call) => call.endpoint(),
            Self::Ended => None,
        }
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
    from.lanes.to(upstream, from.client, key)
}

/// Whether there is no reason to ask once more.
fn is_good(result: &Result<Answer, Fault>) -> bool {
    match result {
        Ok(Answer::Http(answer)) => answer.status.as_u16() < 400,
        Ok(Answer::Message(_)) => true,
        Err(_) => false,
    }
}
