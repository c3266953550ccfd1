//! From a message to its exchange, and from the exchange's outcome to the reply.

mod exchange;
mod exchanges;

pub(crate) use exchange::Exchange;
pub(crate) use exchanges::Exchanges;

use exchange::Refused;

use crate::observe::{Logged, MessageLog, RouteMetrics};
use crate::upstream::Upstream;
use gatewright_config::plan::RoutePlan;
use gatewright_core::codec::{Event, Protocol, Rejected};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::route::Table;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{Facts, HttpAnswer, Outcome};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One route of one listener on one worker.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) plan: Arc<RoutePlan>,
    pub(crate) upstream: Rc<Upstream>,
    pub(crate) metrics: RouteMetrics,
}

/// Where the messages of one listener go.
#[derive(Debug)]
pub(crate) struct Dispatch {
    protocol: Arc<dyn Protocol>,
    table: Table,
    routes: Vec<Rc<Route>>,
    log: MessageLog,
}

/// A reply and the request that it answers: if the reply cannot be written, the protocol's own
/// refusal of that request is.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) event: Event,
    answers: Answers,
}

#[derive(Debug)]
enum Answers {
    Exchange(Box<Exchange>),
    Request(Box<Message>),
    Unread,
}

impl Reply {
    /// The answer to what could not be read, or asks for nothing.
    pub(crate) const fn to_unread(message: Message) -> Self {
        Self {
            event: Event::Head(message),
            answers: Answers::Unread,
        }
    }

    fn to_request(message: Message, request: Message) -> Self {
        Self {
            event: Event::Head(message),
            answers: Answers::Request(Box::new(request)),
        }
    }
}

/// When a request came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Its first byte: what its time limit counts from.
    pub(crate) began: Instant,
    /// Its last one.
    pub(crate) now: Instant,
}

/// What became of a request at once.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is on its way.
    Exchange(Box<Exchange>),
    /// It could not be forwarded; this is its answer, if the protocol has one.
    Answered(Option<Reply>),
}

impl Dispatch {
    pub(crate) const fn new(
        protocol: Arc<dyn Protocol>,
        table: Table,
        routes: Vec<Rc<Route>>,
        log: MessageLog,
    ) -> Self {
        Self {
            protocol,
            table,
            routes,
            log,
        }
    }

    /// The route that takes a message.
    pub(crate) fn route(&self, message: &Message, facts: &Facts) -> Option<&Rc<Route>> {
        self.table
            .pick(message, facts)
            .and_then(|index| self.routes.get(index))
    }

    /// How long an exchange of a route may take; a message without a route is answered at once.
    pub(crate) fn time_for(route: Option<&Rc<Route>>) -> Duration {
        route.map_or(Duration::ZERO, |route| route.plan.timeout)
    }

    /// Begins the exchange of a request, or gives the answer to one that cannot be forwarded.
    pub(crate) fn begin(
        &self,
        key: Option<ExchangeKey>,
        request: Message,
        route: Option<&Rc<Route>>,
        facts: Facts,
        at: Arrival,
    ) -> Begun {
        let Some(route) = route else {
            let fault = Fault::unsent(FaultClass::Unrouted, "no route takes this message");
            let logged = self.logged(None, &request, &facts, Duration::ZERO);
            self.log.faulted(&logged, &fault);
            return Begun::Answered(self.refuse(request, &fault));
        };
        let descriptor = self.protocol.descriptor();
        let retry = descriptor.operation(request.operation()).retry;
        let refused = match Exchange::new(key, request, route, facts, retry, at) {
            Ok(exchange) => return Begun::Exchange(exchange),
            Err(refused) => refused,
        };
        let Refused {
            request,
            facts,
            fault,
        } = *refused;
        route.metrics.faulted(fault.class(), Duration::ZERO);
        let logged = self.logged(Some(route), &request, &facts, Duration::ZERO);
        self.log.faulted(&logged, &fault);
        let translation = &route.plan.translation;
        let reply = translation.reply(&request, &Outcome::Fault(&fault), &facts);
        Begun::Answered(reply.map(|message| Reply::to_request(message, request)))
    }

    /// Ends an exchange with what came of it: its reply, or `None` where the protocol has no
    /// way to give one.
    pub(crate) fn finish(
        &self,
        mut exchange: Box<Exchange>,
        result: &Result<HttpAnswer, Fault>,
        now: Instant,
    ) -> Option<Reply> {
        if let Err(fault) = result
            && fault.class() == FaultClass::Timeout
        {
            exchange.time_out(now);
        }
        exchange.end_call();
        let Exchange {
            request,
            route,
            facts,
            started,
            ..
        } = &*exchange;
        let took = now.saturating_duration_since(*started);
        let logged = self.logged(Some(route), request, facts, took);
        let outcome = match result {
            Ok(answer) => {
                route.metrics.answered(answer.status, took);
                self.log.answered(&logged, answer, exchange.attempts);
                Outcome::Answer(answer)
            }
            Err(fault) => {
                route.metrics.faulted(fault.class(), took);
                self.log.faulted(&logged, fault);
                Outcome::Fault(fault)
            }
        };
        let message = route.plan.translation.reply(request, &outcome, facts)?;
        Some(Reply {
            event: Event::Head(message),
            answers: Answers::Exchange(exchange),
        })
    }

    const fn logged<'a>(
        &'a self,
        route: Option<&'a Route>,
        request: &'a Message,
        facts: &'a Facts,
        took: Duration,
    ) -> Logged<'a> {
        Logged {
            protocol: &self.protocol,
            route,
            request,
            facts,
            took,
        }
    }

    /// The protocol's own refusal of a request.
    pub(crate) fn refuse(&self, request: Message, fault: &Fault) -> Option<Reply> {
        let message = self.protocol.reject(&Rejected::from(&request), fault)?;
        Some(Reply::to_request(message, request))
    }

    /// The protocol's own refusal of what could not even be read.
    pub(crate) fn refuse_unread(&self, rejected: &Rejected<'_>, fault: &Fault) -> Option<Reply> {
        let message = self.protocol.reject(rejected, fault)?;
        Some(Reply::to_unread(message))
    }

    /// What to write instead of a reply that does not fit the wire: what the rules say of a bad
    /// reply, then the protocol's own refusal.
    pub(crate) fn instead_of(&self, reply: &Reply) -> impl Iterator<Item = Event> {
        let fault = Fault::sent(FaultClass::BadReply, "the reply does not fit the wire");
        let (request, by_rules) = match &reply.answers {
            Answers::Exchange(exchange) => {
                let Exchange {
                    request,
                    route,
                    facts,
                    ..
                } = &**exchange;
                let outcome = Outcome::Fault(&fault);
                (
                    Some(request),
                    route.plan.translation.reply(request, &outcome, facts),
                )
            }
            Answers::Request(request) => (Some(&**request), None),
            Answers::Unread => (None, None),
        };
        let refusal = request.and_then(|r| self.protocol.reject(&Rejected::from(r), &fault));
        by_rules.into_iter().chain(refusal).map(Event::Head)
    }
}
