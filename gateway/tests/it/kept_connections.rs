//! Connections of HTTP/1.1 that a server closes while, or before, the next request is on its way.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::{in_time, raw};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// A gateway, a client of it, and a connection upstream that has served a request of that client.
struct Kept {
    gateway: Gateway,
    listener: TcpListener,
    client: TcpStream,
    /// Gone once the server has closed it.
    server: Option<TcpStream>,
}

async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(in_time("a head", stream.read_u8()).await.expect("a head"));
    }
    String::from_utf8(read).expect("text")
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("a peer");
}

fn request(method: &str) -> String {
    format!("{method} /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
}

impl Kept {
    async fn start(keys: &[(&str, &str)]) -> Self {
        let (listener, url) = raw::listener().await;
        let config = Config::proxy([url.replace("tcp://", "http://")]);
        let config = keys.iter().fold(config, |config, (key, value)| {
            config.upstream_key(key, *value)
        });
        let gateway = Gateway::start(&config).await;
        let client = raw::connect(&gateway).await;
        let mut kept = Self {
            gateway,
            listener,
            client,
            server: None,
        };
        kept.ask("GET").await;
        kept.answer_on_another("GET").await;
        assert_eq!(kept.status().await, 200);
        kept
    }

    async fn ask(&mut self, method: &str) {
        send(&mut self.client, request(method).as_bytes()).await;
    }

    async fn status(&mut self) -> u16 {
        let head = head(&mut self.client).await;
        let status = head.split(' ').nth(1).expect("a status");
        status.parse().expect("a number")
    }

    /// Answers on the next connection, which is to be a new one.
    async fn answer_on_another(&mut self, method: &str) -> String {
        let mut another = raw::accept(&self.listener).await;
        let asked = head(&mut another).await;
        assert!(asked.starts_with(&format!("{method} /a ")), "{asked}");
        send(&mut another, OK).await;
        self.server = Some(another);
        asked
    }

    /// Reads a request on the kept connection, says this and ends it. Gives the request's head.
    async fn end_with(&mut self, said: &[u8]) -> String {
        let mut server = self.server.take().expect("a connection");
        let asked = head(&mut server).await;
        send(&mut server, said).await;
        server.shutdown().await.expect("a peer");
        asked
    }

    async fn retries(&self) -> f64 {
        let labels = [("result", "sent")];
        let metrics = self.gateway.metrics().await;
        metrics.sum("gatewright_upstream_retries_total", &labels)
    }
}

#[tokio::test]
async fn what_is_idempotent_is_sent_once_more_by_default() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let mut kept = Kept::start(&[]).await;
        kept.ask(method).await;
        kept.end_with(b"").await;
        kept.answer_on_another(method).await;
        assert_eq!(kept.status().await, 200, "{method}");
        assert!((kept.retries().await - 1.0).abs() < f64::EPSILON);
        // The endpoint is as good as before.
        kept.ask("POST").await;
        let server = kept.server.as_mut().expect("a connection");
        head(server).await;
        send(server, OK).await;
        assert_eq!(kept.status().await, 200);
    }
}

/// W3C Trace Context, 2.2.2.4: its parent-id tells one from the other.
#[tokio::test]
async fn each_try_is_a_span_of_its_own_in_the_same_trace() {
    let mut kept = Kept::start(&[]).await;
    kept.ask("GET").await;
    let asked = [
        kept.end_with(b"").await,
        kept.answer_on_another("GET").await,
    ];
    let [first, second] = asked.each_ref().map(|head| {
        let mut lines = head.lines();
        let parent = lines.find_map(|line| line.strip_prefix("traceparent: 00-"));
        parent.expect("a trace").split_once('-').expect("a span")
    });
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
}

/// What a server is asked, what it says before its end, and what the upstream says of retries.
type Case<'a> = (&'a str, &'a [u8], &'a [(&'a str, &'a str)]);

#[tokio::test]
async fn what_may_have_been_carried_out_is_not() {
    let cases: [Case<'_>; 6] = [
        ("POST", b"", &[]),
        ("PATCH", b"", &[]),
        ("BREW", b"", &[]),
        // The server has begun to answer, so it has had the request.
        ("GET", b"H", &[]),
        ("GET", b"", &[("retry.attempts", "1")]),
        ("GET", b"", &[("retry.on", "\"503\"")]),
    ];
    for (method, said, keys) in cases {
        let mut kept = Kept::start(keys).await;
        kept.ask(method).await;
        kept.end_with(said).await;
        assert_eq!(kept.status().await, 502, "{method} {said:?} {keys:?}");
        // Nothing of it comes: the next one is another.
        let _ = in_time("a body", kept.client.read(&mut [0; 1024])).await;
        kept.ask("DELETE").await;
        kept.answer_on_another("DELETE").await;
        assert_eq!(kept.status().await, 200, "{method}");
    }
}

