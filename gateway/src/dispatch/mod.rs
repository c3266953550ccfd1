//! From a message to its exchange, and from the exchange's outcome to the reply.

mod batch;
mod exchange;
mod exchanges;
mod feed;
mod reply;
mod room;
mod trial;
mod untaken;

pub(crate) use batch::Batch;
pub(crate) use exchange::{Answer, Exchange, unsaid, unwritable};
pub(crate) use exchanges::{Exchanges, InFlight};
pub(crate) use reply::{Content, Reply};
pub(crate) use room::{Room, Share};
pub(crate) use untaken::{Kept, Untaken};

use exchange::{Refused, too_much};

use crate::observe::{Logged, MessageLog, RouteMetrics};
use crate::relay::RelayRoute;
use crate::upstream::{Lane, Lanes, Upstream};
use bytes::Bytes;
use gatewright_config::plan::{RouteAction, RoutePlan};
use gatewright_core::codec::{
    CorrelationKind, Event, Grade, Needs, Operation, Protocol, Rejected, Retry, Used,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Message, OperationId, Slot};
use gatewright_core::route::Table;
use gatewright_core::session::ExchangeKey;
use gatewright_core::translate::{
    Carriage, Conversion, Facts, Outcome, Proxy, Translation, feed as events, misdirected,
    not_allowed, not_forwarded,
};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One route of one listener on one worker.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) plan: Arc<RoutePlan>,
    pub(crate) action: Action,
    pub(crate) upstream: Rc<Upstream>,
    /// The connections of their own that some messages need, where those of the upstream are
    /// shared, or all do.
    pub(crate) own: Option<OwnConnections>,
    pub(crate) metrics: RouteMetrics,
    /// That of all the worker's routes.
    pub(crate) room: Rc<Room>,
}

/// Connections that clients do not share.
#[derive(Debug)]
pub(crate) struct OwnConnections {
    /// For one request at a time, where some need that.
    pub(crate) exclusive: Option<Rc<Upstream>>,
    /// For one client.
    pub(crate) bound: Rc<RelayRoute>,
}

/// What a route does with messages.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// They become HTTP requests, by rules both ways.
    Translate(Translation),
    /// They become messages of the upstream's protocol, by rules both ways.
    Convert(Conversion),
    /// They go to an upstream of their own protocol as they are.
    Forward,
    /// They are HTTP's, and go on as such.
    Proxy(Proxy),
}

impl Route {
    /// Whether anything but its `when` looks at a field of an operation.
    fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        let key = self.plan.balance_key.as_ref();
        key.is_some_and(|key| key.reads(operation, slot))
            || match &self.action {
                Action::Translate(rules) => rules.reads(operation, slot),
                Action::Convert(rules) => rules.reads(operation, slot),
                Action::Forward => false,
                Action::Proxy(_) => true,
            }
    }

    const fn resends(&self) -> bool {
        matches!(self.action, Action::Forward | Action::Proxy(_))
    }
}

impl Action {
    /// The action of a route that messages take.
    pub(crate) fn of(plan: &RoutePlan) -> Option<Self> {
        match &plan.action {
            RouteAction::Translate(rules) => Some(Self::Translate(rules.clone())),
            RouteAction::Convert(rules) => Some(Self::Convert(rules.clone())),
            RouteAction::Forward => Some(Self::Forward),
            RouteAction::Proxy(proxy) => Some(Self::Proxy(proxy.clone())),
            RouteAction::Relay => None,
        }
    }

    /// The reply that the rules make of an outcome; `None` if there is none, or no rules.
    fn reply(&self, request: &Message, outcome: &Outcome<'_>, facts: &Facts) -> Option<Message> {
        match self {
            Self::Translate(rules) => rules.reply(request, outcome, facts),
            Self::Convert(rules) => rules.reply(request, outcome, facts),
            Self::Proxy(proxy) => match outcome {
                Outcome::Answer(answer) => proxy.reply(request, answer, facts),
                Outcome::Fault(fault) => proxy.refusal(request, fault, facts),
                Outcome::Message(_) | Outcome::Sent => None,
            },
            Self::Forward => None,
        }
    }
}

