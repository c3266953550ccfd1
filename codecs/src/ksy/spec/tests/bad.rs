//! Files with faults: each is reported once, at its place, and reading goes on.

use super::{check, faults, load, with_meta};

#[test]
fn a_file_is_a_map_with_an_id() {
    assert_eq!(faults("1234"), ["/ GW3005"]);
    assert_eq!(faults("[a]"), ["/ GW3005"]);
    assert_eq!(faults("seq: []"), ["/ GW3007"]);
    assert_eq!(faults("meta: {endian: be}"), ["/meta GW3007"]);
    assert_eq!(faults("meta: x"), ["/meta GW3005"]);
    assert_eq!(faults("meta: {id: _x}"), ["/meta/id GW3008"]);
    assert_eq!(faults("meta: {id: }"), ["/meta/id GW3005"]);
}

#[test]
fn keys_are_known_by_place() {
    check("sqe: []", &["/sqe GW3006"]);
    check(
        "seq: [{id: a, type: u1, lenght: 5}]",
        &["/seq/0/lenght GW3006"],
    );
    check("seq: [{id: a, type: u1, pos: 5}]", &["/seq/0/pos GW3006"]);
    check(
        "params: [{id: a, type: u1, size: 5}]",
        &["/params/0/size GW3006"],
    );
    check(
        "instances: {a: {value: 1, type: u1}}",
        &["/instances/a/type GW3006"],
    );
    check(
        "enums: {e: {1: {id: a, dco: x}}}",
        &["/enums/e/1/dco GW3006"],
    );
    check(
        "seq: [{type: {switch-on: 1, cases: {1: u1}, case: 2}}]",
        &["/seq/0/type/case GW3006"],
    );
    assert_eq!(
        faults("meta: {id: a, endianness: le}"),
        ["/meta/endianness GW3006"]
    );
    check("seq: [{-a: 1, type: u1, -webide-representation: x}]", &[]);
}

#[test]
fn a_misspelt_key_has_a_suggestion() {
    let (_, findings) = load(&with_meta(
        "seq: [{tpye: u1, size: 1}, {type: u1, size: 1}]",
    ));
    let helps: Vec<_> = findings
        .all()
        .iter()
        .map(|finding| finding.help.as_deref().unwrap())
        .collect();
    assert_eq!(helps[0], "did you mean `type`?");
    assert!(
        helps[1].starts_with("the keys here are consume, doc, doc-ref, enum, eos-error, id, if,"),
        "{helps:?}"
    );
}

#[test]
fn keys_go_with_the_type() {
    check("seq: [{type: u4, size: 4}]", &["/seq/0/size GW3006"]);
    check(
        "seq: [{type: f4, encoding: UTF-8}]",
        &["/seq/0/encoding GW3006"],
    );
    check(
        "seq: [{type: str, size: 4, process: zlib}]",
        &["/seq/0/process GW3006"],
    );
    check(
        "seq: [{size: 4, encoding: UTF-8}]",
        &["/seq/0/encoding GW3006"],
    );
    check("seq: [{size: 4, enum: e}]", &["/seq/0/enum GW3019"]);
    check(
        "seq: [{type: a, enum: e}, {type: strz, enum: e}, {type: f4, enum: e}, {type: b3, enum: e}]",
        &[
            "/seq/0/enum GW3019",
            "/seq/1/enum GW3019",
            "/seq/2/enum GW3019",
        ],
    );
    check(
        "params: [{id: a, type: str, enum: e}]",
        &["/params/0/enum GW3019"],
    );
    check(
        "seq: [{type: {switch-on: 1, cases: {1: u1}}, enum: e}]",
        &["/seq/0/enum GW3006"],
    );
    // Of a type that cannot be read, nothing is known.
    check(
        "seq: [{type: [meh], enum: e, size: 1, encoding: UTF-8}]",
        &["/seq/0/type GW3005"],
    );
}

#[test]
fn the_gateways_key_has_its_places() {
    assert_eq!(
        faults("meta: {id: a, -gateway: {}}"),
        ["/meta/-gateway GW3024"]
    );
    check(
        "params: [{id: a, -gateway: {}}]",
        &["/params/0/-gateway GW3024"],
    );
    check(
        "seq: [{type: u1, valid: {min: 1, -gateway: {}}}]",
        &["/seq/0/valid/-gateway GW3024"],
    );
    check(
        "seq: [{type: {switch-on: 1, cases: {1: u1}, -gateway: {}}}]",
        &["/seq/0/type/-gateway GW3024"],
    );
    check(
        "seq: [{type: u1, -gatway: {}}]",
        &["/seq/0/-gatway GW3006?"],
    );
}

