//! Upstreams: pools of HTTP/2 connections, and the built-in one.

mod call;
mod check;
mod connect;
mod dial;
mod download;
mod driver;
mod faults;
mod mock;
mod native;
mod own;
mod place;
mod quic;
mod quic_stream;
mod retiring;
mod retry;
mod roster;
mod spent;
mod stream;
#[cfg(test)]
mod tests;
mod traceparent;
mod upload;

pub(crate) use call::{Call, TimeLeft};
pub(crate) use dial::Dialler;
pub(crate) use native::{Call as NativeCall, Lane, Lanes, Parcel, Part};
pub(crate) use own::{Beginning, OwnConnection, OwnPlace, Owner};
pub(crate) use quic::QuicSocket;
pub(crate) use stream::Stream;

use place::{Lease, Place, Queued, refusal_fault};

use crate::clock;
use crate::http2::SharedAllowance;
use crate::lifecycle::{Awaited, Drivers, Scratch, Timers};
use crate::observe::UpstreamMetrics;
use crate::random::Random;
use bytes::Bytes;
use check::Probes;
use driver::Driver;
use gatewright_config::plan::{Endpoint, MockPlan, Sharing, UpstreamPlan};
use gatewright_core::balance::Policy;
use gatewright_core::fault::Fault;
use gatewright_core::health::{Standing, Verdict};
use gatewright_core::limit::{Late, RetryBudget, Stage};
use gatewright_core::pool::{Acquired, Ask, ConnId, Pool, PoolEvent, PoolLimits, Refusal, Ticket};
use h2::client::SendRequest;
use http::uri::{Authority, Scheme};
use native::{Link, LinkDriver, Outgoing};
use spent::Spent;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// One upstream as one worker uses it.
pub(crate) struct Upstream {
    plan: UpstreamPlan,
    dialler: Rc<Dialler>,
    timers: Rc<Timers>,
    drivers: Drivers,
    metrics: UpstreamMetrics,
    state: RefCell<State>,
    budget: RefCell<RetryBudget>,
    /// Tells the task that watches the pool's time that something is due earlier.
    earlier: Notify,
    random: Random,
    awaited: Arc<Awaited>,
    scratch: Scratch,
    /// When the log last said that a relay cannot connect.
    complained: Cell<Option<Instant>>,
    /// Where the endpoints are, by index; nowhere for one that is gone.
    targets: RefCell<Vec<Option<Endpoint>>>,
    probes: RefCell<Option<Probes>>,
    outgoing: Rc<Outgoing>,
}

struct State {
    pool: Pool,
    /// In the order of their ids, so that one of thousands is found in a few steps.
    connections: Vec<Connected>,
    waiters: HashMap<Ticket, Waiter>,
    /// What the task that watches the pool's time sleeps until, if there is one.
    watched_until: Option<Instant>,
}

/// Where a request had better go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// What a hash goes by.
    pub(crate) key: u64,
    /// The endpoint that failed it before.
    pub(crate) avoid: Option<usize>,
}

/// How far a try got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// When it was sent.
    pub(crate) since: Instant,
    pub(crate) stage: Stage,
}

struct Connected {
    id: ConnId,
    carrier: Carrier,
    /// When it owed nothing last.
    last_used: Instant,
    since: Instant,
    /// Whether any answer came on it.
    answered: bool,
}

/// What requests are sent on.
enum Carrier {
    /// These are few, and those of a protocol of one's own many.
    Http(Box<HttpCarrier>),
    Native(Rc<Link>),
}

struct HttpCarrier {
    target: Target,
    sender: SendRequest<Bytes>,
    /// Requests that were sent on it.
    served: u64,
    /// Its task.
    driver: Waker,
    /// Whether nothing new is begun on it.
    retiring: bool,
    /// Its streams that did not end with a whole answer.
    broken: usize,
    spent: Spent,
    allowance: SharedAllowance,
}

/// What became of a request whose payload the client does not send to its end.
pub(crate) const CUT: &str = "the client sent no more of it";

/// What became of one whose payload stood still.
const GIVEN_UP: &str = "the client sent nothing for long, and the server waits no more";

/// Servers wait for longer than that before they give up a client.
const STALL: Duration = Duration::from_secs(1);

/// Whether a client of which nothing has come since then may have been given up for it.
fn is_stall(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) >= STALL
}

/// A connection that is lost earlier and without an answer was of no use.
const YOUNG: Duration = Duration::from_secs(1);

/// What an endpoint adds to each request.
#[derive(Clone, Debug)]
struct Target {
    scheme: Scheme,
    authority: Authority,
}

