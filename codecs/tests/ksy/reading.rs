//! What is read.

use crate::support::{bytes, good, read};
use gatewright_codecs::ksy::read::{Limits, Machine};
use gatewright_codecs::ksy::view::typed;
use serde_json::{Value as Json, json};

/// Reads messages, each of which must say this.
fn check(definition: &str, messages: &[(&str, Json)]) {
    let loaded = good(definition);
    for (hex, expected) in messages {
        let said = read(&loaded, &bytes(hex));
        assert_eq!(said, *expected, "{definition}\n{hex}");
    }
}

#[test]
fn bits_go_on_across_structures_and_orders() {
    check(
        "seq:
  - {id: a, type: b3}
  - {id: b, type: inner}
  - {id: c, type: b2}
  - {id: d, type: u1}
types:
  inner:
    meta: {bit-endian: le}
    seq:
      - {id: x, type: b2}
      - {id: y, type: b9be}
",
        // 101_10011: `x` is the lowest two bits of what is left, `y` what is above them.
        &[(
            "b3 0f 7e",
            json!({"a": 5, "b": {"x": 3, "y": 0x103}, "c": 3, "d": 0x7e}),
        )],
    );
}

#[test]
fn whole_bytes_begin_at_the_next_byte() {
    check(
        "seq:
  - {id: a, type: b4}
  - {id: b, type: inner, size: 1}
  - {id: c, type: b4}
  - {id: d, size: 0}
  - {id: e, type: b4}
types:
  inner:
    seq:
      - {id: x, type: b4}
",
        &[(
            "1f 2f 3f 4f",
            json!({"a": 1, "b": {"x": 2}, "c": 3, "d": {"$b": ""}, "e": 4}),
        )],
    );
}

#[test]
fn bytes_of_no_case_are_those_of_the_size() {
    let definition = "seq:
  - {id: a, type: u1}
  - id: b
    size: 3
    terminator: 0x40
    pad-right: 0x20
    type: {switch-on: a, cases: {1: inner}}
types:
  inner:
    seq:
      - {id: x, size-eos: true}
";
    check(
        definition,
        &[
            ("01 41 40 20", json!({"a": 1, "b": {"x": {"$b": "41"}}})),
            ("02 41 40 20", json!({"a": 2, "b": {"$b": "414020"}})),
        ],
    );
}

#[test]
fn contents_are_what_comes_of_processing() {
    check(
        "seq:
  - {id: a, contents: AB, process: xor(1)}
",
        &[
            ("40 43", json!({"a": {"$b": "4142"}})),
            ("41 42", json!({"error": "validation"})),
        ],
    );
}

#[test]
fn a_terminator_is_looked_for_in_its_own_steps() {
    check(
        "meta:
  encoding: UTF-16LE
seq:
  - {id: a, type: strz, size: 8}
  - {id: b, type: str, size: 6, terminator: 0}
",
        &[
            (
                "41 00 00 42 00 00 43 00 4142 4344 0041",
                json!({"a": "A\u{4200}", "b": "\u{4241}\u{4443}"}),
            ),
            // A single byte is one wherever it stands, and what is left of the text is half of one.
            (
                "41 00 00 00 00 00 00 00 4100 4344 0041",
                json!({"error": "conversion"}),
            ),
        ],
    );
}

#[test]
fn padding_that_ends_the_terminator_is_not_cut_off() {
    check(
        "seq:
  - {id: a, type: strz, encoding: UTF-16LE, size: 6, pad-right: 0}
  - {id: b, size: 4, terminator: 0x20, include: true, pad-right: 0x20}
",
        &[(
            "41 00 00 00 00 00 42 20 20 20",
            json!({"a": "A", "b": {"$b": "4220"}}),
        )],
    );
}

#[test]
fn the_order_of_bytes_by_a_bit() {
    check(
        "meta:
  endian: {switch-on: p & 1, cases: {'false': be, 'true': le}}
seq:
  - {id: a, type: u2}
instances:
  p: {pos: 2, type: u1}
",
        &[
            ("01 02 00", json!({"a": 0x0102, "p": 0})),
            ("01 02 03", json!({"a": 0x0201, "p": 3})),
        ],
    );
}

#[test]
fn a_structure_without_order_of_bytes_is_not_read() {
    check(
        "seq:
  - {id: a, type: u1}
  - {id: b, type: inner}
types:
  inner:
    meta:
      endian: {switch-on: _root.a, cases: {1: le}}
    seq:
      - {id: x, type: u1}
",
        &[
            ("01 02", json!({"a": 1, "b": {"x": 2}})),
            ("02 02", json!({"error": "endian"})),
        ],
    );
}

#[test]
fn a_negative_count_is_none() {
    let definition = "seq:
  - {id: n, type: s1}
  - {id: a, type: u1, repeat: expr, repeat-expr: n}
";
    check(definition, &[("ff 07", json!({"n": -1, "a": []}))]);
}

