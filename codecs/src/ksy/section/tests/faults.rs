//! What is wrong with a section, and where.

use super::{faults, with};

const REST: &str = "
seq:
  - {id: code, type: u1, enum: code}
  - {id: len, type: u1}
  - {id: body, size: len, type: {switch-on: code, cases: {'code::ask': ask, 'code::tell': tell}}}
types:
  ask: {seq: [{id: both, type: u1}, {id: odd, type: u1}]}
  tell: {seq: [{id: both, type: u1}, {id: odd, type: str, size: 1, encoding: ASCII}]}
  two: {params: [{id: p, type: u1}], seq: [{id: code, type: u1, enum: code}, {id: len, type: u1}]}
enums:
  code: {1: ask, 2: tell}
  other: {1: one}
";

const GOOD: [(&str, &str); 3] = [
    ("frame", "{auto: true, max: 64}"),
    ("operation", "code"),
    ("order", "fifo"),
];

/// A good section in which one key has another value, or is added.
fn section(key: &str, value: &str) -> String {
    let mut keys: Vec<(&str, &str)> = GOOD.to_vec();
    if key == "id" || value == "-" {
        keys.retain(|(good, _)| *good != "order");
    }
    keys.retain(|(good, _)| *good != key);
    if value != "-" {
        keys.push((key, value));
    }
    let lines = keys
        .iter()
        .map(|(key, value)| format!("  {key}: {value}\n"));
    lines.collect()
}

#[track_caller]
fn check(key: &str, value: &str, expected: &[(&str, &str)]) {
    let text = with(&section(key, value), REST);
    let found = faults(&[("d.ksy", &text)]);
    let found: Vec<_> = found
        .iter()
        .map(|(code, place)| (*code, &**place))
        .collect();
    assert_eq!(found, expected, "{key}: {value}");
}

#[test]
fn a_good_section_has_none() {
    check("order", "fifo", &[]);
    check("id", "[body.both, len]", &[]);
    check("error", "body.both == 1", &[]);
    check("kind", "'code == code::ask ? \"request\" : \"reply\"'", &[]);
    check("root", "two(7)", &[]);
    check("drain", "tell", &[]);
}

#[test]
fn keys() {
    check("frmae", "1", &[("GW3006", "frmae")]);
    check("frame", "{auto: true}", &[("GW3007", "{auto: true}")]);
    check("frame", "{max: 64}", &[("GW3007", "{max: 64}")]);
    check(
        "frame",
        "{auto: true, fixed: 4, max: 64}",
        &[("GW3014", "fixed")],
    );
    check("frame", "{auto: false, max: 64}", &[("GW3010", "false")]);
    check("frame", "{auto: true, max: 64KB}", &[("GW3005", "64KB")]);
    check("frame", "{fixed: 65, max: 64}", &[("GW3011", "65")]);
    check("order", "lifo", &[("GW3010", "lifo")]);
    check("session", "{opne: [ask]}", &[("GW3006", "opne")]);
    check("checks", "[{field: len}]", &[("GW3007", "{field: len}"); 2]);
    check("reply", "{id: len}", &[("GW3007", "{id: len}")]);
}

#[test]
fn lengths() {
    let length = |length: &str| format!("{{length: {length}, max: 64}}");
    for (text, code, place) in [
        ("{at: 0, type: u3, counts: rest}", "GW3010", "u3"),
        (
            "{at: 0, type: ascii(0), counts: rest}",
            "GW3010",
            "ascii(0)",
        ),
        ("{at: -1, type: u1, counts: rest}", "GW3005", "-1"),
        ("{at: 0, type: u1, counts: all}", "GW3010", "all"),
        (
            "{type: u1, counts: rest}",
            "GW3014",
            "{type: u1, counts: rest}",
        ),
        (
            "{at: 0, type: u1, counts: rest, until: 1}",
            "GW3014",
            "{at: 0, type: u1, counts: rest, until: 1}",
        ),
        (
            "{at: 0, type: ascii, counts: rest}",
            "GW3014",
            "{at: 0, type: ascii, counts: rest}",
        ),
        ("{at: 0, type: u1, counts: rest, ad: 1}", "GW3006", "ad"),
    ] {
        check("frame", &length(text), &[(code, place)]);
    }
}

