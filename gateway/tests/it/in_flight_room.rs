//! How many bytes of requests the gateway holds until they are answered.

use crate::support::backend::{Action, Answer, Asked, Backend};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::wire::AuthReq;
use bytes::Bytes;
use futures_util::future::select;
use h2::Reason;
use h2::client::SendRequest;
use http::Request;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn post(gateway: SocketAddr, kib: usize) -> TcpStream {
    let mut client = TcpStream::connect(gateway).await.expect("a gateway");
    let length = kib << 10;
    let head = format!("POST /{kib} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    // Who is refused need not be read to the end.
    let _ = client.write_all(head.as_bytes()).await;
    let _ = client.write_all(&vec![b'x'; length]).await;
    client
}

async fn status_of(mut client: TcpStream) -> u16 {
    let mut line = [0; 12];
    in_time("an answer", client.read_exact(&mut line))
        .await
        .expect("an answer");
    let line = String::from_utf8(line.to_vec()).expect("text");
    let status = line.split(' ').nth(1).expect("a status");
    status.parse().expect("a number")
}

/// One worker that has room for 1 MiB, and collects all bodies.
fn config(url: &str) -> String {
    format!(
        "[gateway]\nworkers = 1\nin-flight = \"1MiB\"\n[admin]\nhttp = \"127.0.0.1:0\"\n\
         [listeners.front]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\nlimits = {{ body = \"4MiB\" }}\n\
         [upstreams.backend]\nurl = \"{}\"\ntimeout = \"1h\"\n\
         [[routes]]\nname = \"all\"\nfrom = \"front\"\noperation = \"POST /{{path}}\"\nto = \"backend\"\n\
         request.post = \"/\"\nrequest.body = \"{{body}}\"\n\
         reply = [{{ on = \"overload\", status = 503 }}, {{ on = \"*\", status = \"{{status}}\" }}]\n",
        url
    )
}

fn at_gate(_: &Asked) -> Action {
    Action::AtGate(Answer::status(200))
}

#[tokio::test]
async fn what_finds_no_room_is_an_overload_and_the_next_one_none() {
    let backend = Backend::scripted(at_gate).start().await;
    let gateway = Gateway::start_text(&config(&backend.url()), &[]).await;
    let front = gateway.front();
    let first = post(front, 900).await;
    backend
        .until("the first one to be there", |log| log.asked.len() == 1)
        .await;
    assert_eq!(status_of(post(front, 200).await).await, 503);
    // There is room for a smaller one.
    let small = post(front, 50).await;
    backend
        .until("a small one to be there", |log| log.asked.len() == 2)
        .await;
    backend.open_gate();
    assert_eq!((status_of(first).await, status_of(small).await), (200, 200));
    assert_eq!(status_of(post(front, 200).await).await, 200);
    // What is alone has room, as long as its own limits let it be.
    assert_eq!(status_of(post(front, 3 << 10).await).await, 200);
}

/// A request whose body is not whole.
async fn begin(gateway: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(gateway).await.expect("a gateway");
    let head = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    let begun = [&head[..], &vec![b'x'; 900 << 10]].concat();
    let _ = client.write_all(&begun).await;
    client
}

/// Bodies that are not whole take room, too, and give it back when their clients leave.
#[tokio::test]
async fn a_body_that_finds_no_room_on_its_way_is_refused() {
    let backend = Backend::scripted(|_| Action::Answer(Answer::status(200)))
        .start()
        .await;
    let gateway = Gateway::start_text(&config(&backend.url()), &[]).await;
    let front = gateway.front();
    // Whichever of the two comes first has the room.
    let refused = async {
        loop {
            let begun = begin(front).await;
            if status_of(post(front, 200).await).await == 503 {
                return begun;
            }
        }
    };
    let begun = in_time("a refusal", refused).await;
    assert_eq!(status_of(post(front, 50).await).await, 200);
    drop(begun);
    let taken = async { while status_of(post(front, 200).await).await != 200 {} };
    in_time("room again", taken).await;
}

/// A gateway that says what becomes of each message, and a server that answers all.
async fn start_logging() -> (Gateway, Backend) {
    let backend = Backend::scripted(|_| Action::Answer(Answer::status(200)))
        .start()
        .await;
    let text = config(&backend.url()).replace("[admin]", "[log]\nmessages = true\n[admin]");
    (Gateway::start_text(&text, &[]).await, backend)
}

/// One request was refused, and one has not been asked yet.
async fn check_one_is_told(gateway: &Gateway) {
    let metrics = gateway.metrics().await;
    let outcome = |outcome| metrics.sum("gatewright_exchanges_total", &[("outcome", outcome)]);
    assert_eq!(outcome("overload"), 1.0);
    assert_eq!(metrics.sum("gatewright_requests_total", &[]), 1.0);
    let log = gateway.stderr();
    let lines = log.lines().filter(|line| line.contains("failed"));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 1, "{log}");
    for part in [
        "route=\"all\"",
        "fault=\"overload\"",
        "operation=\"request\"",
    ] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
}

