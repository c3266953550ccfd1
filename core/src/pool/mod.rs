//! Who gets this message: policy over ids, owns no socket.
//!
//! A [`Pool`] shares a few multiplexed connections among many exchanges.
//! [`acquire`](Pool::acquire) grants a place on one, queues the exchange or refuses it; the
//! caller then drains [`poll_event`](Pool::poll_event), opens the connections it asks for and
//! tells what became of them (`handle_*`). Every granted place is given back by
//! [`release`](Pool::release), every ticket is granted, refused or [abandoned](Pool::abandon).
//!
//! How an exchange ended is told by [`handle_verdict`](Pool::handle_verdict), before its place is
//! given back. Endpoints that fail are ejected and tried again later ([`health`](crate::health));
//! which of the others is chosen is a [policy](crate::balance).

mod dial;
mod endpoint;
mod lifetime;
mod own;
mod place;
mod roster;
mod scope;
mod setup;
mod waiting;

pub use endpoint::ConnId;
pub use lifetime::{Lifetime, Retirement};
pub use own::OwnState;
pub use setup::{Ask, Found, PoolLimits, PoolPolicy, Rank};
pub use waiting::Ticket;

use crate::balance::{Balancer, Candidate};
use crate::health::{Probe, Standing, Verdict};
use endpoint::Endpoint;
use scope::Scope;
use std::collections::VecDeque;
use std::time::Instant;
use waiting::Waiting;

/// The answer to [`Pool::acquire`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// A place on this connection.
    Granted(ConnId),
    /// Not yet: an event with this ticket follows.
    Queued(Ticket),
    /// No.
    Refused(Refusal),
}

/// Why an exchange gets no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many wait already.
    QueueFull,
    /// It waited for as long as it may.
    WaitedTooLong,
    /// No endpoint can be reached.
    Unreachable,
}

/// What the caller is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolEvent {
    /// Open this connection, to the endpoint that its id names.
    Connect(ConnId),
    /// The exchange with this ticket has its place.
    Grant(Ticket, ConnId),
    /// The exchange with this ticket gets none.
    Refuse(Ticket, Refusal),
    /// Nothing: the endpoint of this index is thought of so from now on.
    Standing(usize, Standing),
    /// The endpoint of this index is new, at its [`address`](Pool::address).
    Arrived(usize),
    /// The endpoint of this index is gone. What is left of it may go on.
    Left(usize),
    /// Finish what is on this connection, then close it: its endpoint is gone.
    Retire(ConnId),
}

/// A pool of multiplexed connections to the endpoints of one upstream.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    policy: PoolPolicy,
    endpoints: Vec<Endpoint>,
    /// The priorities that there are, the most preferred first.
    levels: Vec<u32>,
    /// What was told of each endpoint.
    told: Vec<Standing>,
    scope: Scope,
    balancer: Balancer,
    /// Kept for its capacity.
    candidates: Vec<Candidate>,
    waiting: Waiting,
    events: VecDeque<PoolEvent>,
    /// The latest time that was told; `None` before any was.
    now: Option<Instant>,
    /// Until when lost endpoints are looked for without being asked for.
    wanted_until: Option<Instant>,
}

impl Pool {
    /// A pool over so many equal endpoints, none connected yet.
    #[must_use]
    pub fn new(endpoints: usize, limits: PoolLimits) -> Self {
        Self::balanced(
            &vec![Rank::default(); endpoints],
            limits,
            PoolPolicy::default(),
        )
    }

    /// A pool over endpoints of these ranks, none connected yet.
    #[must_use]
    pub fn balanced(ranks: &[Rank], limits: PoolLimits, policy: PoolPolicy) -> Self {
        let weights: Vec<u32> = ranks.iter().map(|rank| rank.weight.max(1)).collect();
        let mut levels: Vec<u32> = ranks.iter().map(|rank| rank.priority).collect();
        levels.sort_unstable();
        levels.dedup();
        let of = |(index, rank): (usize, &Rank)| Endpoint::new(index, *rank, policy.health);
        Self {
            limits,
            policy,
            endpoints: ranks.iter().enumerate().map(of).collect(),
            scope: levels
                .first()
                .map_or(Scope::Nobody, |level| Scope::Level(*level)),
            levels,
            told: vec![Standing::Healthy; ranks.len()],
            balancer: Balancer::new(policy.balance, &weights),
            candidates: Vec::new(),
            waiting: Waiting::default(),
            events: VecDeque::new(),
            now: None,
            wanted_until: None,
        }
    }

    /// Asks for a place. Those who wait are served in turn, one exchange a `client` each.
    pub fn acquire(&mut self, client: u64, now: Instant) -> Acquired {
        self.acquire_as(Ask::of(client), now)
    }