#[test]
fn ids_are_ids() {
    check(
        "seq: [{id: Foo, type: u1}, {id: 1a, type: u1}, {id: a-b, type: u1}]",
        &["/seq/0/id GW3008", "/seq/1/id GW3008", "/seq/2/id GW3008"],
    );
    check("types: {2foo: {}}", &["/types/2foo GW3008"]);
    check("instances: {_a: {value: 1}}", &["/instances/_a GW3008"]);
    check(
        "enums: {E: {1: a}, e: {1: B, 2: {id: C}}}",
        &[
            "/enums/E GW3008",
            "/enums/e/1 GW3008",
            "/enums/e/2/id GW3008",
        ],
    );
    check(
        "params: [{id: A}, {type: u1}]",
        &["/params/0/id GW3008", "/params/1 GW3007"],
    );
    let long = "a".repeat(256);
    let (_, findings) = load(&with_meta(&format!("seq: [{{id: {long}, type: u1}}]")));
    assert_eq!(findings.errors(), 1);
}

#[test]
fn ids_stand_once() {
    check(
        "params: [{id: a}]\nseq: [{id: a, type: u1}, {id: b, type: u1}]\ninstances: {b: {value: 1}, c: {value: 1}}",
        &["/seq/0/id GW3009", "/instances/b GW3009"],
    );
    let (_, findings) = load(&with_meta(
        "seq: [{id: b, type: u1}]\ninstances: {b: {value: 1}}",
    ));
    assert!(
        findings.all()[0]
            .message
            .ends_with("previously defined at /seq/0/id")
    );
    check(
        "enums: {e: {1: a, 2: b, 0x3: a, 0x1: c}}",
        &["/enums/e/0x3 GW3009", "/enums/e/0x1 GW3004"],
    );
    // The same name in another type is another.
    check(
        "seq: [{id: a, type: u1}]\ntypes: {a: {seq: [{id: a, type: u1}]}}\nenums: {a: {1: a}}",
        &[],
    );
}

#[test]
fn values_have_their_types() {
    check(
        "seq: foo\nparams: {}\ntypes: []\ninstances:\nenums: 5\ndoc: [a]\nto-string: {}",
        &[
            "/params GW3005",
            "/seq GW3005",
            "/instances GW3005",
            "/types GW3005",
            "/enums GW3005",
            "/to-string GW3005",
            "/doc GW3005",
        ],
    );
    check(
        "seq: [foo, {id: [a], type: u1, if: {}}, {type: u1, doc: {}}]",
        &[
            "/seq/0 GW3005",
            "/seq/1/id GW3005",
            "/seq/1/if GW3005",
            "/seq/2/doc GW3005",
        ],
    );
    check(
        "seq: [{size-eos: 1}]",
        &["/seq/0/size-eos GW3005", "/seq/0 GW3013"],
    );
    check(
        "seq: [{type: u1, doc-ref: [a, {}]}]",
        &["/seq/0/doc-ref/1 GW3005"],
    );
    check(
        "types: {a: , b: []}",
        &["/types/a GW3005", "/types/b GW3005"],
    );
    check(
        "enums: {e: {a: b, 1: [c], 2: , 1.5: d}}",
        &[
            "/enums/e/a GW3005",
            "/enums/e/1 GW3005",
            "/enums/e/2 GW3005",
            "/enums/e/1.5 GW3005",
        ],
    );
    check(
        "seq: [{type: {switch-on: 1, cases: {[1, 2]: u1}}}]",
        &["/seq/0/type/cases GW3005"],
    );
    check(
        "seq: [{type: {switch-on: 1, cases: {1: {}}}}]",
        &["/seq/0/type/cases/1 GW3005"],
    );
}

#[test]
fn bytes_have_their_range() {
    check(
        "seq: [{terminator: -1}, {terminator: [0, 256]}, {terminator: []}, {terminator: '0'}]",
        &[
            "/seq/0/terminator GW3011",
            "/seq/1/terminator/1 GW3011",
            "/seq/2/terminator GW3005",
            "/seq/3/terminator GW3005",
        ],
    );
    check(
        "seq: [{size: 1, pad-right: 256}, {size: 1, pad-right: [0]}]",
        &["/seq/0/pad-right GW3011", "/seq/1/pad-right GW3005"],
    );
    check(
        "seq: [{contents: 5}, {contents: [true]}, {contents: [1, 256]}, {contents: {}}, {contents: [-129]}, {contents: [010]}]",
        &[
            "/seq/0/contents GW3005",
            "/seq/1/contents/0 GW3005",
            "/seq/2/contents/1 GW3011",
            "/seq/3/contents GW3005",
            "/seq/4/contents/0 GW3011",
            "/seq/5/contents/0 GW3005",
        ],
    );
    check(
        "enums: {e: {18446744073709551616: a, -9223372036854775809: b}}",
        &[
            "/enums/e/18446744073709551616 GW3011",
            "/enums/e/-9223372036854775809 GW3011",
        ],
    );
    check(
        "seq: [{type: b0}, {type: b65}, {type: b99999999999}]",
        &[
            "/seq/0/type GW3011",
            "/seq/1/type GW3011",
            "/seq/2/type GW3011",
        ],
    );
}

