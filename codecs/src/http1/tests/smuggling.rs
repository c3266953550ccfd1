//! Requests that two servers read differently, and that made one of them serve what the other had not
//! seen. Each is refused, or read as one thing and written as that.

use super::refused::{HIDDEN, REFUSED};
use super::*;

#[test]
fn what_smuggles_is_refused() {
    for (fields, body) in REFUSED {
        let text = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}{HIDDEN}");
        let mut server = codec(Side::Server);
        let (events, error) = read(&mut *server, text.as_bytes());
        assert!(error.is_some(), "{text:?} is read as {events:?}");
        let heads = events
            .iter()
            .filter(|event| matches!(event, Event::Head(_)));
        assert!(heads.count() <= 1, "{text:?} hides a request");
        assert!(
            !events.iter().any(|event| matches!(event, Event::End(_))),
            "{text:?}"
        );
        // What stands behind an error is nobody's: reading on finds nothing.
        let (events, error) = read(&mut *server, HIDDEN.as_bytes());
        assert!(
            events.is_empty() && error.is_some(),
            "{text:?} is read on behind"
        );
    }
}

#[test]
fn the_same_smuggles_no_response() {
    for (fields, body) in REFUSED {
        // Only the names of their connection differ.
        let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}{HIDDEN}");
        let (events, error) = read(&mut *codec(Side::Client), text.as_bytes());
        assert!(error.is_some(), "{text:?} is read as {events:?}");
    }
}

#[test]
fn hosts_have_one_reading() {
    let hosts = [
        "a,b",
        "a b",
        "a@b",
        "a\tb",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a:b",
        "a:1:2",
        "a:",
        ":1",
        "[::1",
        "::1",
        "[::1]a",
        "[::g]",
        "[fe80::1%25en0]",
        "a:99999",
        "a:+1",
        "<a>",
        "a%",
        "a%0",
        "\u{e9}",
    ];
    for host in hosts {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let (_, error) = read(&mut *codec(Side::Server), text.as_bytes());
        assert!(error.is_some(), "{host:?}");
    }
    for host in [
        "a",
        "A.b:80",
        "[::1]",
        "[::1]:80",
        "127.0.0.1:1",
        "a_b",
        "xn--9ca",
    ] {
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        read_well(&mut *codec(Side::Server), text.as_bytes());
    }
}

/// What is read is written in the one form, so that whoever reads that reads the same.
#[test]
fn what_is_passed_on_is_not_what_came() {
    let text = "\r\nPOST http://a/?b HTTP/1.1\r\nHOST:a\r\nTransfer-Encoding:\tCHUNKED \r\n\
        Connection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nB:c\r\n\r\n\
        0002;x=y\r\nhi\r\n00\r\n\r\n";
    let mut client = codec(Side::Client);
    let written: String = read_well(&mut *codec(Side::Server), text.as_bytes())
        .into_iter()
        .map(|event| write(&mut *client, event))
        .collect();
    let expected = "POST /?b HTTP/1.1\r\nhost: a\r\nB: c\r\ntransfer-encoding: chunked\r\n\r\n\
        2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(written, expected);
}
