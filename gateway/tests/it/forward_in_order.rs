//! Messages that go to servers of their own protocol, replies told apart by their order.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::Host;
use crate::support::in_time;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A client of redis.
struct Client(TcpStream);

impl Client {
    async fn of(gateway: &Gateway) -> Self {
        let stream = TcpStream::connect(gateway.front()).await;
        Self(stream.expect("a connection"))
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("a peer that reads");
    }

    /// Reads as many bytes as are expected, and compares.
    async fn expect(&mut self, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        let read = in_time("a reply", self.0.read_exact(&mut bytes)).await;
        read.expect("a reply");
        assert_eq!(
            bytes.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
    }

    /// A line that begins like this.
    async fn expect_error(&mut self, prefix: &str) {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(in_time("a reply", self.0.read_u8()).await.expect("a reply"));
        }
        assert!(
            line.starts_with(prefix.as_bytes()),
            "{}",
            line.escape_ascii()
        );
    }
}

fn get(key: &str) -> Vec<u8> {
    format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()).into_bytes()
}

fn config(host: &Host) -> Config {
    Config::forward("resp", [host.url()]).upstream("connections", 1)
}

async fn dropped(gateway: &Gateway, reason: &str) -> f64 {
    let name = "gatewright_upstream_messages_dropped_total";
    gateway.metrics().await.sum(name, &[("reason", reason)])
}

#[tokio::test]
async fn each_client_gets_its_own_replies() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host)).await;
    let (mut one, mut two) = (Client::of(&gateway).await, Client::of(&gateway).await);
    one.send(&[get("a"), get("b")].concat()).await;
    let mut upstream = host.accept().await;
    assert_eq!(
        upstream.read(2 * get("a").len()).await,
        [get("a"), get("b")].concat()
    );
    two.send(&get("c")).await;
    assert_eq!(upstream.read(get("c").len()).await, get("c"));
    upstream.send(b"$1\r\nA\r\n$1\r\nB\r\n$1\r\nC\r\n").await;
    one.expect(b"$1\r\nA\r\n$1\r\nB\r\n").await;
    two.expect(b"$1\r\nC\r\n").await;
}

#[tokio::test]
async fn replies_are_passed_on_as_they_come() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host)).await;
    let mut client = Client::of(&gateway).await;
    client.send(&[get("a"), get("b"), get("c")].concat()).await;
    let mut upstream = host.accept().await;
    upstream.read(3 * get("a").len()).await;
    upstream.send(b"$1\r\nA\r\n$1\r\n").await;
    client.expect(b"$1\r\nA\r\n").await;
    upstream.send(b"B\r\n-ERR no\r\n").await;
    client.expect(b"$1\r\nB\r\n-ERR no\r\n").await;
}

#[tokio::test]
async fn a_late_reply_is_not_taken_for_the_next_one() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host).timeout("1s")).await;
    let (mut one, mut two) = (Client::of(&gateway).await, Client::of(&gateway).await);
    one.send(&[get("a"), get("b")].concat()).await;
    let mut upstream = host.accept().await;
    upstream.read(2 * get("a").len()).await;
    upstream.send(b"$1\r\nA\r\n").await;
    one.expect(b"$1\r\nA\r\n").await;
    one.expect_error("-TIMEOUT").await;
    two.send(&get("c")).await;
    upstream.read(get("c").len()).await;
    upstream.send(b"$1\r\nB\r\n$1\r\nC\r\n").await;
    two.expect(b"$1\r\nC\r\n").await;
    assert_eq!(dropped(&gateway, "late").await, 1.0);
}

#[tokio::test]
async fn a_server_that_owes_a_reply_for_too_long_is_left() {
    let host = Host::start().await;
    let config = config(&host)
        .timeout("1s")
        .upstream("quarantine", "\"100ms\"");
    let gateway = Gateway::start(&config).await;
    let mut client = Client::of(&gateway).await;
    client.send(&get("a")).await;
    let mut upstream = host.accept().await;
    client.expect_error("-TIMEOUT").await;
    upstream.closed().await;
    client.send(&get("b")).await;
    let mut upstream = host.accept().await;
    assert_eq!(upstream.read(get("b").len()).await, get("b"));
    upstream.send(b"$1\r\nB\r\n").await;
    client.expect(b"$1\r\nB\r\n").await;
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_the_connection() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host)).await;
    let mut client = Client::of(&gateway).await;
    for unasked in [&b"+OK\r\n"[..], b"+O"] {
        client.send(&get("a")).await;
        let mut upstream = host.accept().await;
        upstream.read(get("a").len()).await;
        upstream.send(b"$1\r\nA\r\n").await;
        client.expect(b"$1\r\nA\r\n").await;
        upstream.send(unasked).await;
        upstream.closed().await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_no_reply_along() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host)).await;
    let (mut leaving, mut staying) = (Client::of(&gateway).await, Client::of(&gateway).await);
    leaving.send(&[get("a"), get("b")].concat()).await;
    let mut upstream = host.accept().await;
    upstream.read(2 * get("a").len()).await;
    staying.send(&get("c")).await;
    upstream.read(get("c").len()).await;
    leaving.0.set_zero_linger().expect("linger");
    drop(leaving);
    gateway.until_closed("reset", 1).await;
    upstream.send(b"$1\r\nA\r\n$1\r\nB\r\n$1\r\nC\r\n").await;
    staying.expect(b"$1\r\nC\r\n").await;
}

