//! What a server of HTTP/2 may send before it is read.

use crate::support::backend::{Action, Answer, Backend};
use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::wire::AuthReq;
use crate::support::{config::status, in_time, raw};
use bytes::Bytes;
use h2::SendStream;
use http::Response;
use std::future::poll_fn;
use tokio::io::AsyncWriteExt as _;

const WINDOW: usize = 256 << 10;

/// Waits until all that a stream may send is as much as it may have.
async fn room(stream: &mut SendStream<Bytes>) -> usize {
    stream.reserve_capacity(8 * WINDOW);
    while stream.capacity() < WINDOW {
        let more = poll_fn(|cx| stream.poll_capacity(cx)).await;
        more.expect("a stream").expect("room");
    }
    stream.capacity()
}

#[tokio::test]
async fn each_answer_of_a_connection_has_a_window_of_its_own() {
    const REQUESTS: usize = 24;
    let (listener, _) = raw::listener().await;
    let url = format!("h2c://{}", listener.local_addr().expect("an address"));
    let config = Config::proxy([url])
        .upstream("connections", 1)
        .upstream("body", "\"16MiB\"");
    let gateway = Gateway::start(&config).await;
    let mut clients = Vec::new();
    for _ in 0..REQUESTS {
        let mut client = raw::connect(&gateway).await;
        let request = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        client.write_all(request).await.expect("a gateway");
        clients.push(client);
    }
    let serving = async {
        let mut server = h2::server::handshake(raw::accept(&listener).await)
            .await
            .expect("a handshake");
        let mut answers = tokio::task::JoinSet::new();
        for _ in 0..REQUESTS {
            let next = server.accept().await.expect("a request");
            let (_, mut respond) = next.expect("a request");
            let stream = respond.send_response(Response::new(()), false);
            let mut stream = stream.expect("an answer");
            answers.spawn(async move { (room(&mut stream).await, stream) });
        }
        tokio::select! {
            answers = answers.join_all() => answers,
            _ = server.accept() => panic!("one more, or an end"),
        }
    };
    // All at a time, and nothing of it was read.
    let answers = in_time("room for all", serving).await;
    let rooms: Vec<usize> = answers.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, [WINDOW; REQUESTS]);
}

#[tokio::test]
async fn an_answer_longer_than_its_window_is_collected_whole() {
    let json = br#"{ "approval_code": "ABCDEF" }"#;
    let body = [&json[..], &vec![b' '; (1 << 20) - json.len()]].concat();
    let backend = Backend::scripted(move |_| {
        let answer = Answer::status(200).header("content-type", "application/json");
        Action::Answer(answer.body(body.clone()))
    });
    let backend = backend.start().await;
    let config = Config::pos([backend.url()])
        .upstream("window", "\"64KiB\"")
        .upstream("body", "\"1MiB\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send((0..4).map(AuthReq::new)).await;
    for seq in 0..4 {
        assert_eq!(client.reply_to(seq).await.status, status::APPROVED);
    }
}
