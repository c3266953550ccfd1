use super::*;
use crate::pool::Rank;

const SECOND: Duration = Duration::from_secs(1);
const POLICY: DiscoveryPolicy = DiscoveryPolicy {
    least: SECOND,
    most: Duration::from_secs(60),
    endpoints: 3,
};

fn at(host: u8, priority: u32) -> Found {
    Found {
        address: ([10, 0, 0, host], 80).into(),
        rank: Rank {
            weight: 1,
            priority,
        },
    }
}

fn hosts(discovery: &Discovery) -> Vec<String> {
    let shown = |f: &Found| f.address.ip().to_string();
    discovery.current().iter().map(shown).collect()
}

#[test]
fn what_is_found_holds_as_long_as_it_says_within_bounds() {
    let now = Instant::now();
    let mut discovery = Discovery::new(POLICY, now);
    assert_eq!(discovery.poll_timeout(), now);
    for (valid, expected) in [(30 * SECOND, 30), (Duration::ZERO, 1), (9999 * SECOND, 60)] {
        discovery.handle_found(vec![at(1, 0)], valid, 0, now);
        assert_eq!(discovery.poll_timeout(), now + expected * SECOND);
    }
    discovery.handle_found(vec![at(1, 0)], 30 * SECOND, u32::MAX, now);
    assert_eq!(
        discovery.poll_timeout(),
        now + 33 * SECOND,
        "a tenth later by chance"
    );
}

#[test]
fn the_same_in_another_order_is_no_change() {
    let now = Instant::now();
    let mut discovery = Discovery::new(POLICY, now);
    let two = || vec![at(1, 0), at(2, 0)];
    assert_eq!(
        discovery.handle_found(two(), SECOND, 0, now),
        Change::Changed
    );
    let turned = two().into_iter().rev().collect();
    assert_eq!(discovery.handle_found(turned, SECOND, 0, now), Change::Same);
    let fewer = vec![at(2, 0)];
    assert_eq!(
        discovery.handle_found(fewer, SECOND, 0, now),
        Change::Changed
    );
    let heavier = vec![at(2, 1)];
    assert_eq!(
        discovery.handle_found(heavier, SECOND, 0, now),
        Change::Changed
    );
}

#[test]
fn failures_and_empty_answers_keep_the_last_good_set() {
    let now = Instant::now();
    let mut discovery = Discovery::new(POLICY, now);
    discovery.handle_found(vec![at(1, 0)], 30 * SECOND, 0, now);
    discovery.handle_failed(u32::MAX, now);
    assert_eq!(discovery.poll_timeout(), now + SECOND);
    let nothing = discovery.handle_found(Vec::new(), 30 * SECOND, u32::MAX, now);
    assert_eq!(nothing, Change::Same);
    assert_eq!(discovery.poll_timeout(), now + 2 * SECOND);
    for _ in 0..100 {
        discovery.handle_failed(u32::MAX, now);
    }
    assert_eq!(discovery.poll_timeout(), now + 60 * SECOND);
    discovery.handle_failed(0, now);
    assert_eq!(
        discovery.poll_timeout(),
        now + 30 * SECOND,
        "half of it at least"
    );
    assert_eq!(hosts(&discovery), ["10.0.0.1"]);
    discovery.handle_found(vec![at(1, 0)], 5 * SECOND, 0, now);
    discovery.handle_failed(u32::MAX, now);
    assert_eq!(
        discovery.poll_timeout(),
        now + SECOND,
        "a success starts anew"
    );
}

#[test]
fn the_most_preferred_are_kept_and_each_address_once() {
    let now = Instant::now();
    let mut discovery = Discovery::new(POLICY, now);
    let found = vec![at(4, 1), at(1, 2), at(3, 0), at(3, 1), at(2, 0), at(5, 9)];
    discovery.handle_found(found, SECOND, 0, now);
    assert_eq!(hosts(&discovery), ["10.0.0.2", "10.0.0.3", "10.0.0.4"]);
}
