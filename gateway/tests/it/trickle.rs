//! Payloads of which a byte comes at a time, on their way to peers of HTTP/2: these count small frames that they
//! have not read yet, and end the connection of all streams over too many.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use crate::support::web::find;
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use std::future::{Future, poll_fn};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const BYTES: usize = 20_000;
/// So many messages are more than a window of the gateway's has room for, together with what is on its way to the
/// client; half of them are less.
const MESSAGES: usize = 12_000;
const MESSAGE: Bytes = Bytes::from_static(&[7; 50]);
/// Of a shorter frame a receiver has more beside it than in it.
const SMALL: usize = 256;

/// Reads to the end, and holds that there were so few small frames that a peer has to be away for long before
/// it minds: what may go at once, the first and the last, and then as many as the time had.
async fn read_few_frames(mut body: RecvStream, since: Instant) {
    let (mut small, mut bytes) = (0, 0);
    while let Some(frame) = in_time("a frame", body.data()).await {
        let frame = frame.expect("a connection that nobody ends");
        let _ = body.flow_control().release_capacity(frame.len());
        small += u128::from(frame.len() < SMALL);
        bytes += frame.len();
    }
    assert_eq!(bytes, BYTES);
    let time = since.elapsed().as_millis();
    assert!(small <= 34 + time / 4 + time / 16, "{small} in {time} ms");
}

/// A client as strict as the library makes one.
async fn client(gateway: &Gateway) -> SendRequest<Bytes> {
    let tcp = raw::connect(gateway).await;
    let (client, connection) = in_time("HTTP/2", h2::client::handshake(tcp))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    client
}

async fn ask(gateway: &Gateway) -> (SendStream<Bytes>, RecvStream) {
    let request = Request::post("http://shop.example/a").body(());
    let asked = client(gateway)
        .await
        .send_request(request.expect("a request"), false);
    let (answer, to) = asked.expect("a stream");
    let answer = in_time("an answer", answer).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    (to, answer.into_body())
}

/// Takes a request of HTTP/2 and answers it with a head at once.
async fn serve<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    and_then: impl FnOnce(RecvStream, SendStream<Bytes>) -> F + Send + 'static,
) {
    let tcp = raw::accept(&listener).await;
    let shaken = in_time("HTTP/2", h2::server::handshake(tcp)).await;
    let mut connection = shaken.expect("HTTP/2");
    let asked = in_time("a request", connection.accept()).await;
    let (request, mut answer) = asked.expect("a request").expect("a request");
    let to = answer.send_response(Response::new(()), false);
    tokio::spawn(and_then(request.into_body(), to.expect("a stream")));
    while connection.accept().await.is_some() {}
}

async fn read_head(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while find(&read, b"\r\n\r\n").is_none() {
        let more = in_time("a head", stream.read_buf(&mut read)).await;
        assert_ne!(more.expect("a peer"), 0);
    }
}

/// Has somebody wait a millisecond for each of the first bytes: the reader has a turn for each of them. The others
/// come as they can.
async fn dawdle(at: usize) {
    if at < 800 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Writes a chunk of each byte, with a write of its own.
async fn trickle(stream: &mut TcpStream) {
    for at in 0..BYTES {
        dawdle(at).await;
        stream.write_all(b"1\r\nx\r\n").await.expect("a peer");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("a peer");
}

#[tokio::test]
async fn an_answer_of_single_bytes_from_http1_does_not_end_a_strict_client() {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "http:")])).await;
    tokio::spawn(async move {
        let mut stream = raw::accept(&listener).await;
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head).await.expect("a peer");
        trickle(&mut stream).await;
    });
    let since = Instant::now();
    let (_to, body) = ask(&gateway).await;
    read_few_frames(body, since).await;
}

#[tokio::test]
async fn an_answer_of_single_bytes_from_http2_does_not_end_a_strict_client() {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "h2c:")])).await;
    tokio::spawn(serve(listener, |_, mut to| async move {
        for at in 0..BYTES {
            dawdle(at).await;
            to.send_data(Bytes::from_static(b"x"), false)
                .expect("a stream");
            tokio::task::yield_now().await;
        }
        to.send_data(Bytes::new(), true).expect("a stream");
    }));
    let since = Instant::now();
    let (_to, body) = ask(&gateway).await;
    read_few_frames(body, since).await;
}

#[tokio::test]
async fn an_upload_of_single_bytes_does_not_end_the_connection_that_others_share() {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "h2c:")])).await;
    let mut client = raw::connect(&gateway).await;
    let since = Instant::now();
    let (told, read) = tokio::sync::oneshot::channel();
    tokio::spawn(serve(listener, move |body, mut to| async move {
        read_few_frames(body, since).await;
        to.send_data(Bytes::new(), true).expect("a stream");
        told.send(()).expect("a test");
    }));
    let head = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(head).await.expect("a gateway");
    trickle(&mut client).await;
    read_head(&mut client).await;
    in_time("the whole upload", read).await.expect("few frames");
}

/// Messages both ways, each an answer to the one before, wait for nothing: at one in 4 ms they would take 32 s.
#[tokio::test]
async fn small_messages_that_answer_each_other_do_not_wait() {
    const TURNS: u32 = 8_000;
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "h2c:")])).await;
    tokio::spawn(serve(listener, |mut body, mut to| async move {
        while let Some(Ok(message)) = body.data().await {
            let _ = body.flow_control().release_capacity(message.len());
            to.send_data(message, false).expect("a stream");
        }
    }));
    let (mut to, mut body) = ask(&gateway).await;
    let talking = async {
        for _ in 0..TURNS {
            to.send_data(Bytes::from_static(b"x"), false)
                .expect("a stream");
            let answer = body.data().await.expect("an answer").expect("an answer");
            let _ = body.flow_control().release_capacity(answer.len());
        }
    };
    let began = Instant::now();
    in_time("so many turns", talking).await;
    assert!(began.elapsed() < TURNS * Duration::from_millis(4));
}

/// The messages of a server are small, and one client reads none: what waits for it costs the others nothing.
#[tokio::test]
async fn small_messages_for_a_client_that_does_not_read_cost_nobody_the_connection() {
    let (listener, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::proxy([url.replace("tcp:", "h2c:")])).await;
    let (told, is_full) = tokio::sync::oneshot::channel();
    tokio::spawn(serve(listener, |_, mut to| async move {
        let mut told = Some(told);
        for sent in 0..MESSAGES {
            to.reserve_capacity(MESSAGE.len());
            while to.capacity() < MESSAGE.len() {
                // Much is on its way, and there is no room for more: nobody reads.
                if let Some(told) = told.take_if(|_| sent > MESSAGES / 2) {
                    told.send(()).expect("a test");
                }
                let room = poll_fn(|cx| to.poll_capacity(cx)).await;
                room.expect("a connection").expect("a connection");
            }
            to.send_data(MESSAGE, false).expect("a stream");
            tokio::task::yield_now().await;
        }
    }));
    let (_to, mut body) = ask(&gateway).await;
    in_time("a closed window", is_full).await.expect("a server");
    let mut bytes = 0;
    while bytes < MESSAGES * MESSAGE.len() {
        let frame = in_time("a frame", body.data()).await.expect("more");
        let frame = frame.expect("a connection that nobody ended");
        let _ = body.flow_control().release_capacity(frame.len());
        bytes += frame.len();
    }
}
