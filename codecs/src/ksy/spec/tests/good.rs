//! Files that are as they should be.

use super::super::{
    At, AttributeSpec, Encoding, Endian, EndianSpec, ParentSpec, ProcessSpec, RepeatSpec, TypeName,
    TypeSpec, ValidSpec,
};
use super::{good, load};
use gatewright_core::expr::Source;

/// The only field of a file.
fn field(keys: &str) -> AttributeSpec {
    good(&format!("seq: [{{{keys}}}]")).seq.remove(0)
}

fn text(source: Option<&Source>) -> &str {
    source.map_or("", Source::text)
}

fn texts(sources: &[Source]) -> Vec<&str> {
    sources.iter().map(Source::text).collect()
}

fn name(keys: &str) -> TypeName {
    match field(keys).ty {
        TypeSpec::Named(At { value, .. }) => value,
        other => panic!("{keys}: {other:?}"),
    }
}

/// A file with every key that a file has, but its fields and types.
const WHOLE: &str = "# a comment
meta:
  id: pos
  title: Payments
  imports: [a, /b/c]
  encoding: ASCII
  endian: {switch-on: mark, cases: {0x4949: le, '[1, 2]': be, _: le}}
  bit-endian: le
  ks-version: 0.10
  ks-debug: true
  ks-opaque-types: true
  ks-zero-copy-substream: false
  license: CC0-1.0
  file-extension: [a, b]
  xref: {wikidata: Q1}
  tags: [x]
  application: y
  -vendor: {any: thing}
