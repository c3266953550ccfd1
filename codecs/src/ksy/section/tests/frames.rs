//! Framing that follows from a definition, or does not.

use super::{faults, load, section, with};
use crate::framing::{Cursor, Framer};
use gatewright_core::codec::Delimited;

/// The size of the frame at the start of these bytes, by the framing that follows from `rest`.
#[track_caller]
fn derived(rest: &str, bytes: &[u8]) -> usize {
    let definition = load(&text("{auto: true, max: 64}", rest));
    delimited(&section(&definition).request.framer, bytes)
}

fn text(frame: &str, rest: &str) -> String {
    let section = format!("  frame: {frame}\n  operation: '\"m\"'\n  order: fifo");
    with(&section, rest)
}

#[track_caller]
fn delimited(framer: &Framer, bytes: &[u8]) -> usize {
    match framer.delimit(&mut Cursor::default(), bytes, 64).unwrap() {
        Delimited::Frame(size) => size.get(),
        Delimited::Need(more) => bytes.len() + more.get(),
    }
}

#[test]
fn sizes_in_the_beginning_are_found() {
    let one = "seq: [{id: magic, contents: ab}, {id: len, type: u2}, {id: body, size: len}]";
    assert_eq!(derived(one, b"ab\0\x05"), 9);
    let whole = "seq: [{id: len, type: u2le}, {id: body, size: len - 2}]";
    assert_eq!(derived(whole, b"\x05\0"), 5);
    let counted = "seq: [{id: n, type: u1}, {id: all, type: u4, repeat: expr, repeat-expr: n * 2}]";
    assert_eq!(derived(counted, b"\x03"), 25);
    let several = "
seq:
  - {id: header, type: header}
  - {id: body, size: header.len}
  - {id: more, type: str, size: 2 * header.words + 1, encoding: ASCII}
  - {id: rest, size: header.all - header.len}
  - {id: crc, type: u2}
types:
  header:
    seq:
      - {id: flag, type: b1}
      - {id: other, type: b10}
      - {id: len, type: u1}
      - {id: words, type: u1, enum: e}
      - {id: all, type: u1}
enums: {e: {1: one}}
"
    .replace("header.words", "header.words.to_i");
    assert_eq!(derived(&several, b"\0\0\x02\x03\x05"), 5 + 2 + 7 + 3 + 2);
    let inlined = "
seq: [{id: len, type: u1}, {id: body, type: body(len)}]
types:
  body:
    params: [{id: all, type: u1}]
    seq: [{id: text, size: size_of_text}, {id: up, size: _parent.len}]
    instances: {size_of_text: {value: all - 1}}
";
    assert_eq!(derived(inlined, b"\x04"), 8);
    let cases = "
seq:
  - {id: len, type: u1}
  - {id: body, size: len, type: {switch-on: len, cases: {1: one}}}
types: {one: {seq: [{id: a, type: u1}]}}
";
    assert_eq!(derived(cases, b"\x04"), 5);
}

#[test]
fn constant_sizes_make_fixed_frames() {
    let rest = "seq: [{id: a, type: u4}, {id: b, size: 3}, {id: c, type: b4}]";
    let definition = load(&text("{auto: true, max: 64}", rest));
    assert!(matches!(section(&definition).request.framer, Framer::Fixed(n) if n.get() == 8));
}

#[test]
fn what_is_not_proved_is_refused() {
    for rest in [
        "seq: [{id: a, size-eos: true}]",
        "seq: [{id: a, type: u1}, {id: b, type: strz, encoding: ASCII}]",
        "seq: [{id: a, type: u1}, {id: b, type: u1, if: a > 0}]",
        "seq: [{id: a, type: u1, repeat: eos}]",
        "seq: [{id: a, type: u1}, {id: b, size: a * a}]",
        "seq: [{id: a, type: s1}, {id: b, size: a}]",
        "seq: [{id: a, type: b8}, {id: b, size: a}]",
        "seq: [{id: a, type: u1}, {id: b, size: 'a > 3 ? 1 : 2'}]",
        "seq: [{id: a, type: u1}, {id: b, size: a}, {id: c, type: u1}, {id: d, size: c}]",
        "seq: [{id: a, type: u1}, {id: b, type: u1, repeat: until, repeat-until: _ == 0}]",
        "seq: []",
        "seq: [{id: a, type: u8, repeat: expr, repeat-expr: 9}]",
        "seq: [{id: r, type: r}]\ntypes: {r: {seq: [{id: r, type: r}]}}",
        "seq: [{id: a, type: u1}, {id: b, type: {switch-on: a, cases: {1: u1, 2: u2}}}]",
    ] {
        let text = text("{auto: true, max: 64}", rest);
        let expected = [("GW3052", "{auto: true, max: 64}".to_owned())];
        assert_eq!(faults(&[("d.ksy", &text)]), expected, "{rest}");
    }
}

#[test]
fn frames_are_said_in_other_ways() {
    let rest = "seq: [{id: a, size-eos: true}]";
    let framer = |frame: &str| {
        let definition = load(&text(frame, rest));
        section(&definition).reply.framer.clone()
    };
    for (frame, bytes, size) in [
        (
            "{length: {at: 1, type: u2, counts: rest}, max: 60}",
            &b"x\0\x04"[..],
            7,
        ),
        (
            "{length: {at: 0, type: b24le, counts: frame, add: 1}, max: 60}",
            b"\x05\0\0",
            6,
        ),
        (
            "{length: {at: 0, type: ascii(3), counts: rest}, max: 60}",
            b"012",
            15,
        ),
        (
            "{length: {at: 0, type: bcd(2), counts: rest}, max: 60}",
            b"\0\x12",
            14,
        ),
        (
            "{length: {at: 0, type: varint, counts: rest}, max: 60}",
            b"\x05",
            6,
        ),
        (
            r#"{length: {after: "\x019=", type: ascii, until: 1, counts: rest, add: 7}, max: 60}"#,
            b"8=F\x019=5\x01",
            20,
        ),
        (
            "{delimiter: {start: 0x0b, end: [0x1c, 0x0d]}, max: 60}",
            b"\x0ba\x1c\r",
            4,
        ),
        (
            "{delimiter: {end: 0x7e, escape: {0x7e: [0x7d, 2], 0x7d: [0x7d, 1]}}, max: 60}",
            b"a\x7e",
            2,
        ),
        ("{fixed: 7, max: 60}", b"", 7),
        ("{datagram: true, max: 60}", b"abc", 3),
    ] {
        assert_eq!(delimited(&framer(frame), bytes), size, "{frame}");
    }
}
