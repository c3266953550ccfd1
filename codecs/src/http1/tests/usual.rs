//! What is read at one look is read as it would be otherwise.

use super::super::asked::{Asked, Method, Stays};
use super::super::head::Version;
use super::super::head::{Response, request, response, usual, usual_request, usual_response};
use super::super::search::{Search, Section};
use super::super::{CORPUS, MAX_FRAME};
use super::*;

/// As everybody sends them.
const HEADS: [&str; 6] = [
    "GET /a/b?c=%20&d HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: b (c; d)\r\nAccept: */*\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 12\r\nConnection: keep-alive\r\nX-1: \r\n\r\n",
    "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nhost: a\r\nUpgrade: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 12\r\nConnection: keep-alive\r\nX-2: \u{e9}\r\n\r\n",
    "HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\nHost: a\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Forwarded-For: a\r\n\r\n",
];

/// Bytes that mean something somewhere, and some that may stand nowhere.
const BYTES: &[u8] = b"\0\t\n\r !\"%,-./0159:;@AHZ[\\_`a{~\x7f\x80\xc3\xff";

/// What was asked, where that matters to the answer.
const ASKED: [Method; 3] = [Method::Other, Method::Head, Method::Connect];

#[test]
fn one_look_reads_what_the_others_read() {
    let samples = CORPUS.iter().filter_map(|sample| sample.bytes());
    let heads = HEADS.iter().map(|head| head.as_bytes().to_vec());
    let mut read = 0;
    samples.for_each(|sample| {
        check(&sample);
    });
    for whole in heads {
        read += check(&whole);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            for byte in BYTES {
                changed[at] = *byte;
                read += check(&changed);
            }
            changed.remove(at);
            read += check(&changed);
            for byte in BYTES {
                changed.insert(at, *byte);
                changed.insert(at, whole[at]);
                read += check(&changed);
                changed.drain(at..at + 2);
            }
        }
    }
    assert!(read > 10_000, "hardly any head is as usual: {read}");
}

/// Compares both, and tells how many sides read it at one look.
fn check(bytes: &[u8]) -> usize {
    let sides = [Side::Server, Side::Client].into_iter();
    sides.filter(|side| is_read_alike(*side, bytes)).count()
}

fn is_read_alike(side: Side, bytes: &[u8]) -> bool {
    let Some(found) = usual(side, bytes) else {
        return false;
    };
    let end = Search::default().advance(Section::Head(side), bytes, MAX_FRAME);
    assert_eq!(end, Ok(Some(found.end)), "{}", bytes.escape_ascii());
    let frame = Bytes::copy_from_slice(&bytes[..found.end]);
    for method in ASKED {
        let asked = Asked {
            method,
            version: Version::V11,
            stays: Stays::Yes,
        };
        let again = || usual(side, bytes).unwrap();
        let (one, other) = match side {
            Side::Server => (
                usual_request(frame.clone(), again())
                    .map(|request| said(&request, &request.record)),
                request(frame.clone()).map(|request| said(&request, &request.record)),
            ),
            Side::Client => (
                usual_response(frame.clone(), again(), asked).map(answered),
                response(frame.clone(), asked).map(answered),
            ),
        };
        assert_eq!(one, other, "{side:?} {}", bytes.escape_ascii());
    }
    true
}

/// All of it: what prints itself, and the fields, which do not.
fn said(what: &dyn std::fmt::Debug, record: &[Value]) -> (String, Vec<Value>) {
    (format!("{what:?}"), record.to_vec())
}

fn answered(response: Response) -> (String, Vec<Value>) {
    match &response {
        Response::Final { record, .. } => said(&response, record),
        Response::Interim => said(&response, &[]),
    }
}

/// Its end is looked for as it comes, and it is read once it is whole.
#[test]
fn heads_in_pieces_are_read_as_whole_ones_are() {
    for head in HEADS {
        let side = if head.starts_with("HTTP") {
            Side::Client
        } else {
            Side::Server
        };
        let at_once = read_well(&mut *codec(side), head.as_bytes());
        let mut slow = codec(side);
        for most in 1..head.len() {
            let found = slow.delimit(&head.as_bytes()[..most]);
            assert_eq!(found, Ok(Delimited::need(1)), "{head:?} {most}");
        }
        assert_eq!(read_well(&mut *slow, head.as_bytes()), at_once, "{head:?}");
    }
}
