//! Endpoints that come and go under a pool, in any order with everything else.

use gatewright_core::balance::Policy;
use gatewright_core::pool::{
    Acquired, ConnId, Found, OwnState, Pool, PoolEvent, PoolLimits, PoolPolicy, Rank, Refusal,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const LIMITS: PoolLimits = PoolLimits {
    connections: 2,
    streams: 3,
    queue: 8,
    queue_wait: Duration::from_secs(3600),
};
const PLACES: usize = 3;

/// What is known of one connection.
#[derive(Clone, Copy, Debug, Default)]
struct Connection {
    usable: bool,
    retired: bool,
    in_flight: usize,
}

struct World {
    pool: Pool,
    now: Instant,
    /// Where the endpoints are that are there.
    live: HashSet<SocketAddr>,
    /// By index, where each was last.
    places: HashMap<usize, SocketAddr>,
    connections: BTreeMap<u64, (ConnId, Connection)>,
    made: HashSet<ConnId>,
    waiting: usize,
    own: Vec<usize>,
}

fn address(host: u8) -> SocketAddr {
    ([10, 0, 0, host], 80).into()
}

impl World {
    fn new(policy: Policy) -> Self {
        let policy = PoolPolicy {
            balance: policy,
            panic: 0,
            ..PoolPolicy::default()
        };
        Self {
            pool: Pool::balanced(&[], LIMITS, policy),
            now: Instant::now(),
            live: HashSet::new(),
            places: HashMap::new(),
            connections: BTreeMap::new(),
            made: HashSet::new(),
            waiting: 0,
            own: Vec::new(),
        }
    }

    fn apply(&mut self, [what, which, how]: [u8; 3]) {
        self.now += Duration::from_millis(7);
        match what % 16 {
            0..=2 => self.follow(which, how),
            3..=7 => self.acquire(which),
            8..=9 => self.release(which),
            10..=11 => self.finish(which, how),
            12 => self.close(which),
            13 => self.take_own(which),
            14 => self.give_own(which),
            _ => self.pool.handle_timeout(self.now),
        }
        self.take_events();
    }

    /// Some of eight hosts, by the bits of a number.
    fn follow(&mut self, hosts: u8, weight: u8) {
        let there = |host: &u8| hosts & (1 << host) != 0;
        let found = (0..8_u8).filter(there).map(|host| Found {
            address: address(host),
            rank: Rank {
                weight: u32::from(weight % 4) + 1,
                priority: u32::from(host % 2),
            },
        });
        let found: Vec<Found> = found.collect();
        self.live = found.iter().map(|f| f.address).collect();
        self.pool.follow(&found, self.now);
    }

    fn acquire(&mut self, client: u8) {
        match self.pool.acquire(u64::from(client % 3), self.now) {
            Acquired::Granted(id) => {
                self.take_events();
                self.occupy(id);
            }
            Acquired::Queued(_) => self.waiting += 1,
            Acquired::Refused(Refusal::QueueFull) => assert_eq!(self.waiting, LIMITS.queue),
            Acquired::Refused(_) => {}
        }
    }

    fn occupy(&mut self, id: ConnId) {
        let there = self.places[&id.endpoint()];
        assert!(self.live.contains(&there), "a place where nobody is");
        let connection = self.connection(id);
        assert!(connection.usable && !connection.retired);
        connection.in_flight += 1;
        assert!(connection.in_flight <= PLACES);
    }

    fn connection(&mut self, id: ConnId) -> &mut Connection {
        let mut known = self.connections.values_mut();
        let found = known.find(|(known, _)| *known == id);
        &mut found.expect("a connection that is there").1
    }

    fn pick(&self, which: u8, fits: impl Fn(&Connection) -> bool) -> Option<ConnId> {
        let fitting = self.connections.values().filter(|(_, c)| fits(c));
        let fitting: Vec<ConnId> = fitting.map(|(id, _)| *id).collect();
        fitting
            .get(usize::from(which) % fitting.len().max(1))
            .copied()
    }

    fn release(&mut self, which: u8) {
        if let Some(id) = self.pick(which, |c| c.in_flight > 0) {
            self.connection(id).in_flight -= 1;
            self.pool.release(id);
        }
    }

    /// A connect that was asked for succeeds, or fails now and then.
    fn finish(&mut self, which: u8, how: u8) {
        let Some(id) = self.pick(which, |c| !c.usable) else {
            return;
        };
        if how.is_multiple_of(8) {
            self.connections.retain(|_, (known, _)| *known != id);
            self.pool.handle_connect_failed(id, 0, self.now);
        } else {
            self.connection(id).usable = true;
            self.pool.handle_capacity(id, PLACES, self.now);
        }
    }

    fn close(&mut self, which: u8) {
        if let Some(id) = self.pick(which, |c| c.usable && c.in_flight == 0) {
            self.connections.retain(|_, (known, _)| *known != id);
            self.pool.handle_closed(id, self.now);
        }
    }

    fn take_own(&mut self, which: u8) {
        let ask = gatewright_core::pool::Ask::of(which.into());
        match self.pool.acquire_own(ask, self.now) {
            Ok(index) => {
                self.take_events();
                assert!(self.live.contains(&self.places[&index]));
                self.pool.handle_own_usable(index, self.now);
                self.own.push(index);
            }
            Err(refusal) => assert_eq!(refusal, Refusal::Unreachable),
        }
    }

    fn give_own(&mut self, which: u8) {
        if !self.own.is_empty() {
            let index = self.own.swap_remove(usize::from(which) % self.own.len());
            self.pool.release_own(index, OwnState::Usable);
        }
    }

    fn take_events(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            match event {
                PoolEvent::Connect(id) => {
                    assert!(self.made.insert(id), "an id is used again");
                    assert!(self.live.contains(&self.places[&id.endpoint()]));
                    let next = self.made.len() as u64;
                    self.connections.insert(next, (id, Connection::default()));
                }
                PoolEvent::Grant(_, id) => {
                    self.waiting -= 1;
                    self.occupy(id);
                }
                PoolEvent::Refuse(_, refusal) => {
                    assert_eq!(refusal, Refusal::Unreachable);
                    self.waiting -= 1;
                }
                PoolEvent::Arrived(index) => {
                    let there = self.pool.address(index).expect("an address");
                    assert!(self.live.contains(&there));
                    self.places.insert(index, there);
                }
                PoolEvent::Retire(id) => {
                    let connection = self.connection(id);
                    assert!(connection.usable && !connection.retired, "told once");
                    connection.retired = true;
                }
                PoolEvent::Left(_) | PoolEvent::Standing(..) => {}
            }
        }
    }

    /// Who waits gets a place or a refusal once all that was asked for has happened.
    fn end(&mut self) {
        for _ in 0..200 {
            self.now += Duration::from_secs(2);
            while let Some(id) = self.pick(0, |c| c.in_flight > 0) {
                self.connection(id).in_flight -= 1;
                self.pool.release(id);
                self.take_events();
            }
            while let Some(id) = self.pick(0, |c| !c.usable) {
                self.connection(id).usable = true;
                self.pool.handle_capacity(id, PLACES, self.now);
                self.take_events();
            }
            self.pool.handle_timeout(self.now);
            self.take_events();
        }
        assert_eq!(
            (self.waiting, self.pool.queued()),
            (0, 0),
            "who waits for ever?"
        );
        for (id, connection) in self.connections.values() {
            let gone = !self.live.contains(&self.places[&id.endpoint()]);
            assert!(!gone || connection.retired, "it is never closed");
        }
    }
}

proptest! {
    #[test]
    fn nobody_is_sent_where_nobody_is_and_nobody_waits_for_ever(
        policy in 0..4_usize,
        operations in proptest::collection::vec(any::<[u8; 3]>(), 0..200),
    ) {
        let mut world = World::new(Policy::NAMES[policy].1);
        for operation in operations {
            world.apply(operation);
        }
        world.end();
    }
}
