//! What HTTP/2 allows hostile clients to say, frame by frame.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::http2_wire::{
    ACK, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, Raw,
    SETTINGS, WINDOW_UPDATE, block, frame, get, is_status,
};
use crate::support::in_time;
use crate::support::web::WebGateway;
use h2::Reason;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn echo(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(asked.body.clone()))
}

#[tokio::test]
async fn malformed_requests_end_their_stream_or_are_refused() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut raw = Raw::connect(&gateway, &[]).await;
    // RFC 9113, 8.2 and 8.3: malformed, which is an error of the stream.
    let malformed: [&[(&str, &str)]; 5] = [
        &[("connection", "close")],
        &[("transfer-encoding", "chunked")],
        &[("keep-alive", "1")],
        &[("te", "gzip")],
        &[(":path", "/b")],
    ];
    let mut stream = 1;
    for fields in malformed {
        raw.send(&get(stream, fields)).await;
        let (_, _, id, payload) = raw.next_of(RST_STREAM).await;
        assert_eq!((id, payload), (stream, vec![0, 0, 0, 1]), "{fields:?}");
        stream += 2;
    }
    // Good HTTP/2, but what another hop could take for something else.
    for fields in [
        &[("host", "b.example")][..],
        &[("host", "a.example"), ("host", "a.example")],
        &[("x", " y")],
        &[("content-length", "")],
        &[("content-length", "0"), ("content-length", "0")],
    ] {
        raw.send(&get(stream, fields)).await;
        let (_, _, id, payload) = raw.next_of(HEADERS).await;
        assert_eq!(id, stream, "{fields:?}");
        assert!(is_status(&payload, "400"), "{fields:?}: {payload:02x?}");
        stream += 2;
    }
    raw.send(&get(stream, &[("te", "trailers"), ("host", "a.example")]))
        .await;
    let (_, _, id, payload) = raw.next_of(HEADERS).await;
    assert!(id == stream && is_status(&payload, "200"), "{payload:02x?}");
    // The library takes a name in capitals, or an unknown one with a colon, for worse than it is: an
    // error of the connection.
    raw.send(&get(stream + 2, &[("X-Capital", "1")])).await;
    assert_eq!(raw.end().await, Some(Reason::PROTOCOL_ERROR));
    assert_eq!(backend.log().asked.len(), 1);
}

/// A server in front of us may have many clients on one connection. The library would end it over a
/// thousand of them.
#[tokio::test]
async fn a_connection_of_many_malformed_requests_is_replaced_and_nothing_is_cut() {
    replaced_over(|stream| get(stream, &[("te", "gzip")])).await;
}

/// What is wrong with these shows when they are begun.
#[tokio::test]
async fn nor_over_many_that_are_malformed_in_the_middle() {
    replaced_over(|stream| {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "a.example"),
            (":path", "/a"),
            ("content-length", "1"),
        ];
        let head = frame(HEADERS, END_HEADERS, stream, &block(&fields));
        [head, frame(DATA, END_STREAM, stream, b"ab")].concat()
    })
    .await;
}

/// Sends many such requests, and good ones between them: the connection is to be left with all that it carries.
async fn replaced_over(malformed: impl Fn(u32) -> Vec<u8>) {
    let backend = Backend::scripted(|asked| match &*asked.target {
        "/up/held" => Action::AtGate(Answer::status(200)),
        _ => echo(asked),
    });
    let backend = backend.start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut raw = Raw::connect(&gateway, &[]).await;
    let held = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "a.example"),
        (":path", "/held"),
    ];
    raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&held)))
        .await;
    let mut stream = 3;
    let last = 'said: loop {
        let good = stream % 4 == 1;
        match good {
            true => raw.send(&get(stream, &[])).await,
            false => raw.send(&malformed(stream)).await,
        }
        let answer = if good { HEADERS } else { RST_STREAM };
        loop {
            let (kind, _, of, said) = raw.next().await.expect("a connection");
            match kind {
                GOAWAY => break 'said said,
                HEADERS | RST_STREAM => {
                    assert_eq!((kind, of), (answer, stream));
                    break;
                }
                _ => {}
            }
        }
        stream += 2;
        assert!(stream < 10_000, "it does not end");
    };
    // RFC 9113, 6.8: which streams are the last is said later, and there is no error.
    assert_eq!(last, [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    backend.open_gate();
    loop {
        let (_, _, of, head) = raw.next_of(HEADERS).await;
        if of == 1 {
            assert!(is_status(&head, "200"), "{head:02x?}");
            break;
        }
    }
}

#[tokio::test]
async fn who_gives_up_again_and_again_is_told_to_calm_down() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let gateway = WebGateway::start(&backend.url(), "in-flight = 10", "").await;
    let mut raw = Raw::connect(&gateway, &[]).await;
    let reset = u32::from(Reason::CANCEL).to_be_bytes();
    let (mut reader, mut writer) = {
        let (reader, writer) = raw.0.into_split();
        (reader, writer)
    };
    let flood = async {
        for n in 0..100_000_u32 {
            let stream = 2 * n + 1;
            let both = [get(stream, &[]), frame(RST_STREAM, 0, stream, &reset)].concat();
            if writer.write_all(&both).await.is_err() {
                return;
            }
        }
        panic!("nobody stops it");
    };
    let listen = async {
        let mut read = Vec::new();
        // Reset or not: what was said before it counts.
        let _ = reader.read_to_end(&mut read).await;
        read
    };
    let (read, ()) = in_time("the end", async { tokio::join!(listen, flood) }).await;
    drop(read);
    gateway.until_closed("flood").await;
    let asked = backend.log().asked.len();
    assert!(asked <= 40, "{asked} requests upstream");
    raw = Raw::connect(&gateway, &[]).await;
    raw.send(&frame(PING, 0, 0, b"12345678")).await;
    assert_eq!(raw.next_of(PING).await.3, b"12345678", "it serves others");
}

