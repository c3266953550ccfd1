//! Who gets this message: policy over ids, owns no socket.
//!
//! A [`Pool`] shares a few multiplexed connections among many exchanges.
//! [`acquire`](Pool::acquire) grants a place on one, queues the exchange or refuses it; the
//! caller then drains [`poll_event`](Pool::poll_event), opens the connections it asks for and
//! tells what became of them (`handle_*`). Every granted place is given back by
//! [`release`](Pool::release), every ticket is granted, refused or [abandoned](Pool::abandon).

mod endpoint;
mod waiting;

pub use endpoint::ConnId;
pub use waiting::Ticket;

use endpoint::Endpoint;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use waiting::Waiting;

/// What a pool may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections to each endpoint.
    pub connections: usize,
    /// Exchanges at a time on one connection, however many the server allows.
    pub streams: usize,
    /// Exchanges that wait for a place.
    pub queue: usize,
    /// The longest wait for a place.
    pub queue_wait: Duration,
}

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
}

/// A pool of multiplexed connections to the endpoints of one upstream.
#[derive(Debug)]
pub struct Pool {
    limits: PoolLimits,
    endpoints: Vec<Endpoint>,
    waiting: Waiting,
    events: VecDeque<PoolEvent>,
    rotation: usize,
}

impl Pool {
    /// A pool over so many endpoints, none connected yet.
    #[must_use]
    pub fn new(endpoints: usize, limits: PoolLimits) -> Self {
        Self {
            limits,
            endpoints: (0..endpoints).map(Endpoint::new).collect(),
            waiting: Waiting::default(),
            events: VecDeque::new(),
            rotation: 0,
        }
    }

    /// Asks for a place. Those who wait are served in turn, one exchange a `client` each.
    pub fn acquire(&mut self, client: u64, now: Instant) -> Acquired {
        self.connect_first(now);
        if self.waiting.is_empty()
            && let Some(id) = self.take_place()
        {
            return Acquired::Granted(id);
        }
        if !self.has_hope() {
            return Acquired::Refused(Refusal::Unreachable);
        }
        if self.waiting.len() >= self.limits.queue {
            return Acquired::Refused(Refusal::QueueFull);
        }
        let ticket = self.waiting.push(client, now + self.limits.queue_wait);
        self.connect_more(now);
        Acquired::Queued(ticket)
    }

    /// Gives a place back.
    pub fn release(&mut self, id: ConnId) {
        if let Some(connection) = self.endpoint(id).connection(id) {
            connection.in_flight = connection.in_flight.saturating_sub(1);
        }
        self.grant();
    }

    /// The exchange with this ticket waits no more.
    pub fn abandon(&mut self, ticket: Ticket) {
        self.waiting.remove(ticket);
    }

    /// The connection is usable for so many exchanges at a time; also when that number changes.
    pub fn handle_capacity(&mut self, id: ConnId, streams: usize, now: Instant) {
        let streams = streams.min(self.limits.streams);
        self.endpoint(id).set_capacity(id, streams);
        self.grant();
        self.connect_more(now);
    }

    /// The connection takes no new exchanges; those it has may finish.
    pub fn handle_leaving(&mut self, id: ConnId, now: Instant) {
        self.endpoint(id).set_leaving(id);
        self.replace_lost(now);
    }

    /// The connection is gone, after it was usable.
    pub fn handle_closed(&mut self, id: ConnId, now: Instant) {
        self.endpoint(id).remove(id);
        self.replace_lost(now);
    }

    /// The first answer came on this connection.
    pub fn handle_useful(&mut self, id: ConnId) {
        self.endpoint(id).prove_useful();
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
        self.replace_lost(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.next_deadline()
    }

    /// Refuses those who waited for too long.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(ticket) = self.waiting.pop_expired(now) {
            self.events
                .push_back(PoolEvent::Refuse(ticket, Refusal::WaitedTooLong));
        }
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

    // Ids come from this pool, whose endpoints never change.
    fn endpoint(&mut self, id: ConnId) -> &mut Endpoint {
        &mut self.endpoints[id.endpoint()]
    }

    fn take_place(&mut self) -> Option<ConnId> {
        self.rotation = self.rotation.wrapping_add(1);
        let (rotation, count) = (self.rotation, self.endpoints.len());
        let places = (0..count)
            .map(|n| (n + rotation) % count)
            .filter_map(|n| self.endpoints[n].best());
        let (_, id) = places.min_by_key(|(load, _)| *load)?;
        let connection = self.endpoint(id).connection(id)?;
        connection.in_flight += 1;
        Some(id)
    }

    fn grant(&mut self) {
        while !self.waiting.is_empty() {
            let Some(id) = self.take_place() else { return };
            match self.waiting.pop() {
                Some(ticket) => self.events.push_back(PoolEvent::Grant(ticket, id)),
                None => self.release(id),
            }
        }
    }

    /// Whether anybody who waits can expect a place.
    fn has_hope(&self) -> bool {
        self.endpoints.iter().any(Endpoint::is_promising)
    }

    /// Each endpoint gets its first connection as soon as there is work, so that all share it.
    fn connect_first(&mut self, now: Instant) {
        for endpoint in &mut self.endpoints {
            if endpoint.is_unconnected() && endpoint.may_connect(now) {
                self.events
                    .push_back(PoolEvent::Connect(endpoint.connect()));
            }
        }
    }

    /// While somebody waits, each endpoint may open one connection more at a time.
    fn connect_more(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        for endpoint in &mut self.endpoints {
            if endpoint.is_full(self.limits.connections)
                || endpoint.is_connecting()
                || !endpoint.may_connect(now)
            {
                continue;
            }
            self.events
                .push_back(PoolEvent::Connect(endpoint.connect()));
        }
    }

    /// After the loss of a connection: those who wait get another one, or their refusal where
    /// none may be opened yet.
    fn replace_lost(&mut self, now: Instant) {
        self.connect_more(now);
        if self.has_hope() {
            return;
        }
        while let Some(ticket) = self.waiting.pop() {
            self.events
                .push_back(PoolEvent::Refuse(ticket, Refusal::Unreachable));
        }
    }
}

#[cfg(test)]
mod tests;
