//! Endpoints that fail and come back.

use super::*;
use crate::balance::Policy;
use crate::health::{EjectPolicy, HealthPolicy};

const BAD: Verdict = Verdict::Bad { jitter: 0 };
const SECOND: Duration = Duration::from_secs(1);

/// A pool whose endpoints have these priorities, each connected and with room.
fn pool(priorities: &[u32], panic: u32, now: Instant) -> (Pool, Vec<ConnId>) {
    let ranks: Vec<Rank> = priorities
        .iter()
        .map(|priority| Rank {
            priority: *priority,
            ..Rank::default()
        })
        .collect();
    let eject = EjectPolicy {
        failures: 3,
        time: SECOND,
        share: 100,
        ..EjectPolicy::default()
    };
    let policy = PoolPolicy {
        balance: Policy::RoundRobin,
        panic,
        health: HealthPolicy {
            eject,
            slow_start: Duration::ZERO,
            ..HealthPolicy::default()
        },
    };
    let mut pool = Pool::balanced(&ranks, LIMITS, policy);
    ticket(pool.acquire(0, now));
    let ids = connects(&mut pool);
    ids.iter().for_each(|id| pool.handle_capacity(*id, 10, now));
    while let Some(event) = pool.poll_event() {
        if let PoolEvent::Grant(_, id) = event {
            pool.release(id);
        }
    }
    (pool, ids)
}

fn connects(pool: &mut Pool) -> Vec<ConnId> {
    let dialled = |event| match event {
        PoolEvent::Connect(id) => Some(id),
        _ => None,
    };
    events(pool).into_iter().filter_map(dialled).collect()
}

fn standings(pool: &mut Pool) -> Vec<(usize, Standing)> {
    let told = |event| match event {
        PoolEvent::Standing(index, standing) => Some((index, standing)),
        _ => None,
    };
    std::iter::from_fn(|| pool.poll_event())
        .filter_map(told)
        .collect()
}

/// Serves one exchange; says by which endpoint.
fn serve(pool: &mut Pool, verdict: Verdict, now: Instant) -> usize {
    let Acquired::Granted(id) = pool.acquire(0, now) else {
        panic!("a place");
    };
    pool.handle_verdict(id, verdict, now, now);
    pool.release(id);
    id.endpoint()
}

fn fail(pool: &mut Pool, id: ConnId, now: Instant) {
    (0..3).for_each(|_| pool.handle_verdict(id, BAD, now, now));
}

#[test]
fn an_endpoint_that_fails_is_left_out_and_tried_once_before_it_is_back() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0, 0], 50, now);
    fail(&mut pool, ids[0], now);
    assert_eq!(standings(&mut pool), [(0, Standing::Ejected)]);
    assert!((0..10).all(|_| serve(&mut pool, Verdict::Good, now) == 1));

    let later = now + SECOND;
    assert_eq!(pool.poll_timeout(), Some(later));
    pool.handle_timeout(later);
    assert_eq!(standings(&mut pool), [(0, Standing::Probing)]);
    let Acquired::Granted(trial) = pool.acquire(0, later) else {
        panic!("a trial")
    };
    assert_eq!(trial.endpoint(), 0);
    assert!((0..10).all(|_| serve(&mut pool, Verdict::Good, later) == 1));
    pool.release(trial);
    assert_eq!(
        serve(&mut pool, BAD, later),
        0,
        "the one before said nothing"
    );
    assert_eq!(standings(&mut pool), [(0, Standing::Ejected)]);
    assert_eq!(pool.poll_timeout(), Some(later + 2 * SECOND));

    let last = later + 2 * SECOND;
    pool.handle_timeout(last);
    assert_eq!(serve(&mut pool, Verdict::Good, last), 0);
    let told = standings(&mut pool);
    assert_eq!(told, [(0, Standing::Probing), (0, Standing::Healthy)]);
    let served: Vec<_> = (0..4)
        .map(|_| serve(&mut pool, Verdict::Good, last))
        .collect();
    assert_eq!(served.iter().filter(|e| **e == 0).count(), 2, "{served:?}");
}

#[test]
fn when_most_look_bad_all_are_used() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0, 0, 0], 50, now);
    fail(&mut pool, ids[0], now);
    assert!((0..9).all(|_| serve(&mut pool, Verdict::Good, now) != 0));
    fail(&mut pool, ids[1], now);
    let served: Vec<_> = (0..9)
        .map(|_| serve(&mut pool, Verdict::Good, now))
        .collect();
    assert!((0..3).all(|index| served.contains(&index)), "{served:?}");
}

