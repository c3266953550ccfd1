//! Messages whose bodies follow them, as HTTP/1.1 has them.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::in_time;
use crate::support::raw::end;
use crate::support::web::{WebGateway, find};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn echo(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(asked.body.clone()))
}

async fn start(limits: &str) -> (WebGateway, Backend) {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), limits, "").await;
    (gateway, backend)
}

async fn connect(gateway: &WebGateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.address())
        .await
        .expect("a gateway");
    stream.set_nodelay(true).expect("a socket");
    stream
}

async fn send(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).await.expect("a write");
}

/// The status and the body of the response that comes next.
async fn response(client: &mut TcpStream) -> (String, Vec<u8>) {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = find(&read, b"\r\n\r\n") {
            break at + 4;
        }
        let byte = in_time("a response", client.read_u8()).await;
        read.push(byte.expect("a response"));
    };
    let head = String::from_utf8(read[..end].to_vec()).expect("text");
    let length = (head.lines())
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |n| n.parse().expect("a number"));
    let mut body = vec![0; length];
    in_time("a body", client.read_exact(&mut body))
        .await
        .expect("a body");
    let status = head.split(' ').nth(1).expect("a status").to_owned();
    (status, body)
}

#[tokio::test]
async fn a_body_is_whole_before_it_goes_upstream() {
    let (gateway, backend) = start("").await;
    let mut client = connect(&gateway).await;
    send(
        &mut client,
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc",
    )
    .await;
    for part in [&b"d"[..], b"ef", b"ghi"] {
        assert!(backend.log().asked.is_empty());
        send(&mut client, part).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(
        response(&mut client).await,
        ("200".into(), b"abcdefghi".to_vec())
    );
    let log = backend.until_asked(1).await;
    assert_eq!(log.asked[0].body, b"abcdefghi");
    assert_eq!(log.asked[0].target, "/up/a");

    // The connection lives on, and takes requests one behind the other.
    let two = b"POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nBGET /c HTTP/1.1\r\nhost: x\r\n\r\n";
    send(&mut client, two).await;
    assert_eq!(response(&mut client).await, ("200".into(), b"B".to_vec()));
    assert_eq!(response(&mut client).await, ("200".into(), Vec::new()));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_without_being_read() {
    let (gateway, backend) = start("body = \"10B\"").await;
    let mut client = connect(&gateway).await;
    send(
        &mut client,
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n0123456789",
    )
    .await;
    assert_eq!(response(&mut client).await.1, b"0123456789");
    let much = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n0123456789a";
    send(&mut client, much).await;
    assert_eq!(response(&mut client).await.0, "413");
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(backend.log().asked.len(), 1);
}

#[tokio::test]
async fn a_body_has_the_time_of_a_frame() {
    let (gateway, backend) = start("frame-time = \"300ms\"").await;
    let mut client = connect(&gateway).await;
    send(
        &mut client,
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n01",
    )
    .await;
    assert_eq!(end(&mut client).await, Ok(()));
    assert!(backend.log().asked.is_empty());
}

#[tokio::test]
async fn a_client_that_waits_is_invited_once_its_turn_comes() {
    let at_gate = |asked: &Asked| match asked.target.as_str() {
        "/up/first" => Action::AtGate(Answer::status(200)),
        _ => echo(asked),
    };
    let backend = Backend::scripted(at_gate).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut client = connect(&gateway).await;
    let both = b"GET /first HTTP/1.1\r\nhost: x\r\n\r\nPOST /a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    send(&mut client, both).await;
    backend.until_asked(1).await;
    backend.open_gate();
    assert_eq!(response(&mut client).await.0, "200");
    assert_eq!(response(&mut client).await.0, "100");
    send(&mut client, b"ab").await;
    assert_eq!(response(&mut client).await, ("200".into(), b"ab".to_vec()));
}

#[tokio::test]
async fn the_last_message_ends_the_connection() {
    let (gateway, backend) = start("").await;
    let mut client = connect(&gateway).await;
    let last = b"POST /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nabGET /b HTTP/1.1\r\nhost: x\r\n\r\n";
    send(&mut client, last).await;
    assert_eq!(response(&mut client).await, ("200".into(), b"ab".to_vec()));
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(backend.log().asked.len(), 1, "nothing behind the last one");
}

#[tokio::test]
async fn a_client_that_leaves_in_a_body_asks_for_nothing() {
    let (gateway, backend) = start("").await;
    let mut client = connect(&gateway).await;
    send(
        &mut client,
        b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n01",
    )
    .await;
    client.shutdown().await.expect("an end");
    assert_eq!(end(&mut client).await, Ok(()));
    assert!(backend.log().asked.is_empty());
}

#[tokio::test]
async fn a_drain_waits_for_the_request_that_has_begun() {
    let (mut gateway, backend) = start("").await;
    let mut client = connect(&gateway).await;
    let mut idle = connect(&gateway).await;
    send(
        &mut client,
        b"POST /a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
    )
    .await;
    // It has begun once it is invited.
    assert_eq!(response(&mut client).await.0, "100");
    let finishing = async {
        assert_eq!(end(&mut idle).await, Ok(()), "the drain has begun");
        send(&mut client, b"ab").await;
        assert_eq!(response(&mut client).await, ("200".into(), b"ab".to_vec()));
        assert_eq!(end(&mut client).await, Ok(()));
    };
    let (outcome, ()) = tokio::join!(gateway.stop(), finishing);
    assert_eq!(outcome, gatewright::Outcome::Drained);
    assert_eq!(backend.log().asked.len(), 1);
}
