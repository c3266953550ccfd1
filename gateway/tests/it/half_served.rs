//! Clients of HTTP/1.1 that are half served: an answer that is on its way to them, a request that is on its way
//! from them. They cost nothing while they stand still, and have what they asked for before their end.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::{Host, HostConnection};
use crate::support::{in_time, raw};
use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::server::{Connection, SendResponse};
use h2::{RecvStream, SendStream};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const GET: &[u8] = b"GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n";

/// A gateway in front of one server of HTTP/1.1.
async fn proxy(with: impl FnOnce(Config) -> Config) -> (Gateway, Host) {
    let host = Host::start().await;
    let config = Config::proxy([format!("http://{}", host.address())]);
    (Gateway::start(&with(config)).await, host)
}

async fn client(gateway: &Gateway, sends: &[u8]) -> TcpStream {
    let mut client = raw::connect(gateway).await;
    client.write_all(sends).await.expect("taken");
    client
}

/// The next request's connection, its head read.
async fn asked(host: &Host) -> HostConnection {
    let mut asked = host.accept().await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(asked.read(1).await);
    }
    asked
}

/// Reads until what was read ends so.
async fn read_to(client: &mut TcpStream, end: &[u8]) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let more = in_time("an answer", client.read_buf(&mut read)).await;
        let read = String::from_utf8_lossy(&read);
        assert_ne!(more.expect("an answer"), 0, "{read}");
    }
    String::from_utf8(read).expect("text")
}

