//! The peers against each other, without a gateway: what the other tests stand on.

use crate::support::backend::{Action, Answer, Backend, Cancelled, approve, approved};
use crate::support::certificates::Authority;
use crate::support::client::{Client, Ended};
use crate::support::frames::FrameBackend;
use crate::support::rng::Rng;
use crate::support::wire::{AuthReq, approval_code, hex};
use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn caller(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (send, connection) = h2::client::handshake(io).await.expect("HTTP/2");
    tokio::spawn(connection);
    send
}

async fn call(backend: &Backend) -> SendRequest<Bytes> {
    caller(
        TcpStream::connect(backend.address())
            .await
            .expect("a connection"),
    )
    .await
}

fn authorisation(seq: u32, amount: u64) -> (Request<()>, Bytes) {
    let request = Request::post("http://backend/v1/merchants/M123/authorisations")
        .header("idempotency-key", format!("M123-{seq:08x}"))
        .body(())
        .expect("a request");
    (
        request,
        Bytes::from(format!("{{\"amount_minor\":{amount}}}")),
    )
}

async fn ask(
    send: &SendRequest<Bytes>,
    seq: u32,
    amount: u64,
) -> Result<(u16, Vec<u8>), h2::Error> {
    let mut send = send.clone().ready().await?;
    let (request, body) = authorisation(seq, amount);
    let (answer, mut stream) = send.send_request(request, false)?;
    stream.send_data(body, true)?;
    let answer = answer.await?;
    let status = answer.status().as_u16();
    let mut read = Vec::new();
    let mut body = answer.into_body();
    while let Some(data) = body.data().await {
        read.extend(data?);
    }
    Ok((status, read))
}

async fn ask_owned(
    send: SendRequest<Bytes>,
    seq: u32,
    amount: u64,
) -> Result<(u16, Vec<u8>), h2::Error> {
    ask(&send, seq, amount).await
}

fn code(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    value["approval_code"].as_str().expect("a code").to_owned()
}

#[test]
fn frames_are_those_of_the_description() {
    let bytes = AuthReq::new(7).bytes();
    let expected = "ac4d002d0100000007\
                    4d313233202020202020202020202034313131313131313131313131313131202020000004e203d2";
    assert_eq!(hex(&bytes), expected);
    assert_ne!(
        approval_code(1, "M123", 1250),
        approval_code(2, "M123", 1250)
    );
    assert_ne!(
        approval_code(1, "M123", 1250),
        approval_code(1, "M123", 1251)
    );
    assert_ne!(
        approval_code(1, "M123", 1250),
        approval_code(1, "M124", 1250)
    );
}

#[tokio::test]
async fn a_backend_answers_and_remembers() {
    let backend = Backend::approving().await;
    let send = call(&backend).await;
    let (status, body) = ask(&send, 7, 1250).await.expect("an answer");
    assert_eq!((status, code(&body)), (201, approval_code(7, "M123", 1250)));
    let log = backend.log();
    assert_eq!(log.asked.len(), 1);
    assert_eq!(log.asked[0].method, "POST");
    assert_eq!(log.asked[0].target, "/v1/merchants/M123/authorisations");
    assert_eq!(log.asked[0].body, b"{\"amount_minor\":1250}");
    backend.stop().await;
}

#[tokio::test]
async fn a_backend_speaks_tls_to_those_who_trust_it() {
    let authority = Authority::new();
    let tls = authority.issue(&["localhost"]).server(b"h2");
    let backend = Backend::scripted(approve).tls(tls).start().await;
    let stream = TcpStream::connect(backend.address())
        .await
        .expect("a connection");
    let name = "localhost".try_into().expect("a name");
    let stream = tokio_rustls::TlsConnector::from(authority.client())
        .connect(name, stream)
        .await
        .expect("TLS");
    let (status, _) = ask(&caller(stream).await, 1, 1).await.expect("an answer");
    assert_eq!(status, 201);
    let other = Authority::new();
    let stream = TcpStream::connect(backend.address())
        .await
        .expect("a connection");
    let name = "localhost".try_into().expect("a name");
    tokio_rustls::TlsConnector::from(other.client())
        .connect(name, stream)
        .await
        .expect_err("a stranger");
}