#[test]
fn delimiters() {
    let delimiter = |text: &str| format!("{{delimiter: {text}, max: 64}}");
    for (text, code, place) in [
        ("{start: 1}", "GW3007", "{start: 1}"),
        ("{end: []}", "GW3005", "[]"),
        ("{end: 256}", "GW3011", "256"),
        ("{end: 1, escape: {1: [2, 3]}}", "GW3051", "{1: [2, 3]}"),
        ("{end: 1, escape: {2: [2, 3]}}", "GW3051", "escape"),
        ("{end: 1, escape: {256: [2, 3]}}", "GW3005", "256"),
    ] {
        let mut found = vec![(code, place)];
        if place == "256" && code == "GW3005" {
            found.push(("GW3051", "escape"));
        }
        check("frame", &delimiter(text), &found);
    }
}

#[test]
fn expressions() {
    check("operation", "cod", &[("GW3030", "cod")]);
    check("operation", "len", &[("GW3033", "len")]);
    check(
        "operation",
        "body.both.to_s",
        &[("GW3054", "body.both.to_s")],
    );
    check(
        "operation",
        "-",
        &[("GW3007", "frame: {auto: true, max: 64}")],
    );
    check("kind", "'\"requst\"'", &[("GW3053", "\"requst\"")]);
    check("kind", "len", &[("GW3033", "len")]);
    check("kind", "len.to_s", &[("GW3053", "len.to_s")]);
    check("id", "body.bth", &[("GW3030", "bth")]);
    check("id", "body.odd", &[("GW3033", "odd")]);
    check("id", "body", &[("GW3033", "body")]);
    check("id", "'[1, len]'", &[("GW3033", "[1, len]")]);
    check("error", "len", &[("GW3033", "len")]);
    check(
        "order",
        "-",
        &[("GW3056", "frame: {auto: true, max: 64}\n  operation: code")],
    );
}

#[test]
fn both_ways_of_correlation_exclude_each_other() {
    let text = with(&[&section("order", "fifo"), "  id: len\n"].concat(), REST);
    assert_eq!(
        faults(&[("d.ksy", &text)]),
        [("GW3014", "order".to_owned())]
    );
}

#[test]
fn names_of_operations() {
    check("drain", "tel", &[("GW3055", "tel")]);
    check(
        "session",
        "{open: [ask, x], close: [y]}",
        &[("GW3055", "x"), ("GW3055", "y")],
    );
    check("heartbeat", "{operation: x, every: 1s}", &[("GW3055", "x")]);
    check(
        "heartbeat",
        "{operation: ask, answer: x}",
        &[("GW3055", "x")],
    );
    check(
        "heartbeat",
        "{operation: ask, every: 1}",
        &[("GW3005", "1")],
    );
    check("reject", "{operation: x}", &[("GW3055", "x")]);
    check("drain", "{operation: x}", &[("GW3055", "x")]);
    check("drain", "{operation: tell, at: 1}", &[("GW3006", "at")]);
}

#[test]
fn what_is_said_by_itself_is_known_beforehand() {
    check(
        "heartbeat",
        "{operation: ask, every: 2s, silence: 1s}",
        &[("GW3014", "1s")],
    );
    check(
        "heartbeat",
        "{operation: ask, every: 2s, set: {odd: len}}",
        &[("GW3030", "len")],
    );
    check(
        "heartbeat",
        "{operation: ask, set: {odd: 1}}",
        &[("GW3007", "{operation: ask, set: {odd: 1}}")],
    );
    check("drain", "{operation: tell, set: {odd: other::one}}", &[]);
}

