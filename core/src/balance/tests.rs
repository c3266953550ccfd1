use super::*;
use std::time::{Duration, Instant};

fn even(endpoints: usize) -> Vec<Candidate> {
    let candidate = |endpoint| Candidate {
        endpoint,
        weight: 1.0,
        in_flight: 0,
        latency: Some(0.01),
    };
    (0..endpoints).map(candidate).collect()
}

fn picks(balancer: &mut Balancer, candidates: &[Candidate], times: u64) -> Vec<usize> {
    let mut counts = vec![0; 8];
    for n in 0..times {
        let picked = balancer.pick(candidates, key_of(&n.to_be_bytes()), n);
        counts[picked.expect("one of them")] += 1;
    }
    counts
}

#[test]
fn names_are_found_and_nothing_else() {
    for (name, policy) in Policy::NAMES {
        assert_eq!(Policy::named(name), Some(policy));
    }
    assert_eq!(Policy::named("random"), None);
}

#[test]
fn turns_are_spread_and_missed_ones_are_not_made_up_for() {
    let mut balancer = Balancer::new(Policy::RoundRobin, &[1, 2, 1]);
    let mut all = even(3);
    all[1].weight = 2.0;
    let order: Vec<_> = (0..8).map(|_| balancer.pick(&all, 0, 0).unwrap()).collect();
    assert_eq!(order.iter().filter(|e| **e == 1).count(), 4, "{order:?}");
    assert_eq!(picks(&mut balancer, &all[..2], 300)[..3], [100, 200, 0]);
    let back = picks(&mut balancer, &all, 8);
    assert_eq!(back[..3], [2, 4, 2]);
}

#[test]
fn the_least_loaded_for_its_weight_gets_the_next() {
    let mut balancer = Balancer::new(Policy::LeastRequest, &[1, 1, 4]);
    let mut all = even(3);
    all[2].weight = 4.0;
    for (candidate, in_flight) in all.iter_mut().zip([2, 1, 3]) {
        candidate.in_flight = in_flight;
    }
    assert_eq!(balancer.pick(&all, 0, 0), Some(2));
    all[2].in_flight = 5;
    assert_eq!(balancer.pick(&all, 0, 0), Some(1));
}

#[test]
fn the_slow_one_of_two_gets_little_and_an_unknown_one_a_try() {
    let mut balancer = Balancer::new(Policy::P2c, &[1, 1]);
    let mut both = even(2);
    both[1].latency = Some(0.1);
    let counts = picks(&mut balancer, &both, 10_000);
    assert!((20..=100).contains(&counts[1]), "{counts:?}");
    both[1].latency = None;
    assert_eq!(picks(&mut balancer, &both, 100)[1], 100);
    both[1].in_flight = 1;
    assert_eq!(picks(&mut balancer, &both, 100)[1], 0);
}

#[test]
fn the_average_jumps_up_and_glides_down() {
    let start = Instant::now();
    let mut latency = PeakEwma::default();
    assert_eq!(latency.get(start), None);
    latency.observe(Duration::from_millis(10), start);
    latency.observe(Duration::from_secs(1), start);
    assert_eq!(latency.get(start), Some(1.0));
    latency.observe(Duration::from_millis(10), start + Duration::from_secs(1));
    let gliding = latency.get(start + Duration::from_secs(1)).unwrap();
    assert!((0.9..0.92).contains(&gliding), "{gliding}");
    let faded = latency.get(start + Duration::from_secs(100)).unwrap();
    assert!(faded < 0.001, "{faded}");
}

#[test]
fn a_slow_start_takes_keys_one_by_one() {
    let mut balancer = Balancer::new(Policy::Hash, &[1, 1, 1]);
    let mut all = even(3);
    all[1].weight = 0.25;
    let counts = picks(&mut balancer, &all, 30_000);
    assert!((2_000..3_000).contains(&counts[1]), "{counts:?}");
}

#[test]
fn a_large_table_is_filled() {
    let weights = vec![1; 60];
    let mut balancer = Balancer::new(Policy::Hash, &weights);
    assert!(balancer.pick(&even(60), 7, 0).is_some());
}
