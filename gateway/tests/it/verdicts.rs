//! What is thought of servers whose answers come in parts, and of those who hang up.

use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::wire::{AuthReq, AuthRsp};
use crate::support::{in_time, raw};
use bytes::Bytes;
use h2::SendStream;
use h2::server::SendResponse;
use http::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const STATES: &str = "gatewright_upstream_endpoints";
const EJECTED: [(&str, &str); 2] = [("endpoint", "0"), ("state", "ejected")];
const HEALTHY: [(&str, &str); 2] = [("endpoint", "0"), ("state", "healthy")];
const GET: &[u8] = b"GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n";

fn eject(config: Config, time: &str) -> Config {
    let eject =
        format!("{{ failures = 1, time = \"{time}\", longest = \"{time}\", share = \"100%\" }}");
    config.upstream_key("eject", eject)
}

async fn asks(gateway: &Gateway) -> TcpStream {
    let mut client = raw::connect(gateway).await;
    client.write_all(GET).await.expect("taken");
    client
}

async fn head(client: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(in_time("a head", client.read_u8()).await.expect("a head"));
    }
    String::from_utf8(head).expect("text")
}

/// Old hosts answer one request a connection. More of them than a broken server may lose.
#[tokio::test]
async fn a_server_that_hangs_up_behind_each_reply_is_a_good_one() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    for seq in 0..16 {
        let server = async {
            let mut asked = host.accept().await;
            let frame = asked.frame().await;
            let seq = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
            let (status, code) = (status::APPROVED, "SINGLE".to_owned());
            asked.send(&AuthRsp { seq, status, code }.bytes()).await;
        };
        let (reply, ()) = tokio::join!(client.ask(AuthReq::new(seq)), server);
        assert_eq!(reply.status, status::APPROVED, "{seq}");
        // What is sent before the end is heard may be lost.
        let gone = async {
            let connections = "gatewright_upstream_connections";
            while gateway.metrics().await.sum(connections, &[]) > 0.0 {}
        };
        in_time("its end", gone).await;
    }
}

/// The requests of a server of HTTP/2 that answers nothing by itself.
async fn serve_http2(listener: tokio::net::TcpListener) -> UnboundedReceiver<SendResponse<Bytes>> {
    let (hand_on, asked) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let hand_on = hand_on.clone();
            tokio::spawn(async move {
                let mut server = h2::server::handshake(tcp).await.expect("HTTP/2");
                while let Some(Ok((_, respond))) = server.accept().await {
                    let _ = hand_on.send(respond);
                }
            });
        }
    });
    asked
}

async fn begin(
    asked: &mut UnboundedReceiver<SendResponse<Bytes>>,
    status: u16,
) -> SendStream<Bytes> {
    let respond = in_time("a request", asked.recv()).await;
    let head = Response::builder().status(status).body(());
    let begun = (respond.expect("a request")).send_response(head.expect("a head"), false);
    begun.expect("a stream")
}

#[tokio::test]
async fn an_error_counts_before_its_body_is_there() {
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]);
    let gateway = Gateway::start(&eject(config, "1h")).await;
    let mut asked = serve_http2(listener).await;
    let mut client = asks(&gateway).await;
    let mut body = begin(&mut asked, 503).await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 503 "));
    gateway.until_metric(STATES, &EJECTED, 1.0).await;
    body.send_data(Bytes::from_static(b"no"), true)
        .expect("a stream");
    let mut rest = [0; 12];
    let read = in_time("the body", client.read_exact(&mut rest)).await;
    assert!(read.is_ok() && rest == *b"2\r\nno\r\n0\r\n\r\n");
}

/// Watches may go on for days, and end with their clients.
#[tokio::test]
async fn an_answer_that_goes_on_is_good_from_its_head() {
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]).upstream_key("panic", "\"0%\"");
    let gateway = Gateway::start(&eject(config, "50ms")).await;
    let mut asked = serve_http2(listener).await;
    let mut client = asks(&gateway).await;
    drop(begin(&mut asked, 503).await);
    head(&mut client).await;
    gateway.until_metric(STATES, &EJECTED, 1.0).await;
    let again = async {
        loop {
            let mut client = asks(&gateway).await;
            tokio::select! {
                body = begin(&mut asked, 200) => break (client, body),
                refused = head(&mut client) => assert!(refused.starts_with("HTTP/1.1 5")),
            }
        }
    };
    let (mut client, _body) = in_time("its trial", again).await;
    assert!(head(&mut client).await.starts_with("HTTP/1.1 200 "));
    gateway.until_metric(STATES, &HEALTHY, 1.0).await;
}

/// As many times in a row as by default, each time behind a head that was good.
#[tokio::test]
async fn a_server_that_breaks_its_answers_off_is_ejected() {
    const SOME: &str = "{ failures = 5, share = \"100%\" }";
    let host = Host::start().await;
    let config = Config::proxy([format!("http://{}", host.address())]);
    let gateway = Gateway::start(&config.upstream_key("eject", SOME)).await;
    for _ in 0..5 {
        let mut client = asks(&gateway).await;
        let mut server = host.accept().await;
        server.read(GET.len()).await;
        server
            .send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
            .await;
        assert!(head(&mut client).await.starts_with("HTTP/1.1 200 "));
        drop(server);
        // By a reset or not.
        let _ = in_time("an end", client.read_to_end(&mut Vec::new())).await;
    }
    gateway.until_metric(STATES, &EJECTED, 1.0).await;

    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]);
    let gateway = Gateway::start(&config.upstream_key("eject", SOME)).await;
    let mut asked = serve_http2(listener).await;
    for _ in 0..5 {
        let mut client = asks(&gateway).await;
        let mut body = begin(&mut asked, 200).await;
        assert!(head(&mut client).await.starts_with("HTTP/1.1 200 "));
        body.send_reset(h2::Reason::INTERNAL_ERROR);
        let _ = in_time("an end", client.read_to_end(&mut Vec::new())).await;
    }
    gateway.until_metric(STATES, &EJECTED, 1.0).await;
}
