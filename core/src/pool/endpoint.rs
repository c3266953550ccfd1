//! One endpoint's connections and its standing.

use super::own::Owned;
use super::{Found, Rank};
use crate::balance::{Candidate, PeakEwma};
use crate::health::{Health, HealthPolicy, Standing, Verdict};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The first pause after a failed connect; doubled with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest pause between two connects: an endpoint that is back is found within a second.
const BACKOFF_MOST: Duration = Duration::from_millis(900);

/// Connections lost in a row that are replaced at once, as when a server restarts or retires
/// several of the same age.
const FREE_LOSSES: u32 = 3;

/// Connects under way at a time to an endpoint that is known to take connections.
const CONNECTS: usize = 16;

/// Names one connection of one pool. A place is used again, an id never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Where it lies in a list of connections by their ids that begins with `first`, if nothing between
    /// the two is missing: most live long.
    #[must_use]
    pub fn place_after(self, first: Self) -> Option<usize> {
        let offset = self.sequence.checked_sub(first.sequence)?;
        (self.endpoint == first.endpoint)
            .then(|| usize::try_from(offset).ok())
            .flatten()
    }
}

#[derive(Debug)]
pub(super) struct Endpoint {
    index: usize,
    /// Where it is, if it was looked for.
    address: Option<SocketAddr>,
    /// Whether it is there no more, or not yet: it gets nothing new.
    gone: bool,
    rank: Rank,
    health: Health,
    latency: PeakEwma,
    /// The connection of the exchange that is to show whether it has recovered.
    trial: Option<ConnId>,
    /// The newest of the lost connections whose exchanges have had their say.
    blamed: Option<u64>,
    /// In the order of their sequence, so that one of thousands is found in a few steps.
    connections: Vec<(u64, Connection)>,
    /// None before this place has room: those who come and go one at a time need not look at all.
    full_before: usize,
    counts: Counts,
    /// Exchanges that have a place.
    in_flight: usize,
    /// Places that the newest usable connection has; before any was, none is known to need more.
    places_each: usize,
    owned: Owned,
    /// That of its first connection.
    first_sequence: u64,
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
    /// Those of them to which no answer is due any more.
    settled: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitingConnect,
    Usable { capacity: usize },
    Leaving,
}

/// How many connections there are of each kind. They are asked for with each exchange.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    connecting: usize,
    usable: usize,
}

impl Connection {
    const fn has_room(&self) -> bool {
        matches!(self.state, State::Usable { capacity } if self.in_flight < capacity)
    }

    pub(super) const fn owes_nothing(&self) -> bool {
        self.in_flight == self.settled
    }

    /// An answer is whole whose exchange keeps its place.
    pub(super) fn note_settled(&mut self) {
        self.settled = self.in_flight.min(self.settled + 1);
    }

    /// Such an exchange is about to give its place back.
    pub(super) const fn forget_settled(&mut self) {
        self.settled = self.settled.saturating_sub(1);
    }
}

impl Endpoint {
    pub(super) fn new(index: usize, rank: Rank, policy: HealthPolicy) -> Self {
        Self {
            index,
            address: None,
            gone: false,
            rank,
            health: Health::new(policy),
            latency: PeakEwma::default(),
            trial: None,
            blamed: None,
            connections: Vec::new(),
            full_before: 0,
            counts: Counts::default(),
            in_flight: 0,
            places_each: usize::MAX,
            owned: Owned::default(),
            first_sequence: 0,
            next_sequence: 0,
            failures: 0,
            losses: 0,
            not_before: None,
        }
    }

    /// One that was looked for; it is not used before it is [welcome](Self::welcome).
    pub(super) fn found(index: usize, found: Found, policy: HealthPolicy) -> Self {
        Self {
            address: Some(found.address),
            gone: true,
            ..Self::new(index, found.rank, policy)
        }
    }

    /// Another one in the place of one that is gone. No id is used again.
    pub(super) fn replace(&mut self, found: Found, policy: HealthPolicy) {
        *self = Self {
            first_sequence: self.next_sequence,
            next_sequence: self.next_sequence,
            ..Self::found(self.index, found, policy)
        };
    }

    pub(super) const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    pub(super) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Whether nothing is left of it.
    pub(super) fn is_vacant(&self) -> bool {
        self.gone && self.connections.is_empty() && self.owned == Owned::default()
    }

    pub(super) const fn rank(&self) -> Rank {
        self.rank
    }

    pub(super) const fn set_rank(&mut self, rank: Rank) {
        self.rank = rank;
    }

    /// It is there, for the first time or again.
    pub(super) const fn welcome(&mut self, rank: Rank) {
        self.rank = rank;
        self.gone = false;
    }

