//! Servers of HTTP/2 that take requests and say nothing more.

use crate::support::backend::{Action, Answer, Backend, approved};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::http2_wire::{
    ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, Raw, SETTINGS, frame,
};
use crate::support::wire::AuthReq;
use crate::support::{in_time, raw};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

/// Longer than a server may be silent there, which is long enough for one that has other work.
const LONG: Duration = Duration::from_secs(2);

/// A server that stopped: its kernel acknowledges what comes, and nobody reads it.
#[tokio::test]
async fn a_server_that_does_not_answer_a_ping_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let config = Config::pos([format!("h2c://{address}")])
        .upstream("silence", "\"100ms\"")
        .upstream("connections", 1)
        .timeout("1h");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1), AuthReq::new(2)]).await;
    let (stream, _) = in_time("a connection", listener.accept())
        .await
        .expect("a client");
    let mut stopped = h2::server::handshake(stream).await.expect("a handshake");
    let first = in_time("a request", stopped.accept()).await;
    assert!(first.is_some_and(|accepted| accepted.is_ok()));
    // From here on nothing of that connection is looked at.
    for _ in 0..2 {
        let refusal = client.next().await.expect("a refusal");
        assert_eq!(refusal.status, status::FAILED);
    }
    assert!(
        gateway.stderr().contains("to a PING neither"),
        "{}",
        gateway.stderr()
    );

    // The next request has a connection of its own, which is one that works.
    client.send([AuthReq::new(3)]).await;
    let (stream, _) = in_time("a connection", listener.accept())
        .await
        .expect("a client");
    let mut working = h2::server::handshake(stream).await.expect("a handshake");
    let (_request, mut respond) = in_time("a request", working.accept())
        .await
        .expect("a request")
        .expect("a request");
    let head = http::Response::builder()
        .status(402)
        .body(())
        .expect("a head");
    respond.send_response(head, true).expect("a stream");
    let told = tokio::select! {
        told = client.next() => told,
        _ = working.accept() => panic!("one request"),
    };
    assert_eq!(told.expect("a reply").status, status::DECLINED);
    drop(stopped);
}

/// Who takes long but answers a PING is waited for.
#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let backend = Backend::scripted(|asked| match asked.seq() {
        1 => Action::After(LONG, Answer::status(402)),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let config = Config::pos([backend.url()])
        .upstream("silence", "\"500ms\"")
        .upstream("connections", 1)
        .timeout("1h");
    let gateway = Gateway::start(&config).await;
    let (mut slow, mut other) = (gateway.client().await, gateway.client().await);
    slow.send([AuthReq::new(1)]).await;
    backend.until_asked(1).await;
    assert_eq!(other.ask(AuthReq::new(2)).await.status, status::APPROVED);
    assert_eq!(slow.next().await.expect("a reply").status, status::DECLINED);
    assert_eq!(backend.log().connections.len(), 1);
}

/// The pause is what is tested. Who has answered everything owes nothing, whatever still goes up to it: it is
/// not asked whether it is there, which it would not say.
#[tokio::test]
async fn a_server_that_owes_nothing_may_be_silent_while_a_payload_goes_up() {
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")])
        .upstream("silence", "\"100ms\"")
        .upstream("connections", 1)
        .timeout("1h");
    let gateway = Gateway::start(&config).await;
    let tcp = raw::connect(&gateway).await;
    let (mut client, connection) = h2::client::handshake(tcp).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::put("http://a.example/a").body(());
    let (answer, mut up) = client
        .send_request(request.expect("a request"), false)
        .expect("a stream");
    up.send_data("ab".into(), false).expect("a stream");

    let mut tcp = raw::accept(&listener).await;
    let mut preface = [0; PREFACE.len()];
    let read = in_time("a preface", tcp.read_exact(&mut preface)).await;
    read.expect("a preface");
    let mut server = Raw(tcp);
    let settings = [frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, ACK, 0, &[])];
    server.send(&settings.concat()).await;
    let (_, _, stream, _) = server.next_of(HEADERS).await;
    // By its number in the table: 200 (RFC 7541, appendix A).
    let head = frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0x88]);
    server.send(&head).await;
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 200);

    tokio::time::sleep(LONG).await;
    up.send_data("cd".into(), true).expect("a stream");
    let mut body = Vec::new();
    loop {
        let (kind, flags, _, payload) = server.next().await.expect("a connection");
        assert_ne!(kind, PING);
        if kind == DATA {
            body.extend(payload);
            if flags & END_STREAM != 0 {
                break;
            }
        }
    }
    assert_eq!(body, b"abcd");
}
