use super::*;
use gatewright_core::codec::{Control, EncodeProblem};

fn server_after(requests: &[u8]) -> Box<dyn ConnCodec> {
    let mut server = codec(Side::Server);
    read(&mut *server, requests);
    server
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn the_codec_alone_writes_how_long_a_message_is() {
    let client = || codec(Side::Client);
    let line = "HTTP/1.1\r\nhost: a\r\n";
    let rows = [
        (
            Event::Head(request("GET", "/", &[])),
            format!("GET / {line}\r\n"),
        ),
        (
            Event::Head(request("POST", "/", &[("content-length", "7")])),
            format!("POST / {line}content-length: 0\r\n\r\n"),
        ),
        (
            whole(
                request("POST", "/", &[("Transfer-Encoding", "gzip"), ("A", "b")]),
                "hi",
            ),
            format!("POST / {line}A: b\r\ncontent-length: 2\r\n\r\nhi"),
        ),
        (
            Event::Head(request(
                "GET",
                "/",
                &[("Connection", "close, x"), ("X", "1"), ("Upgrade", "h2c")],
            )),
            format!("GET / {line}\r\n"),
        ),
    ];
    for (event, expected) in rows {
        assert_eq!(write(&mut *client(), event), expected);
    }
}

#[test]
fn answers_to_head_have_no_body() {
    let mut server =
        server_after(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
    assert_eq!(write(&mut *server, whole(response(200, &[]), "hi")), head);
    let awaited = response(200, &[("content-length", "2")]).with_body(Body::Awaited);
    assert_eq!(write(&mut *server, Event::Head(awaited)), head);
    assert_eq!(
        write(&mut *server, Event::Body(Bytes::from_static(b"hi"))),
        ""
    );
    assert_eq!(write(&mut *server, Event::End(Value::Null)), "");
}

#[test]
fn bodies_are_written_as_they_come() {
    let awaited = |fields| Event::Head(response(200, fields).with_body(Body::Awaited));
    let mut server = server_after(GET.as_bytes());
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(write(&mut *server, awaited(&[])), head);
    assert_eq!(
        write(&mut *server, Event::Body(Bytes::from_static(b"0123456789"))),
        "a\r\n0123456789\r\n"
    );
    assert_eq!(
        write(
            &mut *server,
            Event::End(headers(&[
                ("Sum", "1"),
                ("Content-Length", "7"),
                ("Host", "a")
            ])),
        ),
        "0\r\nSum: 1\r\n\r\n"
    );

    // HTTP/1.0 knows no chunks.
    let mut server = server_after(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    assert_eq!(write(&mut *server, awaited(&[])), head);
    assert_eq!(
        write(&mut *server, Event::Body(Bytes::from_static(b"hi"))),
        "hi"
    );
    assert!(server.has_ended());
}

#[test]
fn a_body_is_as_long_as_was_said() {
    let mut server = server_after(GET.as_bytes());
    let awaited = response(200, &[("Content-Length", "3")]).with_body(Body::Awaited);
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
    assert_eq!(write(&mut *server, Event::Head(awaited)), head);
    let mut out = BytesMut::new();
    for event in [
        Event::Body(Bytes::from_static(b"long")),
        Event::End(Value::Null),
    ] {
        let error = server.encode(&event, &mut out).unwrap_err();
        assert_eq!(*error.problem(), EncodeProblem::OutOfRange);
        assert!(out.is_empty());
    }
    assert_eq!(
        write(&mut *server, Event::Body(Bytes::from_static(b"abc"))),
        "abc"
    );
    assert_eq!(write(&mut *server, Event::End(Value::Null)), "");
}

#[test]
fn the_last_answer_says_so() {
    let ok = |server: &mut dyn ConnCodec| write(server, Event::Head(response(200, &[])));
    let plain = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let close = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let told = "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n";

    let last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut server = server_after([GET, last].concat().as_bytes());
    assert!(server.has_ended());
    assert_eq!([ok(&mut *server), ok(&mut *server)], [plain, close]);

    let mut server =
        server_after(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    assert_eq!([ok(&mut *server), ok(&mut *server)], [told, close]);

    // What cannot be read is answered last, behind what is still to be answered.
    let mut server = server_after([GET, "GET\r\n\r\n"].concat().as_bytes());
    assert_eq!([ok(&mut *server), ok(&mut *server)], [plain, close]);

    let cut = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX";
    let mut server = server_after([GET, cut].concat().as_bytes());
    assert_eq!([ok(&mut *server), ok(&mut *server)], [plain, close]);

    let mut server = server_after(GET.repeat(2).as_bytes());
    assert_eq!(write(&mut *server, Event::Control(Control::GoAway)), "");
    assert!(server.has_ended());
    assert_eq!([ok(&mut *server), ok(&mut *server)], [plain, close]);
}

#[test]
fn who_waits_is_told_once() {
    let waits = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    let go_on = || Event::Control(Control::Continue);
    let mut server = server_after(waits.as_bytes());
    assert_eq!(
        write(&mut *server, go_on()),
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    assert_eq!(write(&mut *server, go_on()), "");
    // The answer to another request is due first.
    let mut server = server_after([GET, waits].concat().as_bytes());
    assert_eq!(write(&mut *server, go_on()), "");
    for quiet in [GET.to_owned(), format!("{waits}h")] {
        assert_eq!(
            write(&mut *server_after(quiet.as_bytes()), go_on()),
            "",
            "{quiet}"
        );
    }
    // Whether its body comes after an answer, nobody knows.
    let mut server = server_after(waits.as_bytes());
    assert!(write(&mut *server, Event::Head(response(417, &[]))).contains("connection: close"));
}

#[test]
fn nothing_that_is_given_becomes_another_field() {
    let rows = [
        request("GET", "/", &[("a\r\nb", "c")]),
        request("GET", "/", &[("a", "b\r\nc: d")]),
        request("GET", "/", &[("a", "b\nc: d")]),
        request("GET", "/", &[("a", "b\0")]),
        request("GET", "/", &[("", "b")]),
        request("GET", "/", &[("a ", "b")]),
        request("GET", "/", &[("a", " b")]),
        request("GET", "/", &[("host", "b")]),
        request("GET", "/", &[("content-length", "+1")]),
        request(
            "GET",
            "/",
            &[("content-length", "1"), ("content-length", "1")],
        ),
        request("G T", "/", &[]),
        request("GET", "/ HTTP/1.1\r\nX: y", &[]),
        request("GET", "/a b", &[]),
        request("GET", "/#a", &[]),
        request("GET", "a", &[]),
        request("GET", "*", &[]),
        request("GET", "http://b/", &[]),
        request("CONNECT", "b:1", &[]),
    ];
    for message in rows {
        let mut out = BytesMut::from(&b"before"[..]);
        let fields = message.fields().clone();
        let written = codec(Side::Client).encode(&Event::Head(message), &mut out);
        assert!(written.is_err(), "{fields:?}");
        assert_eq!(out, &b"before"[..]);
    }
    for status in [100, 101, 199] {
        let mut out = BytesMut::new();
        let event = Event::Head(response(status, &[]));
        assert!(codec(Side::Server).encode(&event, &mut out).is_err());
    }
}

#[test]
fn each_fault_has_its_status() {
    let rows = [
        (FaultClass::BadRequest, 400),
        (FaultClass::Unrouted, 404),
        (FaultClass::Timeout, 504),
        (FaultClass::Unreachable, 502),
        (FaultClass::BadReply, 502),
        (FaultClass::Overload, 503),
        (FaultClass::Status(418), 502),
        (FaultClass::Draining, 503),
        (FaultClass::Internal, 500),
    ];
    let asked = request("GET", "/", &[]);
    for (class, status) in rows {
        let fault = Fault::unsent(class, "not for the peer");
        let answer = Http::new().reject(&(&asked).into(), &fault).unwrap();
        let text = write(&mut *server_after(GET.as_bytes()), Event::Head(answer));
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert_eq!(
            text.contains("\r\nretry-after: 1\r\n"),
            class == FaultClass::Overload
        );
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(!text.contains("not for the peer"));
    }
}

/// What comes behind such a request on the connection would be taken for its sender's.
#[test]
fn a_connection_that_is_told_who_asks_serves_nobody_else() {
    for (scheme, ends) in [
        ("Basic YTpi", false),
        ("Bearer negotiate", false),
        ("NTLM TlRMTVNTUAAB", true),
        ("negotiate YIIB", true),
        ("Negotiate", true),
    ] {
        let mut client = codec(Side::Client);
        let asks = request("GET", "/", &[("Authorization", scheme)]);
        write(&mut *client, Event::Head(asks));
        read_well(
            &mut *client,
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        );
        assert_eq!(client.has_ended(), ends, "{scheme}");
    }
}