    /// It is gone: names the connections that are usable still.
    pub(super) fn dismiss(&mut self) -> Vec<ConnId> {
        self.gone = true;
        let mut usable = Vec::new();
        for (sequence, connection) in &mut self.connections {
            if let State::Usable { .. } = connection.state {
                connection.state = State::Leaving;
                usable.push(ConnId {
                    endpoint: self.index,
                    sequence: *sequence,
                });
            }
        }
        self.count();
        usable
    }

    /// A connection came, went, or became another kind of one.
    fn count(&mut self) {
        let mut counts = Counts::default();
        for (_, connection) in &self.connections {
            match connection.state {
                State::AwaitingConnect => counts.connecting += 1,
                State::Usable { .. } => counts.usable += 1,
                State::Leaving => {}
            }
        }
        self.counts = counts;
        self.full_before = 0;
    }

    pub(super) fn connection(&mut self, id: ConnId) -> Option<&mut Connection> {
        let place = self.place(id)?;
        self.connections
            .get_mut(place)
            .map(|(_, connection)| connection)
    }

    fn place(&self, id: ConnId) -> Option<usize> {
        let (first, _) = self.connections.first()?;
        let first = ConnId {
            sequence: *first,
            ..id
        };
        let near = id.place_after(first)?;
        match self.connections.get(near) {
            Some((sequence, _)) if *sequence == id.sequence => Some(near),
            _ => {
                let found = (self.connections).binary_search_by_key(&id.sequence, |(at, _)| *at);
                found.ok()
            }
        }
    }

    /// The usable connection with the least in flight, the oldest of several.
    pub(super) fn best(&self) -> Option<ConnId> {
        let mut best: Option<(usize, u64)> = None;
        for (sequence, connection) in self.connections.iter().skip(self.full_before) {
            let in_flight = connection.in_flight;
            if connection.has_room() && best.is_none_or(|(least, _)| in_flight < least) {
                best = Some((in_flight, *sequence));
                if in_flight == 0 {
                    break;
                }
            }
        }
        best.map(|(_, sequence)| ConnId {
            endpoint: self.index,
            sequence,
        })
    }

    pub(super) fn connect(&mut self) -> ConnId {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.connections.push((
            sequence,
            Connection {
                state: State::AwaitingConnect,
                in_flight: 0,
                settled: 0,
            },
        ));
        self.count();
        ConnId {
            endpoint: self.index,
            sequence,
        }
    }

    pub(super) fn set_capacity(&mut self, id: ConnId, capacity: usize, now: Instant) {
        let was_reached = self.is_reached();
        let Some(connection) = self.connection(id) else {
            return;
        };
        if connection.state == State::Leaving {
            return;
        }
        connection.state = State::Usable { capacity };
        self.places_each = capacity.max(1);
        self.count();
        self.note_reached(was_reached, now);
    }

    fn note_reached(&mut self, was_reached: bool, now: Instant) {
        if self.failures > 0 && !was_reached {
            self.health.handle_reached(now);
        }
        if self.losses <= FREE_LOSSES {
            self.failures = 0;
            self.not_before = None;
        }
    }

    pub(super) const fn owned(&mut self) -> &mut Owned {
        &mut self.owned
    }

    /// A connection of somebody's own that was being made is there.
    pub(super) fn reach_own(&mut self, now: Instant) {
        let was_reached = self.is_reached();
        self.owned.connecting = self.owned.connecting.saturating_sub(1);
        self.owned.usable += 1;
        self.note_reached(was_reached, now);
    }

    /// Takes a place on a connection. The first one while it is probing is the trial.
    pub(super) fn occupy(&mut self, id: ConnId) {
        if self.wants_trial() {
            self.trial = Some(id);
        }
        let Some(place) = self.place(id) else {
            return;
        };
        self.connections[place].1.in_flight += 1;
        self.in_flight += 1;
        while let Some((_, connection)) = self.connections.get(self.full_before)
            && !connection.has_room()
        {
            self.full_before += 1;
        }
    }

    pub(super) fn release(&mut self, id: ConnId) {
        if let Some(place) = self.place(id) {
            let connection = &mut self.connections[place].1;
            let taken = connection.in_flight.min(1);
            connection.in_flight -= taken;
            self.in_flight -= taken;
            self.full_before = self.full_before.min(place);
        }
        self.end_trial(id);
    }

    /// A trial whose connection had others in flight may end with one of those: then there is
    /// one more trial, not none for ever.
    fn end_trial(&mut self, id: ConnId) {
        self.trial = self.trial.filter(|trial| *trial != id);
    }

    pub(super) fn set_leaving(&mut self, id: ConnId) {
        if let Some(connection) = self.connection(id) {
            connection.state = State::Leaving;
        }
        self.count();
    }

    pub(super) fn remove(&mut self, id: ConnId) {
        if let Some(place) = self.place(id) {
            let (_, gone) = self.connections.remove(place);
            self.in_flight -= gone.in_flight;
        }
        self.count();
        self.end_trial(id);
    }

    pub(super) const fn priority(&self) -> u32 {
        self.rank.priority
    }