/// Where the messages of one listener go.
#[derive(Debug)]
pub(crate) struct Dispatch {
    protocol: Arc<dyn Protocol>,
    table: Table,
    routes: Vec<Rc<Route>>,
    log: MessageLog,
    /// Whether routes are picked by payloads.
    weighs_payload: bool,
    /// The route on which requests need not be read.
    passage: Option<Rc<Route>>,
    /// Whether clients can open the session that they have to.
    opens: bool,
}

/// When a request came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Its first byte: what its time limit counts from.
    pub(crate) began: Instant,
    /// Its last one.
    pub(crate) now: Instant,
}

/// Who sends, and on what.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    /// The client's connection, by number.
    pub(crate) client: u64,
    /// The lanes of that connection; `None` if what is sent waits for nothing else of it.
    pub(crate) lanes: Option<&'a mut Lanes>,
    /// What its messages ask of the connection that they are sent on.
    pub(crate) needs: Needs,
    /// Whether they may be sent again.
    pub(crate) retry: Retry,
}

impl Sender<'_> {
    /// What leads to an upstream, or to that endpoint of it which a key does.
    fn lane(self, upstream: &Rc<Upstream>, key: u64) -> Rc<Lane> {
        match self.lanes {
            Some(lanes) => lanes.to(upstream, self.client, key),
            None => Lane::new(upstream, self.client, key),
        }
    }
}

/// What became of a request at once.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It is on its way.
    Exchange(InFlight),
    /// It could not be forwarded, or was not to be; this is its answer, if the protocol has one.
    Answered(Option<Reply>),
}

impl Dispatch {
    pub(crate) fn new(
        protocol: Arc<dyn Protocol>,
        table: Table,
        routes: Vec<Rc<Route>>,
        log: MessageLog,
    ) -> Self {
        let passage = passage(&protocol, &table, &routes, log).cloned();
        let operations = protocol.descriptor().operations.iter();
        let mut openings = operations
            .zip((0..).map(OperationId))
            .filter(|(o, _)| o.opens);
        let opens = openings.any(|(_, id)| table.routes_of(id).next().is_some());
        Self {
            opens,
            weighs_payload: table.weighs_payload(),
            protocol,
            table,
            routes,
            log,
            passage,
        }
    }

    /// Which fields of clients' messages anybody looks at.
    pub(crate) fn used(&self) -> Used {
        let routes = |operation| {
            self.table
                .routes_of(operation)
                .filter_map(|at| self.routes.get(at))
        };
        let looks = |operation, slot| {
            self.table.reads(operation, slot)
                || routes(operation).any(|route| route.reads(operation, slot))
        };
        let resent = |operation| routes(operation).any(|route| route.resends());
        Used::of(self.protocol.descriptor(), looks, resent)
    }

    /// What a message asks of its connection upstream, if that is of any matter. One that becomes
    /// another asks for nothing itself.
    pub(crate) fn needs(&self, message: &Message, route: Option<&Rc<Route>>) -> Needs {
        let forwards = |route: &&Rc<Route>| matches!(route.action, Action::Forward);
        match route.filter(forwards) {
            Some(route) if route.upstream.binds_clients() => Needs::Bound,
            Some(route) if route.own.is_some() => self.operation(message).needs,
            Some(_) | None => Needs::Nothing,
        }
    }

    /// Whether a message on that route has to wait for the client to open its session. Where no
    /// route takes what opens one, or the gateway opens them upstream itself, no client has to.
    pub(crate) fn awaits_opening(&self, route: Option<&Rc<Route>>) -> bool {
        self.opens && !route.is_some_and(|route| route.upstream.opens_sessions())
    }

