//! Answers that come before the payload of their request is whole: a client of HTTP/2 gets them without a reset of
//! its stream behind, unless there is much that nobody takes (RFC 9113, 8.1), one of HTTP/1.1 without a reset of its
//! connection.

use crate::support::backend::{Action, Backend};
use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::http2_wire::{
    DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Raw, block, frame, is_status,
};
use crate::support::in_time;
use crate::support::raw;
use crate::support::web::WebGateway;
use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The most of a body that is read for nothing.
const LEFTOVER: usize = 64 << 10;

/// A request of which there is a body to come.
fn post(stream: u32) -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a.example"),
        (":path", "/a"),
    ];
    frame(HEADERS, END_HEADERS, stream, &block(&fields))
}

async fn client(gateway: &Gateway) -> Raw {
    Raw::over(raw::connect(gateway).await, &[]).await
}

/// The whole answer to the request on that stream: its block of fields, and its body.
async fn answer(client: &mut Raw, stream: u32) -> (Vec<u8>, String) {
    let (_, flags, of, head) = client.next_of(HEADERS).await;
    assert_eq!(of, stream);
    let mut ended = flags & END_STREAM != 0;
    let mut body = Vec::new();
    while !ended {
        let (_, flags, of, chunk) = client.next_of(DATA).await;
        assert_eq!(of, stream);
        body.extend(chunk);
        ended = flags & END_STREAM != 0;
    }
    (head, String::from_utf8(body).expect("text"))
}

/// All that the gateway has to say by now is no reset.
async fn no_reset(client: &mut Raw) {
    // What is done a turn later has been done by the second answer.
    for _ in 0..2 {
        client.send(&frame(PING, 0, 0, b"12345678")).await;
        loop {
            let (kind, _, stream, payload) = client.next().await.expect("a connection");
            assert_ne!(kind, RST_STREAM, "stream {stream}: {payload:02x?}");
            if kind == PING {
                break;
            }
        }
    }
}

/// Sends a body until its stream is reset; gives the bytes that this took and the reason.
async fn send_until_reset(client: &mut Raw, stream: u32) -> (usize, Reason) {
    const CHUNK: [u8; 8 << 10] = [7; 8 << 10];
    let mut sent = 0;
    loop {
        client.send(&frame(DATA, 0, stream, &CHUNK)).await;
        sent += CHUNK.len();
        client.send(&frame(PING, 0, 0, b"12345678")).await;
        loop {
            let (kind, _, of, payload) = client.next().await.expect("a connection");
            if kind == RST_STREAM {
                assert_eq!(of, stream);
                let code = payload.try_into().expect("four bytes");
                return (sent, u32::from_be_bytes(code).into());
            }
            if kind == PING {
                break;
            }
        }
        assert!(sent < 1 << 20, "nobody stops it");
    }
}

async fn proxy() -> (Gateway, Host) {
    let host = Host::start().await;
    let url = format!("http://{}", host.address());
    (Gateway::start(&Config::proxy([url])).await, host)
}

/// Answers the next request by its head.
async fn answer_early(host: &Host) {
    let mut asked = host.accept().await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(asked.read(1).await);
    }
    asked
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    asked.closed().await;
}

