//! One request on its way to an upstream and back.

use super::{Action, Arrival, Route, Sender};
use crate::clock;
use crate::upstream::{Call, Lane, NativeCall, Parcel};
use gatewright_core::codec::Needs;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{Facts, HttpAnswer, Translation};
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
    /// A message of the client's own protocol; nothing where none is due.
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
        let way = match &route.action {
            Action::Translate(rules) => Way::http(&request, route, rules, &facts, at.now),
            Action::Forward => {
                let upstream = match (&route.own, from.needs) {
                    (Some(own), Needs::Exclusive) => &own.exclusive,
                    _ => &route.upstream,
                };
                let lane = from.lanes.to(upstream, from.client);
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
        let route = Rc::clone(route);
        let deadline = at.began + route.plan.timeout;
        Ok(Box::new(Self {
            key,
            request,
            route,
            facts,
            started: at.began,
            deadline,
            attempts: 1,
            way,
        }))
    }

    /// Goes on until the upstream has answered. A request that certainly was not sent is tried
    /// again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Fault>> {
        loop {
            let answered = match &mut self.way {
                Way::Http(call) => ready!(call.poll(cx)).map(Answer::Http),
                Way::Native(_, call) => {
                    let reply = ready!(call.poll_message(cx));
                    reply.map(|reply| Answer::Message(reply.map(Box::new)))
                }
                Way::Ended => Err(Fault::sent(FaultClass::Internal, "polled after its end")),
            };
            let fault = match answered {
                Ok(answer) => return Poll::Ready(Ok(answer)),
                Err(fault) => fault,
            };
            let safe = !fault.may_have_been_sent() && fault.class() == FaultClass::Unreachable;
            if !safe || self.attempts >= self.route.upstream.attempts() {
                return Poll::Ready(Err(fault));
            }
            self.attempts += 1;
            self.way = match self.again() {
                Ok(way) => way,
                Err(fault) => return Poll::Ready(Err(fault)),
            };
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

    fn again(&mut self) -> Result<Way, Fault> {
        match (
            std::mem::replace(&mut self.way, Way::Ended),
            &self.route.action,
        ) {
            (Way::Native(lane, _), _) => Way::native(&mut self.request, lane),
            (_, Action::Translate(rules)) => {
                Way::http(&self.request, &self.route, rules, &self.facts, clock::now())
            }
            (_, Action::Forward) => Err(Fault::unsent(FaultClass::Internal, "no way to go on")),
        }
    }
}

impl Way {
    fn http(
        request: &Message,
        route: &Rc<Route>,
        rules: &Translation,
        facts: &Facts,
        now: Instant,
    ) -> Result<Self, Fault> {
        let http = rules.request(request, facts)?;
        Ok(Self::Http(Call::begin(&route.upstream, http, facts, now)))
    }

    fn native(request: &mut Message, lane: Rc<Lane>) -> Result<Self, Fault> {
        let call = lane.send(Parcel::Message(request))?;
        Ok(Self::Native(lane, call))
    }
}
