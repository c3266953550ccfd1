//! Requests of HTTP that go on as they come, and answers that come back so.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw::{self, noise};
use crate::support::web::find;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One end of a connection, as bytes.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        let sent = self.stream.write_all(bytes);
        in_time("bytes to be taken", sent).await.expect("a peer");
    }

    /// `false` at the end.
    async fn more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.read);
        in_time("more bytes", read).await.is_ok_and(|n| n > 0)
    }

    async fn head(&mut self) -> String {
        loop {
            if let Some(at) = find(&self.read, b"\r\n\r\n") {
                let head = self.read.drain(..at + 4).collect();
                return String::from_utf8(head).expect("text");
            }
            assert!(self.more().await, "an end in a head: {:?}", self.read);
        }
    }

    async fn bytes(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.more().await, "an end after {} bytes", self.read.len());
        }
        self.read.drain(..length).collect()
    }

    /// Whether it ends, whatever still comes before that.
    async fn ends(&mut self) -> bool {
        while self.more().await {}
        true
    }
}

async fn start() -> (Gateway, TcpListener) {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::forward("http", [url])).await;
    (gateway, listener)
}

async fn client(gateway: &Gateway) -> Wire {
    Wire::new(raw::connect(gateway).await)
}

async fn server(listener: &TcpListener) -> Wire {
    Wire::new(raw::accept(listener).await)
}

const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_upstream_serves_one_request_after_the_other() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    client.send(GET).await;
    let mut server = server(&listener).await;
    for _ in 0..3 {
        assert!(server.head().await.starts_with("GET /a HTTP/1.1\r\n"));
        server.send(OK).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200 OK\r\n"));
        assert_eq!(client.bytes(2).await, b"ok");
        client.send(GET).await;
    }
    // The last one is on the same connection, too.
    server.head().await;
}

#[tokio::test]
async fn what_neighbours_say_ends_here_and_where_a_request_came_from_is_told() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    let request = "POST /a?b=%2F HTTP/1.1\r\nHost: shop.example:81\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\n\
        Keep-Alive: 5\r\nTE: gzip\r\nUpgrade: h2c\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Host: evil\r\n\
        X-Forwarded-Proto: https\r\nTraceparent: 00-1-2-01\r\nTracestate: a=b\r\nX-Kept: a  b\r\nContent-Length: 2\r\n\r\nhi";
    client.send(request.as_bytes()).await;
    let mut server = server(&listener).await;
    let head = server.head().await.to_lowercase();
    assert_eq!(server.bytes(2).await, b"hi");
    let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "post /a?b=%2f http/1.1");
    lines.sort_unstable();
    let parent = lines.remove(2);
    assert!(
        parent.starts_with("traceparent: 00-") && parent.ends_with("-01"),
        "{parent}"
    );
    assert_eq!(
        lines,
        [
            "content-length: 2",
            "host: shop.example:81",
            "via: 1.1 gatewright",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: shop.example:81",
            "x-forwarded-proto: http",
            "x-kept: a  b",
        ]
    );
}

/// RFC 9110, 7.6.2.
#[tokio::test]
async fn who_asks_about_the_way_gets_an_answer_where_it_ends() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    let ask = |method: &str, left: u32| {
        format!("{method} / HTTP/1.1\r\nHost: x\r\nMax-Forwards: {left}\r\n\r\n").into_bytes()
    };
    client.send(&ask("OPTIONS", 0)).await;
    assert!(client.head().await.starts_with("HTTP/1.1 204 "));
    client.send(&ask("OPTIONS", 1)).await;
    let mut server = server(&listener).await;
    let head = server.head().await.to_lowercase();
    assert!(
        head.starts_with("options / ") && head.contains("\r\nmax-forwards: 0\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn payloads_go_through_both_ways_as_they_come() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    let payload = noise(1, 1 << 20);
    let head = format!(
        "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        payload.len()
    );
    client.send(head.as_bytes()).await;
    client.send(&payload[..1000]).await;
    // It is there before the rest of it is sent.
    let mut server = server(&listener).await;
    server.head().await;
    assert_eq!(server.bytes(1000).await, payload[..1000]);
    client.send(&payload[1000..]).await;
    assert!(server.bytes(payload.len() - 1000).await == payload[1000..]);

    server
        .send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    let head = client.head().await;
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    assert_eq!(client.bytes(8).await, b"3\r\nabc\r\n");
    let chunk = [b"100000\r\n", &payload[..], b"\r\n0\r\n\r\n"].concat();
    let (_, last) = tokio::join!(server.send(&chunk), async {
        loop {
            let rest = &client.read;
            if rest.ends_with(b"\r\n0\r\n\r\n") {
                break;
            }
            assert!(client.more().await, "an end before the last chunk");
        }
        std::mem::take(&mut client.read)
    });
    assert!(last.len() > payload.len());

    // Both connections live on.
    client.send(GET).await;
    server.head().await;
}

#[tokio::test]
async fn an_answer_that_is_cut_looks_cut() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    client.send(GET).await;
    let mut server = server(&listener).await;
    server.head().await;
    server
        .send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    client.head().await;
    assert_eq!(client.bytes(8).await, b"3\r\nabc\r\n");
    drop(server);
    assert!(client.ends().await);
    assert!(client.read.is_empty(), "{:?}", client.read);
}

