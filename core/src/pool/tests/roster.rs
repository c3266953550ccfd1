//! Endpoints that come and go.

use super::*;
use crate::balance::Policy;

fn at(host: u8) -> Found {
    ranked(host, 1, 0)
}

fn ranked(host: u8, weight: u32, priority: u32) -> Found {
    Found {
        address: ([10, 0, 0, host], 80).into(),
        rank: Rank { weight, priority },
    }
}

fn empty(balance: Policy) -> Pool {
    let policy = PoolPolicy {
        balance,
        ..PoolPolicy::default()
    };
    Pool::balanced(&[], LIMITS, policy)
}

/// Opens all connections that are asked for. Who waited for one needs it no more.
fn open(pool: &mut Pool, now: Instant) -> Vec<ConnId> {
    let mut opened = Vec::new();
    while let Some(event) = pool.poll_event() {
        match event {
            PoolEvent::Connect(id) => {
                pool.handle_capacity(id, 1000, now);
                opened.push(id);
            }
            PoolEvent::Grant(_, id) => pool.release(id),
            _ => {}
        }
    }
    opened
}

fn granted(acquired: Acquired) -> ConnId {
    match acquired {
        Acquired::Granted(id) => id,
        other => panic!("a place, not {other:?}"),
    }
}

fn host(pool: &Pool, id: ConnId) -> u8 {
    match pool.address(id.endpoint()).unwrap().ip() {
        std::net::IpAddr::V4(ip) => ip.octets()[3],
        std::net::IpAddr::V6(_) => panic!("none of these"),
    }
}

#[test]
fn without_endpoints_nobody_waits() {
    let now = Instant::now();
    for panic in [0, 50] {
        let policy = PoolPolicy {
            panic,
            ..PoolPolicy::default()
        };
        let mut pool = Pool::balanced(&[], LIMITS, policy);
        let refused = Acquired::Refused(Refusal::Unreachable);
        assert_eq!(pool.acquire(1, now), refused);
        let own = pool.acquire_own(Ask::of(1), now);
        assert_eq!(own, Err(Refusal::Unreachable));
        assert_eq!(pool.poll_timeout(), None);
    }
}

#[test]
fn new_ones_get_their_share_slowly_but_for_the_first() {
    let mut now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[at(1), at(2)], now);
    let arrived = events(&mut pool);
    assert_eq!(arrived, [PoolEvent::Arrived(0), PoolEvent::Arrived(1)]);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    let count = |pool: &mut Pool, now| {
        let hosts = (0..300).map(|_| {
            let id = granted(pool.acquire(1, now));
            pool.release(id);
            host(pool, id)
        });
        let hosts: Vec<_> = hosts.collect();
        [1, 2, 3].map(|of| hosts.iter().filter(|host| **host == of).count())
    };
    assert_eq!(count(&mut pool, now), [150, 150, 0]);
    pool.follow(&[at(2), at(1), at(3)], now);
    assert_eq!(events(&mut pool), [PoolEvent::Arrived(2)]);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    let [.., third] = count(&mut pool, now);
    assert!((5..30).contains(&third), "a tenth of its share: {third}");
    now += Duration::from_secs(10);
    let [.., third] = count(&mut pool, now);
    assert!((90..=110).contains(&third), "all of it: {third}");
}

#[test]
fn one_that_is_gone_finishes_what_it_has_and_gets_nothing_new() {
    let now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[at(1), at(2)], now);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    let held: Vec<_> = (0..4).map(|_| granted(pool.acquire(1, now))).collect();
    let on_first = |pool: &Pool, id: &ConnId| host(pool, *id) == 1;
    let leaving = *held.iter().find(|id| on_first(&pool, id)).unwrap();
    pool.follow(&[at(2)], now);
    let left = [
        PoolEvent::Retire(leaving),
        PoolEvent::Left(leaving.endpoint()),
    ];
    assert_eq!(events(&mut pool), left);
    assert!(!pool.is_idle(leaving));
    for _ in 0..10 {
        let id = granted(pool.acquire(1, now));
        assert_eq!(host(&pool, id), 2);
        pool.release(id);
    }
    assert_eq!(events(&mut pool), [], "nor is it connected to");

    // Its place is taken by another only once nothing is left of it.
    pool.follow(&[at(2), at(3)], now);
    assert_eq!(events(&mut pool), [PoolEvent::Arrived(2)]);
    held.iter().for_each(|id| pool.release(*id));
    assert!(pool.is_idle(leaving));
    pool.handle_closed(leaving, now);
    pool.follow(&[at(2), at(3), at(4)], now);
    let index = leaving.endpoint();
    assert_eq!(events(&mut pool), [PoolEvent::Arrived(index)]);
    // What is said late of the one before is not held against the new one.
    let bad = Verdict::Bad { jitter: 0 };
    pool.handle_verdict(leaving, bad, now, now);
    pool.release(leaving);
    let _ = pool.acquire(1, now);
    let opened = open(&mut pool, now);
    assert!(!opened.contains(&leaving), "no id is used again");
}