    /// What is thought of it. One that cannot be reached has ejected itself: for as long as it
    /// has no connection, and the next connect is its trial.
    pub(super) fn standing(&self) -> Standing {
        match self.health.standing() {
            Standing::Ejected => Standing::Ejected,
            Standing::Healthy | Standing::Probing if self.failures > 0 && !self.is_reached() => {
                if self.is_connecting() {
                    Standing::Probing
                } else {
                    Standing::Ejected
                }
            }
            standing @ (Standing::Healthy | Standing::Probing) => standing,
        }
    }

    /// Whether its exchanges or probes speak against it, be it connected or not.
    pub(super) fn is_barred(&self) -> bool {
        self.health.standing() == Standing::Ejected
    }

    /// Whether an exchange is due that shows if it has recovered.
    pub(super) fn wants_trial(&self) -> bool {
        self.health.standing() == Standing::Probing && self.trial.is_none()
    }

    pub(super) const fn health(&mut self) -> &mut Health {
        &mut self.health
    }

    pub(super) fn next_change(&self) -> Option<Instant> {
        self.health.next_change()
    }

    pub(super) fn observe(&mut self, took: Duration, now: Instant) {
        self.latency.observe(took, now);
    }

    /// Notes how an exchange ended, and says whether there is reason to eject the endpoint. All
    /// exchanges of a connection that was lost have one voice: it was lost once.
    pub(super) fn judge(
        &mut self,
        id: ConnId,
        verdict: Verdict,
        began: Instant,
        now: Instant,
    ) -> bool {
        if !self.knows(id) {
            return false;
        }
        if verdict != Verdict::Good && self.connection(id).is_none() {
            if self.blamed.is_some_and(|newest| newest >= id.sequence) {
                return false;
            }
            self.blamed = Some(id.sequence);
        }
        self.health.handle_verdict(verdict, began, now)
    }

    /// What is left of the trial, which may be a long answer, tells nothing more.
    pub(super) const fn forget_trial(&mut self) {
        self.trial = None;
    }

    /// Whether a connection was this one's, and not that of the one whose place it took.
    pub(super) const fn knows(&self, id: ConnId) -> bool {
        id.sequence >= self.first_sequence
    }

    /// A failure that took long is a slow answer; one that came fast is no fast answer.
    pub(super) fn note_slow(&mut self, took: Duration, now: Instant) {
        let slower = |latency| took.as_secs_f64() > latency;
        if self.latency.get(now).is_none_or(slower) {
            self.latency.observe(took, now);
        }
    }

    pub(super) fn candidate(&self, now: Instant) -> Candidate {
        Candidate {
            endpoint: self.index,
            weight: f64::from(self.rank.weight.max(1)) * self.health.share(now),
            in_flight: self.in_flight + self.owned.connecting + self.owned.usable,
            latency: self.latency.get(now),
        }
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

    /// It is dialled a little later, though nothing is held against it.
    pub(super) fn pause(&mut self, now: Instant) {
        let at = now + BACKOFF_FIRST;
        self.not_before = Some(self.not_before.map_or(at, |before| before.max(at)));
    }

    /// Whether it is to be dialled soon, and was not for a reason that is none of its.
    pub(super) const fn is_put_off(&self) -> bool {
        self.failures == 0 && self.not_before.is_some()
    }

    /// Half to the whole of a pause that doubles with each failure in a row. Connects that were under way
    /// together fail as one.
    pub(super) fn back_off(&mut self, jitter: u32, now: Instant) {
        if !self.may_connect(now) {
            return;
        }
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

    /// Until when it is not dialled.
    pub(super) const fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// Whether it was lost or never found, and nobody is looking for it.
    pub(super) fn is_lost(&self) -> bool {
        self.failures > 0 && self.is_unconnected()
    }

    const fn is_reached(&self) -> bool {
        self.owned.usable > 0 || self.counts.usable > 0
    }

    /// Whether it has no connection that takes, or will take, new exchanges.
    pub(super) const fn is_unconnected(&self) -> bool {
        !self.is_promising()
    }

    pub(super) const fn is_promising(&self) -> bool {
        self.counts.connecting > 0 || self.counts.usable > 0
    }

    /// Whether one connection more, of so many, may be made: the first, or one of several where it is known
    /// that it takes connections.
    pub(super) const fn may_grow(&self, limit: usize) -> bool {
        let connecting = self.counts.connecting;
        let sound = self.is_reached() && self.failures == 0 && self.losses == 0;
        let most = if sound { CONNECTS } else { 1 };
        connecting < most && connecting + self.counts.usable < limit
    }

    /// About how many places the connections have that are being made.
    pub(super) const fn coming(&self) -> usize {
        self.counts.connecting.saturating_mul(self.places_each)
    }

    pub(super) const fn is_connecting(&self) -> bool {
        self.counts.connecting > 0
    }
}