    /// The same with wishes about the endpoint.
    pub fn acquire_as(&mut self, ask: Ask, now: Instant) -> Acquired {
        self.note_demand(now);
        self.refresh(now);
        self.connect_first(now);
        // Time alone may have made room: an ejection is over.
        self.grant();
        if self.waiting.is_empty()
            && let Some(id) = self.take_place(&ask)
        {
            return Acquired::Granted(id);
        }
        if !self.has_hope() {
            return Acquired::Refused(Refusal::Unreachable);
        }
        if self.waiting.len() >= self.limits.queue {
            return Acquired::Refused(Refusal::QueueFull);
        }
        let ticket = self.waiting.push(ask, now + self.limits.queue_wait);
        self.connect_more(now);
        Acquired::Queued(ticket)
    }

    /// Gives a place back.
    pub fn release(&mut self, id: ConnId) {
        self.endpoint(id).release(id);
        self.grant();
    }

    /// All of an answer came, and what goes up behind it keeps the place, which
    /// [`release_settled`](Self::release_settled) gives back.
    pub fn handle_settled(&mut self, id: ConnId) {
        if let Some(connection) = self.endpoint(id).connection(id) {
            connection.note_settled();
        }
    }

    /// Gives a place back that was kept beyond its answer.
    pub fn release_settled(&mut self, id: ConnId) {
        if let Some(connection) = self.endpoint(id).connection(id) {
            connection.forget_settled();
        }
        self.release(id);
    }

    /// The exchange with this ticket waits no more.
    pub fn abandon(&mut self, ticket: Ticket) {
        self.waiting.remove(ticket);
    }

    /// The connection is usable for so many exchanges at a time; also when that number changes.
    pub fn handle_capacity(&mut self, id: ConnId, streams: usize, now: Instant) {
        let streams = streams.min(self.limits.streams);
        let endpoint = self.endpoint(id);
        endpoint.set_capacity(id, streams, now);
        // It was being made when its endpoint went.
        if endpoint.is_gone() {
            endpoint.set_leaving(id);
            self.events.push_back(PoolEvent::Retire(id));
        }
        self.settle(now);
    }

    /// The connection takes no new exchanges; those it has may finish.
    pub fn handle_leaving(&mut self, id: ConnId, now: Instant) {
        self.endpoint(id).set_leaving(id);
        self.settle(now);
    }

    /// The connection is gone, after it was usable.
    pub fn handle_closed(&mut self, id: ConnId, now: Instant) {
        self.endpoint(id).remove(id);
        self.settle(now);
    }

    /// The first answer came on this connection.
    pub fn handle_useful(&mut self, id: ConnId) {
        let endpoint = self.endpoint(id);
        if endpoint.knows(id) {
            endpoint.prove_useful();
        }
    }

    /// The first byte of an answer came on this connection; its exchange had its place since
    /// `began`.
    pub fn handle_first_byte(&mut self, id: ConnId, began: Instant, now: Instant) {
        let took = now.saturating_duration_since(began);
        let endpoint = self.endpoint(id);
        if endpoint.knows(id) {
            endpoint.observe(took, now);
        }
    }

    /// An exchange on this connection, which had its place since `began`, ran out of its time, or was
    /// told that its server failed: its endpoint is slow if that took long. Of one that was broken off
    /// nobody knows how long its answer would have taken.
    pub fn handle_slow(&mut self, id: ConnId, began: Instant, now: Instant) {
        let took = now.saturating_duration_since(began);
        let endpoint = self.endpoint(id);
        if endpoint.knows(id) {
            endpoint.note_slow(took, now);
        }
    }

    /// An exchange on this connection ended in a way that speaks of the endpoint; it had its
    /// place since `began`.
    pub fn handle_verdict(&mut self, id: ConnId, verdict: Verdict, began: Instant, now: Instant) {
        let reason = self.endpoint(id).judge(id, verdict, began, now);
        if let Verdict::Bad { jitter } = verdict
            && reason
            && self.may_eject(id.endpoint())
        {
            self.endpoint(id).health().eject(jitter, now);
        }
        self.settle_standing(id.endpoint(), now);
    }

    /// An exchange on this connection, which had its place since `began`, is answered, and may go on for
    /// long. Its verdict follows.
    pub fn handle_head(&mut self, id: ConnId, began: Instant, now: Instant) {
        let endpoint = self.endpoint(id);
        if endpoint.knows(id) {
            endpoint.health().handle_head(began, now);
        }
        self.settle_standing(id.endpoint(), now);
    }

    fn settle_standing(&mut self, index: usize, now: Instant) {
        if self.endpoints[index].standing() != self.told[index] {
            self.settle(now);
        }
    }