#[tokio::test]
async fn who_takes_nothing_of_a_response_loses_its_stream() {
    let much = Answer::status(200).body(vec![7; 300_000]);
    let backend = Backend::scripted(move |_| Action::Answer(much.clone()))
        .start()
        .await;
    let gateway = WebGateway::start(&backend.url(), "send-time = \"400ms\"", "").await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    let mut raw = Raw::connect(&gateway, &[0, 4, 0, 0, 0, 0]).await;
    raw.send(&get(1, &[])).await;
    assert_eq!(raw.next_of(HEADERS).await.2, 1);
    let (_, _, id, payload) = raw.next_of(RST_STREAM).await;
    assert_eq!(
        (id, payload),
        (1, u32::from(Reason::CANCEL).to_be_bytes().to_vec())
    );
    // One byte at a time is taken, too.
    raw.send(&get(3, &[])).await;
    assert_eq!(raw.next_of(HEADERS).await.2, 3);
    for _ in 0..3 {
        raw.send(&frame(WINDOW_UPDATE, 0, 3, &[0, 0, 0, 1])).await;
        let (_, _, id, payload) = raw.next_of(DATA).await;
        assert_eq!((id, payload), (3, vec![7]));
    }
}

#[tokio::test]
async fn who_does_not_finish_the_preface_is_closed() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "frame-time = \"300ms\"", "").await;
    for beginning in [&PREFACE[..7], &PREFACE[..23], b"P"] {
        let stream = TcpStream::connect(gateway.address()).await;
        let mut raw = Raw(stream.expect("a gateway"));
        raw.send(beginning).await;
        assert_eq!(raw.end().await, None, "{beginning:?}");
    }
}

#[tokio::test]
async fn the_preface_may_come_byte_by_byte_but_only_first() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let stream = TcpStream::connect(gateway.address()).await;
    let mut raw = Raw(stream.expect("a gateway"));
    let hello = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &get(1, &[])].concat();
    raw.0.set_nodelay(true).expect("a socket");
    for byte in hello {
        raw.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(is_status(&raw.next_of(HEADERS).await.3, "200"));

    let stream = TcpStream::connect(gateway.address()).await;
    let mut raw = Raw(stream.expect("a gateway"));
    raw.send(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut answer = [0; 12];
    in_time("an answer", raw.0.read_exact(&mut answer))
        .await
        .expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200");
    raw.send(PREFACE).await;
    let mut rest = Vec::new();
    in_time("an end", raw.0.read_to_end(&mut rest))
        .await
        .expect("an end");
    let rest = String::from_utf8(rest).expect("text, and no frames");
    assert!(!rest.contains("HTTP/1.1 200"), "{rest}");
}

#[tokio::test]
async fn floods_of_small_frames_do_not_last() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "in-flight = 10", "").await;
    // Empty DATA frames, and fields without end.
    let begun = frame(HEADERS, END_HEADERS, 1, &block(&GET));
    let empty = frame(DATA, 0, 1, &[]).repeat(200_000);
    let unending = [
        frame(HEADERS, 0, 1, &block(&GET)),
        frame(9, 0, 1, &block(&[("x", "y")])).repeat(200_000),
    ];
    for (what, flood) in [
        ("DATA", [begun, empty].concat()),
        ("CONTINUATION", unending.concat()),
    ] {
        let raw = Raw::connect(&gateway, &[]).await;
        let (mut reader, mut writer) = raw.0.into_split();
        let flooding = async {
            // It fails once the gateway has heard enough.
            let _ = writer.write_all(&flood).await;
        };
        let listening = async {
            let mut read = Vec::new();
            let _ = reader.read_to_end(&mut read).await;
        };
        in_time(what, async { tokio::join!(flooding, listening) }).await;
    }
    let mut raw = Raw::connect(&gateway, &[]).await;
    raw.send(&get(1, &[])).await;
    assert!(
        is_status(&raw.next_of(HEADERS).await.3, "200"),
        "it serves others"
    );
    assert_eq!(backend.log().asked.len(), 1);
}

#[tokio::test]
async fn acknowledged_settings_and_pings_are_answered() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut raw = Raw::connect(&gateway, &[]).await;
    raw.send(&frame(SETTINGS, ACK, 0, &[])).await;
    for n in 0..1000_u64 {
        raw.send(&frame(PING, 0, 0, &n.to_be_bytes())).await;
    }
    for n in 0..1000_u64 {
        let (_, flags, _, payload) = raw.next_of(PING).await;
        assert_eq!((flags, payload), (ACK, n.to_be_bytes().to_vec()));
    }
}
