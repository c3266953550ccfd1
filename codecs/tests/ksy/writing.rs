//! What is written of what was read.

use crate::ids::{protocol, read, written};
use crate::support::{bytes, good, rewritten};
use bytes::BytesMut;
use gatewright_codecs::ksy::write::{Given, Rules, write};
use gatewright_core::codec::Side;
use gatewright_core::codec::json::{Secrets, from_json, to_json};
use gatewright_core::message::Value;
use serde_json::json;

/// Messages that are written as they were read.
fn same(definition: &str, messages: &[&str]) {
    let loaded = good(definition);
    for hex in messages {
        let message = bytes(hex);
        let written = rewritten(&loaded, &message);
        assert_eq!(written, Ok(message), "{definition}\n{hex}");
    }
}

#[test]
fn bits_of_both_orders() {
    same(
        "seq:
  - {id: a, type: b3}
  - {id: b, type: inner}
  - {id: c, type: b2le}
  - {id: d, type: u1}
types:
  inner:
    seq:
      - {id: x, type: b2le}
      - {id: y, type: b9be}
",
        &["b3 0f 7e", "4d f1 00"],
    );
}

#[test]
fn a_terminator_that_never_came() {
    let definition = "seq:
  - {id: n, type: u1}
  - {id: a, terminator: 0, include: true, eos-error: false}
  - {id: b, size-eos: true}
";
    same(definition, &["00 41 00", "00 41 00 42", "00 41", "00"]);
}

#[test]
fn what_is_read_beyond_the_fields_is_not_written() {
    let definition = good(
        "seq:
  - {id: at, type: u1}
instances:
  body: {pos: at, type: u1}
",
    );
    assert_eq!(rewritten(&definition, &bytes("00")), Ok(bytes("00")));
    let refused = rewritten(&definition, &bytes("02 00 07")).expect_err("it is nowhere");
    assert!(refused.starts_with("body: "), "{refused}");
}

#[test]
fn a_list_of_less_than_no_elements() {
    same(
        "seq:
  - {id: n, type: s1}
  - {id: a, type: u1, repeat: expr, repeat-expr: n}
",
        &["ff", "00", "01 07"],
    );
}

#[test]
fn padding_by_the_place_in_the_stream() {
    same(
        "seq:
  - {id: n, type: u1}
  - {id: a, size: n}
  - {id: pad, size: (4 - _io.pos) % 4}
  - {id: b, type: inner, size: 5}
types:
  inner:
    seq:
      - {id: x, type: u1}
      - {id: pad, size: -_io.pos % 4}
      - {id: y, type: u1}
",
        &["01 41 0000 42 000000 43", "03 414243 42 000000 43"],
    );
}

#[test]
fn what_fills_a_processed_structure() {
    same(
        "seq:
  - {id: a, type: inner, size: 3, process: xor(5)}
types:
  inner:
    seq:
      - {id: x, type: u1}
      - {id: y, size-eos: true, terminator: 0}
",
        &["01 02 03", "01 02 05"],
    );
}

#[test]
fn an_element_of_no_case() {
    same(
        "seq:
  - {id: k, type: u1, repeat: expr, repeat-expr: 3}
  - id: a
    type: {switch-on: 'k[_index]', cases: {1: u1, 2: u2be}}
    repeat: expr
    repeat-expr: 3
",
        &["01 02 01 41 42 43 44", "01 03 02 41 42 43", "03 03 03"],
    );
}

#[test]
fn what_a_structure_leaves_of_its_bytes() {
    same(
        "seq:
  - {id: a, type: inner, terminator: 0, include: true}
  - {id: b, type: u1}
types:
  inner:
    seq:
      - {id: x, type: u1}
",
        &["41 00 42"],
    );
}

#[test]
fn a_terminator_that_belongs_to_two_fields() {
    same(
        "seq:
  - {id: a, terminator: 1, include: true, consume: false}
  - {id: b, type: u1}
  - {id: c, terminator: 2, include: true, consume: false}
",
        &["41 01 02", "01 42 02"],
    );
}