    /// A probe of the endpoint of this index ended.
    pub fn handle_probe(&mut self, endpoint: usize, probe: Probe, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint) {
            endpoint.health().handle_probe(probe, now);
            self.settle(now);
        }
    }

    /// The connection is being lost, soon and without an answer; `jitter` as in
    /// [`handle_connect_failed`](Self::handle_connect_failed). Call it before
    /// [`handle_leaving`](Self::handle_leaving) or [`handle_closed`](Self::handle_closed), which
    /// replace the connection: a server that lets everybody in and nobody stay is not dialled
    /// without a pause.
    pub fn handle_useless(&mut self, id: ConnId, jitter: u32, now: Instant) {
        self.endpoint(id).prove_useless(jitter, now);
    }

    /// The connection could not be made. `jitter` is any random number: it spreads the next
    /// attempts of many pools.
    pub fn handle_connect_failed(&mut self, id: ConnId, jitter: u32, now: Instant) {
        let endpoint = self.endpoint(id);
        endpoint.remove(id);
        endpoint.back_off(jitter, now);
        self.settle(now);
    }

    /// The connection was not made for a reason that says nothing of its endpoint, such as that this
    /// system has no descriptor left. Those who wait go on waiting.
    pub fn handle_connect_put_off(&mut self, id: ConnId, now: Instant) {
        let endpoint = self.endpoint(id);
        endpoint.remove(id);
        endpoint.pause(now);
        self.settle(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let waits = self.waiting.next_deadline();
        let ejections = self.endpoints.iter().filter_map(Endpoint::next_change);
        waits
            .into_iter()
            .chain(ejections)
            .chain(self.next_dial())
            .min()
    }

    /// Refuses those who waited for too long, ends ejections, and looks for lost endpoints.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(ticket) = self.waiting.pop_expired(now) {
            self.events
                .push_back(PoolEvent::Refuse(ticket, Refusal::WaitedTooLong));
        }
        self.settle(now);
        self.redial(now);
    }

    /// The next thing for the caller to do.
    pub fn poll_event(&mut self) -> Option<PoolEvent> {
        self.events.pop_front()
    }

    /// Whether [`poll_event`](Self::poll_event) has something.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// How many exchanges wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the connection has no exchange.
    #[must_use]
    pub fn is_idle(&mut self, id: ConnId) -> bool {
        self.endpoint(id)
            .connection(id)
            .is_none_or(|connection| connection.in_flight == 0)
    }

    /// Whether no answer is due on the connection.
    #[must_use]
    pub fn owes_nothing(&mut self, id: ConnId) -> bool {
        self.endpoint(id)
            .connection(id)
            .is_none_or(|connection| connection.owes_nothing())
    }

    // Ids come from this pool, which forgets no place.
    fn endpoint(&mut self, id: ConnId) -> &mut Endpoint {
        &mut self.endpoints[id.endpoint()]
    }

    /// Whether one endpoint more may be ejected. One that is on trial was, and stays so.
    fn may_eject(&mut self, index: usize) -> bool {
        let mut out = 1;
        let live = self.endpoints.iter_mut().enumerate();
        for (other, endpoint) in live.filter(|(_, e)| !e.is_gone()) {
            let standing = endpoint.health().standing();
            if other == index && standing == Standing::Probing {
                return true;
            }
            out += usize::from(other != index && standing != Standing::Healthy);
        }
        let all = self.endpoints.iter().filter(|e| !e.is_gone()).count();
        out * 100 <= all * self.policy.health.eject.share as usize
    }

    /// Looks at the time and at what changed with it.
    fn refresh(&mut self, now: Instant) {
        let now = self.now.map_or(now, |latest| latest.max(now));
        self.now = Some(now);
        for index in 0..self.endpoints.len() {
            self.endpoints[index].health().refresh(now);
            self.tell(index);
        }
    }

    /// Notes what is thought of an endpoint by now, which the scope follows from.
    fn tell(&mut self, index: usize) {
        if self.endpoints[index].is_gone() {
            return;
        }
        let standing = self.endpoints[index].standing();
        if std::mem::replace(&mut self.told[index], standing) != standing {
            if standing != Standing::Probing {
                self.endpoints[index].forget_trial();
            }
            self.events.push_back(PoolEvent::Standing(index, standing));
            self.scope = Scope::of(&self.endpoints, &self.levels, self.policy.panic);
        }
    }

    /// After a change: those who wait get a place, a connection that may become one, or their
    /// refusal.
    fn settle(&mut self, now: Instant) {
        self.refresh(now);
        self.grant();
        self.connect_more(now);
        if self.has_hope() {
            return;
        }
        while let Some((ticket, _)) = self.waiting.pop() {
            self.events
                .push_back(PoolEvent::Refuse(ticket, Refusal::Unreachable));
        }
    }

    /// Whether anybody who waits can expect a place.
    fn has_hope(&self) -> bool {
        self.endpoints.iter().any(|e| self.scope.is_hope(e))
    }
}

#[cfg(test)]
mod tests;