enum Waiter {
    Waiting(Waker),
    Granted(ConnId),
    Refused(Refusal),
}

impl Upstream {
    pub(crate) fn new(
        plan: UpstreamPlan,
        dialler: Rc<Dialler>,
        timers: Rc<Timers>,
        drivers: Drivers,
        metrics: UpstreamMetrics,
        awaited: Arc<Awaited>,
        scratch: Scratch,
    ) -> Self {
        let limits = PoolLimits {
            connections: plan.limits.connections,
            streams: plan.limits.streams,
            queue: plan.limits.queue,
            queue_wait: plan.limits.queue_wait,
        };
        // Those that are looked for come later.
        let (ranks, targets) = match &plan.discovery {
            Some(_) => (&[][..], Vec::new()),
            None => (
                &plan.ranks[..],
                plan.endpoints.iter().cloned().map(Some).collect(),
            ),
        };
        let state = State {
            pool: Pool::balanced(ranks, limits, plan.policy),
            connections: Vec::new(),
            waiters: HashMap::new(),
            watched_until: None,
        };
        Self {
            budget: RefCell::new(RetryBudget::new(plan.retry.budget)),
            earlier: Notify::new(),
            plan,
            dialler,
            timers,
            drivers,
            metrics,
            state: RefCell::new(state),
            random: Random::seeded(),
            awaited,
            scratch,
            complained: Cell::new(None),
            targets: RefCell::new(targets),
            probes: RefCell::default(),
            outgoing: Rc::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    /// How often something is tried at most.
    const fn attempts(&self) -> u32 {
        self.plan.retry.attempts
    }

    /// Counts a try that took longer than it may.
    pub(crate) fn note_late(&self, late: Late) {
        self.metrics.late(late);
    }

    /// Whether an endpoint is chosen by a key.
    pub(crate) fn goes_by_key(&self) -> bool {
        self.plan.policy.balance == Policy::Hash
    }

    /// What the built-in upstream is to answer, if this is one.
    fn mock(&self) -> Option<&MockPlan> {
        match self.plan.endpoints.first() {
            Some(Endpoint::Mock(plan)) => Some(plan),
            _ => None,
        }
    }

    /// A number that nobody needs to guess: for jitter and span ids.
    fn random(&self) -> u64 {
        self.random.draw()
    }

    fn jitter(&self) -> u32 {
        (self.random() >> 32) as u32
    }

    /// Asks for a place on a connection. A place in the queue wakes nobody before it is polled.
    fn acquire(self: &Rc<Self>, client: u64, wish: Wish, now: Instant) -> Result<Place, Fault> {
        let ask = Ask {
            client,
            key: wish.key,
            chance: self.random(),
            avoid: wish.avoid,
        };
        let (place, busy) = {
            let state = &mut *self.state.borrow_mut();
            let place = match state.pool.acquire_as(ask, now) {
                Acquired::Granted(id) => Ok(Place::Granted(Lease::new(self, id, now))),
                Acquired::Queued(ticket) => {
                    state
                        .waiters
                        .insert(ticket, Waiter::Waiting(Waker::noop().clone()));
                    Ok(Place::Queued(Queued {
                        upstream: Rc::clone(self),
                        ticket,
                    }))
                }
                Acquired::Refused(refusal) => Err(refusal_fault(refusal)),
            };
            // Where nothing is reachable, somebody has to look for it in time.
            let busy = state.is_busy() || place.is_err();
            (place, busy)
        };
        if busy {
            self.act();
        }
        place
    }

    /// Does what the pool asks for. Never called while the state is borrowed.
    fn act(self: &Rc<Self>) {
        loop {
            let event = self.state.borrow_mut().pool.poll_event();
            match event {
                Some(PoolEvent::Connect(id)) => self.open(id),
                Some(PoolEvent::Grant(ticket, id)) => self.settle(ticket, Waiter::Granted(id)),
                Some(PoolEvent::Refuse(ticket, why)) => self.settle(ticket, Waiter::Refused(why)),
                Some(PoolEvent::Standing(endpoint, standing)) => self.tell(endpoint, standing),
                Some(PoolEvent::Arrived(endpoint)) => self.arrived(endpoint),
                Some(PoolEvent::Left(endpoint)) => self.left(endpoint),
                Some(PoolEvent::Retire(id)) => self.mark_retiring(id),
                None => break,
            }
        }
        self.watch();
    }

    /// Trials and their failures come again and again while an endpoint is away: only its loss
    /// and its return are news.
    fn tell(&self, endpoint: usize, standing: Standing) {
        let before = self.metrics.standing(endpoint, standing);
        let (upstream, now) = (self.name(), standing.as_str());
        if [before, Some(standing)].contains(&Some(Standing::Healthy)) {
            tracing::warn!(upstream, endpoint, "the endpoint is {now}");
        } else {
            tracing::debug!(upstream, endpoint, "the endpoint is {now}");
        }
    }

    fn open(self: &Rc<Self>, id: ConnId) {
        match &self.plan.speaks {
            Some(speech) => {
                let running = LinkDriver::run(Rc::clone(self), id, speech.clone());
                self.drivers.spawn(running);
            }
            None => self.drivers.spawn(Driver::run(Rc::clone(self), id)),
        }
    }

    /// Whether clients share its connections.
    pub(crate) fn shares_connections(&self) -> bool {
        self.sharing() == Sharing::Shared
    }

    /// The longest frame that is read from it.
    pub(crate) const fn longest_frame(&self) -> usize {
        self.plan.limits.frame
    }

    pub(crate) const fn timers(&self) -> &Rc<Timers> {
        &self.timers
    }

    /// Whether its connections carry messages of a protocol.
    /// Whether each of its connections begins with what opens a session.
    pub(crate) fn opens_sessions(&self) -> bool {
        let speaks = self.plan.speaks.as_ref();
        speaks.is_some_and(|speech| !speech.opening.is_empty())
    }

    pub(crate) const fn speaks(&self) -> bool {
        self.plan.speaks.is_some()
    }

    /// Whether each client has a connection of its own.
    pub(crate) fn binds_clients(&self) -> bool {
        self.sharing() == Sharing::Bound
    }

    /// Notes how an endpoint did in one exchange of several on a place.
    fn judge(self: &Rc<Self>, id: ConnId, verdict: Verdict, began: Instant, now: Instant) {
        self.note_first(id, verdict, began, now);
        self.note_verdict(id, verdict, began, now);
    }

    /// Notes that an exchange is answered, and may go on for long.
    fn judge_head(self: &Rc<Self>, id: ConnId, began: Instant, now: Instant) {
        self.note_first(id, Verdict::Good, began, now);
        self.change_pool(|pool| pool.handle_head(id, began, now));
    }

    /// Notes how one ended that was answered some time ago.
    fn note_verdict(self: &Rc<Self>, id: ConnId, verdict: Verdict, began: Instant, now: Instant) {
        let busy = {
            let state = &mut *self.state.borrow_mut();
            state.pool.handle_verdict(id, verdict, began, now);
            state.is_busy()
        };
        if busy {
            self.act();
        }
    }

    fn note_first(&self, id: ConnId, verdict: Verdict, began: Instant, now: Instant) {
        if verdict == Verdict::Good {
            let state = &mut *self.state.borrow_mut();
            if self.plan.policy.balance == Policy::P2c {
                state.pool.handle_first_byte(id, began, now);
            }
            state.note_answered(id);
        }
    }

    /// Who uses a connection at a time.
    fn sharing(&self) -> Sharing {
        let speaks = self.plan.speaks.as_ref();
        speaks.map_or(Sharing::Shared, |speech| speech.sharing)
    }

    /// Counts an answer that the worker may let gather with others. Where each has a connection of its
    /// own, none would be read or written together with another: a pause would only take time.
    fn count_awaited(&self, count: impl FnOnce(&Awaited)) {
        if self.sharing() == Sharing::Shared {
            count(&self.awaited);
        }
    }

    /// A connection that the pool asked for was not made, be it for want of something `ours`.
    fn note_connect_failed(self: &Rc<Self>, id: ConnId, error: &dyn fmt::Display, ours: bool) {
        self.metrics.connect_failed();
        let (endpoint, at) = (id.endpoint(), self.shown(id.endpoint()));
        // What is wanting is wanting for all of them, again and again.
        if !ours || self.may_complain() {
            tracing::warn!(upstream = self.name(), endpoint, at, %error, "cannot connect");
        }
        let jitter = self.jitter();
        self.change_pool(|pool| match ours {
            true => pool.handle_connect_put_off(id, clock::now()),
            false => pool.handle_connect_failed(id, jitter, clock::now()),
        });
    }

    fn settle(&self, ticket: Ticket, settled: Waiter) {
        let before = self.state.borrow_mut().waiters.insert(ticket, settled);
        if let Some(Waiter::Waiting(waker)) = before {
            waker.wake();
        }
    }

    /// Starts the task that watches the pool's time, or wakes it if something is due earlier.
    fn watch(self: &Rc<Self>) {
        let state = &mut *self.state.borrow_mut();
        self.metrics.queued(state.pool.queued());
        let Some(next) = state.pool.poll_timeout() else {
            return;
        };
        match state.watched_until {
            Some(until) if until <= next => {}
            Some(_) => self.earlier.notify_one(),
            None => {
                state.watched_until = Some(next);
                tokio::task::spawn_local(Rc::clone(self).keep_time());
            }
        }
    }

    async fn keep_time(self: Rc<Self>) {
        loop {
            let next = self.state.borrow().pool.poll_timeout();
            self.state.borrow_mut().watched_until = next;
            let Some(next) = next else { break };
            tokio::select! {
                () = tokio::time::sleep_until(next.into()) => {}
                () = self.earlier.notified() => continue,
            }
            self.state.borrow_mut().pool.handle_timeout(clock::now());
            self.act();
        }
    }

    fn change_pool(self: &Rc<Self>, change: impl FnOnce(&mut Pool)) {
        change(&mut self.state.borrow_mut().pool);
        self.act();
    }

    fn add(&self, id: ConnId, carrier: Carrier) {
        let now = clock::now();
        let connected = Connected {
            id,
            carrier,
            last_used: now,
            since: now,
            answered: false,
        };
        let connections = &mut self.state.borrow_mut().connections;
        let place = connections.partition_point(|other| other.id < id);
        connections.insert(place, connected);
        self.metrics.connected();
    }

    fn remove(&self, id: ConnId) {
        let state = &mut *self.state.borrow_mut();
        if let Some(place) = state.place(id) {
            state.connections.remove(place);
            self.metrics.disconnected();
        }
    }

    /// Nothing more is sent on a connection.
    fn leave(self: &Rc<Self>, id: ConnId) {
        if self.state.borrow_mut().connected(id).is_some() {
            self.remove(id);
            self.change_pool(|pool| pool.handle_leaving(id, clock::now()));
        }
    }

    /// Notes that the server ends a connection, unless that is known.
    fn note_loss(&self, id: ConnId) {
        let state = &mut *self.state.borrow_mut();
        let now = clock::now();
        let useless = |c: &Connected| !c.answered && now.saturating_duration_since(c.since) < YOUNG;
        if state.connected(id).is_some_and(|c| useless(c)) {
            state.pool.handle_useless(id, self.jitter(), now);
        }
    }

    /// Whether no answer is due on a connection.
    fn owes_nothing(&self, id: ConnId) -> bool {
        self.state.borrow_mut().pool.owes_nothing(id)
    }

    /// When a connection owed nothing last, or began.
    fn last_used(&self, id: ConnId) -> Option<Instant> {
        let state = &mut *self.state.borrow_mut();
        state.connected(id).map(|c| c.last_used)
    }

    /// Since when a connection has had nothing to do; `None` while it has.
    fn idle_since(&self, id: ConnId) -> Option<Instant> {
        let state = &mut *self.state.borrow_mut();
        if !state.pool.is_idle(id) {
            return None;
        }
        state.connected(id).map(|c| c.last_used)
    }
}

impl State {
    fn connected(&mut self, id: ConnId) -> Option<&mut Connected> {
        let place = self.place(id)?;
        self.connections.get_mut(place)
    }

    fn place(&self, id: ConnId) -> Option<usize> {
        let near = id.place_after(self.connections.first()?.id);
        match near.and_then(|near| Some((near, self.connections.get(near)?))) {
            Some((near, connected)) if connected.id == id => Some(near),
            _ => {
                let found = (self.connections).binary_search_by_key(&id, |connected| connected.id);
                found.ok()
            }
        }
    }

    /// An answer came on a connection, be it gone meanwhile.
    fn note_answered(&mut self, id: ConnId) {
        let known = self.connected(id);
        if known.is_none_or(|c| !std::mem::replace(&mut c.answered, true)) {
            self.pool.handle_useful(id);
        }
    }

    /// Notes that a connection owes nothing since then, or since this turn, if it does: it is given.
    fn note_unowed(&mut self, id: ConnId, since: Option<Instant>) -> Option<&mut Connected> {
        if !self.pool.owes_nothing(id) {
            return None;
        }
        let connected = self.connected(id)?;
        connected.last_used = since.unwrap_or_else(clock::turn);
        Some(connected)
    }

    /// Whether there may be something to do for the pool.
    fn is_busy(&self) -> bool {
        self.pool.has_events() || self.pool.queued() > 0
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.plan.name)
            .finish_non_exhaustive()
    }
}
