//! Bytes and messages: `decode`, `encode`.

use crate::{gatewright, gatewright_reading};
use insta::assert_snapshot;

const AUTH_REQ: &str = "ac4d002d01000000074d313233202020202020202020202034313131313131313131313131313131202020000004e203d2";
const AUTH_RSP: &str = "ac4d000c810000000700413142324333";
const QUERY: &str = "00211a2b012000010000000000000377777707657861 6d706c6503636f6d0000010001";

#[test]
fn messages_are_shown_without_secrets() {
    let both = format!("# a request\n{AUTH_REQ}\n# and its reply\n{AUTH_RSP}\n");
    let run = gatewright_reading(&["decode", "-p", "pos", "--hex"], both.as_bytes());
    assert!(!run.stdout.contains("4111"), "{run}");
    assert_snapshot!(run);
}

#[test]
fn secrets_are_shown_when_asked() {
    let shown = gatewright(&["decode", "-p", "pos", AUTH_REQ, "--show-secrets"]);
    assert!(shown.stdout.contains("4111111111111111"), "{shown}");
    let masked = gatewright(&["decode", "-p", "pos", AUTH_REQ, "--format", "json"]);
    assert!(masked.stdout.contains(r#""pan":"***""#), "{masked}");
}

#[test]
fn nested_messages_are_trees() {
    assert_snapshot!(gatewright(&["decode", "-p", "dns", QUERY]));
}

const SHOWN: &str = "protocols/shown.ksy";
/// Sales of `shown.ksy`: one with a note in UTF-8, one whose note is no text.
const SALES: [&str; 2] = [
    "1e01000700c0fe01fffffffffffffffffffffb1e000301fa123400016ec3a9",
    "1c01000800c0fe077fffffffffffffff000004b000040a0a00000001ff",
];

#[test]
fn fields_are_shown_as_their_definition_says() {
    for sale in SALES {
        assert_snapshot!(gatewright(&[
            "decode", "-p", SHOWN, sale, "--format", "json"
        ]));
        round_trip(SHOWN, sale);
    }
    let arguments = ["test", "shown.test.toml", "--config", "shown.toml"];
    assert_snapshot!(gatewright(&arguments));
}

#[test]
fn values_that_are_no_multiple_of_their_scale_are_refused() {
    let sale = r#"{"sale":{"seq":1,"terminal_id":"000000","colour":0,"account":0,"amount":0.001,
        "fee":0,"rates":[0,0],"digits":0,"key":"AAA=","note":""}}"#;
    let run = gatewright(&["encode", "-p", SHOWN, sale]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("sale.amount: is no multiple of 0.01"),
        "{run}"
    );
}

/// Bytes to JSON and back again.
fn round_trip(protocol: &str, hex: &str) {
    let show = [
        "decode",
        "-p",
        protocol,
        hex,
        "--format",
        "json",
        "--show-secrets",
    ];
    let shown = gatewright(&show);
    assert_eq!(shown.code, Some(0), "{shown}");
    let back = gatewright_reading(&["encode", "-p", protocol], shown.stdout.as_bytes());
    assert_eq!(
        back.stdout.replace('\n', ""),
        hex.replace(' ', ""),
        "{back}"
    );
    assert_eq!(back.code, Some(0));
}