#[tokio::test]
async fn a_backend_shuffles_its_answers() {
    let backend = Backend::scripted(|asked| Action::Shuffle(approved(asked)))
        .batch(16, 1)
        .start()
        .await;
    let send = call(&backend).await;
    let (order, mut answered) = tokio::sync::mpsc::unbounded_channel();
    for seq in 0..16 {
        let (send, order) = (send.clone(), order.clone());
        tokio::spawn(async move {
            let (_, body) = ask(&send, seq, 1).await.expect("an answer");
            assert_eq!(code(&body), approval_code(seq, "M123", 1));
            order.send(seq).expect("a test");
        });
    }
    drop(order);
    let mut seen = Vec::new();
    while let Some(seq) = answered.recv().await {
        seen.push(seq);
    }
    assert!(!seen.is_sorted(), "{seen:?}");
    seen.sort_unstable();
    assert_eq!(seen, (0..16).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_backend_allows_only_so_many_streams() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .streams(2)
        .start()
        .await;
    let send = call(&backend).await;
    // The settings come before the first reset does.
    drop(tokio::spawn(ask_owned(send.clone(), 9, 1)));
    backend.until_asked(1).await;
    let calls: Vec<_> = (0..5)
        .map(|seq| tokio::spawn(ask_owned(send.clone(), seq, 1)))
        .collect();
    backend.until_asked(2).await;
    backend.open_gate();
    for call in calls {
        call.await.expect("a task").expect("an answer");
    }
    assert_eq!(backend.log().connections[0].most, 2);
}

#[tokio::test]
async fn a_backend_misbehaves_as_told() {
    let script =
        |asked: &crate::support::backend::Asked| match asked.json()["amount_minor"].as_u64() {
            Some(1) => Action::Reset(Reason::REFUSED_STREAM),
            Some(2) => Action::Abandon(Reason::INTERNAL_ERROR),
            Some(3) => Action::Cut,
            Some(4) => Action::Retire(Answer::status(204)),
            _ => Action::Answer(Answer::status(402)),
        };
    let backend = Backend::scripted(script).start().await;
    let refused = ask(&call(&backend).await, 0, 1).await.expect_err("a reset");
    assert_eq!(
        (refused.is_reset(), refused.reason()),
        (true, Some(Reason::REFUSED_STREAM))
    );
    // The stream is not above the last one that is told of, so that its fate stays open.
    let abandoned = ask(&call(&backend).await, 0, 2).await.expect_err("an end");
    assert!(abandoned.is_io(), "{abandoned:?}");
    ask(&call(&backend).await, 0, 3).await.expect_err("an end");
    assert_eq!(
        ask(&call(&backend).await, 0, 4).await.expect("an answer").0,
        204
    );
    assert_eq!(
        ask(&call(&backend).await, 0, 5).await.expect("an answer").0,
        402
    );
}

#[tokio::test]
async fn a_backend_sees_what_is_taken_back() {
    let backend = Backend::scripted(|_| Action::Silence).start().await;
    let send = call(&backend).await;
    let waiting = tokio::spawn(ask_owned(send.clone(), 0, 1));
    backend.until_asked(1).await;
    waiting.abort();
    let log = backend
        .until("a reset", |log| !log.cancelled.is_empty())
        .await;
    assert_eq!(log.cancelled, [Cancelled::Reset(Reason::CANCEL)]);
    assert_eq!((log.taken_back(), log.in_flight()), (1, 0));
}

#[tokio::test]
async fn a_backend_of_frames_goes_away_below_a_request() {
    let backend = FrameBackend::start(|number, mut peer| async move {
        peer.open(100).await?;
        let stream = peer.request().await?;
        if number == 0 {
            peer.go_away(0, Reason::NO_ERROR).await?;
            return peer.close().await;
        }
        peer.answer(stream).await?;
        peer.idle().await
    })
    .await;
    let address = backend.url();
    let address = address.trim_start_matches("h2c://");
    let refused = ask(
        &caller(TcpStream::connect(address).await.expect("a connection")).await,
        0,
        1,
    )
    .await;
    assert_eq!(
        refused.expect_err("an end").reason(),
        Some(Reason::NO_ERROR)
    );
    let send = caller(TcpStream::connect(address).await.expect("a connection")).await;
    let (status, body) = ask(&send, 0, 1).await.expect("an answer");
    assert_eq!(
        (status, code(&body).as_str()),
        (200, crate::support::frames::CODE)
    );
    assert_eq!(backend.connections(), 2);
}

/// Answers each request with its own sequence number, backwards.
async fn backwards(listener: TcpListener, requests: usize) {
    let (mut stream, _) = listener.accept().await.expect("a client");
    let mut read = vec![0; AuthReq::new(0).bytes().len() * requests];
    stream.read_exact(&mut read).await.expect("requests");
    let mut seqs: Vec<[u8; 4]> = read
        .chunks(read.len() / requests)
        .map(|frame| frame[5..9].try_into().expect("four bytes"))
        .collect();
    seqs.reverse();
    for seq in seqs {
        let reply = [&[0xac, 0x4d, 0, 12, 0x81][..], &seq, &[0], b"ABCDEF"].concat();
        for byte in reply {
            stream.write_all(&[byte]).await.expect("a client");
        }
    }
}

#[tokio::test]
async fn a_client_takes_replies_in_any_order() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut client = Client::connect(listener.local_addr().expect("an address")).await;
    let server = tokio::spawn(backwards(listener, 3));
    client.send((0..3).map(AuthReq::new)).await;
    for seq in 0..2 {
        let reply = client.reply_to(seq).await;
        assert_eq!(
            (reply.seq, reply.status, reply.code.as_str()),
            (seq, 0, "ABCDEF")
        );
    }
    server.await.expect("a server");
    let (rest, ended) = client.rest().await;
    assert_eq!((rest.len(), ended), (1, Ended::Closed));
}

#[test]
fn chance_is_the_same_each_time() {
    let order = |seed| {
        let mut items: Vec<u32> = (0..32).collect();
        Rng::seeded(seed).shuffle(&mut items);
        items
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}