#[tokio::test]
async fn a_client_that_leaves_amid_an_answer_leaves_its_connection_to_nobody() {
    let (gateway, listener) = start().await;
    let mut first = client(&gateway).await;
    first.send(GET).await;
    let mut server_of_first = server(&listener).await;
    server_of_first.head().await;
    server_of_first
        .send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        .await;
    first.head().await;
    drop(first);
    // That it left and does not only send no more, its system says to the next bytes.
    server_of_first.send(b"de").await;
    assert!(server_of_first.ends().await);
    let mut second = client(&gateway).await;
    second.send(GET).await;
    let mut server_of_second = server(&listener).await;
    server_of_second.head().await;
    server_of_second.send(OK).await;
    second.head().await;
    assert_eq!(second.bytes(2).await, b"ok");
}

#[tokio::test]
async fn a_client_that_leaves_amid_its_request_cuts_it_upstream() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    client
        .send(b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        .await;
    let mut server = server(&listener).await;
    server.head().await;
    assert_eq!(server.bytes(3).await, b"abc");
    drop(client);
    assert!(server.ends().await);
    assert!(server.read.is_empty(), "{:?}", server.read);
}

#[tokio::test]
async fn answers_to_head_and_without_content_have_no_payload() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    client.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut server = server(&listener).await;
    server.head().await;
    server
        .send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        .await;
    let head = client.head().await.to_lowercase();
    assert!(head.contains("content-length: 5000\r\n"), "{head}");
    client.send(GET).await;
    server.head().await;
    server
        .send(b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 304"));
    client.send(GET).await;
    server.head().await;
    server.send(OK).await;
    client.head().await;
    assert_eq!(client.bytes(2).await, b"ok");
}

#[tokio::test]
async fn an_answer_until_the_end_of_its_connection_is_whole_at_that() {
    let (gateway, listener) = start().await;
    let mut client = client(&gateway).await;
    client.send(GET).await;
    let mut server = server(&listener).await;
    server.head().await;
    server.send(b"HTTP/1.0 200 OK\r\n\r\nall of it").await;
    drop(server);
    let head = client.head().await;
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    while !client.read.ends_with(b"0\r\n\r\n") {
        assert!(client.more().await, "an end before the last chunk");
    }
    assert!(find(&client.read, b"all of it").is_some());
}

#[tokio::test]
async fn a_stream_of_http2_goes_through_http1_and_back_with_its_trailers() {
    let (gateway, listener) = start().await;
    let tcp = raw::connect(&gateway).await;
    let (mut h2, connection) = h2::client::handshake(tcp).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::put("http://shop.example/a")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(())
        .expect("a request");
    let (answer, mut up) = h2.send_request(request, false).expect("a stream");
    up.send_data("abc".into(), false).expect("a stream");
    let mut server = server(&listener).await;
    let head = server.head().await;
    assert!(
        head.starts_with("PUT /a HTTP/1.1\r\nhost: shop.example\r\n"),
        "{head}"
    );
    assert!(head.contains("cookie: a=1; b=2\r\n"), "{head}");
    assert!(head.contains("via: 2 gatewright\r\n"), "{head}");
    assert_eq!(server.bytes(8).await, b"3\r\nabc\r\n");
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("6"));
    up.send_trailers(trailers).expect("a stream");
    assert_eq!(server.bytes(15).await, b"0\r\nx-sum: 6\r\n\r\n");

    server
        .send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n")
        .await;
    let answer = in_time("an answer", answer).await.expect("an answer");
    let mut body = answer.into_body();
    let chunk = in_time("a chunk", body.data()).await.expect("a chunk");
    assert_eq!(chunk.expect("a chunk"), "de");
    server.send(b"0\r\nX-Status: 0\r\n\r\n").await;
    assert!(in_time("the end", body.data()).await.is_none());
    let trailers = in_time("trailers", body.trailers())
        .await
        .expect("trailers");
    assert_eq!(trailers.expect("trailers")["x-status"], "0");
}