/// The pauses are what is tested: nothing is to be done in them.
#[tokio::test]
async fn a_client_that_takes_nothing_costs_no_time() {
    let (gateway, host) = proxy(|config| config.timeout("100ms")).await;
    let _client = client(&gateway, GET).await;
    let mut server = asked(&host).await;
    let sending = tokio::spawn(async move {
        server.send(b"HTTP/1.1 200 OK\r\n\r\n").await;
        loop {
            server.send(&[7; 64 << 10]).await;
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = gateway.cpu_time();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let took = gateway.cpu_time() - before;
    assert!(took < Duration::from_millis(300), "{took:?}");
    sending.abort();
}

#[tokio::test]
async fn answers_behind_one_that_is_on_its_way_do_not_pile_up() {
    const IN_FLIGHT: usize = 4;
    let (gateway, host) = proxy(|config| config.listener("in-flight", IN_FLIGHT)).await;
    let mut client = client(&gateway, GET).await;
    let mut first = asked(&host).await;
    first
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhi")
        .await;
    read_to(&mut client, b"hi").await;
    client.write_all(&GET.repeat(20)).await.expect("taken");
    let mut others = Vec::new();
    for _ in 0..IN_FLIGHT {
        let mut other = asked(&host).await;
        other
            .send(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nyo")
            .await;
        others.push(other);
    }
    // All of them were answered by the second look.
    for _ in 0..2 {
        let asked = gateway.metrics().await;
        let asked = asked.sum("gatewright_requests_total", &[("listener", "front")]);
        assert_eq!(asked, 1.0 + IN_FLIGHT as f64);
    }
    // Once they may be written, more are read.
    first.send(b"ho").await;
    let served = read_to(&mut client, b"\r\n\r\nyo").await;
    assert!(served.starts_with("ho"), "{served}");
    assert_eq!(first.read(4).await, b"GET ");
}

/// Does not wait long for the rest of a request, and leaves out a server at its first failure.
fn strict(config: Config) -> Config {
    wary(config).listener("frame-time", "\"300ms\"")
}

/// Leaves out a server at its first failure.
fn wary(config: Config) -> Config {
    config.upstream_key(
        "eject",
        "{ failures = 1, time = \"1h\", longest = \"1h\", share = \"100%\" }",
    )
}

const HALF: &[u8] = b"PUT /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\nabc";

async fn nobody_is_ejected(gateway: &Gateway) {
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    let states = gateway.metrics().await;
    assert_eq!(states.sum("gatewright_upstream_endpoints", &ejected), 0.0);
}

/// The same of a client of HTTP/2: the answer that is due, and the rest of the request.
async fn half_over_http2(gateway: &Gateway) -> (ResponseFuture, SendStream<Bytes>) {
    let tcp = raw::connect(gateway).await;
    let (mut h2, connection) = h2::client::handshake(tcp).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::put("http://a.example/a").body(());
    let request = request.expect("a request");
    let (answer, mut up) = h2.send_request(request, false).expect("a stream");
    up.send_data("abc".into(), false).expect("a stream");
    (answer, up)
}

type Asked = (http::Request<RecvStream>, SendResponse<Bytes>);

/// The next connection to a server of HTTP/2.
async fn serve_http2(listener: &TcpListener) -> Connection<TcpStream, Bytes> {
    let tcp = raw::accept(listener).await;
    let server = in_time("HTTP/2", h2::server::handshake(tcp)).await;
    server.expect("HTTP/2")
}

/// A client of HTTP/1.1 is told that its request is none, and let go.
async fn is_refused(client: &mut TcpStream) {
    let mut told = String::new();
    let end = in_time("an answer", client.read_to_string(&mut told)).await;
    assert!(end.is_ok() && told.starts_with("HTTP/1.1 400 "), "{told}");
}

#[tokio::test]
async fn who_sends_half_a_request_is_told_and_no_server_is_blamed() {
    let (gateway, host) = proxy(strict).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    assert_eq!(server.read(3).await, b"abc");
    server.closed().await;
    is_refused(&mut client).await;
    nobody_is_ejected(&gateway).await;
}

/// The pauses are what is tested.
#[tokio::test]
async fn a_server_that_gives_up_who_sends_nothing_is_not_blamed() {
    let (gateway, host) = proxy(wary).await;
    let mut one = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    assert_eq!(server.read(3).await, b"abc");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    drop(server);
    let answer = read_to(&mut one, b"}").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    nobody_is_ejected(&gateway).await;

    let (gateway, mut one, mut server) = half_asked_of_http2().await;
    let serving = async {
        let asked = server.accept().await.expect("a request");
        let (request, mut answer) = asked.expect("a request");
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        answer.send_reset(h2::Reason::CANCEL);
        drop(request);
        server.accept().await.is_none()
    };
    tokio::select! {
        ended = serving => panic!("the connection has ended: {ended}"),
        answer = read_to(&mut one, b"}") => {
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
    }
    nobody_is_ejected(&gateway).await;
}

/// A gateway in front of one server of HTTP/2, a client of it that has sent half a request, and the server's
/// connection.
async fn half_asked_of_http2() -> (Gateway, TcpStream, Connection<TcpStream, Bytes>) {
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]);
    let gateway = Gateway::start(&wary(config)).await;
    let client = client(&gateway, HALF).await;
    (gateway, client, serve_http2(&listener).await)
}

/// The next request.
async fn asked_of_http2(server: &mut Connection<TcpStream, Bytes>) -> Asked {
    let asked = in_time("a request", server.accept()).await;
    asked.expect("a request").expect("a request")
}

/// Half an answer: two bytes of four.
fn half_answered(respond: &mut SendResponse<Bytes>) -> SendStream<Bytes> {
    let response = http::Response::builder().header("content-length", "4");
    let response = response.body(()).expect("a head");
    let mut to = respond.send_response(response, false).expect("a stream");
    to.send_data("hi".into(), false).expect("a stream");
    to
}

/// The pause is what is tested.
#[tokio::test]
async fn nor_is_one_of_http2_whose_connection_is_lost_then() {
    let (gateway, mut client, mut server) = half_asked_of_http2().await;
    let asked = asked_of_http2(&mut server).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    drop((asked, server));
    let answer = read_to(&mut client, b"}").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    nobody_is_ejected(&gateway).await;
}

/// The pause is what is tested.
#[tokio::test]
async fn nor_is_one_of_http2_that_breaks_off_an_answer_then() {
    let (gateway, mut client, mut server) = half_asked_of_http2().await;
    let (request, mut respond) = asked_of_http2(&mut server).await;
    let to = half_answered(&mut respond);
    let read = async {
        read_to(&mut client, b"hi").await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    };
    tokio::select! {
        () = read => {}
        _ = server.accept() => panic!("one request"),
    }
    drop((request, respond, to, server));
    ends_early(&mut client).await;
    nobody_is_ejected(&gateway).await;
}

/// The client stops in the middle of both.
#[tokio::test]
async fn nor_is_one_of_http2_whose_client_stops() {
    let (gateway, mut client, mut server) = half_asked_of_http2().await;
    let (_request, mut respond) = asked_of_http2(&mut server).await;
    let _to = half_answered(&mut respond);
    let read = async {
        read_to(&mut client, b"hi").await;
        client.shutdown().await.expect("an open connection");
        ends_early(&mut client).await;
    };
    tokio::select! {
        () = read => {}
        _ = server.accept() => panic!("one request"),
    }
    nobody_is_ejected(&gateway).await;
}

/// There is no more of the answer, reset or not.
async fn ends_early(client: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = in_time("the end", client.read_to_end(&mut rest)).await;
    assert!(rest.is_empty(), "{rest:?}");
}

/// One that breaks off in the middle is.
#[tokio::test]
async fn a_server_that_breaks_off_while_it_is_sent_more_is_blamed() {
    let (gateway, host) = proxy(wary).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    assert_eq!(server.read(3).await, b"abc");
    drop(server);
    let answer = read_to(&mut client, b"}").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    gateway
        .until_metric("gatewright_upstream_endpoints", &ejected, 1.0)
        .await;
}

#[tokio::test]
async fn so_it_is_over_http2_on_either_side() {
    let (gateway, host) = proxy(strict).await;
    let (answer, _up) = half_over_http2(&gateway).await;
    asked(&host).await.closed().await;
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 400);
    nobody_is_ejected(&gateway).await;

    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]);
    let gateway = Gateway::start(&strict(config)).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = serve_http2(&listener).await;
    let serving = tokio::spawn(async move {
        let mut asked = Vec::new();
        while let Some(request) = server.accept().await {
            asked.push(request);
        }
    });
    is_refused(&mut client).await;
    nobody_is_ejected(&gateway).await;
    serving.abort();
}