#[tokio::test]
async fn a_new_connection_that_ends_is_no_old_one() {
    let mut kept = Kept::start(&[]).await;
    kept.ask("GET").await;
    kept.end_with(b"").await;
    let mut another = raw::accept(&kept.listener).await;
    head(&mut another).await;
    drop(another);
    // Its first request: whatever the server did with it, it is not sent a third time.
    assert_eq!(kept.status().await, 502);
    assert!((kept.retries().await - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_body_on_its_way_is_not_sent_again() {
    let mut kept = Kept::start(&[]).await;
    let begun = b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nbegun";
    send(&mut kept.client, begun).await;
    kept.end_with(b"").await;
    assert_eq!(kept.status().await, 502);
    assert!(kept.retries().await.abs() < f64::EPSILON);
}

/// Statuses that `retry.on` names, of an answer whose body is on its way.
#[tokio::test]
async fn an_error_is_asked_for_once_more_where_that_may_be() {
    const ERROR: &[u8] = b"HTTP/1.1 503 x\r\nContent-Length: 9\r\n\r\nbegun";
    let keys = [("retry", r#"{ on = "5xx", budget = "100%" }"#)];
    for (method, again) in [("GET", true), ("DELETE", true), ("POST", false)] {
        let mut kept = Kept::start(&keys).await;
        kept.ask(method).await;
        let server = kept.server.as_mut().expect("a connection");
        head(server).await;
        send(server, ERROR).await;
        if again {
            kept.answer_on_another(method).await;
        }
        assert_eq!(
            kept.status().await,
            if again { 200 } else { 503 },
            "{method}"
        );
    }
}

/// What the system knows of a socket: its state, and what of it the peer has not got yet.
fn socket(own: SocketAddr, peer: SocketAddr) -> Option<(String, String)> {
    // ` 0: 0100007F:B4F7 0100007F:E0AA 08 00000000:00000000 …`: all of these tests are on one address.
    let ports = [own, peer].map(|address| format!(":{:04X}", address.port()));
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the system's sockets");
    sockets.lines().find_map(|socket| {
        let fields: Vec<&str> = socket.split_whitespace().collect();
        let ends = fields.get(1..3)?.iter().zip(&ports);
        let is_it = ends.into_iter().all(|(end, port)| end.ends_with(port));
        let (unacknowledged, _) = fields.get(4)?.split_once(':')?;
        is_it.then(|| (fields[3].to_owned(), unacknowledged.to_owned()))
    })
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    in_time(what, waiting).await;
}

impl Kept {
    /// Closes the kept connection; its end is there, read or not (`CLOSE_WAIT`).
    async fn close(&mut self) {
        let server = self.server.take().expect("a connection");
        let theirs = server.peer_addr().expect("an address");
        let ours = server.local_addr().expect("an address");
        drop(server);
        let is_there = || socket(theirs, ours).is_some_and(|(state, _)| state == "08");
        until("the end of a connection", is_there).await;
    }

    /// Asks; the request is there, read or not.
    async fn ask_surely(&mut self, method: &str) {
        self.ask(method).await;
        let ours = self.client.local_addr().expect("an address");
        let theirs = self.client.peer_addr().expect("an address");
        let is_there = || socket(ours, theirs).is_some_and(|(_, left)| left == "00000000");
        until("a request to arrive", is_there).await;
    }
}

/// The end of the connection and the next request are there at the same time. Nothing is written on that
/// connection, so even what is not idempotent goes on another one.
#[tokio::test]
async fn an_end_that_is_there_already_is_heard_before_anything_is_written() {
    let mut kept = Kept::start(&[]).await;
    for turn in 0..8 {
        kept.gateway.stop_for_now().await;
        // Whichever came first.
        if turn % 2 == 0 {
            kept.close().await;
            kept.ask_surely("POST").await;
        } else {
            kept.ask_surely("POST").await;
            kept.close().await;
        }
        kept.gateway.go_on().await;
        kept.answer_on_another("POST").await;
        assert_eq!(kept.status().await, 200, "{turn}");
    }
}
