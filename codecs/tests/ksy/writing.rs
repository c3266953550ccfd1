//! What is written of what was read.

use crate::support::{bytes, good, rewritten};

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
