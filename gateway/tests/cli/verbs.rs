//! Configurations: `check`, `explain`, `test`.

use crate::{gatewright, gatewright_with};
use insta::assert_snapshot;
use serde_json::Value;
use std::path::Path;

fn json(arguments: &[&str]) -> (Option<i32>, Value) {
    let run = gatewright(arguments);
    assert_eq!(run.stderr, "");
    (run.code, serde_json::from_str(&run.stdout).unwrap())
}

#[test]
fn check_finds_five_planted_errors() {
    let run = gatewright(&["check", "-c", "five_errors.toml"]);
    assert_eq!(run.code, Some(78));
    assert_eq!(run.stderr.matches("error[").count(), 5, "{}", run.stderr);
    assert_snapshot!(run);
}

#[test]
fn check_tells_the_worst_case_memory() {
    assert_snapshot!(gatewright(&["check"]));
}

#[test]
fn lists_that_rules_look_at_are_in_the_worst_case() {
    let (code, found) = json(&["check", "-c", "samples.toml", "--format=json"]);
    assert_eq!(code, Some(0), "{found}");
    let lines = found["memory"]["lines"].as_array().unwrap().iter();
    let requests = lines.filter(|line| line["what"].as_str().unwrap().starts_with("requests"));
    let bytes: Vec<_> = requests
        .map(|line| line["bytes"].as_u64().unwrap())
        .collect();
    let [read, passed, many] = bytes[..] else {
        panic!("{bytes:?}")
    };
    // Each byte of a frame may be a value, beside what the rules make of it: some fifty bytes for seven.
    assert!(read > 7 * passed, "{read} {passed}");
    // They fill what `gateway.in-flight` leaves, so that there are fewer frames to make something of.
    let room = 7_u64 << 30;
    let all = read + passed + many;
    assert!(many < room && all.abs_diff(room) < 100, "{bytes:?}");
}

#[test]
fn check_tells_programs_the_same() {
    let (code, found) = json(&["check", "-c", "five_errors.toml", "--format", "json"]);
    assert_eq!(code, Some(78));
    let lines = found["diagnostics"].as_array().unwrap().iter();
    let lines: Vec<_> = lines
        .map(|d| (d["line"].as_u64(), d["code"].as_str()))
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], (Some(2), Some("GW1008")));
    assert!(found["memory"].is_null());

    let (code, found) = json(&["check", "--format", "json"]);
    assert_eq!(code, Some(0));
    let parts = found["memory"]["lines"].as_array().unwrap().iter();
    let sum: u64 = parts.map(|line| line["bytes"].as_u64().unwrap()).sum();
    assert_eq!(found["memory"]["bytes"].as_u64(), Some(sum));
    assert!(sum > 1 << 20);
}

#[test]
fn check_denies_warnings_when_asked() {
    let lenient = gatewright(&["check", "-c", "warning.toml"]);
    assert_eq!(lenient.code, Some(0));
    assert!(lenient.stderr.contains("warning[GW1013]"), "{lenient}");
    assert!(lenient.stdout.contains("good, with 1 warning"), "{lenient}");
    let strict = gatewright(&["check", "-c", "warning.toml", "--deny-warnings"]);
    assert_eq!(strict.code, Some(1));
    assert!(!strict.stdout.contains("good"), "{strict}");
    assert!(
        strict.stderr.ends_with("warning.toml: 1 warning, denied\n"),
        "{strict}"
    );
    let (code, found) = json(&[
        "check",
        "-c",
        "warning.toml",
        "--deny-warnings",
        "--format=json",
    ]);
    assert_eq!(code, Some(1));
    assert_eq!(found["diagnostics"][0]["severity"], "warning");
}

#[test]
fn check_reads_what_tls_needs() {
    for verb in ["check", "run"] {
        let run = gatewright(&[verb, "-c", "no_certificate.toml"]);
        assert_eq!(run.code, Some(78), "{run}");
        assert_eq!(run.stderr.matches("error[GW4005]").count(), 2, "{run}");
        assert!(run.stderr.contains(" no_certificate.toml:4:16"), "{run}");
        assert!(run.stderr.contains(" no_certificate.toml:8:14"), "{run}");
    }
}

#[test]
fn check_warns_of_authorities_that_this_system_lacks() {
    let without = [("SSL_CERT_FILE", "no_such_file.pem")];
    let lenient = gatewright_with(&["check", "-c", "system_authorities.toml"], &without);
    assert_eq!(lenient.code, Some(0), "{lenient}");
    assert_eq!(lenient.stderr.matches("warning[GW4006]").count(), 1);
    assert!(lenient.stderr.contains("upstream `payments`"), "{lenient}");
    assert!(lenient.stdout.contains("good, with 1 warning"), "{lenient}");
    let arguments = ["check", "-c", "system_authorities.toml", "--deny-warnings"];
    assert_eq!(gatewright_with(&arguments, &without).code, Some(1));
    let run = gatewright_with(&["run", "-c", "system_authorities.toml"], &without);
    assert_eq!(run.code, Some(71), "{run}");
}

