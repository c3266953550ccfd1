//! What a [`Pool`] promises.

use super::{Seed, pick};
use gatewright_core::balance::Policy;
use gatewright_core::health::{EjectPolicy, HealthPolicy, Probe, Standing, Verdict};
use gatewright_core::pool::{
    Acquired, Ask, ConnId, Pool, PoolEvent, PoolLimits, PoolPolicy, Rank, Refusal, Ticket,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

const QUEUE_WAIT: Duration = Duration::from_millis(200);
/// The shortest ejection.
const EJECTION: Duration = Duration::from_millis(50);
/// With all jitter.
const LONGEST_EJECTION: Duration = Duration::from_secs(400);
/// Half of the pause after a first failure: no connect comes sooner.
const SHORTEST_PAUSE: Duration = Duration::from_millis(25);

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    endpoints: usize,
    limits: PoolLimits,
    policy: PoolPolicy,
}

impl From<u8> for Setting {
    fn from(bits: u8) -> Self {
        let of = |shift: u32| usize::from(bits >> shift & 3) + 1;
        let (_, balance) = Policy::NAMES[of(3) - 1];
        let eject = EjectPolicy {
            failures: 2,
            time: EJECTION,
            share: 100,
            ..EjectPolicy::default()
        };
        let health = HealthPolicy {
            eject,
            fall: 2,
            rise: 1,
            ..HealthPolicy::default()
        };
        Self {
            endpoints: of(0),
            limits: PoolLimits {
                connections: of(2),
                streams: of(4),
                queue: 4 * of(6),
                queue_wait: QUEUE_WAIT,
            },
            policy: PoolPolicy {
                balance,
                panic: [0, 50][usize::from(bits >> 5 & 1)],
                health,
            },
        }
    }
}

impl Setting {
    /// The last two of four endpoints are spare ones.
    fn ranks(&self) -> Vec<Rank> {
        let rank = |index: usize| Rank {
            weight: index as u32 + 1,
            priority: u32::from(index >= 2),
        };
        (0..self.endpoints).map(rank).collect()
    }
}

/// What a caller may do to a pool, in any order.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// A client asks for a place.
    Acquire(u8),
    /// One of the granted places is given back.
    Release(u8),
    /// One of those who wait leaves.
    Abandon(u8),
    /// A connection is made, for so many exchanges.
    Connected(u8, u8),
    /// A connection could not be made.
    Failed(u8, u8),
    /// A connection that was made has room for another number of exchanges.
    Capacity(u8, u8),
    /// A connection takes no more.
    Leaving(u8),
    /// A connection that was made is gone.
    Closed(u8),
    /// An exchange that has a place ends well, or badly for an odd number.
    Verdict(u8, u8),
    /// A probe of an endpoint passes, or fails for an odd number.
    Probe(u8, u8),
    /// So many milliseconds pass.
    Pass(u8),
    /// The next timeout comes.
    Timeout,
}

