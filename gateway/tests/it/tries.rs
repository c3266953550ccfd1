//! The time of each try, and of an answer's first byte.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::client::Client;
use crate::support::config::{Config, status};
use crate::support::dns_wire::{answer, query};
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::in_time;
use crate::support::teller::Teller;
use crate::support::wire::AuthReq;
use h2::Reason;
use h2::server::SendResponse;
use http::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

const SERVFAIL: u8 = 2;
const NOERROR: u8 = 0;

/// The id and the outcome of the next reply.
async fn next(client: &mut Client) -> (u16, u8) {
    let reply = client.next_dns().await.expect("a reply");
    (u16::from_be_bytes([reply[2], reply[3]]), reply[5] & 0x0f)
}

async fn ask(client: &mut Client, id: u16) {
    let sent = client.send_bytes(&query(id)).await;
    sent.expect("a peer that reads");
}

fn resolved(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(answer(&asked.body, 4)))
}

async fn late(gateway: &Gateway, limit: &str) -> f64 {
    let name = "gatewright_upstream_tries_late_total";
    gateway.metrics().await.sum(name, &[("limit", limit)])
}

/// Tries again what has taken this long.
fn timed(config: Config, key: &str, time: &str, attempts: usize) -> Config {
    let retry = format!(r#"{{ attempts = {attempts}, on = "timeout", budget = "100%" }}"#);
    config
        .upstream_key(key, format!("\"{time}\""))
        .upstream_key("eject.share", "\"0%\"")
        .upstream_key("balance", "\"round-robin\"")
        .upstream_key("retry", retry)
}

#[tokio::test]
async fn a_try_that_takes_too_long_is_taken_back_and_made_elsewhere() {
    let silent = Backend::scripted(|_| Action::Silence).start().await;
    let good = Backend::scripted(resolved).start().await;
    for (key, limit) in [("try-timeout", "try"), ("first-byte-timeout", "first-byte")] {
        let config = Config::dns([silent.url(), good.url()]);
        let gateway = Gateway::start(&timed(config, key, "300ms", 5)).await;
        let before = silent.log().asked.len();
        let mut client = Client::connect(gateway.front()).await;
        for id in 0.. {
            ask(&mut client, id).await;
            assert_eq!(next(&mut client).await, (id, NOERROR));
            // At first there may be no other endpoint yet.
            if silent.log().asked.len() >= before + 2 {
                break;
            }
        }
        assert!(late(&gateway, limit).await >= 2.0);
    }
    let taken_back = |log: &crate::support::backend::Log| log.taken_back() >= 4;
    silent
        .until("what was sent to be taken back", taken_back)
        .await;
}

/// A server of HTTP/2 that begins an answer to each request, and tells when one is reset.
async fn begin_answers(
    listener: TcpListener,
    go_on: Arc<Notify>,
    resets: mpsc::UnboundedSender<Reason>,
) {
    let (tcp, _) = listener.accept().await.expect("a connection");
    let mut connection = h2::server::handshake(tcp).await.expect("HTTP/2");
    let mut silent = Vec::new();
    while let Some(Ok((mut request, mut respond))) = connection.accept().await {
        let (go_on, resets) = (Arc::clone(&go_on), resets.clone());
        // The second one is not answered at all.
        let nth = silent.len();
        if nth == 1 {
            silent.push(Some(respond));
            continue;
        }
        silent.push(None);
        tokio::spawn(async move {
            let asked = request.body_mut().data().await;
            let asked = asked.expect("a body").expect("a body");
            let stream = SendResponse::send_response(&mut respond, Response::new(()), false);
            let mut stream = stream.expect("an open stream");
            tokio::select! {
                () = go_on.notified() => {
                    let body = answer(&asked, 4);
                    stream.send_data(body.into(), true).expect("an open stream");
                }
                reset = std::future::poll_fn(|cx| stream.poll_reset(cx)) => {
                    let _ = resets.send(reset.expect("a reset"));
                }
            }
        });
    }
}

async fn beginner() -> (String, Arc<Notify>, mpsc::UnboundedReceiver<Reason>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let (go_on, (told, resets)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    tokio::spawn(begin_answers(listener, Arc::clone(&go_on), told));
    (format!("h2c://{address}"), go_on, resets)
}

#[tokio::test]
async fn an_answer_that_has_begun_may_take_longer_than_its_first_byte() {
    let (url, go_on, _resets) = beginner().await;
    let config = Config::dns([url]).upstream("connections", 1);
    let gateway = Gateway::start(&timed(config, "first-byte-timeout", "200ms", 1)).await;
    let mut client = Client::connect(gateway.front()).await;
    ask(&mut client, 1).await;
    ask(&mut client, 2).await;
    // The first one was sent before, so that its time is over, too.
    assert_eq!(next(&mut client).await, (2, SERVFAIL));
    go_on.notify_one();
    assert_eq!(next(&mut client).await, (1, NOERROR));
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_the_time_of_a_try_is_given_up() {
    let (url, _go_on, mut resets) = beginner().await;
    let gateway = Gateway::start(&timed(Config::dns([url]), "try-timeout", "200ms", 1)).await;
    let mut client = Client::connect(gateway.front()).await;
    ask(&mut client, 1).await;
    assert_eq!(next(&mut client).await, (1, SERVFAIL));
    let reset = in_time("a reset", resets.recv()).await;
    assert_eq!(reset, Some(Reason::CANCEL));
}

#[tokio::test]
async fn what_may_be_done_once_only_is_tried_once_and_speaks_against_its_endpoint() {
    let silent = Backend::scripted(|_| Action::Silence).start().await;
    let config = Config::pos([silent.url()])
        .upstream_key("try-timeout", "\"200ms\"")
        .upstream_key(
            "retry",
            r#"{ attempts = 5, on = "timeout", budget = "100%" }"#,
        )
        .upstream_key("eject", r#"{ failures = 1, share = "100%", time = "1h" }"#)
        .upstream_key("panic", "\"0%\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    assert_eq!(client.ask(AuthReq::new(1)).await.status, status::TIMEOUT);
    assert_eq!(client.ask(AuthReq::new(2)).await.status, status::FAILED);
    assert_eq!(silent.log().asked.len(), 1);
}

#[tokio::test]
async fn an_upstream_is_told_no_more_time_than_a_try_has() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .upstream_key("try-timeout", "\"20s\"")
        .upstream_key("deadline-header", "\"x-left\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    assert_eq!(client.ask(AuthReq::new(1)).await.status, status::APPROVED);
    let left = backend.log().asked[0].header("x-left").map(str::to_owned);
    assert_eq!(left.as_deref(), Some("20000"));
}

const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n";

async fn redis(gateway: &Gateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.front()).await;
    stream.expect("a connection")
}

async fn get(client: &mut TcpStream) -> [u8; 7] {
    client.write_all(GET).await.expect("a peer that reads");
    let mut reply = [0; 7];
    let read = in_time("a reply", client.read_exact(&mut reply)).await;
    read.expect("a reply");
    reply
}

#[tokio::test]
async fn by_order_the_reply_to_a_try_that_was_given_up_is_not_that_to_the_next_one() {
    let host = Host::start().await;
    let config = Config::forward("resp", [host.url()]).upstream("connections", 1);
    let gateway = Gateway::start(&timed(config, "try-timeout", "500ms", 2)).await;
    let mut client = redis(&gateway).await;
    let serve = async {
        let mut connection = host.accept().await;
        for _ in 0..2 {
            assert_eq!(connection.read(GET.len()).await, GET);
        }
        connection.send(b"$1\r\n1\r\n$1\r\n2\r\n").await;
        connection
    };
    let (reply, _connection) = tokio::join!(get(&mut client), serve);
    assert_eq!(&reply, b"$1\r\n2\r\n");
}

#[tokio::test]
async fn a_server_that_is_stuck_is_left_for_another_one() {
    for sharing in ["shared", "exclusive"] {
        let silent = Teller::resp(|_| None).await;
        let good = Teller::resp(|_| Some(b"$1\r\n1\r\n".to_vec())).await;
        let config = Config::forward("resp", [silent.url(), good.url()])
            .upstream_key("sharing", format!("\"{sharing}\""));
        let gateway = Gateway::start(&timed(config, "first-byte-timeout", "300ms", 5)).await;
        let mut client = redis(&gateway).await;
        while silent.log().len() < 2 {
            assert_eq!(&get(&mut client).await, b"$1\r\n1\r\n");
        }
        assert!(late(&gateway, "first-byte").await >= 2.0);
    }
}

#[tokio::test]
async fn the_built_in_upstream_has_the_time_of_a_try_too() {
    let config = Config::pos(["mock:201?delay=1h".to_owned()]);
    let gateway = Gateway::start(&config.upstream_key("try-timeout", "\"100ms\"")).await;
    let mut client = gateway.client().await;
    assert_eq!(client.ask(AuthReq::new(1)).await.status, status::TIMEOUT);
}
