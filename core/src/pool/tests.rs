use super::*;
use std::time::Duration;

mod own;
mod recovery;
mod roster;

const LIMITS: PoolLimits = PoolLimits {
    connections: 2,
    streams: 100,
    queue: 3,
    queue_wait: Duration::from_secs(1),
};

/// What there is to do.
fn events(pool: &mut Pool) -> Vec<PoolEvent> {
    std::iter::from_fn(|| pool.poll_event())
        .filter(|event| !matches!(event, PoolEvent::Standing(..)))
        .collect()
}

fn connect(pool: &mut Pool) -> ConnId {
    match events(pool)[..] {
        [PoolEvent::Connect(id)] => id,
        ref other => panic!("one connect, not {other:?}"),
    }
}

fn ticket(acquired: Acquired) -> Ticket {
    match acquired {
        Acquired::Queued(ticket) => ticket,
        other => panic!("a ticket, not {other:?}"),
    }
}

#[test]
fn those_who_wait_share_one_connect() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a = ticket(pool.acquire(1, now));
    let id = connect(&mut pool);
    let b = ticket(pool.acquire(2, now));
    assert_eq!(events(&mut pool), []);
    pool.handle_capacity(id, 10, now);
    assert_eq!(
        events(&mut pool),
        [PoolEvent::Grant(a, id), PoolEvent::Grant(b, id)]
    );
    assert_eq!(pool.acquire(3, now), Acquired::Granted(id));
}

#[test]
fn a_full_connection_gets_a_second_one_and_no_third() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a = ticket(pool.acquire(1, now));
    let first = connect(&mut pool);
    pool.handle_capacity(first, 1, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(a, first)]);
    let b = ticket(pool.acquire(1, now));
    let second = connect(&mut pool);
    pool.handle_capacity(second, 1, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(b, second)]);
    let c = ticket(pool.acquire(1, now));
    assert_eq!(events(&mut pool), []);
    pool.release(first);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(c, first)]);
}

#[test]
fn a_place_that_is_kept_beyond_its_answer_is_taken_and_owed_nothing() {
    let now = Instant::now();
    let mut pool = Pool::new(
        1,
        PoolLimits {
            connections: 1,
            ..LIMITS
        },
    );
    let first = ticket(pool.acquire(1, now));
    let id = connect(&mut pool);
    pool.handle_capacity(id, 2, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(first, id)]);
    assert_eq!(pool.acquire(1, now), Acquired::Granted(id));
    assert!(!pool.owes_nothing(id));
    pool.handle_settled(id);
    assert!(!pool.owes_nothing(id), "to the other");
    pool.release(id);
    assert!(pool.owes_nothing(id) && !pool.is_idle(id));
    assert_eq!(pool.acquire(1, now), Acquired::Granted(id));
    assert!(!pool.owes_nothing(id));
    let waits = ticket(pool.acquire(1, now));
    pool.release_settled(id);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(waits, id)]);
    pool.release(id);
    assert!(!pool.owes_nothing(id));
    pool.release(id);
    assert!(pool.owes_nothing(id) && pool.is_idle(id));
}

/// So many clients that wait.
fn crowd(clients: u64, limits: PoolLimits, now: Instant) -> Pool {
    let mut pool = Pool::new(1, limits);
    for client in 0..clients {
        ticket(pool.acquire(client, now));
    }
    pool
}

/// Those of the events that are connects.
fn connects(pool: &mut Pool) -> Vec<ConnId> {
    let connect = |event| match event {
        PoolEvent::Connect(id) => Some(id),
        _ => None,
    };
    events(pool).into_iter().filter_map(connect).collect()
}

