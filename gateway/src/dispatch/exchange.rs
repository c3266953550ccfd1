//! One request on its way to an upstream and back.

use super::{Arrival, Route};
use crate::clock;
use crate::upstream::{Call, Wish};
use gatewright_core::codec::Retry;
use gatewright_core::fault::Fault;
use gatewright_core::message::Message;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{BalanceKey, Facts, HttpAnswer, Outcome};
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
        retry: Retry,
        at: Arrival,
    ) -> Result<Box<Self>, Box<Refused>> {
        let call = match Self::call(&request, route, &facts, None, at.now) {
            Ok(call) => call,
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
        let deadline = at.began + route.plan.timeout;
        Ok(Box::new(Self {
            key,
            request,
            route,
            facts,
            started: at.began,
            deadline,
            attempts: 1,
            retry,
            call,
        }))
    }

    /// Goes on until the upstream has answered, or failed in a way after which nothing is tried
    /// again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<HttpAnswer, Fault>> {
        loop {
            let result = ready!(self.call.poll(cx));
            // Where nothing could be reached, everything was tried.
            let failed = self.call.endpoint();
            let now = clock::now();
            if failed.is_none() || now >= self.deadline || !self.is_tried_again(&result, now) {
                return Poll::Ready(result);
            }
            self.attempts += 1;
            match Self::call(&self.request, &self.route, &self.facts, failed, now) {
                Ok(call) => self.call = call,
                Err(fault) => return Poll::Ready(Err(fault)),
            }
        }
    }

    fn is_tried_again(&self, result: &Result<HttpAnswer, Fault>, now: Instant) -> bool {
        let outcome = match result {
            Ok(answer) => Outcome::Answer(answer),
            Err(fault) => Outcome::Fault(fault),
        };
        let upstream = &self.route.upstream;
        upstream.tries_again(&outcome, self.retry, self.attempts, now)
    }

    /// Its time is over: notes whose fault that is.
    pub(super) fn time_out(&self, now: Instant) {
        self.call.timed_out(self.route.plan.timeout, now);
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
        avoid: Option<usize>,
        now: Instant,
    ) -> Result<Call, Fault> {
        let http = route.plan.translation.request(request, facts)?;
        let key = match &route.plan.balance_key {
            _ if !route.upstream.goes_by_key() => 0,
            Some(key) => key.of(request, facts),
            None => BalanceKey::of_peer(facts),
        };
        let wish = Wish { key, avoid };
        Ok(Call::begin(&route.upstream, http, facts, wish, now))
    }
}
