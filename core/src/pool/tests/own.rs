//! Connections that are somebody's own.

use super::*;
use crate::balance::Policy;

fn pool(endpoints: usize, balance: Policy) -> Pool {
    let policy = PoolPolicy {
        balance,
        ..PoolPolicy::default()
    };
    Pool::balanced(&vec![Rank::default(); endpoints], LIMITS, policy)
}

/// All events, what is thought of endpoints among them.
fn told(pool: &mut Pool) -> Vec<PoolEvent> {
    std::iter::from_fn(|| pool.poll_event()).collect()
}

fn own(pool: &mut Pool, now: Instant) -> usize {
    let index = pool.acquire_own(Ask::of(1), now).unwrap();
    pool.handle_own_usable(index, now);
    index
}

#[test]
fn endpoints_are_chosen_by_the_policy_and_what_they_have() {
    let now = Instant::now();
    let mut pool = pool(3, Policy::LeastRequest);
    let mut first: Vec<_> = (0..3).map(|_| own(&mut pool, now)).collect();
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2]);
    pool.release_own(1, OwnState::Usable);
    assert_eq!(own(&mut pool, now), 1, "it has the fewest");
    assert_eq!(events(&mut pool), [], "none is opened for others");
    assert_eq!(pool.poll_timeout(), None);
}

#[test]
fn a_key_leads_to_the_same_endpoint() {
    let now = Instant::now();
    let mut pool = pool(5, Policy::Hash);
    let first = own(&mut pool, now);
    assert!((0..20).all(|_| own(&mut pool, now) == first));
}

#[test]
fn one_that_cannot_be_reached_is_passed_over_until_its_pause_is_over() {
    let now = Instant::now();
    let mut pool = pool(2, Policy::RoundRobin);
    let dead = pool.acquire_own(Ask::of(1), now).unwrap();
    pool.release_own(dead, OwnState::Connecting);
    pool.handle_own_failed(dead, 0, now);
    let ejected = PoolEvent::Standing(dead, Standing::Ejected);
    assert_eq!(told(&mut pool), [ejected]);
    for _ in 0..4 {
        assert_ne!(own(&mut pool, now), dead);
    }
    // It is tried again by whoever comes then.
    let later = now + Duration::from_secs(1);
    let tried = (0..4).map(|_| pool.acquire_own(Ask::of(1), later).unwrap());
    assert!(tried.collect::<Vec<_>>().contains(&dead));
    pool.handle_own_usable(dead, later);
    let healthy = PoolEvent::Standing(dead, Standing::Healthy);
    assert_eq!(told(&mut pool), [healthy]);
}

#[test]
fn where_there_is_nothing_else_the_lost_one_is_tried_at_once() {
    let now = Instant::now();
    let mut pool = pool(1, Policy::LeastRequest);
    for _ in 0..5 {
        let only = pool.acquire_own(Ask::of(1), now).unwrap();
        pool.release_own(only, OwnState::Connecting);
        pool.handle_own_failed(only, u32::MAX, now);
    }
    assert_eq!(pool.acquire_own(Ask::of(1), now), Ok(0));
    pool.release_own(0, OwnState::Connecting);
    assert_eq!(own(&mut pool, now), 0);
}

#[test]
fn one_that_probes_speak_against_is_not_tried() {
    let now = Instant::now();
    let mut pool = pool(2, Policy::RoundRobin);
    for _ in 0..3 {
        pool.handle_probe(0, Probe::Failed, now);
    }
    assert!((0..6).all(|_| own(&mut pool, now) == 1));
    let policy = PoolPolicy {
        panic: 0,
        ..PoolPolicy::default()
    };
    let mut alone = Pool::balanced(&[Rank::default()], LIMITS, policy);
    for _ in 0..3 {
        alone.handle_probe(0, Probe::Failed, now);
    }
    let refused = Err(Refusal::Unreachable);
    assert_eq!(alone.acquire_own(Ask::of(1), now), refused);
}

/// Shared connections are opened beside them as if they were not there.
#[test]
fn they_take_no_place_from_others() {
    let now = Instant::now();
    let mut pool = pool(1, Policy::LeastRequest);
    for _ in 0..100 {
        own(&mut pool, now);
    }
    let waiting = ticket(pool.acquire(1, now));
    let id = connect(&mut pool);
    pool.handle_capacity(id, 1, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(waiting, id)]);
}