    /// Whether an exchange's reply says that the session of its client, who asked for that, is open.
    pub(crate) fn has_opened(&self, reply: &Reply) -> bool {
        let Reply::Exchange(exchange) = reply else {
            return false;
        };
        let descriptor = self.protocol.descriptor();
        let is_fine = |event: &Event| match event {
            Event::Head(reply) => descriptor.grade(reply) == Grade::Fine,
            Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => false,
        };
        self.operation(&exchange.request).opens && reply.event().is_some_and(is_fine)
    }

    pub(crate) fn operation(&self, message: &Message) -> &Operation {
        let descriptor = self.protocol.descriptor();
        descriptor.operation(message.operation())
    }

    /// The route of requests that need not be read, if there is one.
    pub(crate) const fn passage(&self) -> Option<&Rc<Route>> {
        self.passage.as_ref()
    }

    /// Begins the exchange of several requests that nobody read.
    ///
    /// # Errors
    /// If they cannot be sent. None was, then.
    pub(crate) fn begin_batch(
        &self,
        key: ExchangeKey,
        frames: &Bytes,
        requests: NonZeroU32,
        at: Arrival,
        from: Sender<'_>,
    ) -> Result<Box<Batch>, Fault> {
        let Some(route) = &self.passage else {
            return Err(Fault::unsent(FaultClass::Internal, "there is no passage"));
        };
        Batch::new(key, frames, requests, route, at, from)
            .inspect_err(|fault| route.metrics.faulted(fault.class(), Duration::ZERO))
    }

    /// Counts what came of a batch.
    pub(crate) fn count_batch(&self, batch: &Batch, end: &Result<(), Fault>, now: Instant) {
        let took = now.saturating_duration_since(batch.started);
        batch.route.metrics.replied(batch.replies(), took);
        if let Err(fault) = end {
            (0..batch.due).for_each(|_| batch.route.metrics.faulted(fault.class(), took));
        }
    }

    /// The protocol's own refusal of a request that nobody read.
    pub(crate) fn refuse_passed(&self, fault: &Fault) -> Option<Reply> {
        let rejected = Rejected {
            operation: None,
            correlation: Correlation::None,
            message: None,
            error: None,
        };
        self.refuse_unread(&rejected, fault)
    }

    /// The route that takes a message.
    pub(crate) fn route(&self, message: &Message, facts: &Facts) -> Option<&Rc<Route>> {
        if facts.carriage.misdirected {
            return None;
        }
        self.table
            .pick(message, facts)
            .and_then(|index| self.routes.get(index))
    }

    /// Whether a message goes on as it comes, and nobody looks at its payload.
    pub(crate) fn passes_on(&self, message: &Message, facts: &Facts) -> bool {
        let route = || self.route(message, facts);
        !self.weighs_payload && route().is_some_and(|route| !route.plan.weighs_payload())
    }

    /// How long an exchange of a route may take; a message without a route is answered at once.
    pub(crate) fn time_for(route: Option<&Rc<Route>>) -> Duration {
        route.map_or(Duration::ZERO, |route| route.plan.timeout)
    }

    /// The same for one message, whose operation may have less.
    pub(crate) fn time_for_message(
        &self,
        route: Option<&Rc<Route>>,
        message: &Message,
    ) -> Duration {
        let limit = Self::time_for(route);
        let own = self.operation(message).timeout;
        own.map_or(limit, |own| own.min(limit))
    }

