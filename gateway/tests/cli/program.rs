//! The program as a whole.

use crate::gatewright;
use std::process::{Command, ExitCode, Stdio};

#[test]
fn a_bad_command_line_is_refused() {
    let cases: &[&[&str]] = &[
        &[],
        &["fly"],
        &["check", "--colour"],
        &["decode", "00"],
        &["decode", "-p", "morse", "00"],
        &["decode", "-p", "pos", "no such file"],
        &["encode", "-p", "pos", "{}", "--format", "xml"],
        &["send", "-p", "pos", "{}"],
        &["send", "-p", "pos", "--to", "localhost", "{}"],
        &[
            "send",
            "-p",
            "pos",
            "--to",
            "tcp://127.0.0.1:1",
            "--timeout",
            "5",
            "{}",
        ],
        &["explain", "the weather"],
    ];
    for arguments in cases {
        let run = gatewright(arguments);
        assert_eq!(run.code, Some(2), "{run}");
        assert_eq!(run.stdout, "", "{run}");
        assert_ne!(run.stderr, "", "{run}");
    }
}

#[test]
fn help_names_every_verb() {
    let run = gatewright(&["--help"]);
    assert_eq!(run.code, Some(0));
    let verbs = [
        "demo",
        "init",
        "run",
        "check",
        "explain",
        "test",
        "decode",
        "encode",
        "send",
        "gen",
        "completions",
        "version",
    ];
    for verb in verbs {
        let line = format!("\n  {verb} ");
        assert!(run.stdout.contains(&line), "{verb}: {run}");
        let help = gatewright(&[verb, "--help"]);
        assert_eq!(help.code, Some(0), "{help}");
    }
}

/// Nothing refers to it but the linker.
#[test]
#[cfg(feature = "mimalloc")]
fn mimalloc_is_the_allocator() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_gatewright"));
    let output = program.arg("version").env("MIMALLOC_VERBOSE", "1").output();
    let told = output.expect("the program runs").stderr;
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("mimalloc: process init"), "{told}");
}

#[test]
fn version_tells_what_is_linked_in() {
    let short = gatewright(&["version"]);
    assert_eq!(
        short.stdout,
        format!("gatewright {}\n", env!("CARGO_PKG_VERSION"))
    );
    let long = gatewright(&["version", "-v"]);
    assert!(
        long.stdout.contains("protocols: dns, http, pos, resp\n"),
        "{long}"
    );
    let json = gatewright(&["version", "-v", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        json["protocols"],
        serde_json::json!(["dns", "http", "pos", "resp"])
    );
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = gatewright(&["completions", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("deny-warnings"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    // More than a pipe holds, so that the program meets the closed end.
    let frame = "ac4d000c810000000700413142324333";
    let mut program = Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .args(["decode", "-p", "pos", &frame.repeat(2_000)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(program.stdout.take());
    let output = program.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_reader_that_leaves_does_not_change_the_verdict() {
    let cases: &[(&[&str], i32)] = &[
        (&["test", "failing.test.toml", "-c", "gatewright.toml"], 1),
        (&["check", "-c", "five_errors.toml", "--format=json"], 78),
        (&["check", "-c", "warning.toml", "--deny-warnings"], 1),
        (&["check", "protocols/card.ksy", "no_such_file.ksy"], 78),
        (&["check"], 0),
    ];
    for (arguments, code) in cases {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = Command::new(env!("CARGO_BIN_EXE_gatewright"))
            .args(*arguments)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/data"))
            .stdout(writer)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(*code), "{arguments:?}");
    }
}

#[test]
fn a_binary_of_ones_own_has_its_protocols_in_every_verb() {
    let run = |arguments: &[&str]| {
        let arguments = ["till"].iter().chain(arguments).map(Into::into);
        gatewright::cli()
            .protocol("till", gatewright_codecs::pos::Pos::new())
            .run_with(arguments.collect::<Vec<_>>())
    };
    let message = r#"{"auth_rsp":{"seq":1,"status":0}}"#;
    assert_eq!(run(&["encode", "-p", "till", message]), ExitCode::SUCCESS);
    assert_eq!(
        run(&["decode", "-p", "till", "ac4d000c810000000700413142324333"]),
        ExitCode::SUCCESS
    );
    assert_eq!(run(&["encode", "-p", "tills", message]), ExitCode::from(2));
}
