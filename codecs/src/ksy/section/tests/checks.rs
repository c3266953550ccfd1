//! Checksums: where they stand, whether they hold, putting them in.

use super::{faults, load, section, with};
use crate::ksy::section::plan::CheckPlan;
use crate::ksy::section::{Edge, Wrong};

fn text(checks: &str, rest: &str) -> String {
    let section = format!(
        "  frame: {{datagram: true, max: 64}}\n  operation: '\"m\"'\n  order: fifo\n  checks: [{checks}]"
    );
    with(&section, rest)
}

fn one(checks: &str, rest: &str) -> CheckPlan {
    let definition = load(&text(checks, rest));
    let mut section = definition.section.unwrap();
    assert_eq!(section.reply.checks.len(), 1);
    section.request.checks.pop().unwrap()
}

const BEHIND: &str = "
seq:
  - {id: magic, contents: a}
  - {id: body, size-eos: true}
";

#[track_caller]
fn holds(check: &CheckPlan, good: &[u8], at: usize) {
    assert_eq!(check.verify(good), Ok(()));
    let mut bad = good.to_vec();
    for byte in at..at + check.width {
        bad[byte] ^= 1;
        assert_eq!(check.verify(&bad), Err(Wrong::Differs { at }));
    }
    check.patch(&mut bad).unwrap();
    assert_eq!(bad, good);
}

#[test]
fn checksums_stand_behind_what_they_cover() {
    let check = one(
        "{field: crc, algorithm: crc16-modbus, over: [a, b]}",
        "seq: [{id: a, type: u1}, {id: len, type: u1}, {id: b, size: len}, {id: crc, type: u2le}]",
    );
    assert_eq!((check.at, check.to), (Edge::FromEnd(2), Edge::FromEnd(2)));
    // The check value of the catalogue: 0x4b37 of 123456789.
    let definition_free = CheckPlan {
        from: Edge::FromStart(0),
        ..check
    };
    holds(&definition_free, b"123456789\x37\x4b", 9);
}

#[test]
fn checksums_stand_before_and_within_what_they_cover() {
    let before = one(
        "{field: sum, algorithm: sum8, over: [body, body]}",
        "seq: [{id: sum, type: u1}, {id: body, size-eos: true}]",
    );
    holds(&before, b"\x06\x01\x02\x03", 0);
    assert_eq!(before.verify(b""), Err(Wrong::TooShort));
    // RFC 791 on: the checksum counts as zeros in what it covers.
    let within = one(
        "{field: header.sum, algorithm: sum16, over: [header, header]}",
        "
seq: [{id: header, type: header, size: 6}, {id: body, size-eos: true}]
types: {header: {seq: [{id: a, type: u2}, {id: sum, type: u2}, {id: b, type: u2}]}}",
    );
    assert_eq!(within.at, Edge::FromStart(2));
    holds(&within, b"\x00\x01\xff\xfb\x00\x03body", 2);
}

#[test]
fn checksums_stand_in_a_body_whose_size_is_said() {
    let check = one(
        "{field: body.sum, algorithm: xor8, over: [len, body.text]}",
        "
seq: [{id: len, type: u1}, {id: body, type: body, size: len}]
types: {body: {seq: [{id: text, size: _root.len - 1}, {id: sum, type: u1}]}}",
    );
    assert_eq!(check.at, Edge::FromEnd(1));
    holds(&check, b"\x03\x01\x02\x00", 3);
}

#[test]
fn checksums_may_be_digits() {
    let check = one(
        "{field: sum, algorithm: sum8-ascii3, over: [body, body]}",
        "seq: [{id: body, size: 2}, {id: sum, type: str, size: 3, encoding: ASCII}]",
    );
    holds(&check, b"\x01\x02003", 2);
}

#[test]
fn checksums_without_a_place_are_refused() {
    let rest = "
seq:
  - {id: a, type: strz, encoding: ASCII}
  - {id: sum, type: u1}
  - {id: b, type: strz, encoding: ASCII}
instances: {i: {value: 1}}
";
    let check = |check: &str| faults(&[("d.ksy", &text(check, rest))]);
    let expected = |code, place: &str| vec![(code, place.to_owned())];
    assert_eq!(
        check("{field: sum, algorithm: sum8, over: [a, a]}"),
        [("GW3057", "sum".to_owned()), ("GW3057", "a".to_owned())]
    );
    assert_eq!(
        check("{field: sum, algorithm: sum9, over: [a, a]}"),
        expected("GW3057", "sum9")
    );
    assert_eq!(
        check("{field: sum, algorithm: crc32, over: [a, a]}"),
        expected("GW3057", "sum")
    );
    assert_eq!(
        check("{field: i, algorithm: sum8, over: [a, a]}"),
        expected("GW3030", "i")
    );
    assert_eq!(
        check("{field: sum, algorithm: sum8, over: [a]}"),
        expected("GW3005", "[a]")
    );
    let text = text(
        "{field: magic, algorithm: sum8, over: [magic, body]}",
        BEHIND,
    );
    assert_eq!(
        faults(&[("d.ksy", &text)]),
        expected("GW3057", "magic"),
        "a constant is no checksum"
    );
}

#[test]
fn a_type_with_a_checksum_stands_where_there_is_a_check() {
    let rest = "
seq: [{id: a, type: part}, {id: b, type: part}]
types: {part: {seq: [{id: data, type: u1}, {id: sum, type: u1}]}}
";
    let one = "{field: b.sum, algorithm: sum8, over: [a, b.data]}";
    let both = format!("{{field: a.sum, algorithm: sum8, over: [a.data, a.data]}}, {one}");
    assert_eq!(
        faults(&[("d.ksy", &text(one, rest))]),
        [("GW3057", "b.sum".to_owned())]
    );
    assert_eq!(faults(&[("d.ksy", &text(&both, rest))]), []);
}

/// Checks of other fields are none of it, whatever those are called, nor is one that is there twice.
#[test]
fn only_checks_of_the_same_field_of_a_structure_cover_its_places() {
    let rest = "
seq: [{id: a, type: part}, {id: b, type: part}, {id: c, type: other}]
types:
  part: {seq: [{id: data, type: u1}, {id: sum, type: u1}]}
  other: {seq: [{id: more, type: u2}, {id: sum, type: u1}]}
";
    let of_a = "{field: a.sum, algorithm: sum8, over: [a.data, a.data]}";
    let of_b = "{field: b.sum, algorithm: sum8, over: [b.data, b.data]}";
    let of_c = "{field: c.sum, algorithm: sum8, over: [c.more, c.more]}";
    let check = |checks: &[&str]| faults(&[("d.ksy", &text(&checks.join(", "), rest))]);
    assert_eq!(check(&[of_a, of_c]), [("GW3057", "a.sum".to_owned())]);
    assert_eq!(check(&[of_a, of_a]).len(), 2);
    assert_eq!(check(&[of_a, of_b, of_c]), []);
}

#[test]
fn a_definition_without_checks_has_none() {
    let definition = load(&text("", BEHIND));
    assert!(section(&definition).request.checks.is_empty());
}