#[test]
fn an_instance_that_failed_fails_for_all_who_ask() {
    let definition = "seq:
  - {id: n, type: u1}
instances:
  before: {value: body.k}
  body: {pos: 1, type: inner}
  after: {value: body.k}
types:
  inner:
    seq:
      - {id: k, type: u1}
      - {id: l, type: u1}
";
    let said = read(&good(definition), &bytes("01 02"));
    for name in ["before", "body", "after"] {
        assert_eq!(said[name]["$err"]["kind"], "eof", "{name}: {said}");
    }
}

#[test]
fn failures_do_not_add_up_to_depth() {
    let instances: String = (0..100)
        .map(|at| format!("  x{at}: {{pos: 1, type: inner}}\n"))
        .collect();
    let definition = format!(
        "seq:\n  - {{id: n, type: u1}}\ninstances:\n{instances}  last: {{pos: 0, type: inner}}\ntypes:\n  inner:\n    seq:\n      - {{id: k, type: u1}}\n"
    );
    let said = read(&good(&definition), &bytes("01"));
    assert_eq!(said["x99"]["$err"]["kind"], "eof");
    assert_eq!(said["last"], json!({"k": 1}));
}

#[test]
fn an_instance_of_the_structure_that_it_is_in_ends_somewhere() {
    let definition = "seq:
  - {id: a, type: u1}
instances:
  next: {pos: 0, type: it}
  same: {value: next.as<it>}
";
    let said = read(&good(definition), &bytes("07"));
    assert_eq!(said["next"]["next"]["a"], 7);
    assert_eq!(said["next"]["same"], json!({"$ref": ["next", "next"]}));
    let mut deep = &said;
    let mut levels = 0;
    while deep["next"]["a"] == 7 {
        deep = &deep["next"];
        levels += 1;
    }
    assert_eq!(levels, 64);
    assert_eq!(deep["next"]["$err"]["kind"], "other", "{deep}");
}

#[test]
fn nothing_is_read_beyond_the_end() {
    for extent in [
        "terminator: 0, eos-error: false",
        "type: strz, encoding: ASCII, eos-error: false",
        "type: part, terminator: 0, eos-error: false",
        "size: 0",
        "size-eos: true",
    ] {
        let definition = format!(
            "seq:
  - {{id: n, type: u1}}
  - {{id: inner, type: inner, size: 2}}
instances:
  far: {{pos: n, {extent}}}
types:
  part: {{seq: [{{id: all, size-eos: true}}]}}
  inner:
    instances:
      far: {{pos: _root.n, {extent}}}
"
        );
        let definition = good(&definition);
        // Beyond neither, beyond the inner stream, beyond the message.
        for (hex, inner, outer) in [
            ("02 41 42 43", false, false),
            ("03 41 42 43", true, false),
            ("05 41 42 43", true, true),
        ] {
            let said = read(&definition, &bytes(hex));
            let fails = |said: &Json| said["far"]["$err"]["kind"] == "eof";
            assert_eq!(fails(&said), outer, "{extent}: {said}");
            assert_eq!(fails(&said["inner"]), inner, "{extent}: {said}");
        }
    }
}

/// Elements that look at those before them: a count, and what the last one said.
pub(crate) const ELEMENTS_BEFORE: &str = "seq:
  - {id: items, type: item, repeat: until, repeat-until: _.more == 0 or items.size == 3}
types:
  item:
    seq:
      - {id: more, type: u1}
      - {id: body, size: _parent.items.size}
      - {id: again, type: u1, if: _parent.items.size > 0 and _parent.items.last.more == 7}
";

#[test]
fn an_element_sees_the_elements_before_it() {
    let item = |more, body: &str| json!({"more": more, "body": {"$b": body}});
    let mut second = item(1, "41");
    second["again"] = json!(9);
    check(
        ELEMENTS_BEFORE,
        &[
            ("00", json!({"items": [item(0, "")]})),
            (
                "07 01 41 09 02 41 42",
                json!({"items": [item(7, ""), second, item(2, "4142")]}),
            ),
            ("07 01 41", json!({"error": "eof"})),
        ],
    );
}

#[test]
fn instances_that_double_are_shown_in_part() {
    let definition = good(
        "seq:
  - {id: a, type: u1}
instances:
  one: {pos: 0, type: it}
  two: {pos: 0, type: it}
",
    );
    let limits = Limits {
        elements: 3200,
        ..Limits::FILE
    };
    let mut machine = Machine::new(&definition.plan, bytes("07"), limits);
    machine.read(definition.root, &[]).expect("a good message");
    let said = typed(&mut machine).to_string();
    assert_eq!(said.matches("\"a\":7").count(), 101);
    assert!(said.contains("too many structures"), "{said}");
}
