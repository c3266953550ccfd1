//! Frames by the definitions that are shipped.

use crate::{Run, gatewright};
use std::fs;
use std::path::{Path, PathBuf};

fn protocols() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols")
}

/// The bytes of messages of a corpus, one after the other.
fn bytes(protocol: &str, messages: &[&str]) -> String {
    let corpus = protocols().join(protocol).join("corpus");
    let text = messages.iter().map(|message| {
        let text = fs::read_to_string(corpus.join(message).with_extension("hex")).unwrap();
        let digits = text.lines().filter_map(|line| line.split('#').next());
        digits.collect::<String>()
    });
    text.collect::<String>().split_whitespace().collect()
}

fn decode(protocol: &str, bytes: &str, arguments: &[&str]) -> Run {
    let definition = protocols().join(protocol).join(format!("{protocol}.ksy"));
    let decode = ["decode", "-p", definition.to_str().unwrap(), bytes];
    gatewright(&[&decode, arguments].concat())
}

/// The first lines of the messages.
fn titles(run: &Run) -> Vec<&str> {
    let titles = run.stdout.lines();
    titles.filter(|line| line.contains(" at byte ")).collect()
}

#[test]
fn both_sides_are_read_frame_by_frame() {
    let both = bytes("pos", &["auth_req", "auth_rsp"]);
    let run = decode("pos", &both, &[]);
    assert_eq!(run.code, Some(0), "{run}");
    let expected = [
        "auth_req (request, id 7) at byte 0, 49 bytes",
        "auth_rsp (reply, id 7) at byte 49, 16 bytes",
    ];
    assert_eq!(titles(&run), expected);
    // Offsets are those of the input.
    assert!(run.stdout.contains("\n00000031  ac 4d  "), "{run}");
    assert!(!run.stdout.contains("4111"), "{run}");
}

#[test]
fn replies_are_read_with_their_requests() {
    let both = bytes("modbus", &["request_read_coils", "reply_read_coils"]);
    let run = decode("modbus", &both, &[]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("values: 19 elements"), "{run}");
    let json = decode("modbus", &both, &["--format", "json"]);
    assert_eq!(
        (json.code, json.stdout.lines().count()),
        (Some(0), 2),
        "{json}"
    );
    let alone = decode(
        "modbus",
        &bytes("modbus", &["reply_read_coils"]),
        &["--from", "server"],
    );
    assert_eq!(alone.code, Some(1));
    assert!(
        alone
            .stderr
            .contains("is read with its request, and none came before"),
        "{alone}"
    );
}

#[test]
fn escapes_are_taken_back() {
    let run = decode("jt808", &bytes("jt808", &["authenticate_2013"]), &[]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        titles(&run)[0].ends_with("offsets without marks and escapes"),
        "{run}"
    );
}

#[test]
fn frames_that_are_cut_or_wrong_are_told_with_their_place() {
    let reply = bytes("pos", &["auth_rsp"]);
    let run = decode("pos", &format!("{reply}{}", &reply[..12]), &[]);
    assert_eq!((run.code, titles(&run).len()), (Some(1), 1), "{run}");
    assert!(
        run.stderr
            .contains("begins at byte 16 is incomplete: 6 bytes are there"),
        "{run}"
    );
    let run = decode(
        "pos",
        &format!("{reply}{}", reply.replace("ac4d", "ac4e")),
        &[],
    );
    assert_eq!((run.code, titles(&run).len()), (Some(1), 2), "{run}");
    assert!(run.stderr.contains("at byte 16 (0x10): magic: "), "{run}");
    let whole = decode("pos", &reply, &["--whole"]);
    assert!(whole.stdout.starts_with("pos, 16 bytes\n"), "{whole}");
}

#[test]
fn wrong_checksums_are_no_good_messages() {
    let run = decode(
        "jt808",
        &bytes("jt808", &["bad_check"]),
        &["--from", "client"],
    );
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("has a checksum `check` that is not its own"),
        "{run}"
    );
}

#[test]
fn json_of_a_definition_is_what_encode_takes() {
    let bytes = bytes("memcached", &["request_get"]);
    let shown = decode("memcached", &bytes, &["--format", "json", "--show-secrets"]);
    assert_eq!(shown.code, Some(0), "{shown}");
    let definition = protocols().join("memcached/memcached.ksy");
    let back = gatewright(&[
        "encode",
        "-p",
        definition.to_str().unwrap(),
        shown.stdout.trim(),
    ]);
    assert_eq!(back.stdout.trim(), bytes, "{back}");
}

#[test]
fn captures_are_read_by_definitions_with_framing() {
    let definition = protocols().join("pos/pos.ksy");
    let definition = definition.to_str().unwrap();
    let run = gatewright(&["decode", "-p", definition, "captures/pos.pcap"]);
    assert_eq!((run.code, titles(&run).len()), (Some(0), 4), "{run}");
    let json = gatewright(&[
        "decode",
        "-p",
        definition,
        "captures/pos.pcap",
        "--format",
        "json",
    ]);
    let linked = gatewright(&[
        "decode",
        "-p",
        "pos",
        "captures/pos.pcap",
        "--format",
        "json",
    ]);
    assert_eq!(json.code, Some(0), "{json}");
    assert_eq!(json.stdout.lines().count(), linked.stdout.lines().count());
}