#[tokio::test]
async fn who_stops_within_a_request_gets_the_answers_to_those_before() {
    let (gateway, host) = proxy(|config| config).await;
    let mut client = client(&gateway, &[GET, HALF].concat()).await;
    client.shutdown().await.expect("an open connection");
    let mut whole = asked(&host).await;
    // The gateway has read the end by the second look.
    gateway.metrics().await;
    gateway.metrics().await;
    whole
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    let mut told = String::new();
    let end = in_time("the answer", client.read_to_string(&mut told)).await;
    assert!(end.is_ok() && told.starts_with("HTTP/1.1 200 "), "{told}");
    assert!(told.ends_with("\r\n\r\nhi"), "{told}");
}

#[tokio::test]
async fn who_stops_within_a_body_that_nobody_takes_gets_the_whole_answer() {
    let (gateway, host) = proxy(|config| config).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    server
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhi")
        .await;
    read_to(&mut client, b"hi").await;
    client.shutdown().await.expect("an open connection");
    // The gateway has read that by the second look.
    gateway.metrics().await;
    gateway.metrics().await;
    server.send(b"ho").await;
    let mut rest = String::new();
    let end = in_time("the rest", client.read_to_string(&mut rest)).await;
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(rest, "ho");
}

#[tokio::test]
async fn a_server_that_breaks_off_an_answer_to_who_stops_is_not_blamed() {
    let (gateway, host) = proxy(wary).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    server
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhi")
        .await;
    read_to(&mut client, b"hi").await;
    client.shutdown().await.expect("an open connection");
    // The gateway has read that by the second look.
    gateway.metrics().await;
    gateway.metrics().await;
    drop(server);
    ends_early(&mut client).await;
    nobody_is_ejected(&gateway).await;
}

/// Neither its connection nor its server is anybody else's trouble.
#[tokio::test]
async fn who_is_answered_early_without_a_body_disturbs_nobody() {
    let (gateway, host) = proxy(strict).await;
    let mut first = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    server.send(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    read_to(&mut first, b"\r\n\r\n").await;
    let mut second = client(&gateway, GET).await;
    asked(&host)
        .await
        .send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    let answer = read_to(&mut second, b"\r\n\r\nhi").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    nobody_is_ejected(&gateway).await;
}

#[tokio::test]
async fn what_a_server_says_before_it_breaks_off_is_heard() {
    let (gateway, host) = proxy(strict).await;
    let mut client = client(&gateway, HALF).await;
    let mut server = asked(&host).await;
    assert_eq!(server.read(3).await, b"abc");
    // The gateway sees all of it at once.
    gateway.stop_for_now().await;
    client.write_all(b"def").await.expect("taken");
    server
        .send(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
        .await;
    server.reset();
    gateway.go_on().await;
    let answer = read_to(&mut client, b"\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    nobody_is_ejected(&gateway).await;
}

#[tokio::test]
async fn more_trailers_than_can_be_sent_are_their_clients_fault() {
    let (gateway, host) = proxy(strict).await;
    let (answer, mut up) = half_over_http2(&gateway).await;
    let mut trailers = http::HeaderMap::new();
    for number in 0..200 {
        let name = http::HeaderName::try_from(format!("x-{number}")).expect("a name");
        trailers.insert(name, http::HeaderValue::from_static("1"));
    }
    up.send_trailers(trailers).expect("a stream");
    // Not even the head need have left.
    host.accept().await.closed().await;
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 400);
    nobody_is_ejected(&gateway).await;
}

/// The pause is what is tested: it is longer than a server may say nothing in the middle of an answer. This
/// one waits for its client.
#[tokio::test]
async fn a_client_that_reads_late_is_no_fault_of_a_server_of_http2() {
    const LENGTH: usize = 16 << 20;
    let (listener, url) = raw::listener().await;
    let config = Config::proxy([url.replace("tcp:", "h2c:")]).timeout("300ms");
    let gateway = Gateway::start(&strict(config)).await;
    let mut client = client(&gateway, GET).await;
    let mut server = serve_http2(&listener).await;
    let (_, mut respond) = in_time("a request", server.accept())
        .await
        .expect("a request")
        .expect("a request");
    let driving = tokio::spawn(async move { while server.accept().await.is_some() {} });
    let mut to = respond
        .send_response(http::Response::new(()), false)
        .expect("a stream");
    let sending = tokio::spawn(async move {
        let mut left = LENGTH;
        while left > 0 {
            to.reserve_capacity(left);
            let room = std::future::poll_fn(|cx| to.poll_capacity(cx)).await;
            let room = room.expect("a stream").expect("a stream").min(left);
            to.send_data(vec![7; room].into(), false).expect("a stream");
            left -= room;
        }
        to.send_data(Bytes::new(), true).expect("a stream");
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n0\r\n\r\n") {
        let more = in_time("the rest", client.read_buf(&mut read)).await;
        assert_ne!(more.expect("the rest"), 0, "cut after {}", read.len());
    }
    assert!(read.len() > LENGTH);
    in_time("all to be sent", sending).await.expect("no panic");
    nobody_is_ejected(&gateway).await;
    driving.abort();
}