#[test]
fn without_panic_an_open_circuit_refuses_at_once_and_closes_by_itself() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0], 0, now);
    fail(&mut pool, ids[0], now);
    let refused = Acquired::Refused(Refusal::Unreachable);
    assert_eq!(pool.acquire(0, now), refused);
    let later = now + SECOND;
    pool.handle_timeout(later);
    let Acquired::Granted(trial) = pool.acquire(0, later) else {
        panic!("a trial")
    };
    let waits = ticket(pool.acquire(1, later));
    pool.handle_verdict(trial, Verdict::Good, later, later);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(waits, ids[0])]);
}

#[test]
fn those_who_wait_for_a_trial_are_refused_when_it_fails() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0], 0, now);
    fail(&mut pool, ids[0], now);
    let later = now + SECOND;
    pool.handle_timeout(later);
    assert_eq!(pool.acquire(0, later), Acquired::Granted(ids[0]));
    let waits = ticket(pool.acquire(1, later));
    pool.handle_verdict(ids[0], BAD, later, later);
    let refused = PoolEvent::Refuse(waits, Refusal::Unreachable);
    assert_eq!(events(&mut pool), [refused]);
}

#[test]
fn a_level_is_used_while_enough_of_it_is_healthy() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0, 0, 1], 50, now);
    assert_eq!(ids.len(), 2, "the spare one is not even connected");
    fail(&mut pool, ids[0], now);
    assert!((0..4).all(|_| serve(&mut pool, Verdict::Good, now) == 1));
    fail(&mut pool, ids[1], now);
    let waits = ticket(pool.acquire(0, now));
    let [spare] = connects(&mut pool)[..] else {
        panic!("one connect")
    };
    assert_eq!(spare.endpoint(), 2);
    pool.handle_capacity(spare, 10, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(waits, spare)]);
    assert!((0..4).all(|_| serve(&mut pool, Verdict::Good, now) == 2));
    let later = now + SECOND;
    pool.handle_timeout(later);
    let served: Vec<_> = (0..6)
        .map(|_| serve(&mut pool, Verdict::Good, later))
        .collect();
    assert!(!served.contains(&2), "{served:?}");
}

#[test]
fn an_unreachable_level_gives_way_to_the_next_at_once() {
    let now = Instant::now();
    let ranks = [0, 1].map(|priority| Rank {
        priority,
        ..Rank::default()
    });
    let mut pool = Pool::balanced(&ranks, LIMITS, PoolPolicy::default());
    let waits = ticket(pool.acquire(0, now));
    let first = connect(&mut pool);
    pool.handle_connect_failed(first, 0, now);
    let second = connect(&mut pool);
    assert_eq!((first.endpoint(), second.endpoint()), (0, 1));
    pool.handle_capacity(second, 1, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(waits, second)]);
}

#[test]
fn a_level_that_is_back_is_used_again_without_being_asked_for() {
    let now = Instant::now();
    let ranks = [0, 1].map(|priority| Rank {
        priority,
        ..Rank::default()
    });
    let mut pool = Pool::balanced(&ranks, LIMITS, PoolPolicy::default());
    ticket(pool.acquire(0, now));
    let first = connect(&mut pool);
    pool.handle_connect_failed(first, u32::MAX, now);
    let spare = connect(&mut pool);
    pool.handle_capacity(spare, 10, now);
    assert_eq!(serve(&mut pool, Verdict::Good, now), 1);
    let later = now + SECOND / 20;
    assert_eq!(pool.poll_timeout(), Some(later), "the end of its pause");
    pool.handle_timeout(later);
    let again = connects(&mut pool);
    let [again] = again[..] else {
        panic!("one connect, not {again:?}")
    };
    assert_eq!(again.endpoint(), 0);
    assert_eq!(
        serve(&mut pool, Verdict::Good, later),
        1,
        "not while it connects"
    );
    pool.handle_capacity(again, 10, later);
    assert!((0..9).all(|_| serve(&mut pool, Verdict::Good, later) == 0));
}

#[test]
fn a_lost_connection_is_one_failure_however_many_it_carried() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0, 0], 50, now);
    pool.handle_closed(ids[0], now);
    (0..9).for_each(|_| pool.handle_verdict(ids[0], BAD, now, now));
    assert_eq!(standings(&mut pool), []);
}

#[test]
fn no_more_than_the_share_is_ejected() {
    let now = Instant::now();
    let mut pool = Pool::new(3, LIMITS);
    ticket(pool.acquire(0, now));
    let ids = connects(&mut pool);
    ids.iter().for_each(|id| pool.handle_capacity(*id, 10, now));
    for id in &ids {
        (0..5).for_each(|_| pool.handle_verdict(*id, BAD, now, now));
    }
    assert_eq!(
        standings(&mut pool),
        [(0, Standing::Ejected)],
        "half of three"
    );
}