impl From<Seed> for Operation {
    fn from([what, a, b]: Seed) -> Self {
        match what % 32 {
            0..=8 => Self::Acquire(a % 5),
            9..=12 => Self::Release(a),
            13..=14 => Self::Abandon(a),
            15..=18 => Self::Verdict(a, b),
            19 => Self::Probe(a, b),
            20..=22 => Self::Connected(a, b % 6),
            23 => Self::Failed(a, b),
            24 => Self::Capacity(a, b % 6),
            25..=26 => Self::Leaving(a),
            27..=28 => Self::Closed(a),
            29..=30 => Self::Pass(a % 64),
            _ => Self::Timeout,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Connecting,
    Usable(usize),
    Leaving,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    state: State,
    in_flight: usize,
    /// When it was asked for.
    began: Instant,
}

/// A granted place.
#[derive(Clone, Copy, Debug)]
struct Place {
    id: ConnId,
    began: Instant,
}

/// One who waits.
struct Waiter {
    client: u8,
    deadline: Instant,
}

/// A pool beside what is known of the world around it.
struct World {
    setting: Setting,
    pool: Pool,
    now: Instant,
    connections: HashMap<ConnId, Connection>,
    /// All connections that ever were, in their order.
    known: Vec<ConnId>,
    waiting: BTreeMap<Ticket, Waiter>,
    settled: HashSet<Ticket>,
    places: Vec<Place>,
    not_before: HashMap<usize, Instant>,
    /// As the pool tells it.
    standings: Vec<Standing>,
    /// The connections of trials that tell something still, by endpoint.
    trials: HashMap<usize, ConnId>,
    /// How often each client was served while another one waited for its turn.
    passed: HashMap<(u8, u8), usize>,
}

/// Drives a pool through the operations and on until nobody waits.
///
/// # Panics
/// If it breaks a promise.
pub fn run(setting: Setting, operations: &[Operation]) {
    let mut world = World {
        setting,
        pool: Pool::balanced(&setting.ranks(), setting.limits, setting.policy),
        now: Instant::now(),
        connections: HashMap::new(),
        known: Vec::new(),
        waiting: BTreeMap::new(),
        settled: HashSet::new(),
        places: Vec::new(),
        not_before: HashMap::new(),
        standings: vec![Standing::Healthy; setting.endpoints],
        trials: HashMap::new(),
        passed: HashMap::new(),
    };
    for operation in operations {
        world.apply(*operation);
        world.take_events();
        world.check();
    }
    world.end();
}

impl World {
    fn apply(&mut self, operation: Operation) {
        let made = |state| state != State::Connecting;
        let connecting = |state| state == State::Connecting;
        match operation {
            Operation::Acquire(client) => self.acquire(client),
            Operation::Release(place) => self.release(place.into()),
            Operation::Abandon(which) => self.abandon(which),
            Operation::Connected(which, streams) => {
                if let Some(id) = self.which(which, connecting) {
                    self.capacity(id, streams.into());
                }
            }
            Operation::Failed(which, jitter) => {
                if let Some(id) = self.which(which, connecting) {
                    self.failed(id, jitter);
                }
            }
            Operation::Capacity(which, streams) => {
                if let Some(id) = self.which(which, made) {
                    self.capacity(id, streams.into());
                }
            }
            Operation::Leaving(which) => {
                if let Some(id) = self.which(which, made) {
                    self.change(id, |connection| connection.state = State::Leaving);
                    self.pool.handle_leaving(id, self.now);
                }
            }
            Operation::Closed(which) => {
                if let Some(id) = self.which(which, made) {
                    self.connections.remove(&id);
                    self.trials.retain(|_, trial| *trial != id);
                    self.pool.handle_closed(id, self.now);
                }
            }
            Operation::Verdict(place, how) => self.verdict(place, how),
            Operation::Probe(endpoint, how) => {
                let endpoint = usize::from(endpoint) % self.setting.endpoints;
                let probe = [Probe::Passed, Probe::Failed][usize::from(how & 1)];
                self.pool.handle_probe(endpoint, probe, self.now);
            }
            Operation::Pass(ms) => self.now += Duration::from_millis(ms.into()),
            Operation::Timeout => self.timeout(),
        }
    }

    fn acquire(&mut self, client: u8) {
        let ask = Ask {
            chance: self.known.len() as u64,
            avoid: Some(usize::from(client)),
            ..Ask::of(client.into())
        };
        match self.pool.acquire_as(ask, self.now) {
            Acquired::Granted(id) => {
                self.take_events();
                let waits = !self.waiting.is_empty();
                assert!(!waits, "a place is given past those who wait");
                self.occupy(id);
            }
            Acquired::Queued(ticket) => {
                // What others were granted, they were before this one came.
                self.take_events();
                assert!(!self.settled.contains(&ticket), "a ticket is used again");
                let deadline = self.now + QUEUE_WAIT;
                let before = self.waiting.insert(ticket, Waiter { client, deadline });
                assert!(before.is_none(), "a ticket is used again");
            }
            Acquired::Refused(Refusal::QueueFull) => {
                assert_eq!(self.waiting.len(), self.setting.limits.queue);
            }
            Acquired::Refused(Refusal::Unreachable) => {
                self.take_events();
                self.check_hopeless();
            }
            Acquired::Refused(Refusal::WaitedTooLong) => panic!("it has not waited"),
        }
    }

    fn release(&mut self, place: usize) {
        if self.places.is_empty() {
            return;
        }
        let Place { id, .. } = self.places.swap_remove(place % self.places.len());
        self.change(id, |connection| connection.in_flight -= 1);
        self.trials.retain(|_, trial| *trial != id);
        self.pool.release(id);
    }

    fn verdict(&mut self, place: u8, how: u8) {
        let Some(Place { id, began }) = pick(&self.places, place) else {
            return;
        };
        let jitter = u32::from(how) << 24;
        let verdict = [Verdict::Good, Verdict::Bad { jitter }][usize::from(how & 1)];
        self.pool.handle_verdict(id, verdict, began, self.now);
    }

    fn abandon(&mut self, which: u8) {
        let tickets: Vec<Ticket> = self.waiting.keys().copied().collect();
        if let Some(ticket) = pick(&tickets, which) {
            self.settle(ticket);
            self.pool.abandon(ticket);
        }
    }

    fn capacity(&mut self, id: ConnId, streams: usize) {
        let most = self.setting.limits.streams;
        let mut revived = false;
        self.change(id, |connection| {
            if connection.state != State::Leaving {
                connection.state = State::Usable(streams.min(most));
                revived = true;
            }
        });
        if revived {
            self.not_before.remove(&id.endpoint());
        }
        self.pool.handle_capacity(id, streams, self.now);
    }

    fn failed(&mut self, id: ConnId, jitter: u8) {
        let failed = self.connections.remove(&id).expect("it is being made");
        // Those that were under way together fail as one: none begins in a pause.
        let paused = self.not_before.get(&id.endpoint());
        if paused.is_none_or(|until| *until <= failed.began) {
            let not_before = self.now + SHORTEST_PAUSE;
            self.not_before.insert(id.endpoint(), not_before);
        }
        let jitter = u32::from(jitter) << 24;
        self.pool.handle_connect_failed(id, jitter, self.now);
    }

    /// Nothing happens before the timeout, and something does at it.
    fn timeout(&mut self) {
        let Some(at) = self.pool.poll_timeout() else {
            return;
        };
        let early = at - Duration::from_nanos(1);
        if early > self.now {
            self.pool.handle_timeout(early);
            assert!(!self.pool.has_events(), "something happens before its time");
        }
        self.now = self.now.max(at);
        self.pool.handle_timeout(self.now);
        let next = self.pool.poll_timeout();
        let goes_on = next.is_none_or(|next| next > self.now);
        assert!(goes_on, "a timeout that comes again and again");
    }

    fn take_events(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            match event {
                PoolEvent::Connect(id) => self.connect(id),
                PoolEvent::Grant(ticket, id) => {
                    self.serve(ticket);
                    self.settle(ticket);
                    self.occupy(id);
                }
                PoolEvent::Refuse(ticket, refusal) => {
                    let waiter = self.settle(ticket);
                    match refusal {
                        Refusal::WaitedTooLong => assert!(waiter.deadline <= self.now),
                        Refusal::Unreachable => self.check_hopeless(),
                        Refusal::QueueFull => panic!("it was in the queue"),
                    }
                }
                PoolEvent::Standing(index, standing) => {
                    assert_ne!(self.standings[index], standing, "no news");
                    self.standings[index] = standing;
                    if standing != Standing::Probing {
                        self.trials.remove(&index);
                    }
                }
                PoolEvent::Arrived(_) | PoolEvent::Left(_) | PoolEvent::Retire(_) => {
                    panic!("these endpoints neither come nor go")
                }
            }
        }
    }

    fn connect(&mut self, id: ConnId) {
        assert!(!self.known.contains(&id), "an id is used again");
        let here = self
            .connections
            .iter()
            .filter(|(other, _)| other.endpoint() == id.endpoint());
        let states: Vec<State> = here
            .map(|(_, c)| c.state)
            .filter(|s| *s != State::Leaving)
            .collect();
        assert!(
            states.len() < self.setting.limits.connections,
            "too many connections"
        );
        let connecting = (states.iter()).filter(|s| **s == State::Connecting).count();
        let usable = states.iter().any(|s| matches!(s, State::Usable(_)));
        // Whoever is being lined up is not among those who wait yet.
        assert!(
            connecting == 0 || usable && connecting <= self.waiting.len(),
            "more connects at a time than are of use, or before it is known that one succeeds"
        );
        let not_before = self.not_before.get(&id.endpoint());
        assert!(
            not_before.is_none_or(|at| *at <= self.now),
            "no pause after a failure"
        );
        if let Some(Some(level)) = self.level() {
            assert!(
                self.priority(id.endpoint()) <= level,
                "a spare one is dialled"
            );
        }
        self.known.push(id);
        let connection = Connection {
            state: State::Connecting,
            in_flight: 0,
            began: self.now,
        };
        self.connections.insert(id, connection);
    }

    /// Each of the other clients may be served once while one waits for its turn, and each
    /// client's own exchanges come in their order.
    fn serve(&mut self, ticket: Ticket) {
        let served = self.waiting.get(&ticket).expect("it waits").client;
        for (other, waiter) in &self.waiting {
            if waiter.client == served {
                assert!(*other >= ticket, "a client's exchanges change places");
            }
        }
        let clients: HashSet<u8> = self.waiting.values().map(|w| w.client).collect();
        for client in clients.into_iter().filter(|client| *client != served) {
            let passed = self.passed.entry((client, served)).or_default();
            *passed += 1;
            assert!(
                *passed <= 1,
                "client {client} is passed over for client {served}"
            );
        }
        self.passed.retain(|(client, _), _| *client != served);
    }

    /// Takes one out of those who wait, for the only time.
    fn settle(&mut self, ticket: Ticket) -> Waiter {
        let waiter = self.waiting.remove(&ticket).expect("it waits");
        assert!(self.settled.insert(ticket), "a ticket is settled twice");
        if self.waiting.values().all(|w| w.client != waiter.client) {
            self.passed
                .retain(|(client, _), _| *client != waiter.client);
        }
        waiter
    }

    fn occupy(&mut self, id: ConnId) {
        let connection = self.connections.get_mut(&id).expect("it is there");
        let State::Usable(capacity) = connection.state else {
            panic!("a place on a connection that is {:?}", connection.state);
        };
        assert!(
            connection.in_flight < capacity,
            "a place on a full connection"
        );
        connection.in_flight += 1;
        let began = self.now;
        self.places.push(Place { id, began });
        let endpoint = id.endpoint();
        assert!(
            self.serves(endpoint),
            "endpoint {endpoint} is not to be used"
        );
        if self.standings[endpoint] == Standing::Probing {
            self.trials.entry(endpoint).or_insert(id);
        }
    }

    /// The level that is used; `None` inside if there is none: then all are or none is.
    fn level(&self) -> Option<Option<u32>> {
        let healthy = |level| {
            let of_level =
                (0..self.setting.endpoints).filter(|index| self.priority(*index) == level);
            let (mut all, mut good) = (0, 0);
            of_level.for_each(|index| {
                all += 1;
                good += u32::from(self.standings[index] == Standing::Healthy);
            });
            good > 0 && good * 100 >= all * self.setting.policy.panic
        };
        let level = [0, 1].into_iter().find(|level| healthy(*level));
        (level.is_some() || self.setting.policy.panic == 0).then_some(level)
    }

    fn priority(&self, endpoint: usize) -> u32 {
        self.setting.ranks()[endpoint].priority
    }

    /// Whether an endpoint may get an exchange now.
    fn serves(&self, endpoint: usize) -> bool {
        let Some(level) = self.level() else {
            return true;
        };
        match self.standings[endpoint] {
            Standing::Healthy => level == Some(self.priority(endpoint)),
            Standing::Ejected => false,
            Standing::Probing => {
                let reached = level.is_none_or(|level| self.priority(endpoint) <= level);
                reached && !self.trials.contains_key(&endpoint)
            }
        }
    }

    /// Whether one who waits may hope for a connection.
    fn is_hope(&self, id: ConnId, connection: &Connection) -> bool {
        let endpoint = id.endpoint();
        let level = self.level();
        let tried = self.standings[endpoint] == Standing::Probing
            && level.is_none_or(|level| level.is_none_or(|l| self.priority(endpoint) <= l));
        connection.state != State::Leaving && (self.serves(endpoint) || tried)
    }

    fn check_hopeless(&self) {
        let mut all = self.connections.iter();
        assert!(!all.any(|(id, c)| self.is_hope(*id, c)), "there is hope");
    }

    fn check(&mut self) {
        assert_eq!(self.pool.queued(), self.waiting.len());
        assert!(self.waiting.len() <= self.setting.limits.queue);
        let first = self.waiting.values().map(|waiter| waiter.deadline).min();
        let next = self.pool.poll_timeout();
        assert!(first.is_none_or(|first| next.is_some_and(|next| next <= first)));
        for id in &self.known {
            let busy = self.connections.get(id).is_some_and(|c| c.in_flight > 0);
            assert_eq!(self.pool.is_idle(*id), !busy);
        }
        if self.waiting.is_empty() {
            return;
        }
        let mut all = self.connections.iter();
        let free = |c: &Connection| matches!(c.state, State::Usable(most) if c.in_flight < most);
        let served = all.any(|(id, c)| free(c) && self.serves(id.endpoint()));
        assert!(!served, "a place is free and somebody waits");
        let mut all = self.connections.iter();
        assert!(
            all.any(|(id, c)| self.is_hope(*id, c)),
            "somebody waits for nothing"
        );
    }

    /// Once ejections are over, connections made, and places given back in good order, all who
    /// wait are served.
    fn end(mut self) {
        self.now += LONGEST_EJECTION;
        for round in 0.. {
            assert!(round < 100, "somebody is never served");
            for id in self.known.clone() {
                self.capacity(id, 1);
                self.take_events();
            }
            if self.waiting.is_empty() {
                break;
            }
            while !self.places.is_empty() {
                self.verdict(0, 0);
                self.take_events();
                self.release(0);
                self.take_events();
                self.check();
            }
        }
    }

    fn which(&self, number: u8, fits: impl Fn(State) -> bool) -> Option<ConnId> {
        let known = self.known.iter().copied();
        let fitting = known.filter(|id| self.connections.get(id).is_some_and(|c| fits(c.state)));
        pick(&fitting.collect::<Vec<_>>(), number)
    }

    fn change(&mut self, id: ConnId, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.connections.get_mut(&id) {
            change(connection);
        }
    }
}
