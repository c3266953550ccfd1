//! Balancing: shares follow weights, keys stay where they are, nobody starves. And the budget of
//! retries, beside a count of all that happened.

use gatewright_core::balance::{Balancer, Candidate, PeakEwma, Policy, key_of};
use gatewright_core::limit::RetryBudget;
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn candidates(weights: &[u32]) -> Vec<Candidate> {
    let of = |(endpoint, weight): (usize, &u32)| Candidate {
        endpoint,
        weight: f64::from(*weight),
        in_flight: 0,
        latency: Some(0.005),
    };
    weights.iter().enumerate().map(of).collect()
}

fn shares(policy: Policy, weights: &[u32], seed: u64) -> Vec<f64> {
    const PICKS: u64 = 20_000;
    let mut balancer = Balancer::new(policy, weights);
    let all = candidates(weights);
    let mut counts = vec![0.0; weights.len()];
    for n in 0..PICKS {
        let random = key_of(&(seed ^ n).to_be_bytes());
        let picked = balancer.pick(&all, random, random.rotate_left(32));
        counts[picked.expect("one of them")] += 1.0 / PICKS as f64;
    }
    counts
}

fn policies() -> impl Strategy<Value = Policy> {
    (0..Policy::NAMES.len()).prop_map(|index| Policy::NAMES[index].1)
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn equally_good_endpoints_get_what_their_weights_say(
        policy in policies(), weights in vec(1_u32..10, 1..8), seed: u64,
    ) {
        let total: f64 = weights.iter().copied().map(f64::from).sum();
        for (share, weight) in shares(policy, &weights, seed).iter().zip(&weights) {
            let due = f64::from(*weight) / total;
            prop_assert!((share - due).abs() <= 0.02 + 0.05 * due, "{policy:?} {share} for {due}");
        }
    }

    #[test]
    fn only_the_keys_of_an_endpoint_that_goes_move_and_they_spread(
        weights in vec(1_u32..4, 3..8), gone: prop::sample::Index,
    ) {
        let mut balancer = Balancer::new(Policy::Hash, &weights);
        let all = candidates(&weights);
        let gone = gone.index(weights.len());
        let rest: Vec<_> = all.iter().copied().filter(|c| c.endpoint != gone).collect();
        let (mut moved, mut taken_in) = (0, vec![0; weights.len()]);
        for n in 0..10_000_u32 {
            let key = key_of(&n.to_be_bytes());
            let before = balancer.pick(&all, key, 0).expect("one");
            let after = balancer.pick(&rest, key, 0).expect("one");
            prop_assert!(before == after || before == gone, "key {n} moved for nothing");
            moved += usize::from(before == gone);
            taken_in[after] += usize::from(before == gone);
        }
        let most = taken_in.iter().copied().max().unwrap_or(0);
        prop_assert!(most < moved * 9 / 10, "all fall to one: {taken_in:?}");
    }

    /// A table with one endpoint more is another table: keys move to the new one, few others.
    #[test]
    fn a_new_endpoint_takes_keys_from_all_and_moves_few_others(endpoints in 3_usize..10) {
        let weights = vec![1; endpoints + 1];
        let mut small = Balancer::new(Policy::Hash, &weights[..endpoints]);
        let mut large = Balancer::new(Policy::Hash, &weights);
        let all = candidates(&weights);
        let mut needless = 0;
        for n in 0..10_000_u32 {
            let key = key_of(&n.to_be_bytes());
            let before = small.pick(&all[..endpoints], key, 0);
            let after = large.pick(&all, key, 0);
            needless += usize::from(before != after && after != Some(endpoints));
        }
        prop_assert!(needless < 1_500, "{needless} of 10,000 moved for nothing");
    }

    /// An endpoint that was slow once is tried again, however fast the others are.
    #[test]
    fn nobody_starves(policy in policies(), weights in vec(1_u32..10, 2..6), seed: u64) {
        let start = Instant::now();
        let mut balancer = Balancer::new(policy, &weights);
        let mut latencies = vec![PeakEwma::default(); weights.len()];
        latencies.iter_mut().for_each(|l| l.observe(Duration::from_millis(1), start));
        latencies[0].observe(Duration::from_secs(2), start);
        let mut last = vec![start; weights.len()];
        for n in 0..20_000_u64 {
            let now = start + Duration::from_millis(10) * n as u32;
            let mut all = candidates(&weights);
            for (candidate, latency) in all.iter_mut().zip(&latencies) {
                candidate.latency = latency.get(now);
            }
            let random = key_of(&(seed ^ n).to_be_bytes());
            let picked = balancer.pick(&all, random, random).expect("one");
            latencies[picked].observe(Duration::from_millis(1), now);
            last[picked] = now;
            for (index, last) in last.iter().enumerate() {
                prop_assert!(now - *last < Duration::from_secs(90), "{policy:?} forgets {index}");
            }
        }
    }
}

/// What happens at the budget: requests or a failure, after so many milliseconds.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Requests(u8),
    Failure,
}

fn happenings() -> impl Strategy<Value = Vec<(u64, Happens)>> {
    let what = prop_oneof![
        (1_u8..20).prop_map(Happens::Requests),
        Just(Happens::Failure),
        Just(Happens::Failure),
    ];
    vec(
        (prop_oneof![Just(0_u64), 0..40_u64, 0..2_000_u64], what),
        0..300,
    )
}

proptest! {
    #![proptest_config(cases(500))]

    /// At each retry, the last second's retries are within the share of its requests; and one
    /// is refused only if it would not be, give or take the tick by which the second is counted.
    #[test]
    fn retries_stay_within_the_budget_in_each_second(
        percent in 0_u32..=100, happenings in happenings(),
    ) {
        const SECOND: Duration = Duration::from_secs(1);
        const TICK: Duration = Duration::from_millis(10);
        let mut budget = RetryBudget::new(percent);
        let mut now = Instant::now();
        let (mut offered, mut retried): (Vec<Instant>, Vec<Instant>) = (Vec::new(), Vec::new());
        let within = |all: &[Instant], now: Instant, window: Duration| {
            all.iter().filter(|at| now - **at < window).count()
        };
        for (ms, happens) in happenings {
            now += Duration::from_millis(ms);
            match happens {
                Happens::Requests(number) => {
                    (0..number).for_each(|_| budget.offer(now));
                    offered.extend((0..number).map(|_| now));
                }
                Happens::Failure if budget.retry(now) => {
                    retried.push(now);
                    let (sent, due) = (within(&retried, now, SECOND), within(&offered, now, SECOND));
                    prop_assert!(sent * 100 <= due * percent as usize, "{sent} for {due}");
                }
                Happens::Failure => {
                    let sent = within(&retried, now, SECOND + TICK) + 1;
                    let due = within(&offered, now, SECOND - TICK);
                    prop_assert!(sent * 100 > due * percent as usize, "refused at {sent} of {due}");
                }
            }
        }
    }
}