doc: What it is.
doc-ref: [https://example.com A page, Book]
to-string: '\"pos\"'
-gateway: {frame: {auto: true}}
params:
  - {id: a, type: 'u2[]', doc: list}
  - {id: b}
";

#[test]
fn a_file_says_what_it_is() {
    let (spec, findings) = load(WHOLE);
    assert_eq!(findings.all(), []);
    assert_eq!(spec.meta.id.as_ref().unwrap().value, "pos");
    assert_eq!(spec.span, spec.meta.id.as_ref().unwrap().span);
    assert_eq!(
        (spec.meta.title.as_str(), spec.doc.as_str()),
        ("Payments", "What it is.")
    );
    let imports: Vec<&str> = spec
        .meta
        .imports
        .iter()
        .map(|at| at.value.as_str())
        .collect();
    assert_eq!(imports, ["a", "/b/c"]);
    let Some(EndianSpec::Switch {
        on,
        cases,
        otherwise,
    }) = &spec.meta.endian
    else {
        panic!("{:?}", spec.meta.endian);
    };
    let shown: Vec<_> = cases
        .iter()
        .map(|(case, endian)| (case.text(), *endian))
        .collect();
    assert_eq!(shown, [("0x4949", Endian::Little), ("[1, 2]", Endian::Big)]);
    assert_eq!((on.text(), *otherwise), ("mark", Some(Endian::Little)));
    assert_eq!(spec.meta.bit_endian, Some(Endian::Little));
    assert!(spec.meta.opaque_types);
    assert_eq!(text(spec.to_string.as_ref()), "\"pos\"");
    assert!(
        spec.gateway
            .as_ref()
            .is_some_and(|node| node.get("frame").is_some())
    );
    let params: Vec<_> = spec
        .params
        .iter()
        .map(|p| (p.id.value.as_str(), p.list, p.doc.as_str()))
        .collect();
    assert_eq!(params, [("a", true, "list"), ("b", false, "")]);
    assert!(matches!(spec.params[1].ty.value, TypeName::Bytes));
}

#[test]
fn a_field_has_its_keys() {
    let all = field(
        "id: a, type: b, size: n + 1, terminator: 0x3a, include: true, consume: false, eos-error: false, \
         pad-right: 32, repeat: until, repeat-until: _ == 0, if: c, process: xor( 0x55 ), parent: _root, \
         valid: {any-of: [1, x]}, doc: d, doc-ref: e, -gateway: {json: hidden}, -vendor: f",
    );
    assert_eq!(all.id.as_ref().unwrap().value, "a");
    assert_eq!(text(all.size.as_ref()), "n + 1");
    assert_eq!(
        (all.terminator, all.pad_right),
        (Some(vec![0x3a]), Some(32))
    );
    assert_eq!(
        (all.include, all.consume, all.eos_error, all.size_eos),
        (true, false, false, false)
    );
    assert!(matches!(&all.repeat, Some(RepeatSpec::Until(until)) if until.text() == "_ == 0"));
    assert_eq!(text(all.condition.as_ref()), "c");
    assert!(
        matches!(&all.process, Some(At { value: ProcessSpec::Xor(key), .. }) if key.text() == "0x55")
    );
    assert!(matches!(&all.parent, Some(ParentSpec::Expr(parent)) if parent.text() == "_root"));
    assert!(
        matches!(&all.valid, Some(At { value: ValidSpec::AnyOf(any), .. }) if texts(any) == ["1", "x"])
    );
    assert_eq!(all.doc, "d");
    assert!(all.gateway.is_some());
}

#[test]
fn a_field_without_keys_has_their_defaults() {
    let plain = field("size-eos: true");
    assert!(
        plain.id.is_none() && plain.size_eos && plain.consume && plain.eos_error && !plain.include
    );
    assert!(matches!(plain.ty, TypeSpec::Bytes));
    assert!(plain.terminator.is_none() && plain.pad_right.is_none() && plain.repeat.is_none());
    assert!(matches!(
        field("type: a, parent: false").parent,
        Some(ParentSpec::None)
    ));
    assert!(matches!(
        field("type: u1, repeat: eos").repeat,
        Some(RepeatSpec::Eos)
    ));
    let counted = field("type: u1, repeat: expr, repeat-expr: n").repeat;
    assert!(matches!(counted, Some(RepeatSpec::Count(n)) if n.text() == "n"));
    assert_eq!(
        field("terminator: [13, 0x0a]").terminator,
        Some(vec![13, 10])
    );
    assert_eq!(field("type: strz").terminator, None);
}

#[test]
fn types_are_read_from_their_names() {
    use Endian::{Big, Little};
    for (text, signed, width, endian) in [
        ("u1", false, 1, None),
        ("s1", true, 1, None),
        ("u2", false, 2, None),
        ("s4le", true, 4, Some(Little)),
        ("u8be", false, 8, Some(Big)),
    ] {
        let name = name(&format!("type: {text}"));
        let fits = matches!(name, TypeName::Integer { signed: s, width: w, endian: e } if (s, w, e) == (signed, width, endian));
        assert!(fits, "{text}: {name:?}");
    }
    assert!(matches!(
        name("type: f8be"),
        TypeName::Float {
            width: 8,
            endian: Some(Big)
        }
    ));
    assert!(matches!(
        name("type: b64"),
        TypeName::Bits {
            width: 64,
            endian: None
        }
    ));
    assert!(matches!(
        name("type: b1le"),
        TypeName::Bits {
            width: 1,
            endian: Some(Little)
        }
    ));
    assert!(matches!(
        name("type: str, size: 1"),
        TypeName::Text { terminated: false }
    ));
    assert!(matches!(
        name("type: strz"),
        TypeName::Text { terminated: true }
    ));
    // What only parameters have, and what only looks built in, are names of types.
    for text in ["bool", "bytes", "u3", "u1le", "b", "b2x", "f2", "strzle"] {
        let name = name(&format!("type: {text}"));
        assert!(
            matches!(&name, TypeName::User { path, .. } if *path == [text]),
            "{name:?}"
        );
    }
}

#[test]
fn arguments_are_cut_where_they_end() {
    for (text, names, expected) in [
        ("a::b", vec!["a", "b"], vec![]),
        ("a(1, )", vec!["a"], vec!["1"]),
        ("a((5))", vec!["a"], vec!["(5)"]),
        (
            "a( 1 , [2, 3], f(4, 5) )",
            vec!["a"],
            vec!["1", "[2, 3]", "f(4, 5)"],
        ),
        (
            r#"a::b("x,)\",", ',(\', 1)"#,
            vec!["a", "b"],
            vec![r#""x,)\",""#, r"',(\'", "1"],
        ),
        ("::a (x.as<b>)", vec!["a"], vec!["x.as<b>"]),
    ] {
        let quoted = text.replace('\'', "''");
        let name = name(&format!("type: '{quoted}'"));
        let TypeName::User { path, arguments } = name else {
            panic!("{text}: {name:?}");
        };
        assert_eq!(
            (path, texts(&arguments)),
            (names.iter().map(|s| (*s).to_owned()).collect(), expected),
            "{text}"
        );
    }
}

#[test]
fn an_argument_knows_where_it_stands() {
    let lines = "meta: {id: x}\nseq:\n- type: a(1, foo)\n";
    let (spec, _) = load(lines);
    let TypeSpec::Named(At {
        value: TypeName::User { arguments, .. },
        ..
    }) = &spec.seq[0].ty
    else {
        panic!("{spec:?}");
    };
    assert_eq!(&lines[arguments[1].locate(0..3)], "foo");
    assert_eq!(&lines[spec.seq[0].entry.clone()], "type: a(1, foo)");
}

#[test]
fn a_type_may_depend_on_something() {
    let spec = field(
        "size: 4, type: {switch-on: kind, cases: {0x01: a, '\"x\"': u2, 'e::b': 'c(1)', _: d}}",
    );
    let TypeSpec::Switch {
        on,
        cases,
        otherwise,
    } = spec.ty
    else {
        panic!("{:?}", spec.ty);
    };
    let keys: Vec<&str> = cases.iter().map(|(case, _)| case.text()).collect();
    assert_eq!((on.text(), keys), ("kind", vec!["0x01", "\"x\"", "e::b"]));
    assert!(matches!(cases[1].1.value, TypeName::Integer { .. }));
    assert!(matches!(
        otherwise,
        Some(At {
            value: TypeName::User { .. },
            ..
        })
    ));
}

#[test]
fn contents_are_bytes() {
    for (written, bytes) in [
        ("'PACK-1'", b"PACK-1".to_vec()),
        ("PNG", b"PNG".to_vec()),
        ("'42'", b"42".to_vec()),
        ("é", vec![0xc3, 0xa9]),
        (
            "[0x89, PNG, 13, 0x0a, -1, '7']",
            b"\x89PNG\r\n\xff7".to_vec(),
        ),
        ("[]", vec![]),
        ("\"\\x00\"", vec![0]),
    ] {
        assert_eq!(
            field(&format!("contents: {written}"))
                .contents
                .unwrap()
                .value,
            bytes,
            "{written}"
        );
    }
}

#[test]
fn valid_has_its_forms() {
    let valid = |keys: &str| {
        field(&format!("type: u1, enum: e, valid: {keys}"))
            .valid
            .unwrap()
            .value
    };
    for scalar in ["7", "true", "1.5", "e::a", "'\"x\"'"] {
        assert!(matches!(valid(scalar), ValidSpec::Eq(_)), "{scalar}");
    }
    assert!(matches!(valid("{eq: 1}"), ValidSpec::Eq(eq) if eq.text() == "1"));
    assert!(matches!(
        valid("{min: 1}"),
        ValidSpec::Range {
            min: Some(_),
            max: None
        }
    ));
    assert!(matches!(
        valid("{max: 9}"),
        ValidSpec::Range {
            min: None,
            max: Some(_)
        }
    ));
    assert!(matches!(
        valid("{max: 9, min: 1}"),
        ValidSpec::Range {
            min: Some(_),
            max: Some(_)
        }
    ));
    assert!(matches!(valid("{any-of: 5}"), ValidSpec::AnyOf(any) if texts(&any) == ["5"]));
    assert!(matches!(valid("{in-enum: true}"), ValidSpec::InEnum));
    assert!(matches!(valid("{expr: _ > 1}"), ValidSpec::Expr(expr) if expr.text() == "_ > 1"));
}

#[test]
fn instances_are_read_or_computed() {
    let spec = good(
        "instances:\n  a: {pos: 4, io: _root._io, type: u2, if: b}\n  b: {value: 1 + 1, enum: e, if: c, doc: d}\n",
    );
    let [a, b] = &spec.instances[..] else {
        panic!("{:?}", spec.instances);
    };
    assert_eq!(
        (text(a.pos.as_ref()), text(a.io.as_ref())),
        ("4", "_root._io")
    );
    assert!(a.value.is_none());
    assert_eq!(text(b.value.as_ref()), "1 + 1");
    assert_eq!(b.enumeration.as_ref().unwrap().value, "e");
    assert_eq!((text(b.condition.as_ref()), b.doc.as_str()), ("c", "d"));
    assert_eq!(a.id.as_ref().unwrap().value, "a");
}

#[test]
fn enums_take_numbers_however_written() {
    let spec = good(
        "enums:\n  e:\n    0x81: a\n    -5: {id: b, doc: c, doc-ref: d, -gateway: {idempotent: true}, -orig-id: X}\n    \
         18446744073709551615: yes\n    '7': true\n    0b11: n\n",
    );
    let values = &spec.enums[0].1.values;
    let shown: Vec<_> = values
        .iter()
        .map(|value| (value.number, value.label.value.as_str()))
        .collect();
    let most = i128::from(u64::MAX);
    assert_eq!(
        shown,
        [(0x81, "a"), (-5, "b"), (most, "yes"), (7, "true"), (3, "n")]
    );
    assert!(values[1].gateway.is_some() && values[1].doc == "c");
}

#[test]
fn types_have_types() {
    let spec = good(
        "types:\n  a:\n    types: {b: {seq: [{id: c, type: u1}]}}\n    meta: {endian: be}\n    -gateway: {x: y}\n",
    );
    let (name, a) = &spec.types[0];
    assert_eq!(
        (name.value.as_str(), a.span.clone()),
        ("a", name.span.clone())
    );
    assert_eq!(a.types[0].1.seq[0].id.as_ref().unwrap().value, "c");
    assert!(matches!(
        a.meta.endian,
        Some(EndianSpec::Fixed(Endian::Big))
    ));
    assert!(a.gateway.is_some());
}

#[test]
fn parameters_have_values_of_any_kind() {
    let spec = good(
        "params: [{id: a, type: bool}, {id: b, type: struct}, {id: c, type: io}, {id: d, type: any}, \
         {id: e, type: bytes}, {id: f, type: 'x::y[]'}, {id: g, type: str}, {id: h, type: b4, enum: k}]",
    );
    let shown: Vec<String> = spec
        .params
        .iter()
        .map(|param| format!("{:?}", param.ty.value))
        .collect();
    assert_eq!(shown[..5], ["Bool", "AnyStruct", "Stream", "Any", "Bytes"]);
    assert!(shown[5].contains("\"x\", \"y\"") && spec.params[5].list);
    assert!(matches!(
        spec.params[7].ty.value,
        TypeName::Bits { width: 4, .. }
    ));
}

#[test]
fn encodings_are_found_under_other_names() {
    for (name, canonical) in [
        ("utf8", "UTF-8"),
        ("Latin1", "ISO-8859-1"),
        ("iso_8859-15", "ISO-8859-15"),
        ("us-ascii", "ASCII"),
        ("UTF16-LE", "UTF-16LE"),
        ("CP1252", "windows-1252"),
        ("sjis", "Shift_JIS"),
    ] {
        assert_eq!(
            Encoding::find(name).map(|encoding| encoding.name),
            Some(canonical),
            "{name}"
        );
    }
    for name in ["", "UTF-16", "ISO-8859-12", "klingon"] {
        assert_eq!(Encoding::find(name), None, "{name}");
    }
}
