//! Sections that are made to take long.

use super::{faults, load_all, with};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Types of which each has the next one twice, and instances that are each the sum of the one before
/// and itself: 2^50 ways, were all of them gone.
fn doubling() -> String {
    let mut text = String::from("seq: [{id: t, type: t0}]\ntypes:\n");
    for n in 0..50 {
        let next = n + 1;
        let _ = writeln!(
            text,
            "  t{n}: {{seq: [{{id: a, type: t{next}}}, {{id: b, type: t{next}}}]}}"
        );
    }
    text.push_str("  t50: {seq: []}\n");
    text.push_str("instances:\n  i0: {value: 1}\n  s0: {value: '\"event\"'}\n  c0: {value: t}\n");
    for n in 1..50 {
        let last = n - 1;
        let _ = writeln!(text, "  i{n}: {{value: i{last} + i{last}}}");
        let _ = writeln!(text, "  s{n}: {{value: 'i0 == 1 ? s{last} : s{last}'}}");
        let _ = writeln!(text, "  c{n}: {{value: 'i0 == 1 ? c{last} : c{last}'}}");
    }
    text
}

#[test]
fn what_branches_without_end_has_an_end() {
    let section = "  frame: {auto: true, max: 64}\n  operation: s49\n  kind: s49\n  id: c49.x";
    let text = with(section, &doubling());
    let begun = Instant::now();
    let found = faults(&[("d.ksy", &text)]);
    assert!(!found.is_empty());
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn many_operations_take_no_longer_than_their_bound() {
    let mut rest = String::from("seq: [{id: code, type: u4, enum: e}]\nenums:\n  e:\n");
    for n in 0..4096 {
        let _ = writeln!(rest, "    {n}: l{n}");
    }
    let mut kind = String::from("\"event\"");
    for n in 0..50 {
        kind = format!("code.to_i == {n} ? \"event\" : {kind}");
    }
    let section = format!("  frame: {{auto: true, max: 4}}\n  operation: code\n  kind: '{kind}'");
    let begun = Instant::now();
    load_all(&[("d.ksy", &with(&section, &rest))]).unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    rest.push_str("    4096: l4096\n");
    let found = faults(&[("d.ksy", &with(&section, &rest))]);
    assert_eq!(found, [("GW3054", "code".to_owned())]);
}