#[test]
fn one_that_went_while_it_was_connected_to_is_retired_then() {
    let now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[at(1)], now);
    assert_eq!(events(&mut pool), [PoolEvent::Arrived(0)]);
    let waiting = ticket(pool.acquire(1, now));
    let id = connect(&mut pool);
    pool.follow(&[], now);
    let refused = PoolEvent::Refuse(waiting, Refusal::Unreachable);
    assert_eq!(events(&mut pool), [PoolEvent::Left(0), refused]);
    pool.handle_capacity(id, 10, now);
    assert_eq!(events(&mut pool), [PoolEvent::Retire(id)]);
    let unreachable = Acquired::Refused(Refusal::Unreachable);
    assert_eq!(pool.acquire(1, now), unreachable);
}

#[test]
fn one_that_comes_back_is_connected_to_anew() {
    let now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[at(1)], now);
    let _ = pool.acquire(1, now);
    let first = open(&mut pool, now)[0];
    pool.follow(&[at(2)], now);
    pool.follow(&[at(1)], now);
    let retired: Vec<_> = std::iter::from_fn(|| pool.poll_event()).collect();
    assert!(retired.contains(&PoolEvent::Retire(first)));
    let _ = pool.acquire(1, now);
    let second = open(&mut pool, now)[0];
    assert_eq!(host(&pool, second), 1);
    assert_ne!(first, second);
    assert_eq!(granted(pool.acquire(1, now)), second);
}

#[test]
fn levels_and_weights_follow() {
    let now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[ranked(1, 3, 0), ranked(2, 1, 0), ranked(3, 1, 7)], now);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    let count = |pool: &mut Pool| {
        let hosts = (0..40).map(|_| {
            let id = granted(pool.acquire(1, now));
            pool.release(id);
            host(pool, id)
        });
        let hosts: Vec<_> = hosts.collect();
        [1, 2, 3].map(|of| hosts.iter().filter(|host| **host == of).count())
    };
    assert_eq!(count(&mut pool), [30, 10, 0]);
    pool.follow(&[ranked(1, 1, 0), ranked(2, 1, 0), ranked(3, 1, 7)], now);
    assert_eq!(count(&mut pool), [20, 20, 0]);
    pool.follow(&[ranked(3, 1, 7)], now);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    assert_eq!(count(&mut pool), [0, 0, 40]);
}

/// Whatever the order in which they came, and whoever went before.
#[test]
fn keys_go_to_addresses_not_to_places() {
    let now = Instant::now();
    let all: Vec<Found> = (1..=8).map(at).collect();
    let (mut one, mut two) = (empty(Policy::Hash), empty(Policy::Hash));
    one.follow(&all, now);
    two.follow(&[at(9), at(8)], now);
    let turned: Vec<Found> = all.iter().rev().copied().collect();
    two.follow(&turned, now);
    let choose = |pool: &mut Pool, key| {
        let ask = Ask { key, ..Ask::of(1) };
        let index = pool.acquire_own(ask, now).unwrap();
        pool.address(index)
    };
    // Past the slow start of those that came later.
    let later = now + Duration::from_secs(60);
    let _ = two.acquire_own(Ask::of(0), later);
    for key in 0..500 {
        let key = crate::balance::key_of(&[key as u8, (key >> 8) as u8]);
        let there = {
            let ask = Ask { key, ..Ask::of(1) };
            let index = two.acquire_own(ask, later).unwrap();
            two.address(index)
        };
        assert_eq!(choose(&mut one, key), there);
    }
}

/// An upstream of which all but one endpoint went may eject as much of it as one of one.
#[test]
fn those_that_are_gone_do_not_count() {
    let now = Instant::now();
    let mut pool = empty(Policy::RoundRobin);
    pool.follow(&[at(1), at(2), at(3), at(4)], now);
    pool.follow(&[at(1)], now);
    let _ = pool.acquire(1, now);
    open(&mut pool, now);
    for _ in 0..20 {
        let id = granted(pool.acquire(1, now));
        pool.handle_verdict(id, Verdict::Bad { jitter: 0 }, now, now);
        pool.release(id);
    }
    let ejected = |event: &PoolEvent| matches!(event, PoolEvent::Standing(_, Standing::Ejected));
    assert!(!std::iter::from_fn(|| pool.poll_event()).any(|event| ejected(&event)));
}
