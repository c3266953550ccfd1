//! New projects.

use crate::gatewright;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that is not there yet.
fn nowhere(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn within(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

#[test]
fn a_new_project_is_good_tested_and_answers() {
    let folder = nowhere("shelf");
    let made = gatewright(&["init", folder.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made}");
    for good in [
        &["check", "shelf.ksy", "--deny-warnings"] as &[_],
        &["check", "--deny-warnings"],
        &["test"],
    ] {
        let run = within(&folder, good);
        assert!(run.status.success(), "{good:?}: {run:?}");
    }
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_gatewright"))
        .arg("run")
        .current_dir(&folder)
        .env_clear()
        .env("GATEWRIGHT_BIND", "tcp://127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(gateway.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim()
        .strip_prefix("listening shelf ")
        .map(str::to_owned);
    let message = r#"{"lookup": {"number": 7, "article": "A1"}}"#;
    let sent = address.as_deref().map(|address| {
        within(
            &folder,
            &[
                "send",
                "-p",
                "shelf.ksy",
                "--to",
                address,
                message,
                "--format",
                "json",
            ],
        )
    });
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let sent = sent.unwrap_or_else(|| panic!("the gateway said {line:?}"));
    let reply = String::from_utf8(sent.stdout).unwrap();
    assert!(
        reply.contains(r#""found""#) && reply.contains(r#""amount":12"#),
        "{reply}"
    );
}

#[test]
fn a_new_project_has_what_fuzzers_need() {
    let folder = nowhere("fuzzed");
    let made = gatewright(&["init", folder.to_str().unwrap(), "--name", "shelf"]);
    assert!(made.stdout.contains("3 messages, 3 of them good"), "{made}");
    let words = fs::read_to_string(folder.join("fuzz/shelf.dict")).unwrap();
    assert!(words.contains(r#"shelf_magic="\x53\x54""#), "{words}");
    assert_eq!(
        fs::read(folder.join("fuzz/corpus/failed")).unwrap().len(),
        10
    );
    let file = folder.join("shelf.ksy");
    let out = folder.join("fuzz");
    let [file, out] = [&file, &out].map(|path| path.to_str().unwrap());
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let crate_of = |definition: &str, source: &str| {
        gatewright(&["gen", "fuzz", definition, "-o", out, "--source", source])
    };
    let run = crate_of(file, source);
    assert_eq!(run.code, Some(0), "{run}");
    // fuzz/project.sh builds and runs it.
    let target = fs::read_to_string(folder.join("fuzz/fuzz_targets/shelf.rs")).unwrap();
    assert!(
        target.contains(r#"const DEFINITION: &str = "../shelf.ksy";"#),
        "{target}"
    );
    let manifest = fs::read_to_string(folder.join("fuzz/Cargo.toml")).unwrap();
    assert!(
        !manifest.contains("SOURCE") && !manifest.contains("NAME"),
        "{manifest}"
    );
    let wrong = crate_of(file, folder.to_str().unwrap());
    assert_eq!(wrong.code, Some(2), "{wrong}");
    let no_section = crate_of("protocols/meter.ksy", source);
    assert_eq!(no_section.code, Some(2), "{no_section}");
}

#[test]
fn nothing_is_overwritten() {
    let folder = nowhere("kept");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("gatewright.toml"), "mine").unwrap();
    let run = gatewright(&["init", folder.to_str().unwrap()]);
    assert_eq!(run.code, Some(71), "{run}");
    assert!(
        run.stderr.contains("gatewright.toml is there already"),
        "{run}"
    );
    let there: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert_eq!(there.len(), 1);
    assert_eq!(fs::read(folder.join("gatewright.toml")).unwrap(), b"mine");
}

#[test]
fn names_are_those_that_definitions_take() {
    let folder = nowhere("No Name!");
    let run = gatewright(&["init", folder.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(folder.join("acme.ksy").is_file(), "{run}");
    let folder = nowhere("named");
    let path = folder.to_str().unwrap();
    assert_eq!(gatewright(&["init", path, "--name", "9"]).code, Some(2));
    assert!(!folder.exists());
    assert_eq!(
        gatewright(&["init", path, "--name", "till_2"]).code,
        Some(0)
    );
    assert!(folder.join("till_2.test.toml").is_file());
}