#[test]
fn an_element_that_sees_the_elements_before_it() {
    same(
        crate::reading::ELEMENTS_BEFORE,
        &["00", "01 00 41", "07 01 41 09 02 41 42"],
    );
}

/// What is written of a message of a definition whose list ends at what an instance says.
fn list_until(instance: &str, hex: &str) -> Result<bytes::Bytes, String> {
    let definition = good(&format!(
        "seq:
  - {{id: items, type: u1, repeat: until, repeat-until: _ == end}}
  - {{id: rest, size: 2}}
instances:
  end: {{{instance}}}
"
    ));
    rewritten(&definition, &bytes(hex))
}

#[test]
fn what_is_read_twice_is_written_once() {
    for (instance, hex) in [
        ("pos: 3, type: u1", "01 02 05 05 06"),
        ("pos: _io.size - 1, type: u1", "01 06 05 06"),
        ("pos: 1, io: _root._io, type: u1", "02 02 06"),
    ] {
        assert_eq!(list_until(instance, hex), Ok(bytes(hex)), "{instance}");
    }
}

#[test]
fn an_instance_beyond_what_is_written_is_refused() {
    for (instance, hex) in [
        ("pos: 5, type: u1", "01 02 05 06 02 02"),
        ("pos: 4, type: u2be", "00 02 05 06 00 02"),
        ("pos: 4, type: u1, io: _root._io", "01 02 05 06 02"),
    ] {
        let refused = list_until(instance, hex).expect_err(instance);
        assert!(
            refused.starts_with("end: what this instance reads"),
            "{instance}: {refused}"
        );
    }
    let trailer = good("instances:\n  end: {pos: _io.size - 1, type: u1}\n");
    let refused = rewritten(&trailer, &bytes("01")).expect_err("nothing is written");
    assert!(
        refused.starts_with("end: what this instance reads"),
        "{refused}"
    );
}

#[test]
fn a_text_has_room_for_what_its_bytes_can_say() {
    let protocol = protocol(
        "
meta: {id: d, encoding: ISO-8859-1}
-gateway:
  frame: {fixed: 4, max: 4}
  operation: '\"told\"'
  kind: '\"event\"'
  order: fifo
seq: [{id: city, type: str, size: 4}]
",
    );
    let frame = b"caf\xe9";
    let descriptor = protocol.descriptor();
    let message = read(&protocol, Side::Server, frame).expect("a text");
    let json = to_json(descriptor, &message, Secrets::Shown);
    assert_eq!(json["told"]["city"], "café", "{json}");
    let made = from_json(descriptor, &json).expect("the same text");
    assert_eq!(
        written(&protocol, Side::Client, made).expect("four bytes"),
        frame
    );
    // What fits the type and not the bytes is refused by the codec.
    let mut longer = json;
    longer["told"]["city"] = json!("cafés");
    let made = from_json(descriptor, &longer).expect("six bytes of UTF-8");
    assert!(written(&protocol, Side::Client, made).is_err());
}

#[test]
fn a_number_of_four_bytes_is_the_nearest() {
    let definition = good("seq: [{id: x, type: f4be}]\n");
    let written = |x: f64| {
        let given = Given::Struct(vec![Given::Plain(Value::Float(x))]);
        let rules = Rules::of(&definition.plan);
        let mut out = BytesMut::new();
        write(
            &definition.plan,
            &rules,
            definition.root,
            &[],
            &given,
            &mut out,
        )
        .map(|()| out.to_vec())
        .ok()
    };
    for (x, nearest) in [
        (0.1, 0.1_f32),
        (-1e-60, -0.0),
        (f64::from(f32::MAX) + 1e30, f32::MAX),
        (f64::NEG_INFINITY, f32::NEG_INFINITY),
    ] {
        assert_eq!(written(x), Some(nearest.to_be_bytes().to_vec()), "{x}");
    }
    assert_eq!(written(1e39), None);
    assert_eq!(written(-1e39), None);
}
