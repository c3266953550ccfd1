//! What each connection begins with, before anybody uses it.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::{Host, HostConnection};
use crate::support::teller::Teller;
use crate::support::wire::{AuthReq, AuthRsp};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const FAILED: u8 = 96;
const OPEN: &str = r#"{ send = "auth_req", set = { merchant = "HELLO", pan = "", amount = 1, currency = 1 }, expect = "auth_rsp", when = "status == 0" }"#;

fn config(urls: impl IntoIterator<Item = String>) -> Config {
    Config::forward("pos", urls).upstream_key("session.open", OPEN)
}

/// The id of a frame and its merchant.
fn shown(frame: &[u8]) -> (u32, String) {
    let id = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    let merchant = String::from_utf8_lossy(&frame[9..24]).trim_end().to_owned();
    (id, merchant)
}

/// The id of the next frame, which is of that merchant.
async fn next(host: &mut HostConnection, merchant: &str) -> u32 {
    let (id, from) = shown(&host.frame().await);
    assert_eq!(from, merchant);
    id
}

async fn answer(host: &mut HostConnection, seq: u32, code: &str) {
    let reply = AuthRsp {
        seq,
        status: 0,
        code: code.to_owned(),
    };
    host.send(&reply.bytes()).await;
}

#[tokio::test]
async fn nothing_passes_before_the_reply_to_the_opening() {
    let host = Host::start().await;
    let config = config([host.url()]).upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1), AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    let hello = next(&mut upstream, "HELLO").await;
    upstream.nothing().await;
    answer(&mut upstream, hello, "HELLO").await;
    let first = next(&mut upstream, "M123").await;
    let second = next(&mut upstream, "M123").await;
    // The same reply once more is nobody's, even though ids go round.
    answer(&mut upstream, hello, "TWICE").await;
    answer(&mut upstream, second, "SECOND").await;
    answer(&mut upstream, first, "FIRST").await;
    assert_eq!(client.reply_to(1).await.code, "FIRST ");
    assert_eq!(client.reply_to(2).await.code, "SECOND");
    let name = "gatewright_upstream_messages_dropped_total";
    let unknown = gateway.metrics().await.sum(name, &[("reason", "unknown")]);
    assert_eq!(unknown, 1.0);
}

#[tokio::test]
async fn each_exclusive_connection_begins_so_too() {
    let host = Teller::pos(|_| 0).await;
    let config = config([host.url()]).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config.upstream("connections", 4)).await;
    let mut clients = Vec::new();
    for seq in 0..4 {
        let mut client = gateway.client().await;
        client
            .send([AuthReq::new(seq), AuthReq::new(seq + 10)])
            .await;
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(client.next().await.expect("a reply").status, 0);
        assert_eq!(client.next().await.expect("a reply").status, 0);
    }
    let log = host.log();
    for (connection, text) in log.iter().map(|asked| (asked.connection, &asked.text)) {
        let mut of_it = log.iter().filter(|asked| asked.connection == connection);
        let first = of_it.next().map(|asked| asked.text.as_str());
        assert_eq!(first, Some("HELLO 1"), "{text}");
        assert!(of_it.all(|asked| asked.text == "M123 1250"));
    }
}

#[tokio::test]
async fn an_opening_that_fails_is_a_connection_that_cannot_be_made() {
    let status = Arc::new(AtomicU8::new(51));
    let answered = Arc::clone(&status);
    let host = Teller::pos(move |asked| match asked.text.as_str() {
        "HELLO 1" => answered.load(Ordering::Relaxed),
        _ => 0,
    })
    .await;
    let gateway = Gateway::start(&config([host.url()])).await;
    let mut client = gateway.client().await;
    for seq in 0..5 {
        assert_eq!(client.ask(AuthReq::new(seq)).await.status, FAILED);
    }
    assert_eq!(host.count("M123 1250"), 0, "nothing passes");
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    let states = "gatewright_upstream_endpoints";
    gateway.until_metric(states, &ejected, 1.0).await;
    assert!(gateway.stderr().contains("the reply to `auth_req`"));

    status.store(0, Ordering::Relaxed);
    let healthy = [("endpoint", "0"), ("state", "healthy")];
    // Those for requests that need a connection of their own are another pool.
    gateway.until_metric(states, &healthy, 2.0).await;
    assert_eq!(client.ask(AuthReq::new(9)).await.status, 0);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_not_waited_for_longer_than_a_connect() {
    let host = Host::start().await;
    let config = config([host.url()]).upstream("connect", "\"100ms\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    next(&mut upstream, "HELLO").await;
    upstream.closed().await;
    assert_eq!(client.next().await.expect("a refusal").status, FAILED);
}

/// Garbage, another's reply, two replies, a request.
#[tokio::test]
async fn anything_else_than_the_reply_ends_the_connection() {
    for seq in 0..4 {
        let host = Host::start().await;
        let gateway = Gateway::start(&config([host.url()])).await;
        let mut client = gateway.client().await;
        client.send([AuthReq::new(1)]).await;
        let mut upstream = host.accept().await;
        let hello = next(&mut upstream, "HELLO").await;
        let reply = |seq| AuthRsp {
            seq,
            status: 0,
            code: "HELLO".to_owned(),
        };
        let bytes = match seq {
            0 => b"+OK\r\n".to_vec(),
            1 => reply(hello.wrapping_add(1)).bytes(),
            2 => [reply(hello).bytes(), reply(hello).bytes()].concat(),
            _ => AuthReq::new(hello).bytes(),
        };
        upstream.send(&bytes).await;
        upstream.closed().await;
        assert_eq!(client.next().await.expect("a refusal").status, FAILED);
    }
}