    /// Begins the exchange of a request, or gives the answer to one that cannot be forwarded.
    pub(crate) fn begin(
        &self,
        key: Option<ExchangeKey>,
        request: Message,
        route: Option<&Rc<Route>>,
        facts: Facts,
        at: Arrival,
        from: Sender<'_>,
    ) -> Begun {
        let Some(route) = route else {
            let fault = Fault::unsent(FaultClass::Unrouted, "no route takes this message");
            let logged = self.logged(None, &request, &facts, Duration::ZERO);
            self.log.faulted(&logged, &fault);
            return Begun::Answered(self.refuse_unrouted(request, facts.carriage, &fault));
        };
        if let Action::Proxy(_) = &route.action
            && let Some(reply) = not_forwarded(&request, &self.protocol)
        {
            route.metrics.replied(1, Duration::ZERO);
            let logged = self.logged(Some(route), &request, &facts, Duration::ZERO);
            self.log.replied(&logged, None, 1);
            return Begun::Answered(Some(Reply::to_request(reply, request)));
        }
        let retry = match &route.action {
            Action::Convert(rules) => rules.operation().retry,
            Action::Proxy(proxy) => proxy.retry_of(&request),
            Action::Translate(_) | Action::Forward => self.operation(&request).retry,
        };
        let from = Sender { retry, ..from };
        let limit = self.time_for_message(Some(route), &request);
        match Exchange::begin(key, request, route, facts, at, limit, from) {
            Ok(exchange) => Begun::Exchange(InFlight::Exchange(exchange)),
            Err(Refused { exchange, fault }) => {
                let message = self.reply_to_fault(&exchange, &fault, Duration::ZERO);
                Begun::Answered(exchange.reply_with(message))
            }
        }
    }

    /// Ends an exchange with what came of it: its reply, or `None` where there is none to give.
    pub(crate) fn finish(
        &self,
        exchange: Box<Exchange>,
        result: Result<Answer, Fault>,
        now: Instant,
    ) -> Option<Reply> {
        let took = now.saturating_duration_since(exchange.started);
        let message = match result {
            Ok(answer) => self.reply_to_answer(&exchange, answer, took),
            Err(fault) => {
                if fault.class() == FaultClass::Timeout {
                    exchange.time_out(now);
                }
                self.reply_to_fault(&exchange, &fault, took)
            }
        };
        exchange.reply_with(message)
    }

    fn reply_to_answer(
        &self,
        exchange: &Exchange,
        answer: Answer,
        took: Duration,
    ) -> Option<Message> {
        let Exchange {
            request,
            route,
            facts,
            attempts,
            ..
        } = exchange;
        let logged = self.logged(Some(route), request, facts, took);
        match answer {
            Answer::Http => {
                let answer = exchange.response()?;
                route.metrics.answered(answer.status, took);
                self.log.answered(&logged, answer, *attempts);
                (route.action).reply(request, &Outcome::Answer(answer), facts)
            }
            Answer::Events(body) => {
                route.metrics.replied(1, took);
                self.log.replied(&logged, None, *attempts);
                let descriptor = self.protocol.descriptor();
                let method = request.field(descriptor.http?.method);
                let head = events::head(descriptor)?;
                // Nothing follows the head that HEAD asks for: without a reader, the feed ends.
                Some(match method.as_str() {
                    Some("HEAD") => head,
                    Some(_) | None => head.with_body(body),
                })
            }
            Answer::Message(reply) => {
                route.metrics.replied(1, took);
                let named = (reply.as_deref()).map(|reply| self.name_of(reply, &route.action));
                self.log.replied(&logged, named, *attempts);
                self.reply_of(reply, exchange)
            }
        }
    }

    /// What the client gets for a fault, which is counted.
    fn reply_to_fault(
        &self,
        exchange: &Exchange,
        fault: &Fault,
        took: Duration,
    ) -> Option<Message> {
        let Exchange {
            request,
            route,
            facts,
            ..
        } = exchange;
        route.metrics.faulted(fault.class(), took);
        let logged = self.logged(Some(route), request, facts, took);
        self.log.faulted(&logged, fault);
        self.reply_by_rules(exchange, fault)
    }

    /// What the client gets for an upstream's message, or for none where none is due.
    fn reply_of(&self, reply: Option<Box<Message>>, exchange: &Exchange) -> Option<Message> {
        let Exchange {
            request,
            route,
            facts,
            ..
        } = exchange;
        match (&route.action, reply) {
            (Action::Forward, reply) => reply.map(|reply| self.addressed(*reply, request)),
            (Action::Proxy(proxy), reply) => proxy.passed_back(request, *reply?, facts),
            (action, Some(reply)) => action.reply(request, &Outcome::Message(&reply), facts),
            (action, None) => action.reply(request, &Outcome::Sent, facts),
        }
    }