#[tokio::test]
async fn a_lost_connection_is_told_to_each_request() {
    let host = Host::start().await;
    let gateway = Gateway::start(&config(&host)).await;
    let mut client = Client::of(&gateway).await;
    client.send(&[get("a"), get("b"), get("c")].concat()).await;
    let mut upstream = host.accept().await;
    upstream.read(3 * get("a").len()).await;
    upstream.send(b"$1\r\nA\r\n").await;
    client.expect(b"$1\r\nA\r\n").await;
    drop(upstream);
    client.expect_error("-UNREACHABLE").await;
    client.expect_error("-UNREACHABLE").await;
}

#[tokio::test]
async fn a_client_that_takes_no_replies_is_left_behind() {
    let host = Host::start().await;
    let config = config(&host)
        .upstream("frame", "\"1MiB\"")
        .listener("send-buffer", "\"64KiB\"")
        .listener("in-flight", 64);
    let gateway = Gateway::start(&config).await;
    let (mut slow, mut other) = (Client::of(&gateway).await, Client::of(&gateway).await);
    slow.send(&get("a").repeat(64)).await;
    let mut upstream = host.accept().await;
    upstream.read(64 * get("a").len()).await;
    let large = [&b"$1000000\r\n"[..], &vec![b'x'; 1_000_000], b"\r\n"].concat();
    other.send(&get("b")).await;
    upstream.read(get("b").len()).await;
    for _ in 0..64 {
        upstream.send(&large).await;
    }
    upstream.send(b"$1\r\nB\r\n").await;
    other.expect(b"$1\r\nB\r\n").await;
    gateway.until_closed("slow-reader", 1).await;
}

#[tokio::test]
async fn a_server_that_takes_nothing_stops_its_clients_and_costs_no_memory() {
    const CLIENTS: usize = 8;
    const REQUESTS: usize = 256;
    let host = Host::start().await;
    let config = config(&host)
        .timeout("200ms")
        .listener("in-flight", REQUESTS);
    let gateway = Gateway::start(&config).await;
    let value = "x".repeat(32 << 10);
    let set = format!(
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n{value}\r\n",
        value.len()
    );
    let before = gateway.memory();
    let flood = (0..CLIENTS).map(|_| async {
        let stream = TcpStream::connect(gateway.front()).await;
        let (mut read, mut write) = stream.expect("a connection").into_split();
        let sending = async {
            for _ in 0..REQUESTS {
                write.write_all(set.as_bytes()).await.expect("a gateway");
            }
        };
        let reading = async {
            let mut lines = BufReader::new(&mut read).lines();
            for _ in 0..REQUESTS {
                let line = in_time("a refusal", lines.next_line()).await;
                let line = line.expect("a gateway").expect("a refusal");
                let refused = line.starts_with("-TIMEOUT") || line.starts_with("-UNREACHABLE");
                assert!(refused || line.starts_with("-OVERLOADED"), "{line}");
            }
        };
        tokio::join!(sending, reading);
    });
    let upstream = host.accept();
    let (_, _upstream) = tokio::join!(futures_util::future::join_all(flood), upstream);
    let grown = gateway.memory().saturating_sub(before);
    // What was sent is 64 MiB; a few reads of each client, and what one connection may hold.
    assert!(grown < 32 << 20, "{grown} bytes more");
}

/// The others on the connection get their replies, in their order, whatever the pieces it comes in.
#[tokio::test]
async fn a_reply_that_is_too_long_fails_its_request_only() {
    let long = |bytes: usize| {
        let text = "x".repeat(bytes);
        format!("${bytes}\r\n{text}\r\n").into_bytes()
    };
    for pieces in [usize::MAX, 1000, 7] {
        let host = Host::start().await;
        let gateway = Gateway::start(&config(&host).upstream("frame", "\"1KiB\"")).await;
        let (mut one, mut two) = (Client::of(&gateway).await, Client::of(&gateway).await);
        one.send(&[get("a"), get("b"), get("c")].concat()).await;
        let mut upstream = host.accept().await;
        upstream.read(3 * get("a").len()).await;
        two.send(&get("d")).await;
        upstream.read(get("d").len()).await;
        let replies = [
            &b"$1\r\na\r\n"[..],
            &long(5000),
            b"$1\r\nc\r\n",
            b"$1\r\nd\r\n",
        ]
        .concat();
        for piece in replies.chunks(pieces.min(replies.len())) {
            upstream.send(piece).await;
        }
        one.expect(b"$1\r\na\r\n").await;
        one.expect_error("-BADREPLY").await;
        one.expect(b"$1\r\nc\r\n").await;
        two.expect(b"$1\r\nd\r\n").await;
        two.send(&get("e")).await;
        upstream.read(get("e").len()).await;
        upstream.send(b"$-1\r\n").await;
        two.expect(b"$-1\r\n").await;
    }
}

/// Nothing tells where an array ends but all of it; and more than 64 MiB are waited for by nobody.
#[tokio::test]
async fn a_reply_without_an_end_in_sight_ends_the_connection() {
    for reply in [&b"*1000\r\n"[..], b"$67108865\r\n"] {
        let host = Host::start().await;
        let gateway = Gateway::start(&config(&host).upstream("frame", "\"1KiB\"")).await;
        let mut client = Client::of(&gateway).await;
        client.send(&get("a")).await;
        let mut upstream = host.accept().await;
        upstream.read(get("a").len()).await;
        upstream.send(reply).await;
        upstream.closed().await;
        client.expect_error("-UNREACHABLE").await;
    }
}