#[test]
fn a_crowd_gets_as_many_connections_as_it_needs_a_few_at_a_time() {
    let now = Instant::now();
    let limits = PoolLimits {
        connections: 1_000,
        queue: 1_000,
        ..LIMITS
    };
    let mut pool = crowd(50, limits, now);
    let first = connect(&mut pool);
    pool.handle_capacity(first, 1, now);
    let next = connects(&mut pool);
    assert_eq!(next.len(), 16, "one was made, 49 wait");
    for id in &next {
        pool.handle_capacity(*id, 1, now);
    }
    assert_eq!(connects(&mut pool).len(), 16, "as many as became usable");

    let mut pool = crowd(50, limits, now);
    let first = connect(&mut pool);
    pool.handle_capacity(first, 20, now);
    assert_eq!(connects(&mut pool).len(), 2, "30 wait, each has 20 places");

    let mut pool = Pool::new(4, limits);
    for client in 0..10 {
        ticket(pool.acquire(client, now));
    }
    let first = connects(&mut pool);
    assert_eq!(first.len(), 4, "one each");
    first
        .iter()
        .for_each(|id| pool.handle_capacity(*id, 1, now));
    let more = connects(&mut pool).len();
    assert!(
        (6..=9).contains(&more),
        "as many as wait, and one each in any case: {more}"
    );
}

#[test]
fn connects_that_fail_together_are_one_failure() {
    let now = Instant::now();
    let limits = PoolLimits {
        connections: 9,
        queue: 20,
        ..LIMITS
    };
    let mut pool = crowd(9, limits, now);
    let first = connect(&mut pool);
    pool.handle_capacity(first, 1, now);
    for id in connects(&mut pool) {
        pool.handle_connect_failed(id, u32::MAX, now);
    }
    assert_eq!(connects(&mut pool), [], "there is a pause");
    let pause = Duration::from_millis(50);
    pool.handle_timeout(now + pause);
    assert_eq!(
        connects(&mut pool).len(),
        1,
        "one has to show that it is back"
    );
}

#[test]
fn a_greedy_client_waits_its_turn() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a1 = ticket(pool.acquire(1, now));
    let a2 = ticket(pool.acquire(1, now));
    let b1 = ticket(pool.acquire(2, now));
    assert_eq!(pool.acquire(3, now), Acquired::Refused(Refusal::QueueFull));
    let id = connect(&mut pool);
    pool.handle_capacity(id, 2, now);
    let granted = events(&mut pool);
    assert_eq!(
        granted[..2],
        [PoolEvent::Grant(a1, id), PoolEvent::Grant(b1, id)]
    );
    pool.release(id);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(a2, id)]);
}

#[test]
fn waiting_ends() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a = ticket(pool.acquire(1, now));
    let b = ticket(pool.acquire(2, now));
    let id = connect(&mut pool);
    pool.abandon(a);
    assert_eq!(pool.poll_timeout(), Some(now + LIMITS.queue_wait));
    pool.handle_timeout(now + LIMITS.queue_wait);
    assert_eq!(
        events(&mut pool),
        [PoolEvent::Refuse(b, Refusal::WaitedTooLong)]
    );
    pool.handle_capacity(id, 1, now);
    assert_eq!(events(&mut pool), []);
    assert_eq!(pool.poll_timeout(), None);
}

#[test]
fn an_upstream_that_cannot_be_reached_fails_fast_and_is_tried_again_later() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a = ticket(pool.acquire(1, now));
    let id = connect(&mut pool);
    pool.handle_connect_failed(id, 0, now);
    assert_eq!(
        events(&mut pool),
        [PoolEvent::Refuse(a, Refusal::Unreachable)]
    );
    assert_eq!(
        pool.acquire(1, now),
        Acquired::Refused(Refusal::Unreachable)
    );
    assert_eq!(events(&mut pool), []);
    let later = now + Duration::from_millis(25);
    ticket(pool.acquire(1, later));
    connect(&mut pool);
}

#[test]
fn every_endpoint_gets_a_connection_and_a_share() {
    let now = Instant::now();
    let mut pool = Pool::new(2, LIMITS);
    ticket(pool.acquire(1, now));
    let ids: Vec<_> = events(&mut pool)
        .into_iter()
        .map(|event| match event {
            PoolEvent::Connect(id) => id,
            other => panic!("a connect, not {other:?}"),
        })
        .collect();
    assert_eq!(
        ids.iter().map(|id| id.endpoint()).collect::<Vec<_>>(),
        [0, 1]
    );
    ids.iter().for_each(|id| pool.handle_capacity(*id, 10, now));
    events(&mut pool);
    let granted: Vec<_> = (0..3).map(|_| pool.acquire(1, now)).collect();
    let to = |id| {
        granted
            .iter()
            .filter(|g| **g == Acquired::Granted(id))
            .count()
    };
    assert!(to(ids[0]) >= 1 && to(ids[1]) >= 1, "{granted:?}");
}