#[test]
fn a_repetition_has_its_expression() {
    check("seq: [{type: u1, repeat: bad}]", &["/seq/0/repeat GW3010"]);
    check(
        "seq: [{type: u1, repeat: eos, repeat-until: x}]",
        &["/seq/0/repeat-until GW3006"],
    );
    check(
        "seq: [{type: u1, repeat: expr, repeat-until: x}]",
        &["/seq/0/repeat GW3007"],
    );
    check(
        "seq: [{type: u1, repeat: expr}, {type: u1, repeat: until}]",
        &["/seq/0/repeat GW3007", "/seq/1/repeat GW3007"],
    );
    check(
        "seq: [{type: u1, repeat-until: x}]",
        &["/seq/0/repeat-until GW3006"],
    );
    check(
        "seq: [{type: u1, repeat: expr, repeat-expr: []}]",
        &["/seq/0/repeat-expr GW3005"],
    );
}

#[test]
fn a_switch_has_its_parts() {
    check(
        "seq: [{type: {switch-on: 42}}, {type: {cases: {1: u1}}}, {type: {}}]",
        &[
            "/seq/0/type GW3007",
            "/seq/1/type GW3007",
            "/seq/2/type GW3007",
            "/seq/2/type GW3007",
        ],
    );
    assert_eq!(
        faults("meta: {id: a, endian: {switch-on: 1, cases: {1: bad, _: le}}}"),
        ["/meta/endian/cases/1 GW3010"]
    );
    assert_eq!(
        faults("meta: {id: a, endian: {cases: {1: le}}}"),
        ["/meta/endian GW3007"]
    );
    assert_eq!(
        faults("meta: {id: a, endian: middle, bit-endian: bad}"),
        ["/meta/endian GW3010", "/meta/bit-endian GW3010"]
    );
}

#[test]
fn a_type_has_a_name() {
    for text in [
        "Foo", "a::", "a:::b", "a b", "''", "really(", "a(1", "a()", "a(1,,)", "a(,1)", "a((1)",
        "a(1]", "a)", "'a[]'", "a(1) b",
    ] {
        check(
            &format!("seq: [{{type: \"{text}\"}}]"),
            &["/seq/0/type GW3012"],
        );
    }
    check(
        "seq: [{type: {switch-on: 1, cases: {42: 'really(', _: Foo}}}]",
        &["/seq/0/type/cases/42 GW3012", "/seq/0/type/cases/_ GW3012"],
    );
    check(
        "params: [{id: a, type: 'b(1)'}, {id: c, type: 'u1[][]'}]",
        &["/params/0/type GW3012", "/params/1/type GW3012"],
    );
    let many = format!("a({})", ["1"; 66].join(", "));
    check(
        &format!("seq: [{{type: '{many}'}}]"),
        &["/seq/0/type GW3012"],
    );
}

#[test]
fn the_place_of_a_bad_argument_is_its_own() {
    let text = with_meta("seq: [{type: 'a(1, ,2)'}]");
    let (_, findings) = load(&text);
    assert_eq!(&text[findings.all()[0].span.clone()], " ");
}

#[test]
fn bytes_end_somewhere() {
    check("seq: [{id: a}]", &["/seq/0 GW3013"]);
    check("seq: [{type: str}]", &["/seq/0 GW3013"]);
    check("seq: [{type: a, process: zlib}]", &["/seq/0 GW3013"]);
    check("seq: [{size: 1, size-eos: true}]", &["/seq/0 GW3014"]);
    check(
        "seq: [{type: {switch-on: 1, cases: {1: str, 2: strz, _: str}}}]",
        &["/seq/0/type/cases/1 GW3013", "/seq/0/type/cases/_ GW3013"],
    );
    check(
        "seq: [{size: 1, size-eos: false}, {contents: x}, {terminator: 0}, {type: a}]",
        &[],
    );
    check("instances: {a: {pos: 1}}", &["/instances/a GW3013"]);
}

