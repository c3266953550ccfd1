//! What rules remove or set in a head does not come behind the payload either.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const RULES: &str = r#"
request.headers = { x-set = "by the gateway" }
request.add-headers = { x-added = "by the gateway" }
request.remove-headers = ["X-Removed"]
reply = [{ on = "*", headers = { x-answer-set = "by the gateway" }, add-headers = { x-added = "by the gateway" }, remove-headers = ["x-answer-removed"] }]
"#;

/// A gateway with these rules in front of a server.
async fn start(scheme: &str) -> (Gateway, TcpListener) {
    let (listener, url) = raw::listener().await;
    let url = url.replace("tcp://", scheme);
    let text = format!(
        "[gateway]\nworkers = 1\n[admin]\nhttp = \"127.0.0.1:0\"\n\
         [listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n\
         [upstreams.app]\nurl = \"{url}\"\n[[routes]]\nfrom = \"front\"\nto = \"app\"\n{RULES}"
    );
    (Gateway::start_text(&text, &[]).await, listener)
}

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Set: 1\r\nX-ADDED: 1\r\nx-removed: 1\r\n\
    X-Answer-Set: 1\r\nx-ANSWER-removed: 1\r\nX-Last: 1\r\n\r\n";

/// What follows the payload of a message in chunks.
async fn behind(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"X-Last: 1\r\n\r\n") {
        let byte = in_time("the trailers", stream.read_u8()).await;
        read.push(byte.expect("a peer"));
    }
    let read = String::from_utf8(read).expect("text");
    let (_, trailers) = read.split_once("\r\n0\r\n").expect("the last chunk");
    trailers.to_owned()
}

#[tokio::test]
async fn over_http1_what_a_rule_names_is_no_trailer() {
    let (gateway, listener) = start("http://").await;
    let mut client = TcpStream::connect(gateway.front())
        .await
        .expect("a gateway");
    let request = format!("PUT /a HTTP/1.1\r\nHost: x\r\n{CHUNKED}");
    client.write_all(request.as_bytes()).await.expect("a write");
    let (mut server, _) = in_time("a connection", listener.accept())
        .await
        .expect("a gateway");
    let expected = "X-ADDED: 1\r\nX-Answer-Set: 1\r\nx-ANSWER-removed: 1\r\nX-Last: 1\r\n\r\n";
    assert_eq!(behind(&mut server).await, expected);
    let answer = format!("HTTP/1.1 200 OK\r\n{CHUNKED}");
    server.write_all(answer.as_bytes()).await.expect("a write");
    let expected = "X-Set: 1\r\nX-ADDED: 1\r\nx-removed: 1\r\nX-Last: 1\r\n\r\n";
    assert_eq!(behind(&mut client).await, expected);
}

fn trailers() -> HeaderMap {
    let names = [
        "x-set",
        "x-added",
        "x-removed",
        "x-answer-set",
        "x-answer-removed",
    ];
    let mut trailers = HeaderMap::new();
    for name in names {
        trailers.insert(name, HeaderValue::from_static("1"));
    }
    trailers
}

/// The names of what follows a payload.
async fn names_behind(mut body: RecvStream) -> Vec<String> {
    while let Some(chunk) = in_time("a payload", body.data()).await {
        let length = chunk.expect("a payload").len();
        body.flow_control()
            .release_capacity(length)
            .expect("what came");
    }
    let trailers = in_time("trailers", body.trailers()).await;
    let trailers = trailers.expect("a stream").expect("trailers");
    let mut names: Vec<_> = trailers.keys().map(ToString::to_string).collect();
    names.sort();
    names
}

/// A server that says what it has to, and tells which trailers it got.
async fn serve(listener: TcpListener) -> Vec<String> {
    let (stream, _) = listener.accept().await.expect("a gateway");
    let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
    let (request, mut respond) = connection.accept().await.expect("a request").expect("one");
    let answering = tokio::spawn(async move {
        let names = names_behind(request.into_body()).await;
        let mut answer = respond
            .send_response(Response::new(()), false)
            .expect("a stream");
        answer.send_data("ab".into(), false).expect("a stream");
        answer.send_trailers(trailers()).expect("a stream");
        names
    });
    let going_on = async { while connection.accept().await.is_some() {} };
    going_on.await;
    answering.await.expect("names")
}

#[tokio::test]
async fn over_http2_what_a_rule_names_is_no_trailer() {
    let (gateway, listener) = start("h2c://").await;
    let server = tokio::spawn(serve(listener));
    let stream = TcpStream::connect(gateway.front())
        .await
        .expect("a gateway");
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::put("http://x/a").body(()).expect("a request");
    let (answer, mut up) = sender.send_request(request, false).expect("a stream");
    up.send_data(Bytes::from("ab"), false).expect("a stream");
    up.send_trailers(trailers()).expect("a stream");
    let answer = in_time("an answer", answer).await.expect("an answer");
    let got = names_behind(answer.into_body()).await;
    assert_eq!(got, ["x-added", "x-removed", "x-set"]);
    drop(gateway);
    let got = in_time("its end", server).await.expect("a server");
    assert_eq!(got, ["x-added", "x-answer-removed", "x-answer-set"]);
}

/// RFC 9113, 8.2.1: white space around a value is malformed, in trailers as in heads.
#[tokio::test]
async fn over_http2_a_malformed_trailer_makes_half_a_request() {
    let (gateway, listener) = start("h2c://").await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a gateway");
        let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
        let (request, _respond) = connection.accept().await.expect("a request").expect("one");
        let mut body = request.into_body();
        tokio::spawn(async move { while connection.accept().await.is_some() {} });
        while let Some(Ok(_)) = in_time("a payload", body.data()).await {}
        body.trailers().await.is_ok()
    });
    let stream = TcpStream::connect(gateway.front())
        .await
        .expect("a gateway");
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::put("http://x/a").body(()).expect("a request");
    let (answer, mut up) = sender.send_request(request, false).expect("a stream");
    up.send_data(Bytes::from("ab"), false).expect("a stream");
    let mut odd = HeaderMap::new();
    odd.insert("x-odd", HeaderValue::from_static(" 1"));
    up.send_trailers(odd).expect("a stream");
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 400);
    assert!(!in_time("its end", server).await.expect("a server"));
}