#[test]
fn a_leaving_connection_takes_nothing_new_and_its_id_is_never_reused() {
    let now = Instant::now();
    let mut pool = Pool::new(1, LIMITS);
    let a = ticket(pool.acquire(1, now));
    let old = connect(&mut pool);
    pool.handle_capacity(old, 10, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(a, old)]);
    pool.handle_leaving(old, now);
    let b = ticket(pool.acquire(1, now));
    let new = connect(&mut pool);
    assert_ne!(old, new);
    pool.handle_capacity(old, 10, now);
    assert_eq!(events(&mut pool), []);
    pool.handle_capacity(new, 10, now);
    assert_eq!(events(&mut pool), [PoolEvent::Grant(b, new)]);
    pool.release(old);
    pool.handle_closed(old, now);
    pool.release(old);
    assert_eq!(pool.acquire(1, now), Acquired::Granted(new));
}

#[test]
fn one_who_left_the_line_costs_its_client_no_turn() {
    let now = Instant::now();
    let limits = PoolLimits { queue: 9, ..LIMITS };
    let mut pool = Pool::new(1, limits);
    let gone = [(); 2].map(|()| ticket(pool.acquire(1, now)));
    let a = ticket(pool.acquire(1, now));
    let b = [(); 2].map(|()| ticket(pool.acquire(2, now)));
    gone.into_iter().for_each(|ticket| pool.abandon(ticket));
    let id = connect(&mut pool);
    pool.handle_capacity(id, 3, now);
    let granted = [a, b[0], b[1]].map(|ticket| PoolEvent::Grant(ticket, id));
    assert_eq!(events(&mut pool), granted);
}

#[test]
fn nobody_waits_for_an_endpoint_that_was_lost_while_it_backs_off() {
    let now = Instant::now();
    for lose in [Pool::handle_closed, Pool::handle_leaving] {
        let mut pool = Pool::new(1, LIMITS);
        let a = ticket(pool.acquire(1, now));
        let first = connect(&mut pool);
        pool.handle_capacity(first, 1, now);
        assert_eq!(events(&mut pool), [PoolEvent::Grant(a, first)]);
        let b = ticket(pool.acquire(1, now));
        let second = connect(&mut pool);
        pool.handle_connect_failed(second, 0, now);
        assert_eq!(events(&mut pool), []);
        lose(&mut pool, first, now);
        let refused = PoolEvent::Refuse(b, Refusal::Unreachable);
        assert_eq!(events(&mut pool), [refused]);
    }
}

#[test]
fn a_server_that_lets_nobody_stay_is_dialled_with_pauses() {
    let now = Instant::now();
    let limits = PoolLimits {
        connections: 1,
        ..LIMITS
    };
    let mut pool = Pool::new(1, limits);
    let lose = |pool: &mut Pool, now| {
        let id = connect(pool);
        pool.handle_capacity(id, 0, now);
        pool.handle_useless(id, u32::MAX, now);
        pool.handle_closed(id, now);
    };
    ticket(pool.acquire(1, now));
    for _ in 0..3 {
        lose(&mut pool, now);
    }
    lose(&mut pool, now);
    let dialled = |event: &PoolEvent| matches!(event, PoolEvent::Connect(_));
    assert!(!events(&mut pool).iter().any(dialled), "a pause");

    let mut later = now + Duration::from_millis(50);
    let _ = pool.acquire(1, later);
    lose(&mut pool, later);
    later += Duration::from_millis(50);
    let _ = pool.acquire(1, later);
    assert!(!events(&mut pool).iter().any(dialled), "a longer one");
    later += Duration::from_millis(50);
    let _ = pool.acquire(1, later);
    let id = connect(&mut pool);
    pool.handle_useful(id);
    pool.handle_useless(id, u32::MAX, later);
    pool.handle_closed(id, later);
    let _ = pool.acquire(1, later);
    assert!(
        events(&mut pool).iter().any(dialled),
        "none after an answer"
    );
}
