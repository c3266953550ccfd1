//! Definitions: `check`, and `decode` by them.

use crate::{gatewright, gatewright_reading};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const METER: &str = "protocols/meter.ksy";
const SUPPLIED: &str = "protocols/supplied.ksy";
const READING: &str = "4d5218050100116174746963000300d7fff6000040600000";
const LOGIN: &str = "4d5210000200106f70657261746f7268756e7465723220";
const SCRAMBLED: &str = "4d521805030008fff8fc7bcafebabe";
/// Its second number is beyond what is valid.
const SCRAMBLED_BADLY: &str = "4d521805030006fff8fc16cafe";

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let run = gatewright(arguments);
    let document = serde_json::from_str(&run.stdout);
    (
        run.code,
        document.unwrap_or_else(|error| panic!("{error}: {run}")),
    )
}

#[test]
fn good_definitions_are_summed_up() {
    let run = gatewright(&["check", METER]);
    assert_eq!(run.code, Some(0));
    assert_snapshot!(run);
    let (code, told) = json(&["check", METER, METER, "--format", "json"]);
    assert_eq!(code, Some(0));
    assert_eq!(told["diagnostics"], json!([]));
    let types = &told["definitions"][1]["types"];
    assert_eq!(
        types[4],
        json!({ "name": "meter::pair", "members": ["left", "right"] })
    );
}

#[test]
fn who_supplies_which_field_is_told() {
    let run = gatewright(&["check", SUPPLIED]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_snapshot!(run);
    let (_, told) = json(&["check", SUPPLIED, "--format", "json"]);
    let protocol = &told["definitions"][0]["protocol"];
    assert_eq!(protocol["id"], json!(["seq"]));
    assert_eq!(protocol["requests"]["longest"], 1 + 4 + 2 * 255 + 4);
    let fields = protocol["operations"][0]["fields"].as_array().unwrap();
    let of = |name: &str| fields.iter().find(|field| field["name"] == name);
    let expected = json!({ "name": "crc", "supply": "derived", "why": "a checksum" });
    assert_eq!(of("crc"), Some(&expected));
    let expected = json!({ "name": "password", "supply": "optional", "default": "***" });
    assert_eq!(of("password"), Some(&expected));
}

#[test]
fn framing_and_correlation_of_each_shipped_definition_are_told() {
    let folders = std::fs::read_dir(library()).unwrap();
    let mut names: Vec<String> = folders
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| library().join(name).join(format!("{name}.ksy")).exists())
        .collect();
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    let lines: Vec<String> = names.iter().flat_map(|name| on_the_wire(name)).collect();
    assert_snapshot!(lines.join("\n"));
}