#[tokio::test]
async fn an_early_answer_has_no_reset_behind_it() {
    let (gateway, host) = proxy().await;
    let mut client = client(&gateway).await;
    for stream in [1, 3] {
        client.send(&post(stream)).await;
        let ((head, body), ()) = tokio::join!(answer(&mut client, stream), answer_early(&host));
        assert!(
            is_status(&head, "200") && body == "hi",
            "{head:02x?}, {body}"
        );
        no_reset(&mut client).await;
        // What the client had on its way.
        client
            .send(&frame(DATA, END_STREAM, stream, b"hello"))
            .await;
        no_reset(&mut client).await;
    }
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_not_read_for_long() {
    let (gateway, host) = proxy().await;
    let mut client = client(&gateway).await;
    client.send(&post(1)).await;
    tokio::join!(answer(&mut client, 1), answer_early(&host));
    let (sent, reason) = send_until_reset(&mut client, 1).await;
    assert_eq!(reason, Reason::NO_ERROR);
    assert!((LEFTOVER / 2..=2 * LEFTOVER).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_body_that_stops_is_not_waited_for_long() {
    let host = Host::start().await;
    let url = format!("http://{}", host.address());
    let config = Config::proxy([url]).listener("frame-time", "\"300ms\"");
    let gateway = Gateway::start(&config).await;
    let mut client = client(&gateway).await;
    client.send(&post(1)).await;
    tokio::join!(answer(&mut client, 1), answer_early(&host));
    let (_, _, stream, payload) = client.next_of(RST_STREAM).await;
    assert_eq!((stream, payload), (1, vec![0; 4]));
}

/// The stream of an answer that is whole is open while its request goes on.
#[tokio::test]
async fn what_goes_up_behind_its_answer_keeps_its_place() {
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")])
        .upstream("connections", 1)
        .upstream("streams", 1);
    let gateway = Gateway::start(&config).await;
    let (bodies, mut heard) = unbounded_channel();
    tokio::spawn(answer_by_heads(listener, bodies));
    let tcp = raw::connect(&gateway).await;
    let shaken = in_time("HTTP/2", h2::client::handshake(tcp)).await;
    let (mut client, connection) = shaken.expect("HTTP/2");
    tokio::spawn(connection);
    let mut ask = || {
        let request = Request::post("http://shop.example/a").body(());
        let asked = client.send_request(request.expect("a request"), false);
        asked.expect("a stream")
    };
    let (answer, mut first) = ask();
    first.send_data(b"ab"[..].into(), false).expect("a stream");
    assert_eq!(
        in_time("an answer", answer).await.expect("one").status(),
        200
    );
    let (answer, mut second) = ask();
    second.send_data(Bytes::new(), true).expect("a stream");
    gateway
        .until_metric("gatewright_upstream_queue", &[], 1.0)
        .await;
    assert_eq!(heard.len(), 1);
    first.send_data(b"cd"[..].into(), true).expect("a stream");
    assert_eq!(
        in_time("an answer", answer).await.expect("one").status(),
        200
    );
    assert_eq!(heard.len(), 2);
    let mut whole = Vec::new();
    let mut body = heard.recv().await.expect("a server");
    while let Some(chunk) = in_time("all of it", body.data()).await {
        whole.extend(chunk.expect("no reset"));
    }
    assert_eq!(whole, b"abcd");
}

/// A server of HTTP/2 that answers requests by their heads. Their bodies are the test's to read.
async fn answer_by_heads(listener: TcpListener, bodies: UnboundedSender<RecvStream>) {
    let tcp = raw::accept(&listener).await;
    let mut connection = h2::server::handshake(tcp).await.expect("HTTP/2");
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        let answered = answer.send_response(Response::new(()), true);
        answered.expect("a stream");
        bodies.send(request.into_body()).expect("a test");
    }
}

#[tokio::test]
async fn a_refusal_has_no_reset_behind_it() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let gateway = WebGateway::start(&backend.url(), "body = \"1KiB\"", "").await;
    let mut client = Raw::connect(&gateway, &[]).await;
    // Longer than bodies may be, by little and by much.
    client.send(&post(1)).await;
    client.send(&frame(DATA, 0, 1, &[7; 1025])).await;
    let (_, problem) = answer(&mut client, 1).await;
    assert!(problem.contains("413"), "{problem}");
    no_reset(&mut client).await;
    client.send(&frame(DATA, END_STREAM, 1, &[7; 1025])).await;
    no_reset(&mut client).await;
    client.send(&post(3)).await;
    client.send(&frame(DATA, 0, 3, &[7; 1025])).await;
    let (_, problem) = answer(&mut client, 3).await;
    assert!(problem.contains("413"), "{problem}");
    assert_eq!(send_until_reset(&mut client, 3).await.1, Reason::NO_ERROR);
}

#[tokio::test]
async fn a_client_of_http1_that_sends_more_than_is_taken_is_let_go_without_a_reset() {
    let host = Host::start().await;
    let url = format!("http://{}", host.address());
    let config = Config::proxy([url]).listener("body", "\"64KiB\"");
    let gateway = Gateway::start(&config).await;
    let mut client = raw::connect(&gateway).await;
    let head = b"POST /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 1048576\r\n\r\n";
    client.write_all(head).await.expect("sent");
    answer_early(&host).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\nhi") {
        assert_ne!(client.read_buf(&mut answer).await.expect("an answer"), 0);
    }
    // Eight times as much as is read of a body that nobody takes, and not the end of it.
    client.write_all(&[7; 512 << 10]).await.expect("taken");
    let end = client.read_buf(&mut answer).await;
    assert_eq!(end.expect("an end, no reset"), 0);
}