/// Of two bodies that are not whole, whichever comes later finds no room.
#[tokio::test]
async fn a_body_that_finds_no_room_is_counted_and_logged() {
    let (gateway, _backend) = start_logging().await;
    let (one, other) = (begin(gateway.front()).await, begin(gateway.front()).await);
    let (one, other) = (pin!(status_of(one)), pin!(status_of(other)));
    assert_eq!(select(one, other).await.factor_first().0, 503);
    check_one_is_told(&gateway).await;
}

#[tokio::test]
async fn so_is_one_of_http2() {
    let (gateway, _backend) = start_logging().await;
    let stream = TcpStream::connect(gateway.front()).await;
    let shaking_hands = h2::client::handshake(stream.expect("a gateway"));
    let (sender, connection) = in_time("a handshake", shaking_hands)
        .await
        .expect("a handshake");
    let connection = tokio::spawn(connection);
    let (one, other) = (pin!(upload(sender.clone())), pin!(upload(sender)));
    let refused = in_time("a refusal", select(one, other)).await;
    assert_eq!(refused.factor_first().0, Some(Reason::REFUSED_STREAM));
    check_one_is_told(&gateway).await;
    connection.abort();
}

/// Sends a body of which nobody sees the end; tells why its stream ends.
async fn upload(sender: SendRequest<Bytes>) -> Option<Reason> {
    let mut sender = sender.ready().await.expect("a connection");
    let request = Request::post("http://a.example/a").body(());
    let (response, mut stream) = sender
        .send_request(request.expect("a request"), false)
        .expect("a stream");
    stream.reserve_capacity(900 << 10);
    let mut left = 900 << 10;
    while left > 0
        && let Some(Ok(room)) = poll_fn(|cx| stream.poll_capacity(cx)).await
    {
        let part = vec![b'x'; room.min(left)];
        left -= part.len();
        // The answer says why, if it cannot be sent.
        let _ = stream.send_data(part.into(), false);
    }
    response.await.expect_err("no end").reason()
}

/// Those of any protocol, in its own words.
#[tokio::test]
async fn messages_that_find_no_room_have_their_native_refusal() {
    let backend = Backend::scripted(at_gate).start().await;
    let config = Config::pos([backend.url()])
        .listener("in-flight", 60_000)
        .upstream("queue", 60_000)
        .upstream("queue-wait", "\"1h\"");
    let room = "workers = 1\nin-flight = \"1MiB\"";
    let text = config.text().replace("workers = 1", room);
    let gateway = Gateway::start_text(&text, &[]).await;
    let mut client = gateway.client().await;
    // Each is a frame of some 55 bytes: not all of them fit.
    let requests = 30_000;
    client.send((0..requests).map(AuthReq::new)).await;
    let refused = client.next().await.expect("a reply");
    assert_eq!(refused.status, status::OVERLOAD);
    assert!(refused.seq > 15_000, "{}", refused.seq);
    backend.open_gate();
}
