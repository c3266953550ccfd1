use super::*;

const BAD: Verdict = Verdict::Bad { jitter: 0 };
const SECOND: Duration = Duration::from_secs(1);

fn policy() -> HealthPolicy {
    let eject = EjectPolicy {
        failures: 3,
        time: SECOND,
        longest: 5 * SECOND,
        ..EjectPolicy::default()
    };
    HealthPolicy {
        eject,
        ..HealthPolicy::default()
    }
}

/// Fails until there is reason to eject it, and does; says for how long.
fn eject(health: &mut Health, now: Instant) -> Duration {
    let reason = (0..100).any(|_| health.handle_verdict(BAD, now, now));
    assert!(reason, "{health:?}");
    health.eject(0, now);
    assert_eq!(health.standing(), Standing::Ejected);
    health.next_change().unwrap() - now
}

fn recover(health: &mut Health, now: Instant) {
    health.refresh(now);
    assert_eq!(health.standing(), Standing::Probing);
    assert!(!health.handle_verdict(Verdict::Good, now, now));
    assert_eq!(health.standing(), Standing::Healthy);
}

#[test]
fn failures_in_a_row_count_and_a_success_starts_anew() {
    let now = Instant::now();
    let mut health = Health::new(policy());
    let said: Vec<bool> = [BAD, BAD, Verdict::Good, BAD, BAD, BAD]
        .into_iter()
        .map(|verdict| health.handle_verdict(verdict, now, now))
        .collect();
    assert_eq!(said, [false, false, false, false, false, true]);
}

#[test]
fn half_of_enough_exchanges_is_too_much() {
    let now = Instant::now();
    let mut health = Health::new(policy());
    let mut said = Vec::new();
    for _ in 0..10 {
        assert!(!health.handle_verdict(Verdict::Good, now, now));
        said.push(health.handle_verdict(BAD, now, now));
    }
    assert_eq!(said.iter().position(|reason| *reason), Some(9));

    let mut health = Health::new(policy());
    for n in 0..100 {
        let later = now + n * SECOND;
        assert!(!health.handle_verdict(Verdict::Good, later, later));
        assert!(
            !health.handle_verdict(BAD, later, later),
            "20 in 10 s, not in 100 s"
        );
        assert!(!health.handle_verdict(Verdict::Good, later, later));
    }
}

#[test]
fn who_flaps_is_away_longer_each_time_and_who_stays_well_is_forgiven() {
    let mut now = Instant::now();
    let mut health = Health::new(policy());
    for seconds in [1, 2, 4, 5, 5] {
        let away = eject(&mut health, now);
        assert_eq!(away, seconds * SECOND);
        now += away;
        recover(&mut health, now);
    }
    now += 20 * SECOND;
    assert_eq!(eject(&mut health, now), 2 * SECOND, "four of five forgiven");
}

#[test]
fn chance_spreads_the_ends_of_ejections() {
    let now = Instant::now();
    let mut health = Health::new(policy());
    health.eject(u32::MAX, now);
    assert_eq!(health.next_change(), Some(now + SECOND.mul_f64(1.25)));
}

#[test]
fn what_was_sent_before_the_trial_says_nothing_about_it() {
    let before = Instant::now();
    let mut health = Health::new(policy());
    eject(&mut health, before);
    assert!(
        !health.handle_verdict(BAD, before, before),
        "it is ejected already"
    );
    let now = before + SECOND;
    health.refresh(now);
    assert!(!health.handle_verdict(BAD, before, now));
    assert!(!health.handle_verdict(Verdict::Good, before, now));
    assert_eq!(health.standing(), Standing::Probing);
    assert!(health.handle_verdict(BAD, now, now), "this one does");
}

#[test]
fn probes_in_a_row_decide() {
    let now = Instant::now();
    let mut health = Health::new(policy());
    let mut after = |probes: &[Probe]| {
        probes
            .iter()
            .for_each(|probe| health.handle_probe(*probe, now));
        health.standing()
    };
    use Probe::{Failed, Passed};
    assert_eq!(
        after(&[Failed, Failed, Passed, Failed, Failed]),
        Standing::Healthy
    );
    assert_eq!(after(&[Failed]), Standing::Ejected);
    assert_eq!(after(&[Passed, Failed, Passed]), Standing::Ejected);
    assert_eq!(after(&[Passed]), Standing::Healthy);
}

#[test]
fn a_recovered_endpoint_starts_slowly() {
    let now = Instant::now();
    let mut health = Health::new(policy());
    assert_eq!(health.share(now), 1.0);
    health.handle_reached(now);
    assert_eq!(health.share(now), 0.1);
    assert_eq!(health.share(now + 5 * SECOND), 0.5);
    assert_eq!(health.share(now + 20 * SECOND), 1.0);
}

#[test]
fn error_replies_speak_against_an_endpoint_as_far_as_they_are_to() {
    use crate::codec::Grade::{Failed, Fine, Refused};
    for (errors, blamed) in [
        (ErrorReplies::None, [false, false, false]),
        (ErrorReplies::Failures, [false, false, true]),
        (ErrorReplies::All, [false, true, true]),
    ] {
        let blames = [Fine, Refused, Failed].map(|grade| errors.blame(grade));
        assert_eq!(blames, blamed, "{errors:?}");
        assert_eq!(errors.matter(), blamed[2]);
    }
}
