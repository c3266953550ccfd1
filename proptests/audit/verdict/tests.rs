use super::{Tolerance, Wrong, judge};
use crate::outcome::{Finding, Oddity, Outcome, Record};
use crate::request::Class;
use crate::server::Deeds;
use crate::wire::Failure;

const LENIENT: Tolerance = Tolerance {
    failures: true,
    closings: true,
    drains: false,
    forgeries: true,
    answers: true,
};

const DRAINS: Tolerance = Tolerance {
    drains: true,
    ..Tolerance::STRICT
};

fn record(class: Class, outcome: Outcome) -> Record {
    Record {
        client: 1,
        seq: 2,
        nonce: 7,
        class,
        outcome,
    }
}

fn deeds(executed: &[u128]) -> Deeds {
    Deeds {
        executed: executed.to_vec(),
        ..Deeds::default()
    }
}

fn wrongs(record: Record, deeds: Deeds, tolerance: Tolerance) -> Vec<Wrong> {
    let verdict = judge(vec![record], &[], deeds, tolerance);
    assert_eq!(verdict.tally.violations, verdict.violations.len());
    verdict.violations.into_iter().map(|v| v.wrong).collect()
}

#[test]
fn each_outcome_is_held_against_what_was_executed() {
    use Failure::{Draining, Internal, Overload, Timeout};
    use Outcome::{Closed, Failed, Left, Lost, Ok, Unsent};
    let strict = Tolerance::STRICT;
    let cases: &[(Outcome, &[u128], Tolerance, &[Wrong])] = &[
        (Ok, &[7], strict, &[]),
        (Ok, &[], LENIENT, &[Wrong::OkUnexecuted]),
        (Ok, &[7, 7], LENIENT, &[Wrong::ExecutedTwice]),
        (Ok, &[3, 7, 9], LENIENT, &[Wrong::Invented, Wrong::Invented]),
        (Left, &[], strict, &[]),
        (Left, &[7], strict, &[]),
        (Left, &[7, 7], strict, &[Wrong::ExecutedTwice]),
        (Unsent, &[], strict, &[]),
        (Unsent, &[7], LENIENT, &[Wrong::UnsentExecuted]),
        (Closed, &[7], LENIENT, &[]),
        (Closed, &[7], strict, &[Wrong::ClosedWithoutFault]),
        (Closed, &[], DRAINS, &[]),
        (Closed, &[7], DRAINS, &[Wrong::LeftUnanswered]),
        (Failed(Draining), &[], DRAINS, &[]),
        (
            Failed(Draining),
            &[7],
            DRAINS,
            &[Wrong::FailedExecuted(Draining)],
        ),
        (
            Failed(Draining),
            &[],
            LENIENT,
            &[Wrong::FailedWithoutFault(Draining)],
        ),
        (
            Failed(Timeout),
            &[],
            DRAINS,
            &[Wrong::FailedWithoutFault(Timeout)],
        ),
        (Lost, &[7], LENIENT, &[Wrong::Lost]),
        (Failed(Timeout), &[7], LENIENT, &[]),
        (
            Failed(Timeout),
            &[],
            strict,
            &[Wrong::FailedWithoutFault(Timeout)],
        ),
        (Failed(Overload), &[], LENIENT, &[]),
        (
            Failed(Overload),
            &[7],
            LENIENT,
            &[Wrong::FailedExecuted(Overload)],
        ),
        (
            Failed(Internal),
            &[],
            LENIENT,
            &[Wrong::FailedWithoutFault(Internal)],
        ),
        (Outcome::Wrong(1), &[7], LENIENT, &[Wrong::Misdelivered]),
    ];
    for (outcome, executed, tolerance, expected) in cases {
        let found = wrongs(record(Class::Once, *outcome), deeds(executed), *tolerance);
        assert_eq!(found, *expected, "{outcome:?} {executed:?}");
    }
}

#[test]
fn what_may_be_repeated_may_be_executed_twice() {
    let record = record(Class::Idempotent, Outcome::Ok);
    assert_eq!(wrongs(record, deeds(&[7, 7]), Tolerance::STRICT), []);
}

#[test]
fn a_lie_counts_only_for_the_request_to_which_it_was_told() {
    let forged = |nonce| Deeds {
        forged: [(nonce, 5)].into(),
        ..deeds(&[7])
    };
    let seen = record(Class::Once, Outcome::Wrong(5));
    assert_eq!(wrongs(seen, forged(7), LENIENT), []);
    assert_eq!(wrongs(seen, forged(8), LENIENT), [Wrong::Misdelivered]);
    assert_eq!(
        wrongs(seen, forged(7), Tolerance::STRICT),
        [Wrong::Misdelivered]
    );
}

#[test]
fn nothing_but_failures_comes_of_a_server_that_cannot_be_talked_to() {
    let deaf = Tolerance {
        answers: false,
        ..LENIENT
    };
    let seen = record(Class::Once, Outcome::Ok);
    assert_eq!(wrongs(seen, deeds(&[7]), deaf), [Wrong::Answered]);
}

#[test]
fn a_second_reply_is_found() {
    let finding = Finding {
        client: 1,
        seq: 2,
        what: Oddity::Again,
    };
    let verdict = judge(Vec::new(), &[finding], Deeds::default(), LENIENT);
    assert_eq!(verdict.violations[0].wrong, Wrong::Duplicated);
}
