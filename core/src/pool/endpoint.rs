//! One endpoint's connections and its standing.

use std::time::{Duration, Instant};

/// The first pause after a failed connect; doubled with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest pause between two connects.
const BACKOFF_MOST: Duration = Duration::from_secs(5);

/// Connections lost in a row that are replaced at once, as when a server restarts or retires
/// several of the same age.
const FREE_LOSSES: u32 = 3;

/// Names one connection of one pool. A place is used again, an id never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnId {
    endpoint: usize,
    sequence: u64,
}

impl ConnId {
    /// The endpoint that it leads to, by index.
    #[must_use]
    pub const fn endpoint(self) -> usize {
        self.endpoint
    }
}

#[derive(Debug)]
pub(super) struct Endpoint {
    index: usize,
    connections: Vec<(u64, Connection)>,
    next_sequence: u64,
    failures: u32,
    /// Connections in a row that were lost before they were of any use.
    losses: u32,
    not_before: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Connection {
    state: State,
    pub(super) in_flight: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitingConnect,
    Usable { capacity: usize },
    Leaving,
}

impl Endpoint {
    pub(super) const fn new(index: usize) -> Self {
        Self {
            index,
            connections: Vec::new(),
            next_sequence: 0,
            failures: 0,
            losses: 0,
            not_before: None,
        }
    }

    pub(super) fn connection(&mut self, id: ConnId) -> Option<&mut Connection> {
        self.connections
            .iter_mut()
            .find(|(sequence, _)| *sequence == id.sequence)
            .map(|(_, connection)| connection)
    }

    /// The usable connection with the least in flight, with that number.
    pub(super) fn best(&self) -> Option<(usize, ConnId)> {
        self.connections
            .iter()
            .filter(
                |(_, c)| matches!(c.state, State::Usable { capacity } if c.in_flight < capacity),
            )
            .map(|(sequence, c)| {
                (
                    c.in_flight,
                    ConnId {
                        endpoint: self.index,
                        sequence: *sequence,
                    },
                )
            })
            .min_by_key(|(in_flight, _)| *in_flight)
    }

    pub(super) fn connect(&mut self) -> ConnId {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.connections.push((
            sequence,
            Connection {
                state: State::AwaitingConnect,
                in_flight: 0,
            },
        ));
        ConnId {
            endpoint: self.index,
            sequence,
        }
    }

    pub(super) fn set_capacity(&mut self, id: ConnId, capacity: usize) {
        let Some(connection) = self.connection(id) else {
            return;
        };
        if connection.state != State::Leaving {
            connection.state = State::Usable { capacity };
            if self.losses <= FREE_LOSSES {
                self.failures = 0;
                self.not_before = None;
            }
        }
    }

    pub(super) fn set_leaving(&mut self, id: ConnId) {
        if let Some(connection) = self.connection(id) {
            connection.state = State::Leaving;
        }
    }

    pub(super) fn remove(&mut self, id: ConnId) {
        self.connections
            .retain(|(sequence, _)| *sequence != id.sequence);
    }

    pub(super) const fn prove_useful(&mut self) {
        self.losses = 0;
        self.failures = 0;
        self.not_before = None;
    }

    pub(super) fn prove_useless(&mut self, jitter: u32, now: Instant) {
        self.losses = self.losses.saturating_add(1);
        if self.losses > FREE_LOSSES {
            self.back_off(jitter, now);
        }
    }

    /// Half to the whole of a pause that doubles with each failure in a row.
    pub(super) fn back_off(&mut self, jitter: u32, now: Instant) {
        let pause = BACKOFF_FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MOST);
        self.failures = self.failures.saturating_add(1);
        let share = f64::from(jitter) / f64::from(u32::MAX);
        self.not_before = Some(now + pause.mul_f64(0.5 + 0.5 * share));
    }

    pub(super) fn may_connect(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// Whether it has no connection that takes, or will take, new exchanges.
    pub(super) fn is_unconnected(&self) -> bool {
        !self.is_promising()
    }

    pub(super) fn is_promising(&self) -> bool {
        self.connections
            .iter()
            .any(|(_, c)| c.state != State::Leaving)
    }

    pub(super) fn is_connecting(&self) -> bool {
        self.connections
            .iter()
            .any(|(_, c)| c.state == State::AwaitingConnect)
    }

    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.connections
            .iter()
            .filter(|(_, c)| c.state != State::Leaving)
            .count()
            >= limit
    }
}
