//! `send`, against a server that answers `pos` requests as it likes.

use crate::gatewright;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

const REQUESTS: &str = r#"[
    {"auth_req":{"seq":7,"merchant":"M","pan":"4111","amount":1,"currency":978}},
    {"auth_req":{"seq":8,"merchant":"M","pan":"4111","amount":2,"currency":978}}
]"#;
const REQUEST_LEN: usize = 49;
const REPLY_TO_7: &[u8] = b"\xac\x4d\x00\x0c\x81\x00\x00\x00\x07\x00A1B2C3";
const REPLY_TO_8: &[u8] = b"\xac\x4d\x00\x0c\x81\x00\x00\x00\x08\x33------";

/// Serves one connection: reads both requests, says `answer`, closes.
fn serve(answer: Vec<u8>) -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 2 * REQUEST_LEN]).unwrap();
        stream.write_all(&answer).unwrap();
    });
    (address, server)
}

#[test]
fn replies_are_shown_with_what_they_answer() {
    let (address, server) = serve([REPLY_TO_8, REPLY_TO_7].concat());
    let run = gatewright(&["send", "-p", "pos", "--to", &address, REQUESTS]);
    server.join().unwrap();
    assert_eq!(run.code, Some(0), "{run}");
    let heads = run.stdout.lines().filter(|line| !line.starts_with(' '));
    let heads: Vec<_> = heads
        .map(|line| line.split(" after").next().unwrap())
        .collect();
    let expected = [
        "auth_rsp (reply, id 8), answers message 2",
        "auth_rsp (reply, id 7), answers message 1",
    ];
    assert_eq!(heads, expected);
}

#[test]
fn what_is_not_answered_is_told() {
    let (address, server) = serve(REPLY_TO_8.to_vec());
    let run = gatewright(&[
        "send",
        "-p",
        "pos",
        "--to",
        &address,
        REQUESTS,
        "--format=json",
    ]);
    server.join().unwrap();
    assert_eq!(run.code, Some(1), "{run}");
    let reply = r#"{"auth_rsp":{"seq":8,"status":51,"code":"------"}}"#;
    assert_eq!(run.stdout, format!("{reply}\n"));
    assert!(run.stderr.contains("no reply to message 1\n"), "{run}");
}

#[test]
fn nobody_there_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", free.local_addr().unwrap());
    drop(free);
    let run = gatewright(&["send", "-p", "pos", "--to", &address, REQUESTS]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: cannot connect to 127.0.0.1:"),
        "{run}"
    );
}
