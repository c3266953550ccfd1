//! What is refused, and where.

use crate::support::{bytes, fault_paths, faults, good, load, read};
use bytes::Bytes;
use serde_json::json;

/// Value instances that are refused at their expression.
fn refused(expressions: &[&str]) {
    for code in expressions {
        let code = code.replace('\'', "''");
        let paths = fault_paths(&format!("instances:\n  x: {{value: '{code}'}}\n"));
        assert_eq!(paths, ["/instances/x/value"], "{code}");
    }
}

#[test]
fn a_fault_is_reported_once() {
    refused(&["y + 1"]);
}

#[test]
fn methods_without_arguments_have_no_brackets() {
    refused(&["'a'.length()", "[1].as<u1[]>.size()"]);
}

#[test]
fn a_list_without_elements_needs_a_type() {
    refused(&["[]", "[].size"]);
    good("instances:\n  x: {value: '[].as<bytes>'}\n");
}

#[test]
fn arguments_are_of_the_type_of_the_parameter() {
    let passed = |param: &str, argument: &str| {
        let argument = argument.replace('\'', "''");
        fault_paths(&format!(
            "seq:\n  - {{id: x, type: 'inner({argument})'}}\ntypes:\n  inner:\n    params:\n      - {{id: p, type: '{param}'}}\n"
        ))
    };
    for (param, argument) in [
        ("f4", "1"),
        ("u1[]", "[1, 2]"),
        ("u1", "1.5"),
        ("bool", "1"),
    ] {
        assert_eq!(passed(param, argument), ["/seq/0/type"], "{param}");
    }
    for (param, argument) in [
        ("f4", "1.0"),
        ("u1[]", "[1, 2].as<u1[]>"),
        ("u8", "1,"),
        ("any", "1"),
    ] {
        assert_eq!(passed(param, argument), [""; 0], "{param}");
    }
}

#[test]
fn types_are_written_in_their_form() {
    let field = |ty: &str| {
        fault_paths(&format!(
            "seq:\n  - {{id: x, type: {ty}}}\ntypes:\n  inner: {{}}\n"
        ))
    };
    assert_eq!(field("inner()"), ["/seq/0/type"]);
    assert_eq!(field("inner"), [""; 0]);
    let param = |ty: &str| fault_paths(&format!("params:\n  - {{id: x, type: {ty}}}\n"));
    assert_eq!(param("u2le"), ["/params/0/type"]);
    assert_eq!(param("b2le"), [""; 0]);
    let paths = fault_paths("seq:\n  - {id: x, contents: a, type: inner}\ntypes: {inner: {}}\n");
    assert_eq!(paths, ["/seq/0/contents"]);
    let paths = fault_paths("seq:\n  - {id: x, type: {switch-on: 1, cases: {}}}\n");
    assert_eq!(paths, ["/seq/0/type/cases"]);
}

#[test]
fn types_that_are_left_to_others_are_looked_for_beside_the_file() {
    let main = "meta: {id: it, ks-opaque-types: true}
seq:
  - {id: a, type: other}
  - id: b
    type: {switch-on: a.x, cases: {1: 'third(7)'}}
";
    let other = "meta: {id: other}\nseq: [{id: x, type: u1}]\n";
    let third = "meta: {id: third}\nparams: [{id: p, type: u1}]\nseq: [{id: y, type: u1}]\n";
    let definition = load(&[("it.ksy", main), ("other.ksy", other), ("third.ksy", third)]);
    let definition = definition.expect("all types are there");
    let said = read(&definition, &Bytes::from_static(&[1, 2]));
    assert_eq!(said, json!({"a": {"x": 1}, "b": {"p": 7, "y": 2}}));

    let refused = load(&[("it.ksy", main), ("other.ksy", other)]).expect_err("one is missing");
    assert_eq!(
        faults(refused),
        ["/seq/1/type/cases/1: there is no type `third` here"]
    );
}

#[test]
fn names_in_a_structure_are_those_that_are_seen_from_it() {
    let definition = |name: &str, enumeration: &str| {
        format!(
            "seq:
  - {{id: a, type: middle}}
types:
  middle:
    seq:
      - {{id: b, type: {name}}}
      - {{id: c, type: u1, enum: {enumeration}}}
    types:
      x: {{seq: [{{id: d, type: u1}}]}}
  x:
    types: {{y: {{seq: [{{id: e, type: u1}}]}}}}
  z: {{}}
enums: {{kind: {{1: one}}}}
"
        )
    };
    // The first `x` has no `y`, the one around it has.
    for name in ["x::y", "it::x::y", "z::x::y", "z::z::x::y"] {
        let said = read(&good(&definition(name, "kind")), &bytes("07 01"));
        assert_eq!(said["a"]["b"], json!({"e": 7}), "{name}");
    }
    good(&definition("x", "z::kind"));
    good(&definition("x", "x::y::kind"));
    for name in ["y", "x::w", "x::y::d"] {
        let paths = fault_paths(&definition(name, "kind"));
        assert_eq!(paths, ["/types/middle/seq/0/type"], "{name}");
    }
    let paths = fault_paths(&definition("x", "x::one"));
    assert_eq!(paths, ["/types/middle/seq/1/enum"]);
}

#[test]
fn a_label_may_be_named_from_the_top() {
    let enums = "enums: {kind: {1: one}}\n";
    good(&format!(
        "instances:\n  x: {{value: '::it::kind::one.to_i'}}\n{enums}"
    ));
    good(&format!(
        "instances:\n  x: {{value: '_root.as<::it>.y'}}\n  y: {{value: 1}}\n{enums}"
    ));
    refused(&["::it", "::", "::it::kind::two"]);
}