    /// The name of the operation of an upstream's reply.
    fn name_of<'a>(&'a self, reply: &Message, action: &'a Action) -> &'a str {
        let protocol = match action {
            Action::Convert(rules) => rules.upstream(),
            Action::Translate(_) | Action::Forward | Action::Proxy(_) => &self.protocol,
        };
        let descriptor = protocol.descriptor();
        &descriptor.operation(reply.operation()).name
    }

    /// A reply from an upstream of the client's own protocol, with the client's own id.
    fn addressed(&self, mut reply: Message, request: &Message) -> Message {
        let correlation = request.correlation().clone();
        self.protocol
            .descriptor()
            .correlate(&mut reply, correlation);
        reply
    }

    fn reply_by_rules(&self, exchange: &Exchange, fault: &Fault) -> Option<Message> {
        let Exchange {
            request,
            route,
            facts,
            ..
        } = exchange;
        match &route.action {
            Action::Forward => self.protocol.reject(&Rejected::from(request), fault),
            action => action.reply(request, &Outcome::Fault(fault), facts),
        }
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

    /// The refusal of a request that no route takes: of HTTP, perhaps others would be taken.
    /// Or it would be taken on another connection.
    fn refuse_unrouted(
        &self,
        request: Message,
        carriage: Carriage,
        fault: &Fault,
    ) -> Option<Reply> {
        let refusal = if carriage.misdirected {
            misdirected(&request, &self.protocol)
        } else {
            let allow = self.table.allowed(&request);
            allow.and_then(|allow| not_allowed(&request, &self.protocol, &allow))
        };
        match refusal {
            Some(message) => Some(Reply::to_request(message, request)),
            None => self.refuse(request, fault),
        }
    }

    /// The fault of a request for whose payload there is no room. It is counted and logged as that of one that
    /// is whole, on the route that takes it by what came of it.
    pub(crate) fn no_room(&self, request: &Message, facts: &Facts, took: Duration) -> Fault {
        let fault = too_much();
        let route = self.route(request, facts);
        if let Some(route) = route {
            route.metrics.faulted(fault.class(), took);
        }
        let logged = self.logged(route.map(AsRef::as_ref), request, facts, took);
        self.log.faulted(&logged, &fault);
        fault
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

    /// What to write instead of a reply that cannot be sent: what the rules say of the fault, then the
    /// protocol's own refusal.
    pub(crate) fn instead_of(&self, reply: &Reply, fault: &Fault) -> impl Iterator<Item = Event> {
        let (request, by_rules) = match reply {
            Reply::Exchange(exchange) => {
                let by_rules = self.reply_by_rules(exchange, fault);
                (Some(&exchange.request), by_rules)
            }
            Reply::Refusal(refusal) => (Some(&refusal.request), None),
            Reply::Unread(_) | Reply::Frames(_) => (None, None),
        };
        let refusal = request.and_then(|r| self.protocol.reject(&Rejected::from(r), fault));
        by_rules.into_iter().chain(refusal).map(Event::Head)
    }
}

/// Requests need not be read where one route takes them all to an upstream that tells replies by
/// their order and is not chosen by a key, and nobody wants a line about each.
fn passage<'r>(
    protocol: &Arc<dyn Protocol>,
    table: &Table,
    routes: &'r [Rc<Route>],
    log: MessageLog,
) -> Option<&'r Rc<Route>> {
    let route = routes.get(table.sole()?)?;
    let in_order = protocol.descriptor().capabilities.correlation == CorrelationKind::Fifo;
    let forwards = matches!(route.action, Action::Forward);
    let by_key = route.upstream.goes_by_key();
    // Several that pass together have one time together.
    let timed = !route.plan.tries.is_none();
    let unread = in_order && forwards && !by_key && !timed && !log.is_enabled();
    (unread && route.upstream.shares_connections()).then_some(route)
}