#[test]
fn probes_take_an_endpoint_out_and_back() {
    let now = Instant::now();
    let (mut pool, _) = pool(&[0, 0], 50, now);
    (0..3).for_each(|_| pool.handle_probe(1, Probe::Failed, now));
    assert_eq!(standings(&mut pool), [(1, Standing::Ejected)]);
    assert!((0..4).all(|_| serve(&mut pool, Verdict::Good, now) == 0));
    (0..2).for_each(|_| pool.handle_probe(1, Probe::Passed, now));
    assert_eq!(standings(&mut pool), [(1, Standing::Healthy)]);
}

#[test]
fn who_failed_an_exchange_is_avoided_while_there_is_another() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0, 0], 50, now);
    let elsewhere = Ask {
        avoid: Some(0),
        ..Ask::of(7)
    };
    for _ in 0..10 {
        assert_eq!(pool.acquire_as(elsewhere, now), Acquired::Granted(ids[1]));
    }
    assert_eq!(pool.acquire_as(elsewhere, now), Acquired::Granted(ids[0]));
}

/// How many of a hundred exchanges go to the first of two endpoints, once it has failed one after a second
/// in this way. The other one is fast.
fn of_a_hundred(fail: impl FnOnce(&mut Pool, ConnId, Instant, Instant)) -> usize {
    let now = Instant::now();
    let policy = PoolPolicy {
        balance: Policy::P2c,
        ..PoolPolicy::default()
    };
    let mut pool = Pool::balanced(&[Rank::default(); 2], LIMITS, policy);
    ticket(pool.acquire(0, now));
    let ids = connects(&mut pool);
    ids.iter()
        .for_each(|id| pool.handle_capacity(*id, 100, now));
    // That of the ticket.
    pool.release(ids[0]);
    let later = now + SECOND;
    ids.iter()
        .for_each(|id| pool.handle_first_byte(*id, now, now + SECOND / 100));
    fail(&mut pool, ids[0], now, later);
    let mut first = 0;
    for draw in 0..100 {
        let ask = Ask {
            chance: draw * (u64::MAX / 100),
            ..Ask::of(0)
        };
        let Acquired::Granted(id) = pool.acquire_as(ask, later) else {
            panic!("a place")
        };
        first += usize::from(id == ids[0]);
        pool.release(id);
    }
    first
}

#[test]
fn one_that_lets_requests_time_out_counts_as_slow() {
    let slow = of_a_hundred(|pool, id, began, now| {
        pool.handle_slow(id, began, now);
        pool.handle_verdict(id, BAD, began, now);
    });
    assert!(slow < 5, "{slow} of 100 to the one that times out");
}

#[test]
fn one_that_breaks_off_is_no_slower_for_what_it_took_until_then() {
    let broken = of_a_hundred(|pool, id, began, now| pool.handle_verdict(id, BAD, began, now));
    assert!(broken > 30, "{broken} of 100 to the one that broke off");
}

/// Drives a lost endpoint by nothing but its timeouts until it is back, as the clock goes on.
fn outage(pool: &mut Pool, from: Instant, length: Duration) -> (usize, Instant) {
    let mut dials = 0;
    for _ in 0..1_000 {
        let at = pool.poll_timeout().expect("it is looked for");
        pool.handle_timeout(at);
        for id in connects(pool) {
            dials += 1;
            if at >= from + length {
                pool.handle_capacity(id, 10, at);
                return (dials, at);
            }
            pool.handle_connect_failed(id, 0x8000_0000, at);
        }
    }
    panic!("timeouts for nothing");
}

#[test]
fn an_endpoint_that_is_back_is_found_within_a_second_by_itself() {
    let now = Instant::now();
    for seconds in [1, 3, 10, 25] {
        let (mut pool, ids) = pool(&[0], 50, now);
        pool.handle_closed(ids[0], now);
        let waits = ticket(pool.acquire(0, now));
        let id = connect(&mut pool);
        pool.handle_connect_failed(id, 0, now);
        assert_eq!(
            events(&mut pool),
            [PoolEvent::Refuse(waits, Refusal::Unreachable)]
        );

        let length = SECOND * seconds;
        let (dials, at) = outage(&mut pool, now, length);
        assert!(at <= now + length + SECOND, "{:?} late", at - now - length);
        assert!(
            dials <= 6 + 3 * seconds as usize,
            "{dials} dials in {seconds} s"
        );
        assert!(matches!(pool.acquire(0, at), Acquired::Granted(_)));
        assert_eq!(connects(&mut pool), [], "one connection, not a herd");
    }
}

