//! What expressions give.

use crate::support::{bytes, good, read};
use serde_json::{Value as Json, json};

/// Value instances on a message of `a: u1` (5), `s: strz` ("b"), `f: f4` (1.5) and `n: f4` (not a
/// number), each with what it must give.
fn check(rows: &[(&str, Json)]) {
    let instances: String = rows
        .iter()
        .enumerate()
        .map(|(at, (code, _))| format!("  i{at}: {{value: '{}'}}\n", code.replace('\'', "''")))
        .collect();
    let definition = format!(
        "meta:\n  endian: be\n  encoding: UTF-8\nseq:\n  - {{id: a, type: u1}}\n  - {{id: s, type: strz}}\n  - {{id: f, type: f4}}\n  - {{id: n, type: f4}}\n  - {{id: w, type: wide}}\ninstances:\n{instances}{TYPES}"
    );
    let said = read(
        &good(&definition),
        &bytes("05 6200 3fc00000 7fc00000 ff ff ff ff"),
    );
    for (at, (code, expected)) in rows.iter().enumerate() {
        assert_eq!(said[format!("i{at}")], *expected, "{code}: {said}");
    }
}

const TYPES: &str = "types:
  wide:
    seq:
      - {id: x, type: b3}
      - {id: y, type: u1}
      - {id: z, type: b9}
      - {id: maybe, type: b9, if: false}
  bits:
    seq:
      - {id: x, type: b3}
      - {id: y, type: more}
  more:
    seq:
      - {id: x, type: b4}
";

#[test]
fn texts() {
    check(&[
        (r#"f"{a}{s + "}"}""#, json!("5b}")),
        (r#"f"{f"{a}" + "}"}""#, json!("5}")),
        (r#""a" 'b' "c""#, json!("abc")),
    ]);
}

#[test]
fn floats() {
    check(&[
        ("n + 1", json!({"$f": "nan"})),
        ("f / 0.0", json!({"$f": "inf"})),
        ("0 - f / 0", json!({"$f": "-inf"})),
        ("f % 1", json!({"$f": 0.5})),
        ("f > .5 and f < 5.", json!(true)),
        ("n == n", json!(false)),
    ]);
}

#[test]
fn lists_of_constants() {
    check(&[
        ("[1, 2, 3].as<u1[]>.size", json!(3)),
        ("[1, 2, 3].as<u1[]>.last", json!(3)),
        ("[1, 2, 3].as<u1[]>.max", json!(3)),
        ("[1, 2, 3].as<u1[]>[1]", json!(2)),
        ("[].as<u1[]>.size", json!(0)),
        ("[].as<bytes>.length", json!(0)),
    ]);
}

#[test]
fn bytes_of_computed_elements() {
    check(&[
        ("[a, 0x41].as<bytes>.length", json!(2)),
        ("[a + 0x3c, 0x41].as<bytes>.to_s('ASCII')", json!("AA")),
        ("[a, 1].as<bytes> == [5, 1]", json!(true)),
    ]);
}

#[test]
fn sizes_are_sums_of_bits() {
    check(&[
        ("bitsizeof<wide>", json!(29)),
        ("sizeof<wide>", json!(4)),
        ("w._sizeof", json!(4)),
        ("bitsizeof<bits>", json!(7)),
    ]);
}