#[test]
fn text_has_an_encoding_and_numbers_an_order() {
    let inner = "types: {a: {meta: {encoding: UTF-8, endian: be}, types: {b: {seq: [{type: strz}, {type: u4}]}}}}";
    assert_eq!(
        faults(&format!("meta: {{id: x}}\n{inner}")),
        [] as [&str; 0]
    );
    let bare = "meta: {id: x}\nseq: [{type: strz}, {type: u2}, {type: f4}, {type: u1}, {type: u2le}, {type: b9}]\ninstances: {i: {type: strz, pos: 1}}";
    assert_eq!(
        faults(bare),
        [
            "/seq/0 GW3015",
            "/seq/1/type GW3018",
            "/seq/2/type GW3018",
            "/instances/i GW3015"
        ]
    );
    let switched = "meta: {id: x}\nseq: [{type: {switch-on: 1, cases: {1: u8, 2: strz}}}]";
    assert_eq!(
        faults(switched),
        ["/seq/0/type/cases/1 GW3018", "/seq/0/type/cases/2 GW3015"]
    );
    let inherited =
        "meta: {id: x, endian: {switch-on: 1, cases: {1: le}}}\ntypes: {a: {seq: [{type: u2}]}}";
    assert_eq!(faults(inherited), [] as [&str; 0]);
}

#[test]
fn encodings_are_spelt_as_all_tools_do() {
    check(
        "seq: [{type: strz, encoding: utF-8}, {type: strz, encoding: latin1}, {type: strz, encoding: invalid1}]",
        &[
            "/seq/0/encoding GW3017?",
            "/seq/1/encoding GW3017?",
            "/seq/2/encoding GW3016?",
        ],
    );
    let (spec, findings) = load("meta: {id: x, encoding: ascii}");
    assert_eq!(spec.meta.encoding.unwrap().value, "ASCII");
    assert_eq!(findings.errors(), 0);
    assert_eq!(
        findings.all()[0].message,
        "use canonical encoding name `ASCII` instead of `ascii`"
    );
}

#[test]
fn valid_is_one_check() {
    let valid = |keys: &str, expected: &[&str]| {
        check(&format!("seq: [{{type: u1, valid: {keys}}}]"), expected)
    };
    valid("{}", &["/seq/0/valid GW3007"]);
    valid("[1]", &["/seq/0/valid GW3005"]);
    valid("", &["/seq/0/valid GW3005"]);
    valid("{eq: 1, min: 2}", &["/seq/0/valid/min GW3014"]);
    valid("{minn: 2}", &["/seq/0/valid/minn GW3006"]);
    valid("{in-enum: true}", &["/seq/0/valid/in-enum GW3007"]);
    valid("{in-enum: false}", &["/seq/0/valid/in-enum GW3010"]);
    valid("{any-of: [1, []]}", &["/seq/0/valid/any-of/1 GW3005"]);
    check("seq: [{contents: a, valid: b}]", &["/seq/0 GW3014"]);
}

#[test]
fn processes_are_those_that_can_be_undone() {
    let process = |call: &str, expected: &[&str]| {
        check(&format!("seq: [{{size: 1, process: '{call}'}}]"), expected)
    };
    for good in ["zlib", "xor(1)", "rol(n + 1)", "ror( 3 )"] {
        process(good, &[]);
    }
    for bad in ["gzip", "xor", "xor()", "xor(1", "my.own(1)", "Zlib", ""] {
        process(bad, &["/seq/0/process GW3020"]);
    }
}

#[test]
fn versions_are_versions() {
    for (version, fine) in [
        ("0.11", true),
        ("0.7.1", true),
        ("'0.10'", true),
        ("0.12", false),
        ("1.0", false),
        ("0.7f", false),
        ("9", false),
        ("0.07", false),
        ("0.1.2.3", false),
        ("0.99999999999", false),
    ] {
        let expected: &[&str] = if fine {
            &[]
        } else {
            &["/meta/ks-version GW3023"]
        };
        assert_eq!(
            faults(&format!("meta: {{id: a, ks-version: {version}}}")),
            expected,
            "{version}"
        );
    }
}

#[test]
fn a_faulty_field_is_still_there() {
    let (spec, findings) = load(&with_meta("seq: [{id: a, type: Foo}, {id: b, type: u1}]"));
    assert_eq!(findings.errors(), 1);
    let ids: Vec<_> = spec
        .seq
        .iter()
        .filter_map(|field| field.id.as_ref())
        .map(|id| id.value.as_str())
        .collect();
    assert_eq!(ids, ["a", "b"]);
}
