//! One request on its way to an upstream and back.

use super::{Arrival, Route};
use crate::clock;
use crate::upstream::Call;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{Facts, HttpAnswer};
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
    call: Call,
}

/// A request that could not be translated.
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
        request: Message,
        route: &Rc<Route>,
        facts: Facts,
        at: Arrival,
    ) -> Result<Box<Self>, Box<Refused>> {
        let call = match Self::call(&request, route, &facts, at.now) {
            Ok(call) => call,
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
            call,
        }))
    }

    /// Goes on until the upstream has answered. A request that certainly was not sent is tried
    /// again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<HttpAnswer, Fault>> {
        loop {
            let fault = match ready!(self.call.poll(cx)) {
                Ok(answer) => return Poll::Ready(Ok(answer)),
                Err(fault) => fault,
            };
            let safe = !fault.may_have_been_sent() && fault.class() == FaultClass::Unreachable;
            if !safe || self.attempts >= self.route.upstream.attempts() {
                return Poll::Ready(Err(fault));
            }
            self.attempts += 1;
            match Self::call(&self.request, &self.route, &self.facts, clock::now()) {
                Ok(call) => self.call = call,
                Err(fault) => return Poll::Ready(Err(fault)),
            }
        }
    }

    /// Takes back what is left of its call. A reply that waits for its turn keeps its exchange,
    /// which must keep no stream and no place upstream.
    pub(super) fn end_call(&mut self) {
        self.call = Call::ended();
    }

    /// What it waits for, for a fault's detail.
    pub(crate) fn awaits(&self) -> &'static str {
        self.call.awaits()
    }

    fn call(
        request: &Message,
        route: &Rc<Route>,
        facts: &Facts,
        now: Instant,
    ) -> Result<Call, Fault> {
        let http = route.translation.request(request, facts)?;
        Ok(Call::begin(&route.upstream, http, facts, now))
    }
}