#[test]
fn what_is_decoded_can_be_encoded() {
    round_trip("pos", AUTH_REQ);
    round_trip("pos", &format!("{AUTH_REQ}{AUTH_RSP}"));
    round_trip("dns", QUERY);
    // A push, which only servers send.
    round_trip("resp", &hex(b">2\r\n$10\r\ninvalidate\r\n_\r\n"));
    round_trip("resp", &hex(b"*1\r\n$4\r\nping\r\n+PONG\r\n-ERR x\r\n"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_comes_before_an_error_is_shown() {
    let bytes = format!("{AUTH_RSP}ac4d000c81000000");
    assert_snapshot!(gatewright(&["decode", "-p", "pos", &bytes]));
    let bytes = format!("{AUTH_RSP}ac4e");
    assert_snapshot!(gatewright(&["decode", "-p", "pos", &bytes]));
}

#[test]
fn errors_are_told_to_programs_too() {
    let run = gatewright(&["decode", "-p", "pos", "ac4d000c81", "--format=json"]);
    assert_eq!(run.code, Some(1));
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["error"]["missing"], 11);
    let run = gatewright(&[
        "decode",
        "-p",
        "pos",
        "--from=client",
        AUTH_RSP,
        "--format=json",
    ]);
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["error"]["cause"], "wrong-direction");
}

#[test]
fn nothing_is_no_frame() {
    let run = gatewright(&["decode", "-p", "pos"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
}

#[test]
fn a_mask_is_not_sent_for_the_secret() {
    let shown = gatewright(&["decode", "-p", "pos", AUTH_REQ, "--format", "json"]);
    let back = gatewright_reading(&["encode", "-p", "pos"], shown.stdout.as_bytes());
    assert_eq!((back.code, back.stdout.as_str()), (Some(1), ""), "{back}");
    assert!(
        back.stderr.starts_with("error: message 1: auth_req.pan: "),
        "{back}"
    );
}

#[test]
fn what_a_body_holds_is_shown_as_secrets_are() {
    let request = b"PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n";
    for (body, text, json) in [
        (b"\"\n", r#"  "\"\n""#, r#"{"event":"body","text":"\"\n"}"#),
        (b"\xff\0", "  hex ff00", r#"{"event":"body","hex":"ff00"}"#),
    ] {
        let input = hex(&[request, body.as_slice()].concat());
        let decode = |options: &[&str]| {
            let run = gatewright(&[&["decode", "-p", "http", &input], options].concat());
            assert_eq!(run.code, Some(0), "{run}");
            run.stdout.lines().last().unwrap().to_owned()
        };
        let place = format!("body at byte {}, 2 bytes", request.len());
        assert_eq!(decode(&[]), place);
        assert_eq!(decode(&["--format=json"]), r#"{"event":"body"}"#);
        assert_eq!(decode(&["--show-secrets"]), text);
        assert_eq!(decode(&["--format=json", "--show-secrets"]), json);
    }
}

#[test]
fn a_mask_is_found_in_lists_and_in_bytes_that_are_shown_as_text() {
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer s3cret\r\n\r\n";
    let show = ["decode", "-p", "http", &hex(request), "--format", "json"];
    let shown = gatewright(&show);
    assert_eq!(shown.code, Some(0), "{shown}");
    let back = gatewright_reading(&["encode", "-p", "http"], shown.stdout.as_bytes());
    assert_eq!((back.code, back.stdout.as_str()), (Some(1), ""), "{back}");
    let place = "error: message 1: request.headers[0].value: its value is only masked";
    assert!(back.stderr.starts_with(place), "{back}");

    let card = r#"{"swipe":{"track":"***"}}"#;
    let run = gatewright(&["encode", "-p", "protocols/card.ksy", card]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
    let place = "error: message 1: swipe.track: its value is only masked";
    assert!(run.stderr.starts_with(place), "{run}");
}

#[test]
fn what_is_no_file_can_be_read_too() {
    let arguments = ["decode", "-p", "pos", "--hex", "/dev/stdin"];
    let run = gatewright_reading(&arguments, AUTH_RSP.as_bytes());
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.starts_with("auth_rsp (reply, id 7)"), "{run}");
}

#[test]
fn fields_that_do_not_fit_are_named() {
    let cases = [
        (
            r#"{"auth_rsp":{"seq":1,"stats":3}}"#,
            "message 1: auth_rsp.stats: ",
        ),
        (
            r#"[{"auth_rsp":{"seq":1,"status":3}},{"auth_rsp":{"seq":1,"status":300}}]"#,
            "message 2: auth_rsp.status: ",
        ),
        (
            r#"{"auth_rsp":{"seq":1,"status":3,"code":"12"}}"#,
            "message 1: auth_rsp: field `code` ",
        ),
        (
            r#"{"event":"heartbeat"}"#,
            "message 1: `heartbeat` is no message",
        ),
        (r#"{"auth":{}}"#, "message 1: `pos` has no operation `auth`"),
        ("{", "the argument is neither a file nor JSON"),
    ];
    for (json, expected) in cases {
        let run = gatewright(&["encode", "-p", "pos", json]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
        let expected = format!("error: {expected}");
        assert!(run.stderr.starts_with(&expected), "{expected}: {run}");
    }
}