#[test]
fn nobody_looks_for_what_nobody_wants() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0], 50, now);
    pool.handle_closed(ids[0], now);
    ticket(pool.acquire(0, now));
    let id = connect(&mut pool);
    pool.handle_connect_failed(id, 0, now);
    let (mut last, mut timeouts) = (now, 0);
    while let Some(at) = pool.poll_timeout() {
        timeouts += 1;
        assert!(timeouts < 1_000, "timeouts for nothing");
        pool.handle_timeout(at);
        last = at;
        for id in connects(&mut pool) {
            pool.handle_connect_failed(id, 0, at);
        }
    }
    let looked = last - now;
    assert!((25..=30).contains(&looked.as_secs()), "for {looked:?}");
}

/// One that lets everybody in and nobody stay is known to be bad for as long as it is of no use: also
/// while nobody asks, when its connections come and go by their age.
#[test]
fn nobody_goes_on_looking_for_what_comes_and_goes() {
    let now = Instant::now();
    let (mut pool, mut ids) = pool(&[0], 50, now);
    for _ in 0..5 {
        pool.handle_useless(ids[0], 0, now);
    }
    let (mut at, mut connections) = (now, 0);
    while let Some(id) = ids.pop() {
        connections += 1;
        assert!(connections < 100, "connections for nobody");
        at += SECOND;
        pool.handle_leaving(id, at);
        pool.handle_closed(id, at);
        if let Some(due) = pool.poll_timeout() {
            at = at.max(due);
            pool.handle_timeout(at);
        }
        ids = connects(&mut pool);
        ids.iter().for_each(|id| pool.handle_capacity(*id, 1, at));
    }
    assert_eq!(pool.poll_timeout(), None);
}

/// Many pools lose one upstream at the same moment. Once the pauses are as long as they get, a
/// tenth of a second has no more than twice its share of their connects.
#[test]
fn many_pools_do_not_dial_in_step() {
    const POOLS: u32 = 200;
    let now = Instant::now();
    let mut dials = [0_u32; 60];
    for number in 0..POOLS {
        let mut jitter = number;
        let (mut pool, ids) = pool(&[0], 50, now);
        pool.handle_closed(ids[0], now);
        ticket(pool.acquire(0, now));
        let mut at = now;
        while at < now + 6 * SECOND {
            for id in connects(&mut pool) {
                let slot = (at - now).as_millis() / 100;
                dials[usize::try_from(slot).unwrap()] += 1;
                jitter = jitter.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                pool.handle_connect_failed(id, jitter, at);
            }
            at = pool.poll_timeout().expect("it is looked for");
            pool.handle_timeout(at);
        }
    }
    let late = &dials[30..];
    let (most, all) = (late.iter().max().unwrap(), late.iter().sum::<u32>());
    assert!(*most <= 2 * all / 30, "{late:?}");
    assert!(
        all <= POOLS * 2 * 3,
        "no more than two a second each: {all}"
    );
}

#[test]
fn what_is_wanting_here_is_held_against_no_endpoint() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    ticket(pool.acquire(0, now));
    let first = connects(&mut pool)[0];
    for n in 0..20 {
        let now = now + n * SECOND / 100;
        pool.handle_connect_put_off(first, now);
        assert_eq!(events(&mut pool), [], "who waits goes on waiting");
    }
    let due = pool.poll_timeout().unwrap();
    pool.handle_timeout(due);
    assert_eq!(connects(&mut pool).len(), 1, "it is tried again");
}

#[test]
fn a_trial_is_over_with_its_verdict_and_the_past_is_past() {
    let now = Instant::now();
    let (mut pool, ids) = pool(&[0], 0, now);
    let eject = |pool: &mut Pool, at| (0..3).for_each(|_| pool.handle_verdict(ids[0], BAD, at, at));
    eject(&mut pool, now);
    let later = now + 2 * SECOND;
    pool.handle_timeout(later);
    // A stream that goes on.
    assert!(matches!(pool.acquire(0, later), Acquired::Granted(_)));
    pool.handle_verdict(ids[0], Verdict::Good, later, later);
    // What was sent before all this fails late.
    eject_nobody(&mut pool, ids[0], now, later + SECOND);
    eject(&mut pool, later + SECOND);
    assert_eq!(pool.endpoints[0].standing(), Standing::Ejected);
    let again = later + 10 * SECOND;
    pool.handle_timeout(again);
    assert!(
        matches!(pool.acquire(0, again), Acquired::Granted(_)),
        "its old trial has not ended, and is none any more"
    );
}

fn eject_nobody(pool: &mut Pool, id: ConnId, began: Instant, now: Instant) {
    (0..9).for_each(|_| pool.handle_verdict(id, BAD, began, now));
    assert_eq!(pool.endpoints[0].standing(), Standing::Healthy);
}