#[test]
fn check_of_nothing_is_a_bad_configuration() {
    let run = gatewright(&["check", "-c", "no_such_file.toml"]);
    assert_eq!(run.code, Some(78));
    assert!(run.stderr.contains("error[GW4001]"), "{run}");
}

#[test]
fn explain_knows_codes_and_keys() {
    let code = gatewright(&["explain", "gw2004"]);
    assert!(code.stdout.starts_with("GW2004: "), "{code}");
    let key = gatewright(&["explain", "listeners.pos.limits.frame"]);
    assert!(key.stdout.contains("default"), "{key}");
    let (exit, explained) = json(&["explain", "GW5001", "--format", "json"]);
    assert_eq!(
        (exit, &explained["subject"]),
        (Some(0), &Value::from("GW5001"))
    );
}

#[test]
fn explain_suggests_what_was_meant() {
    assert_snapshot!(gatewright(&["explain", "limts"]));
}

#[test]
fn tests_pass() {
    assert_snapshot!(gatewright(&["test", "good.test.toml"]));
}

#[test]
fn tests_fail_with_what_differs() {
    assert_snapshot!(gatewright(&[
        "test",
        "failing.test.toml",
        "-c",
        "gatewright.toml"
    ]));
}

#[test]
fn tests_that_are_wrong_are_pointed_at() {
    assert_snapshot!(gatewright(&["test", "wrong.test.toml"]));
}

#[test]
fn no_test_at_all_is_an_error() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-test");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("none.test.toml");
    std::fs::write(&file, "test = []\n").unwrap();
    let run = gatewright(&["test", "-c", "gatewright.toml", file.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("error[GW1018]: there is no test"),
        "{run}"
    );
}

#[test]
fn a_relay_has_nothing_to_test_but_costs_memory() {
    let arguments = ["test", "relay.test.toml", "--config", "relay.toml"];
    assert_snapshot!(gatewright(&arguments));
    assert_snapshot!(gatewright(&["check", "-c", "relay.toml"]));
}

#[test]
fn what_is_forwarded_has_its_tests_too() {
    let arguments = ["test", "forward.test.toml", "--config", "forward.toml"];
    assert_snapshot!(gatewright(&arguments));
}

#[test]
fn tests_tell_programs_the_same() {
    let (code, found) = json(&[
        "test",
        "good.test.toml",
        "failing.test.toml",
        "--format=json",
    ]);
    assert_eq!(code, Some(1));
    let tests = found["tests"].as_array().unwrap();
    let passed = tests.iter().filter(|test| test["passed"] == true).count();
    assert_eq!((passed, tests.len()), (7, 12));
    assert_eq!(tests[8]["differences"][0]["at"], "expect");
}

#[test]
fn tests_need_a_good_configuration_and_files() {
    let run = gatewright(&["test", "good.test.toml", "-c", "five_errors.toml"]);
    assert_eq!(run.code, Some(78));
    let all = [
        "test",
        "good.test.toml",
        "-c",
        "five_errors.toml",
        "--format",
        "json",
    ];
    let (code, found) = json(&all);
    assert_eq!(
        (code, found["diagnostics"].as_array().unwrap().len()),
        (Some(78), 5)
    );
    let run = gatewright(&["test", "no_such_file.test.toml", "-c", "gatewright.toml"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn the_examples_pass_their_tests() {
    for example in [
        "quickstart",
        "definition",
        "dns-to-doh",
        "convert",
        "redis",
        "redis-to-events",
        "rest-to-pos",
        "http-to-http",
        "rest-to-iso8583",
        "iso8583-to-rest",
        "modbus",
        "mqtt",
        "memcached",
        "dns-definition",
    ] {
        let config = format!("../../../../config/examples/{example}/gatewright.toml");
        let run = gatewright(&["test", "-c", &config]);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.stdout.ends_with(" passed, 0 failed\n"), "{run}");
        let folder = format!("../../../../config/examples/{example}");
        assert_eq!(gatewright(&["test", "-c", &folder]).stdout, run.stdout);
    }
}

#[test]
fn the_shipped_definitions_pass_their_tests() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
    let folders = std::fs::read_dir(&library).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    let mut tested = 0;
    for folder in folders.filter(|path| path.is_dir()) {
        let config = folder.join("gatewright.toml").display().to_string();
        let run = gatewright(&["test", "-c", &config]);
        assert_eq!(run.code, Some(0), "{run}");
        assert!(run.stdout.ends_with(" passed, 0 failed\n"), "{run}");
        tested += 1;
    }
    assert!(tested >= 18, "{tested} definitions");
}

/// What holds for a codec holds for the definition of the same protocol.
#[test]
fn the_quickstart_by_definition_passes_the_same_tests() {
    let examples = "../../../../config/examples";
    let config = format!("{examples}/definition/gatewright.toml");
    let tests = format!("{examples}/quickstart/quickstart.test.toml");
    let run = gatewright(&["test", &tests, "-c", &config]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.ends_with("3 passed, 0 failed\n"), "{run}");
    let text = |path: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
        std::fs::read_to_string(folder.join(path)).unwrap()
    };
    assert_eq!(
        text("definition/definition.test.toml"),
        text("quickstart/quickstart.test.toml")
    );
}
