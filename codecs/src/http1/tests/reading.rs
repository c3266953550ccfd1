use super::super::schema::TARGET;
use super::*;
use gatewright_core::codec::{Cause, Control, Recovery};

#[test]
fn a_request_is_its_parts() {
    let bytes = b"GET http://B.example:80/x?y HTTP/1.1\r\nhost: b.example:80\r\nA:\t b \r\n\
        Connection: x-hop\r\nX-Hop: 1\r\nTE: trailers\r\n\r\n";
    let events = read_well(&mut *codec(Side::Server), bytes);
    let fields = headers(&[("A", "b"), ("TE", "trailers")]);
    let expected: Vec<Value> = vec!["GET".into(), "/x?y".into(), "B.example:80".into(), fields];
    let [Event::Head(message)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(message.fields(), &expected);
    assert_eq!(message.body(), &Body::Empty);
}

/// RFC 3986 would have more of it encoded, but where a query leads does not depend on how it is read.
#[test]
fn a_query_of_a_browser_is_taken_and_written_as_it_is() {
    for target in ["/a?b={c}|d", "/?q=100%&x=^`\\", "/%41?%4"] {
        let line = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let events = read_well(&mut *codec(Side::Server), line.as_bytes());
        let [Event::Head(message)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(message.field(TARGET).as_str(), Some(target));
        let made = Event::Head(request("GET", target, &[]));
        let written = write(&mut *codec(Side::Client), made);
        assert!(
            written.starts_with(&format!("GET {target} HTTP")),
            "{written}"
        );
    }
    for target in [
        "/a|b", "/{a}?b", "/?\"", "/?<", "/?a#b", "/?\u{e9}", "/?\u{7f}", "/%4?a",
    ] {
        let line = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let (events, error) = read(&mut *codec(Side::Server), line.as_bytes());
        assert!(error.is_some(), "{target}: {events:?}");
    }
}

#[test]
fn a_body_is_slices_of_what_is_there_and_an_end() {
    let mut server = codec(Side::Server);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe";
    let events = read_well(&mut *server, head);
    assert_eq!(events[1..], [Event::Body(Bytes::from_static(b"he"))]);
    let events = read_well(&mut *server, b"lloGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(events[0], Event::Body(Bytes::from_static(b"llo")));
    assert_eq!(events[1], Event::End(Value::Null));
    assert!(matches!(&events[2..], [Event::Head(_)]));
}

#[test]
fn chunks_are_never_empty_and_trailers_follow_them() {
    let mut server = codec(Side::Server);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    read_well(&mut *server, head);
    let events = read_well(&mut *server, b"3;x\r\nabc\r\n2\r\nd");
    assert_eq!(
        events,
        [
            Event::Body(Bytes::from_static(b"abc")),
            Event::Body(Bytes::from_static(b"d"))
        ]
    );
    let events = read_well(&mut *server, b"e\r\n0\r\nSum: 1\r\n\r\n");
    let end = Event::End(headers(&[("Sum", "1")]));
    assert_eq!(events, [Event::Body(Bytes::from_static(b"e")), end]);
}

#[test]
fn what_a_response_is_depends_on_its_request() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    for (method, has_body) in [("GET", true), ("HEAD", false)] {
        let mut client = codec(Side::Client);
        write(&mut *client, Event::Head(request(method, "/", &[])));
        let events = read_well(&mut *client, head);
        let [Event::Head(message)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(*message.body() == Body::Awaited, has_body, "{method}");
    }
    let mut client = codec(Side::Client);
    let mut tunnel = request("CONNECT", "a:1", &[]);
    tunnel.set_field(super::super::schema::AUTHORITY, Value::Null);
    write(&mut *client, Event::Head(tunnel));
    read_well(&mut *client, b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(client.has_ended());
    assert!(read(&mut *client, b"\x16\x03").1.is_some());
}

#[test]
fn responses_before_the_response_are_none() {
    let mut client = codec(Side::Client);
    write(&mut *client, Event::Head(request("HEAD", "/", &[])));
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
    let events = read_well(&mut *client, interim);
    assert_eq!(events, vec![Event::Control(Control::Continue); 2]);
    let (events, error) = read(&mut *client, &interim.repeat(20));
    assert_eq!(events.len(), 30);
    assert!(error.is_some());
}

#[test]
fn the_end_of_a_connection_is_the_end_of_a_body_that_has_no_other() {
    let mut client = codec(Side::Client);
    let events = read_well(&mut *client, b"HTTP/1.1 200 OK\r\n\r\nhello");
    assert_eq!(events[1], Event::Body(Bytes::from_static(b"hello")));
    assert!(!client.has_ended());
    assert_eq!(client.finish(), Ok(Some(Event::End(Value::Null))));
    assert!(client.has_ended());

    let mut client = codec(Side::Client);
    read_well(
        &mut *client,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    );
    assert_eq!(client.finish().unwrap_err().cause(), Cause::Truncated);
    assert_eq!(codec(Side::Client).finish(), Ok(None));
}

#[test]
fn errors_have_their_place_and_their_status() {
    let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "a:\r\n".repeat(101));
    let options = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: {}\r\n\r\n",
        ",b".repeat(101)
    );
    let rows: [(&str, usize, Cause, i128); 10] = [
        (
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            20,
            Cause::BadMagic,
            400,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nB: \x01\r\n\r\n",
            28,
            Cause::BadValue,
            400,
        ),
        (
            "GET /\x20/ HTTP/1.1\r\nHost: a\r\n\r\n",
            6,
            Cause::BadMagic,
            400,
        ),
        ("GET / HTTP/1.1\r\n\r\n", 4, Cause::BadValue, 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 14, Cause::BadMagic, 400),
        (
            "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
            6,
            Cause::BadVersion,
            505,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n",
            25,
            Cause::Unsupported,
            501,
        ),
        (&long, 0, Cause::TooLong, 414),
        (&many, 425, Cause::TooLong, 431),
        (&options, 25, Cause::TooLong, 431),
    ];
    for (text, offset, cause, status) in rows {
        let (_, error) = read(&mut *codec(Side::Server), text.as_bytes());
        let error = error.unwrap_or_else(|| panic!("{text:?} is read"));
        assert_eq!(
            (error.offset(), error.cause()),
            (offset, cause),
            "{text:?}: {error}"
        );
        assert_eq!(error.recovery(), Recovery::AnswerAndClose, "{text:?}");
        assert_eq!(status_of(&error), status, "{text:?}");
    }
}

#[test]
fn other_protocols_are_named() {
    let rows: [(&[u8], &str); 4] = [
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
        (b"\x16\x03\x01\x02\x00", "a TLS handshake"),
        (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol header"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    ];
    for (bytes, name) in rows {
        let (_, error) = read(&mut *codec(Side::Server), bytes);
        let error = error.unwrap();
        assert_eq!((error.got(), error.recovery()), (name, Recovery::Close));
    }
}

#[test]
fn a_head_is_bounded_by_the_limit() {
    let mut server = Arc::new(Http::new()).codec(Side::Server, 64);
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nB: {}\r\n\r\n", "c".repeat(64));
    let error = read(&mut *server, long.as_bytes()).1.unwrap();
    assert_eq!((error.cause(), status_of(&error)), (Cause::TooLong, 431));
}

#[test]
fn requests_without_answers_are_bounded() {
    let mut server = codec(Side::Server);
    let many = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(65_537);
    let (events, error) = read(&mut *server, &many);
    assert_eq!(events.len(), 65_536);
    assert_eq!(error.unwrap().cause(), Cause::TooLong);
}