/// What `check` tells of frames and replies.
fn on_the_wire(name: &str) -> Vec<String> {
    let file = library().join(name).join(format!("{name}.ksy"));
    let run = gatewright(&["check", file.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{run}");
    let told = run.stdout.lines().map(str::trim_start);
    let wire = ["messages:", "requests:", "replies", "no replies"];
    let wire = told.filter(|line| wire.iter().any(|word| line.starts_with(word)));
    std::iter::once(name.to_owned())
        .chain(wire.map(|line| format!("  {line}")))
        .collect()
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols")
}

#[test]
fn all_errors_of_a_definition_are_shown() {
    let run = gatewright(&["check", "protocols/five_errors.ksy"]);
    assert_eq!(run.code, Some(78));
    assert_snapshot!(run);
}

#[test]
fn programs_are_told_the_places_of_errors() {
    let (code, told) = json(&[
        "check",
        METER,
        "protocols/five_errors.ksy",
        "--format",
        "json",
    ]);
    assert_eq!(code, Some(78));
    assert_eq!(told["definitions"][0]["good"], true);
    assert_eq!(told["definitions"][1]["good"], false);
    let found = told["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    let text = include_str!("data/protocols/five_errors.ksy");
    let start = text.find("lenn").unwrap();
    let expected = json!({
        "code": "GW3030", "severity": "error", "message": "`five_errors` has no member `lenn`",
        "file": "protocols/five_errors.ksy", "line": 6, "column": 33,
        "end": { "line": 6, "column": 37 }, "span": { "start": start, "end": start + 4 },
        "path": "/seq/3/size", "help": "did you mean `len`?",
    });
    assert_eq!(found[2], expected);
}

#[test]
fn codes_of_definitions_are_explained() {
    for code in gatewright_codecs::ksy::codes::ALL {
        let run = gatewright(&["explain", code.code]);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.stdout.contains(code.title), "{run}");
    }
}

#[test]
fn a_definition_that_is_not_there_is_an_error() {
    for verb in [
        &["check", "protocols/none.ksy"] as &[_],
        &["decode", "-p", "protocols/none.ksy", "00"],
    ] {
        let run = gatewright(verb);
        assert_eq!(run.code, Some(78), "{run}");
        assert!(run.stderr.starts_with("error[GW4001]"), "{run}");
    }
}

#[test]
fn messages_are_annotated_trees() {
    for message in [READING, LOGIN, SCRAMBLED] {
        let run = gatewright(&["decode", "-p", METER, message]);
        assert_eq!(run.code, Some(0));
        assert_snapshot!(run);
    }
}

#[test]
fn what_was_read_before_an_error_is_shown_with_its_place() {
    for message in [&READING[..READING.len() - 6], SCRAMBLED_BADLY] {
        let run = gatewright(&["decode", "-p", METER, message]);
        assert_eq!(run.code, Some(1));
        assert_snapshot!(run);
    }
}

#[test]
fn bytes_that_nothing_reads_are_counted() {
    let run = gatewright(&["decode", "-p", METER, &format!("{READING}0d0a")]);
    assert!(
        run.stdout
            .ends_with("\n00000018  2 bytes                    (not read)\n"),
        "{run}"
    );
}

#[test]
fn json_has_the_values() {
    let (code, message) = json(&["decode", "-p", METER, READING, "--format", "json"]);
    assert_eq!(code, Some(0));
    let body = json!({
        "place": "attic", "num_values": 3, "values": [215, -10, 0], "battery": 3.5, "first": 21.5,
    });
    let expected = json!({
        "magic": "TVI=", "version": 1, "urgent": true, "channel": 5, "kind": "reading",
        "len_body": 17, "body": body,
    });
    assert_eq!(message, expected);
}

#[test]
fn secrets_are_shown_only_when_asked() {
    for format in ["text", "json"] {
        let masked = gatewright(&["decode", "-p", METER, LOGIN, "--format", format]);
        assert!(
            !masked.stdout.contains("hunter2") && !masked.stdout.contains("68 75 6e"),
            "{masked}"
        );
        let shown = gatewright(&[
            "decode",
            "-p",
            METER,
            LOGIN,
            "--format",
            format,
            "--show-secrets",
        ]);
        assert!(shown.stdout.contains("hunter2"), "{shown}");
    }
}

#[test]
fn typed_documents_are_exact() {
    let (code, document) = json(&["decode", "-p", METER, "--typed", SCRAMBLED]);
    assert_eq!(code, Some(0));
    let body = json!({
        "inner": { "left": 7, "right": 900 }, "rest": { "$b": "cafebabe" }, "tail": { "$b": "fff8" },
    });
    assert_eq!(document["ok"]["body"], body);
    assert_eq!(document["ok"]["kind"], json!({ "$e": "scrambled", "v": 3 }));

    let (code, document) = json(&["decode", "-p", METER, "--typed", SCRAMBLED_BADLY]);
    assert_eq!(code, Some(1));
    let expected = json!({ "error": {
        "kind": "validation", "path": "body.inner.right", "offset": 7,
        "message": "the value is outside of its range",
    }});
    assert_eq!(document, expected);

    let (code, document) = json(&["decode", "-p", "protocols/five_errors.ksy", "--typed", "00"]);
    assert_eq!(code, Some(1));
    assert_eq!(document["error"]["kind"], "compile");
    assert_eq!(document["error"]["path"], "/seq/1/enum");
}

#[test]
fn input_comes_from_where_it_came_from_before() {
    let run = gatewright_reading(&["decode", "-p", METER, "--hex"], READING.as_bytes());
    let literal = gatewright(&["decode", "-p", METER, READING]);
    assert_eq!((run.code, run.stdout), (Some(0), literal.stdout));
}

#[test]
fn what_needs_a_definition_says_so() {
    for flag in ["--typed", "--whole"] {
        let run = gatewright(&["decode", "-p", "pos", flag, "00"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run}");
    }
}

#[test]
fn errors_of_a_definition_are_those_of_the_configuration_that_names_it() {
    let run = gatewright(&["check", "-c", "defined.toml"]);
    assert_eq!(run.code, Some(78));
    assert_snapshot!(run);

    let (code, told) = json(&["check", "-c", "defined.toml", "--format", "json"]);
    assert_eq!(code, Some(78));
    let found = told["diagnostics"].as_array().unwrap().iter();
    let places: Vec<_> = found
        .map(|finding| (finding["file"].as_str().unwrap(), finding["line"].as_u64()))
        .collect();
    let in_definition = |line| ("protocols/five_errors.ksy", Some(line));
    let expected = [
        ("defined.toml", Some(13)),
        in_definition(4),
        in_definition(5),
        in_definition(6),
        in_definition(7),
        in_definition(8),
    ];
    assert_eq!(places, expected);
    assert!(told["definitions"].is_null());
}

#[test]
fn nothing_runs_by_a_faulty_definition() {
    for verb in [
        &["run", "-c", "defined.toml"] as &[_],
        &["test", "good.test.toml", "-c", "defined.toml"],
        &["encode", "-p", "protocols/five_errors.ksy", "{}"],
        &["encode", "-p", "till", "-c", "defined.toml", "{}"],
        &["decode", "-p", "till", "-c", "defined.toml", "00"],
        &[
            "send",
            "-p",
            "protocols/five_errors.ksy",
            "--to",
            "tcp://127.0.0.1:1",
            "{}",
        ],
    ] {
        let run = gatewright(verb);
        assert_eq!((run.code, run.stdout.as_str()), (Some(78), ""), "{run}");
        let found = run.stderr.matches("--> protocols/five_errors.ksy:").count();
        assert_eq!(found, 5, "{run}");
    }
}

#[test]
fn protocols_of_a_configuration_can_be_named() {
    let message = r#"{"auth_rsp":{"seq":7,"status":0,"code":"A1B2C3"}}"#;
    let bytes = "ac4d000c810000000700413142324333";
    let run = gatewright(&["encode", "-p", "linked", "-c", "named.toml", message]);
    assert_eq!((run.code, run.stdout), (Some(0), format!("{bytes}\n")));
    let decode = ["decode", "-p", "linked", "-c", "named.toml", bytes];
    let run = gatewright(&[&decode[..], &["--format", "json"]].concat());
    assert_eq!((run.code, run.stdout), (Some(0), format!("{message}\n")));
    // What is linked in can be named beside them.
    let run = gatewright(&["decode", "-p", "pos", "-c", "named.toml", bytes]);
    assert_eq!(run.code, Some(0), "{run}");

    let unknown = gatewright(&["encode", "-p", "linkd", "-c", "named.toml", message]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown
            .stderr
            .contains("there is linked, dns, http, pos, resp"),
        "{unknown}"
    );
    for verb in [
        &["encode", "-p", "linked", message] as &[_],
        &["encode", "-p", METER, "-c", "named.toml", message],
    ] {
        let run = gatewright(verb);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run}");
    }
}