#[test]
fn rejections_know_the_fault_and_the_request() {
    let set = |value: &str| format!("{{operation: tell, set: {{odd: {value}}}}}");
    check("reject", &set("_fault.class"), &[]);
    check("reject", &set("other::one"), &[]);
    check("reject", &set("len"), &[("GW3030", "len")]);
    check("reject", &set("_fault.why"), &[("GW3030", "_fault")]);
    check("reject", &set("request.len"), &[]);
    check("reject", &set("request.lne"), &[("GW3030", "lne")]);
    check("reject", "{operation: request.code}", &[]);
    check("reject", "{operation: request.code.to_i + 1}", &[]);
    check(
        "reject",
        "{operation: request.body.odd}",
        &[("GW3033", "odd")],
    );
    check("reject", "{operation: '\"ask\"'}", &[("GW3033", "\"ask\"")]);
}

#[test]
fn roots() {
    check("root", "ask(1)", &[("GW3035", "ask(1)")]);
    check("root", "u4", &[("GW3012", "u4")]);
    check("root", "nobody", &[("GW3031", "nobody")]);
    check("root", "two(len)", &[("GW3030", "len")]);
    check("root", "'two(\"a\")'", &[("GW3035", "\"a\"")]);
    check(
        "root",
        "{request: two(1)}",
        &[("GW3007", "{request: two(1)}")],
    );
    check("root", "{request: two(1), reply: two(request.len)}", &[]);
    check(
        "root",
        "{request: two(1), reply: two(request.lne)}",
        &[("GW3030", "lne")],
    );
    check(
        "root",
        "{request: two(1), reply: two(len)}",
        &[("GW3030", "len")],
    );
}

#[test]
fn all_faults_are_found_at_once() {
    let section =
        "  frame: {max: 0}\n  operation: cod\n  id: body.bth\n  error: len\n  drain: 5\n  x: 1\n";
    let found = faults(&[("d.ksy", &with(section, REST))]);
    let places: Vec<&str> = found.iter().map(|(_, place)| &**place).collect();
    assert_eq!(places, ["x", "0", "{max: 0}", "cod", "bth", "len"]);
}

#[test]
fn sections_stand_at_the_top_only() {
    let nested = "meta: {id: d}\ntypes: {a: {-gateway: {frame: 1}}}\n";
    assert_eq!(
        faults(&[("d.ksy", nested)]),
        [("GW3050", "{frame: 1}".to_owned())]
    );
    let files = [
        ("d.ksy", "meta: {id: d, imports: [e]}\n"),
        ("e.ksy", "meta: {id: e}\n-gateway: {frame: 1}\n"),
    ];
    assert_eq!(faults(&files), [("GW3050", "{frame: 1}".to_owned())]);
    assert!(super::load_all(&files).is_ok(), "that is a warning");
}

#[test]
fn traits_belong_to_operations() {
    let rest = REST.replace("{1: one}", "{1: {id: one, -gateway: {idempotent: true}}}");
    let text = with(&section("order", "fifo"), &rest);
    let expected = [("GW3058", "{idempotent: true}".to_owned())];
    assert_eq!(faults(&[("d.ksy", &text)]), expected);
}

#[test]
fn ids_are_no_secrets() {
    let rest = "
seq:
  - {id: len, type: u1}
  - {id: body, type: body, size: len}
types:
  body: {seq: [{id: token, type: u4be, -gateway: {secret: true}}, {id: number, type: u4be}], instances: {half: {value: token / 2}, quarter: {value: half / 2}}}
";
    let check = |id: &str, expected: &[(&str, &str)]| {
        let section =
            format!("  frame: {{auto: true, max: 64}}\n  operation: '\"ask\"'\n  id: {id}\n");
        let found = faults(&[("d.ksy", &with(&section, rest))]);
        let found: Vec<_> = found
            .iter()
            .map(|(code, place)| (*code, &**place))
            .collect();
        assert_eq!(found, expected, "{id}");
    };
    check("body.number", &[]);
    check("body.token", &[("GW3092", "body.token")]);
    // What is computed from a secret is one.
    check("body.quarter", &[("GW3092", "body.quarter")]);
    check("[body.number, body.token]", &[("GW3092", "body.token")]);
}
