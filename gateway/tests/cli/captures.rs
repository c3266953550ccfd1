//! Captures: what `decode` finds in them.

use crate::{Run, gatewright};
use serde_json::{Value, json};

/// The messages and the errors of a capture.
fn read(arguments: &[&str]) -> (Run, Vec<Value>, Vec<Value>) {
    let run = gatewright(&[&["decode", "--format", "json", "-p"], arguments].concat());
    let documents = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let (messages, errors) = (documents(&run.stdout), documents(&run.stderr));
    (run, messages, errors)
}

/// Who sent which message.
fn said(messages: &[Value]) -> Vec<(&str, &Value)> {
    let said = messages.iter();
    said.map(|said| (said["sender"].as_str().unwrap(), &said["message"]))
        .collect()
}

#[test]
fn both_sides_of_a_connection_are_read_in_order() {
    let (run, messages, errors) = read(&["pos", "captures/pos.pcap"]);
    assert_eq!((run.code, errors.len()), (Some(0), 0), "{run}");
    let ids: Vec<_> = said(&messages)
        .into_iter()
        .map(|(sender, message)| {
            let (operation, fields) = message.as_object().unwrap().iter().next().unwrap();
            (sender, operation.as_str(), fields["seq"].as_u64().unwrap())
        })
        .collect();
    // Each request came in two segments, the second of which held the next one's beginning.
    let expected = [
        ("client", "auth_req", 7),
        ("client", "auth_req", 8),
        ("server", "auth_rsp", 7),
        ("server", "auth_rsp", 8),
    ];
    assert_eq!(ids, expected);
    assert_eq!(messages[0]["time"], "2026-11-26T18:25:45.132638Z");
    assert_eq!(messages[0]["from"], "127.0.0.1:35732");
    assert_eq!(messages[0]["to"], "127.0.0.1:7700");
    assert_eq!(messages[0]["transport"], "tcp");
}

#[test]
fn people_see_time_ends_and_message() {
    let run = gatewright(&[
        "decode",
        "-p",
        "pos",
        "captures/pos.pcap",
        "--from",
        "server",
    ]);
    let head = "2026-11-26T18:25:45.182856Z tcp 127.0.0.1:7700 > 127.0.0.1:35732 (server)\n\
                auth_rsp (reply, id 7) at byte 0, 16 bytes\n";
    assert!(run.stdout.starts_with(head), "{run}");
    assert!(!run.stdout.contains("auth_req"), "{run}");
}

#[test]
fn a_gap_stops_its_side_only() {
    let (run, messages, errors) = read(&["pos", "captures/gap.pcap"]);
    assert_eq!(run.code, Some(1));
    let senders: Vec<_> = said(&messages)
        .into_iter()
        .map(|(sender, _)| sender)
        .collect();
    assert_eq!(senders, ["server", "server"]);
    let gap = errors.iter().find(|error| error["error"]["cause"] == "gap");
    let message = "32 bytes are missing behind byte 20; nothing is read after them";
    let gap = gap.unwrap_or_else(|| panic!("{run}"));
    assert_eq!(gap["error"]["message"], message);
    assert_eq!(gap["sender"], "client");
}

#[test]
fn datagrams_are_messages_without_what_streams_add() {
    let (run, messages, errors) = read(&["dns", "captures/dns.pcapng"]);
    assert_eq!(run.code, Some(1));
    let said = said(&messages);
    assert_eq!(said.len(), 2);
    assert_eq!(
        (said[0].0, &said[0].1["query"]["id"]),
        ("client", &json!(6699))
    );
    let answer = &said[1].1["answer"]["answers"][0]["data"];
    assert_eq!((said[1].0, answer), ("server", &json!("wAACAQ==")));
    // The third has three bytes.
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["error"]["cause"], "too-short");
}

#[test]
fn definitions_read_captures_too() {
    let (run, messages, errors) = read(&["protocols/meter.ksy", "captures/meter.pcap"]);
    assert_eq!((run.code, messages.len()), (Some(1), 4), "{run}");
    assert_eq!(messages[0]["message"]["body"]["place"], "attic");
    assert_eq!(messages[0]["from"], "[::1]:60410");
    assert_eq!(errors[0]["error"]["path"], "body.inner.right");
    assert!(!run.stdout.contains("hunter2"), "{run}");
}

#[test]
fn ports_choose_conversations_and_sides() {
    let (run, messages, _) = read(&["pos", "captures/pos.pcap", "--port", "35732"]);
    // Nobody reads requests from a server: the sides are as the command line says.
    assert_eq!((run.code, messages.len()), (Some(1), 0), "{run}");
    let run = gatewright(&["decode", "-p", "pos", "captures/pos.pcap", "--port", "9"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let left_out = "note: left out: 2 streams and datagrams of other ports\n";
    assert!(run.stderr.starts_with(left_out), "{run}");
    let run = gatewright(&["decode", "-p", "pos", "00", "--port", "9"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn a_capture_is_bytes_where_it_is_said_to_be() {
    let whole = [
        "decode",
        "-p",
        "protocols/capture.ksy",
        "captures/pos.pcap",
        "--whole",
    ];
    let run = gatewright(&whole);
    assert!(run.stdout.contains("version_major = 2\n"), "{run}");
}