/// The pauses are what is tested: each is far below the time limit, all together are above it.
#[tokio::test]
async fn a_payload_that_gets_on_may_take_longer_than_an_answer() {
    const PART: &[u8] = b"12345";
    const PARTS: usize = 9;
    let (listener, url) = raw::listener().await;
    let config = Config::forward("http", [url]).timeout("2s");
    let gateway = Gateway::start(&config).await;
    let mut client = client(&gateway).await;
    let length = PARTS * PART.len();
    let head = format!("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    let began = Instant::now();
    client.send(head.as_bytes()).await;
    let mut server = server(&listener).await;
    server.head().await;
    for _ in 0..PARTS {
        tokio::time::sleep(Duration::from_millis(250)).await;
        client.send(PART).await;
        assert_eq!(server.bytes(PART.len()).await, PART);
    }
    assert!(began.elapsed() > Duration::from_secs(2));
    server.send(OK).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(client.bytes(2).await, b"ok");
}

#[tokio::test]
async fn a_payload_that_stands_still_is_answered_for() {
    let (listener, url) = raw::listener().await;
    let config = Config::forward("http", [url]).timeout("300ms");
    let gateway = Gateway::start(&config).await;
    let stalled = "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc";
    let unanswered = "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    for request in [stalled, unanswered] {
        let mut client = client(&gateway).await;
        client.send(request.as_bytes()).await;
        let mut server = server(&listener).await;
        server.head().await;
        assert_eq!(server.bytes(3).await, b"abc");
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 504 "), "{head}");
        // Nobody takes what is to come, or what would be answered, for anything else.
        assert!(server.ends().await);
    }
}

#[tokio::test]
async fn a_stream_of_http2_that_stands_still_is_answered_for() {
    let (listener, url) = raw::listener().await;
    let config = Config::forward("http", [url]).timeout("300ms");
    let gateway = Gateway::start(&config).await;
    let tcp = raw::connect(&gateway).await;
    let (mut h2, connection) = h2::client::handshake(tcp).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::put("http://shop.example/a").body(());
    let request = request.expect("a request");
    let (answer, mut up) = h2.send_request(request, false).expect("a stream");
    up.send_data("abc".into(), false).expect("a stream");
    let mut server = server(&listener).await;
    server.head().await;
    assert_eq!(server.bytes(8).await, b"3\r\nabc\r\n");
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 504);
    assert!(server.ends().await);
}

/// Servers take many small frames that nobody has read yet for an attack, and end the connection: chunks
/// of one client must not cost others theirs.
#[tokio::test]
async fn small_chunks_reach_http2_in_few_frames() {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "h2c:")])).await;
    let mut client = client(&gateway).await;
    let head = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = b"1\r\nx\r\n".repeat(4_000);
    client
        .send(&[&head[..], &chunks, b"0\r\n\r\n"].concat())
        .await;
    let tcp = raw::accept(&listener).await;
    let mut connection = in_time("HTTP/2", h2::server::handshake(tcp))
        .await
        .expect("HTTP/2");
    let asked = in_time("a request", connection.accept()).await;
    let (request, mut answer) = asked.expect("a request").expect("a request");
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut body = request.into_body();
    let (mut frames, mut bytes) = (0, 0);
    while let Some(frame) = in_time("a frame", body.data()).await {
        frames += 1;
        bytes += frame.expect("a frame").len();
    }
    assert_eq!(bytes, 4_000);
    assert!(frames < 100, "{frames} frames");
    answer
        .send_response(http::Response::new(()), true)
        .expect("a stream");
    assert!(client.head().await.starts_with("HTTP/1.1 200 OK\r\n"));
}
