//! What the tree keeps, and what is refused.

use super::{Budget, Kind, Node, Style, Tree};
use crate::ksy::codes;

fn read(text: &str) -> Tree {
    super::read(text, &mut Budget::default())
}

/// The value of the only key.
fn value(text: &str) -> Node {
    let tree = read(text);
    assert_eq!(tree.errors, [], "{text}");
    match tree.root.unwrap().kind {
        Kind::Mapping(mut entries) => entries.remove(0).value,
        other => panic!("{other:?}"),
    }
}

fn code(text: &str) -> &'static str {
    let tree = read(text);
    assert!(tree.root.is_none(), "{text}");
    tree.errors.last().unwrap().code
}

#[test]
fn a_scalar_keeps_its_text_and_style() {
    for (text, expected, style) in [
        ("a: 0x81", "0x81", Style::Plain),
        ("a: yes", "yes", Style::Plain),
        ("a: 0777", "0777", Style::Plain),
        (
            "a: 18446744073709551615",
            "18446744073709551615",
            Style::Plain,
        ),
        ("a: b c  # comment", "b c", Style::Plain),
        ("a: 'it''s'", "it's", Style::Single),
        (r#"a: "\x41\n""#, "A\n", Style::Double),
        ("a: |\n  b\n  c\n", "b\nc\n", Style::Literal),
        ("a: >-\n  b\n  c\n", "b c", Style::Folded),
        ("a:", "", Style::Plain),
    ] {
        let node = value(text);
        let scalar = node.scalar().unwrap();
        assert_eq!(
            (scalar.text.as_str(), scalar.style),
            (expected, style),
            "{text}"
        );
    }
}

#[test]
fn a_scalar_knows_where_it_stands() {
    for (text, spanned, verbatim) in [
        ("a: b + c  # d", "b + c", true),
        ("ä: 'b'", "'b'", true),
        ("\u{feff}a: \"b\"", "\"b\"", true),
        ("a: 'it''s'", "'it''s'", false),
        (r#"a: "\x41""#, r#""\x41""#, false),
        ("a: b\n  c", "b\n  c", false),
        ("a: &x b", "&x b", false),
        ("a: [b, c]", "[b, c]", false),
        ("a: {b: c}", "{b: c}", false),
        ("a:\n  b: c\n\n# d\n", "b: c", false),
        ("a:\n- b\n- cc\n\n\n", "- b\n- cc", false),
    ] {
        let node = value(text);
        assert_eq!(&text[node.span.clone()], spanned, "{text}");
        let start = node.scalar().and_then(|scalar| scalar.verbatim);
        assert_eq!(start.is_some(), verbatim, "{text}");
        if let (Some(start), Some(scalar)) = (start, node.scalar()) {
            assert!(text[start..].starts_with(&scalar.text));
        }
    }
}

#[test]
fn a_source_points_into_the_file() {
    let text = "a: 'b + c'";
    let source = value(text).as_source().unwrap();
    assert_eq!(&text[source.locate(4..5)], "c");

    let block = "a: |\n  b + c\n";
    let source = value(block).as_source().unwrap();
    assert_eq!(source.text(), "b + c\n");
    assert_eq!(&block[source.locate(4..5)], "c");

    let escaped = r#"a: "b + \x63""#;
    let source = value(escaped).as_source().unwrap();
    assert_eq!(source.text(), "b + c");
    assert_eq!(&escaped[source.locate(4..5)], r#""b + \x63""#);
}

#[test]
fn integers_are_read_where_one_is_asked_for() {
    for (text, expected) in [
        ("0", Some(0)),
        ("-1", Some(-1)),
        ("+7", Some(7)),
        ("0x81", Some(0x81)),
        ("0o17", Some(0o17)),
        ("0b101", Some(5)),
        ("1_000", Some(1000)),
        ("-0x10", Some(-16)),
        ("18446744073709551615", Some(i128::from(u64::MAX))),
        ("-9223372036854775808", Some(i128::from(i64::MIN))),
        ("0777", None),
        ("0x", None),
        ("_1", None),
        ("1.5", None),
        ("yes", None),
        ("'1'", None),
        ("!!str 1", None),
        ("[1]", None),
        ("", None),
        ("99999999999999999999999999999999999999999", None),
    ] {
        let read = value(&format!("a: {text}")).as_int();
        assert_eq!(read.as_ref().ok(), expected.as_ref(), "{text}");
    }
    let quoted = value("a: '1'").as_int().unwrap_err();
    assert_eq!(quoted.help.as_deref(), Some("write it without quotes"));
}

#[test]
fn truth_values_are_read_where_one_is_asked_for() {
    for (text, expected) in [
        ("true", Some(true)),
        ("False", Some(false)),
        ("yes", Some(true)),
        ("off", Some(false)),
        ("'true'", None),
        ("1", None),
        ("", None),
    ] {
        let read = value(&format!("a: {text}")).as_bool();
        assert_eq!(read.ok(), expected, "{text}");
    }
}

#[test]
fn nothing_is_no_text() {
    for text in ["a:", "a: ~", "a: null"] {
        assert!(value(text).is_null());
        assert_eq!(
            value(text).as_str().unwrap_err().message,
            "expected a text, got null"
        );
        assert!(value(text).as_source().is_err());
    }
    assert_eq!(value("a: ''").as_str(), Ok(""));
    assert_eq!(value("a: !!str").as_str(), Ok(""));
    assert_eq!(value("a: 12").as_str(), Ok("12"));
}

#[test]
fn an_alias_is_what_it_stands_for() {
    let tree = read("a: &x {b: [1, &y c]}\nd: *x\ne: [*y]");
    let root = tree.root.unwrap();
    let original = &root.get("a").unwrap().value;
    let alias = &root.get("d").unwrap().value;
    assert_eq!(alias.kind, original.kind);
    assert_eq!(alias.span, 24..26);
    let inner = root.get("e").unwrap().value.as_sequence().unwrap();
    assert_eq!(inner[0].as_str(), Ok("c"));
    assert_eq!(inner[0].scalar().unwrap().verbatim, None);
}

#[test]
fn a_place_has_a_path() {
    let text = "seq:\n- id: xx\n  type:\n    switch-on: yy\n    cases:\n      0x81: zz\n      'a b':\n- {id: ww}\nends: {}\n";
    let root = read(text).root.unwrap();
    for (piece, path) in [
        ("seq", "/seq"),
        ("xx", "/seq/0/id"),
        ("yy", "/seq/0/type/switch-on"),
        ("0x81", "/seq/0/type/cases/0x81"),
        ("zz", "/seq/0/type/cases/0x81"),
        ("'a b'", "/seq/0/type/cases/a b"),
        ("{id: ww}", "/seq/1"),
        ("ww", "/seq/1/id"),
        ("{}", "/ends"),
    ] {
        let start = text.find(piece).unwrap();
        assert_eq!(root.path_of(&(start..start + piece.len())), path, "{piece}");
    }
    let root_span = root.span.clone();
    assert_eq!(root.path_of(&root_span), "/");
    let entry = &root.get("seq").unwrap().value.as_sequence().unwrap()[0];
    assert_eq!(root.path_of(&entry.span), "/seq/0");
    let single = read("a:\n- - id: x\n").root.unwrap();
    let outer = &single.get("a").unwrap().value;
    let inner = &outer.as_sequence().unwrap()[0];
    let item = &inner.as_sequence().unwrap()[0];
    for (node, path) in [(outer, "/a"), (inner, "/a/0"), (item, "/a/0/0")] {
        assert_eq!(single.path_of(&node.span), path);
    }
}

#[test]
fn what_is_no_yaml_is_an_error_with_a_place() {
    let tree = read("a: [1,\nb: 2\n");
    assert_eq!(tree.root, None);
    assert_eq!(tree.errors[0].code, codes::NOT_YAML);
    let tabbed = read("ä:\n\tb: 1\n");
    assert_eq!(tabbed.errors[0].code, codes::NOT_YAML);
    assert_eq!(tabbed.errors[0].span, 5..6);
    assert_eq!(code(""), codes::WRONG_TYPE);
    assert_eq!(code("a: *b"), codes::NOT_YAML);
}

#[test]
fn what_tools_read_differently_is_refused() {
    for text in [
        "a: !include b.yaml",
        "a: !b {c: d}",
        "!b\na: c",
        "a: !!binary aGk=",
        "a: !!int '5'",
        "a: &x {b: c}\nd: {<<: *x}",
        "a: b\n---\nc: d",
        "a: &x [*x]",
    ] {
        assert_eq!(code(text), codes::YAML_FEATURE, "{text}");
    }
    for text in [
        "a: !!map {b: c}",
        "a: !!int 5",
        "--- # first\na: b\n...\n",
        "'<<': 1",
    ] {
        assert!(read(text).root.is_some(), "{text}");
    }
}

#[test]
fn a_key_stands_once() {
    let text = "a: 1\nb: 2\na: 3\n'b': 4\n";
    let tree = read(text);
    assert_eq!(tree.root.unwrap().as_mapping().unwrap().len(), 2);
    let places: Vec<&str> = tree.errors.iter().map(|e| &text[e.span.clone()]).collect();
    assert_eq!(places, ["a", "'b'"]);
    assert!(tree.errors.iter().all(|e| e.code == codes::DUPLICATE_KEY));
}

#[test]
fn a_budget_is_spent_once() {
    let mut budget = Budget {
        nodes: 10,
        text: 100,
    };
    assert!(super::read("a: b\nc: d", &mut budget).root.is_some());
    assert_eq!(budget, Budget { nodes: 5, text: 96 });
    assert!(super::read("a: b\nc: d", &mut budget).root.is_some());
    let third = super::read("a: b", &mut budget);
    assert_eq!(third.errors[0].code, codes::TOO_LARGE);
}

#[test]
fn bounds_hold_up_to_their_last_value() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(super::MAX_DEPTH)).root.is_some());
    assert_eq!(code(&nested(super::MAX_DEPTH + 1)), codes::TOO_LARGE);

    let long = |length: usize| format!("a: {}", "x".repeat(length));
    assert!(read(&long(super::MAX_LOOKAHEAD - 100)).root.is_some());
    assert_eq!(code(&long(super::MAX_LOOKAHEAD + 100)), codes::TOO_LARGE);

    let items = |count: usize| "- a\n".repeat(count);
    assert!(read(&items(Budget::default().nodes - 1)).root.is_some());
    assert_eq!(code(&items(Budget::default().nodes)), codes::TOO_LARGE);

    let padded = |length: usize| format!("{}a: b", "#\n".repeat(length / 2 - 2));
    assert_eq!(code(&padded(super::MAX_FILE + 2)), codes::TOO_LARGE);
}

#[test]
fn messages_show_no_control_characters() {
    let error = value("a: \"b\\u202e\\x07\\nc\"").as_bool().unwrap_err();
    assert_eq!(
        error.message,
        r"expected `true` or `false`, got `b\u{202e}\u{7}\nc`"
    );
    let long = value(&format!("a: {}", "x".repeat(1000)))
        .as_bool()
        .unwrap_err();
    assert!(long.message.len() < 120, "{}", long.message);
}
