//! Every way in which a backend may fail has its native reply, with the right number, and
//! harms nobody else.

use crate::support::backend::{Action, Answer, Asked, Backend, approved};
use crate::support::config::{Config, status};
use crate::support::frames::{CODE, End, FrameBackend, Peer};
use crate::support::gateway::Gateway;
use crate::support::wire::{AuthReq, approval_code};
use h2::Reason;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What the backend does, the status of the reply, and how often the backend is asked.
type Case = (&'static str, Action, u8, usize);

fn answer(status: u16) -> Action {
    Action::Answer(Answer::status(status))
}

fn body(body: impl Into<bytes::Bytes>) -> Action {
    Action::Answer(
        Answer::status(200)
            .header("content-type", "application/json")
            .body(body),
    )
}

fn statuses() -> Vec<Case> {
    vec![
        ("402", answer(402), status::DECLINED, 1),
        ("400", answer(400), status::FAILED, 1),
        ("404", answer(404), status::FAILED, 1),
        ("429", answer(429), status::FAILED, 1),
        ("500", answer(500), status::FAILED, 1),
        ("503", answer(503), status::FAILED, 1),
        ("599", answer(599), status::FAILED, 1),
        (
            "a redirect",
            Action::Answer(Answer::status(302).header("location", "/")),
            status::FAILED,
            1,
        ),
        (
            "402 with a body",
            Action::Answer(Answer::status(402).body("no")),
            status::DECLINED,
            1,
        ),
        ("nothing, in time", Action::Silence, status::TIMEOUT, 1),
        (
            "something, too late",
            Action::After(Duration::from_secs(5), Answer::status(200)),
            status::TIMEOUT,
            1,
        ),
    ]
}

fn bodies() -> Vec<Case> {
    vec![
        ("no body", answer(204), status::FAILED, 1),
        ("an empty body", answer(200), status::FAILED, 1),
        ("not JSON", body("<html>"), status::FAILED, 1),
        (
            "half of a JSON value",
            body(r#"{"approval_code":"ABC"#),
            status::FAILED,
            1,
        ),
        (
            "JSON and more",
            body(r#"{"approval_code":"ABCDEF"}x"#),
            status::FAILED,
            1,
        ),
        ("JSON of another kind", body("[1, 2]"), status::FAILED, 1),
        ("JSON without the field", body("{}"), status::FAILED, 1),
        (
            "null for the field",
            body(r#"{"approval_code":null}"#),
            status::FAILED,
            1,
        ),
        (
            "a field that does not fit",
            body(r#"{"approval_code":"ABCDEFG"}"#),
            status::FAILED,
            1,
        ),
        (
            "a field that is not ASCII",
            body(r#"{"approval_code":"ABCDÉ"}"#),
            status::FAILED,
            1,
        ),
        (
            "bytes that are not UTF-8",
            body(&b"{\"approval_code\":\"\xff\xfe\"}"[..]),
            status::FAILED,
            1,
        ),
        (
            "JSON that is deep",
            body("[".repeat(100_000)),
            status::FAILED,
            1,
        ),
        (
            "a body that is too long",
            body(vec![b' '; 300_000]),
            status::FAILED,
            1,
        ),
        (
            "a body of just that length",
            body(padded(262_144)),
            status::APPROVED,
            1,
        ),
        (
            "a body longer by one byte",
            body(padded(262_145)),
            status::FAILED,
            1,
        ),
    ]
}

/// A good answer of so many bytes.
fn padded(length: usize) -> String {
    let json = json!({ "approval_code": "ABCDEF" }).to_string();
    format!("{json}{}", " ".repeat(length - json.len()))
}

fn resets() -> Vec<Case> {
    let reasons = [
        ("NO_ERROR", Reason::NO_ERROR),
        ("PROTOCOL_ERROR", Reason::PROTOCOL_ERROR),
        ("INTERNAL_ERROR", Reason::INTERNAL_ERROR),
        ("FLOW_CONTROL_ERROR", Reason::FLOW_CONTROL_ERROR),
        ("SETTINGS_TIMEOUT", Reason::SETTINGS_TIMEOUT),
        ("STREAM_CLOSED", Reason::STREAM_CLOSED),
        ("FRAME_SIZE_ERROR", Reason::FRAME_SIZE_ERROR),
        ("CANCEL", Reason::CANCEL),
        ("COMPRESSION_ERROR", Reason::COMPRESSION_ERROR),
        ("CONNECT_ERROR", Reason::CONNECT_ERROR),
        ("ENHANCE_YOUR_CALM", Reason::ENHANCE_YOUR_CALM),
        ("INADEQUATE_SECURITY", Reason::INADEQUATE_SECURITY),
        ("HTTP_1_1_REQUIRED", Reason::HTTP_1_1_REQUIRED),
        ("a reason of the future", Reason::from(0xdead_beef)),
    ];
    let mut cases: Vec<Case> = reasons
        .map(|(name, reason)| (name, Action::Reset(reason), status::FAILED, 1))
        .into();
    // Refused is not processed: it is tried as often as the configuration allows.
    let refused = Action::Reset(Reason::REFUSED_STREAM);
    cases.push(("REFUSED_STREAM", refused, status::FAILED, 2));
    cases
}

fn endings() -> Vec<Case> {
    let retire = Action::Retire(Answer::status(402));
    let abandon = Action::Abandon;
    vec![
        ("GOAWAY, then the answer", retire, status::DECLINED, 1),
        (
            "GOAWAY with an error",
            abandon(Reason::INTERNAL_ERROR),
            status::FAILED,
            1,
        ),
        (
            "GOAWAY without one",
            abandon(Reason::NO_ERROR),
            status::FAILED,
            1,
        ),
        ("the connection closed", Action::Cut, status::FAILED, 1),
    ]
}

/// A request that the case's number as its amount marks is done by; any other is approved.
fn script(cases: &[Case]) -> impl Fn(&Asked) -> Action + Send + Sync + 'static {
    let actions: Vec<_> = cases.iter().map(|case| case.1.clone()).collect();
    move |asked| {
        let amount = asked.json()["amount_minor"].as_u64().expect("an amount");
        let action = actions.get(usize::try_from(amount).expect("a number"));
        action
            .cloned()
            .unwrap_or_else(|| Action::Answer(approved(asked)))
    }
}

async fn check(cases: Vec<Case>) {
    let backend = Backend::scripted(script(&cases)).start().await;
    let config = Config::pos([backend.url()])
        .timeout("1s")
        .upstream("body", "\"256KiB\"")
        .attempts(2)
        .upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    for (number, (name, _, expected, times)) in cases.iter().enumerate() {
        let (seq, amount) = (number as u32 + 1000, number as u32);
        let reply = client.ask(AuthReq::new(seq).amount(amount)).await;
        assert_eq!((reply.seq, reply.status), (seq, *expected), "{name}");
        let log = backend.log();
        let asked = log
            .asked
            .iter()
            .filter(|asked| asked.json()["amount_minor"] == amount)
            .count();
        assert_eq!(asked, *times, "{name}: how often the backend was asked");
        let good = client.ask(AuthReq::new(seq).amount(1_000_000)).await;
        assert_eq!(
            good.code,
            approval_code(seq, "M123", 1_000_000),
            "after {name}"
        );
    }
}

#[tokio::test]
async fn statuses_have_native_replies() {
    check(statuses()).await;
}

#[tokio::test]
async fn bodies_that_make_no_sense_have_native_replies() {
    check(bodies()).await;
}

#[tokio::test]
async fn streams_that_are_reset_have_native_replies() {
    check(resets()).await;
}

#[tokio::test]
async fn connections_that_end_have_native_replies() {
    check(endings()).await;
}

#[tokio::test]
async fn a_slow_answer_is_still_one() {
    let backend =
        Backend::scripted(|asked| Action::After(Duration::from_millis(300), approved(asked)))
            .start()
            .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    assert_eq!(
        gateway.client().await.ask(AuthReq::new(1)).await.status,
        status::APPROVED
    );
}

#[tokio::test]
async fn one_that_times_out_does_not_disturb_the_others() {
    let backend = Backend::scripted(|asked| match asked.merchant() {
        "SLOW" => Action::Silence,
        _ => Action::Shuffle(approved(asked)),
    })
    .batch(10, 1)
    .start()
    .await;
    let config = Config::pos([backend.url()])
        .timeout("1s")
        .upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client
        .send((0..10).map(|seq| AuthReq::new(seq).merchant("SLOW")))
        .await;
    client.send((10..100).map(AuthReq::new)).await;
    for seq in 10..100 {
        assert_eq!(
            client.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
    for seq in 0..10 {
        assert_eq!(client.reply_to(seq).await.status, status::TIMEOUT);
    }
    let log = backend
        .until("the late ones to be taken back", |log| {
            log.taken_back() == 10
        })
        .await;
    assert_eq!(log.connections.len(), 1);
}

#[tokio::test]
async fn nobody_there() {
    let backend = Backend::approving().await;
    let url = backend.url();
    backend.stop().await;
    let gateway = Gateway::start(&Config::pos([url])).await;
    let reply = gateway.client().await.ask(AuthReq::new(5)).await;
    assert_eq!((reply.seq, reply.status), (5, status::FAILED));
}

#[tokio::test]
async fn a_backend_that_comes_back_is_found_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let backend = Backend::scripted(
        move |asked| match count.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Action::Answer(approved(asked)),
            _ => Action::Cut,
        },
    )
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    for seq in 0..20 {
        let expected = if seq % 2 == 0 {
            status::APPROVED
        } else {
            status::FAILED
        };
        assert_eq!(
            client.ask(AuthReq::new(seq)).await.status,
            expected,
            "request {seq}"
        );
    }
    assert_eq!(backend.log().asked.len(), 20);
}

#[tokio::test]
async fn a_refused_stream_is_tried_again_and_done_once() {
    const REQUESTS: u32 = 20;
    let calls = AtomicUsize::new(0);
    let backend = Backend::scripted(move |asked| match calls.fetch_add(1, Ordering::Relaxed) {
        0..10 => Action::Reset(Reason::REFUSED_STREAM),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).attempts(10)).await;
    let mut client = gateway.client().await;
    client.send((0..REQUESTS).map(AuthReq::new)).await;
    for seq in 0..REQUESTS {
        assert_eq!(
            client.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
    let log = backend.log();
    assert_eq!(
        (log.asked.len(), log.answered),
        (30, 30),
        "ten refusals, then each request once"
    );
}

#[tokio::test]
async fn what_goaway_says_was_not_processed_is_sent_elsewhere() {
    const REQUESTS: u32 = 10;
    let done = Arc::new(AtomicUsize::new(0));
    let executed = Arc::clone(&done);
    let backend =
        FrameBackend::start(move |number, peer| go_away_below(number, peer, Arc::clone(&executed)))
            .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).upstream("connections", 1)).await;
    let mut client = gateway.client().await;
    client.send((0..REQUESTS).map(AuthReq::new)).await;
    for seq in 0..REQUESTS {
        let reply = client.reply_to(seq).await;
        assert_eq!(
            (reply.status, reply.code.as_str()),
            (status::APPROVED, CODE),
            "request {seq}"
        );
    }
    assert_eq!(
        done.load(Ordering::Relaxed),
        REQUESTS as usize,
        "each was done once"
    );
    assert_eq!(backend.connections(), 2);
}

/// Connections of one age reach a server's limit of requests together, as nginx has one: the
/// second one that a request meets retires as well.
#[tokio::test]
async fn connections_that_retire_together_do_not_show() {
    let backend = FrameBackend::start(|number, mut peer| async move {
        peer.open(100).await?;
        let stream = peer.request().await?;
        if number < 2 {
            peer.go_away(0, Reason::NO_ERROR).await?;
            return peer.close().await;
        }
        peer.answer(stream).await?;
        peer.idle().await
    })
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let reply = gateway.client().await.ask(AuthReq::new(1)).await;
    assert_eq!(
        (reply.status, reply.code.as_str()),
        (status::APPROVED, CODE)
    );
}

/// Does the first three of ten requests, and disowns the others.
async fn go_away_below(
    number: usize,
    mut peer: Peer,
    executed: Arc<AtomicUsize>,
) -> io::Result<()> {
    peer.open(100).await?;
    if number == 0 {
        let mut streams = Vec::new();
        for _ in 0..10 {
            streams.push(peer.request().await?);
        }
        peer.go_away(streams[2], Reason::NO_ERROR).await?;
        for stream in &streams[..3] {
            executed.fetch_add(1, Ordering::Relaxed);
            peer.answer(*stream).await?;
        }
        return peer.close().await;
    }
    loop {
        let stream = peer.request().await?;
        executed.fetch_add(1, Ordering::Relaxed);
        peer.answer(stream).await?;
    }
}

/// Ways to answer that no library would offer.
#[derive(Clone, Copy, Debug)]
enum Foul {
    ClosesAtOnce,
    SpeaksSsh,
    SpeaksHttp1,
    SpeaksNoise,
    SaysNothing,
    HalfAnAnswer,
    HalfAnAnswerThenReset,
    AnswersAnotherStream,
    GoesAwayWithError,
}

const FOUL: [Foul; 9] = [
    Foul::ClosesAtOnce,
    Foul::SpeaksSsh,
    Foul::SpeaksHttp1,
    Foul::SpeaksNoise,
    Foul::SaysNothing,
    Foul::HalfAnAnswer,
    Foul::HalfAnAnswerThenReset,
    Foul::AnswersAnotherStream,
    Foul::GoesAwayWithError,
];

impl Foul {
    async fn play(self, mut peer: Peer) -> io::Result<()> {
        match self {
            Self::ClosesAtOnce => return Ok(()),
            Self::SpeaksSsh => peer.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await?,
            Self::SpeaksHttp1 => {
                peer.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    .await?
            }
            Self::SpeaksNoise => peer.send(&[0xa5; 4096]).await?,
            Self::SaysNothing => return std::future::pending().await,
            _ => {
                peer.open(100).await?;
                let stream = peer.request().await?;
                self.answer(&mut peer, stream).await?;
            }
        }
        peer.close().await
    }

    async fn answer(self, peer: &mut Peer, stream: u32) -> io::Result<()> {
        match self {
            Self::HalfAnAnswer => {
                peer.head(stream).await?;
                peer.part(stream, b"{\"approval_code\":").await
            }
            Self::HalfAnAnswerThenReset => {
                peer.head(stream).await?;
                peer.part(stream, b"{\"approval_code\":").await?;
                peer.reset(stream, Reason::INTERNAL_ERROR).await
            }
            Self::AnswersAnotherStream => peer.answer(stream + 2).await,
            _ => peer.go_away(stream, Reason::ENHANCE_YOUR_CALM).await,
        }
    }
}

#[tokio::test]
async fn backends_that_break_the_protocol_have_native_replies() {
    for foul in FOUL {
        let backend = FrameBackend::start(move |_, peer| foul.play(peer)).await;
        let config = Config::pos([backend.url()])
            .timeout("5s")
            .upstream("connect", "\"500ms\"");
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        for seq in 0..3 {
            let reply = client.ask(AuthReq::new(seq)).await;
            assert_eq!((reply.seq, reply.status), (seq, status::FAILED), "{foul:?}");
        }
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_done_is_not_sent_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let backend = FrameBackend::start(move |_, mut peer| {
        let count = Arc::clone(&count);
        async move {
            peer.open(100).await?;
            let stream = peer.request().await?;
            count.fetch_add(1, Ordering::Relaxed);
            peer.head(stream).await?;
            peer.close().await
        }
    })
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).attempts(10)).await;
    assert_eq!(
        gateway.client().await.ask(AuthReq::new(1)).await.status,
        status::FAILED
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_backend_that_lets_nobody_stay_is_not_dialled_for_every_request() {
    let backend = FrameBackend::start(|_, mut peer| async move {
        peer.open(100).await?;
        peer.request().await?;
        peer.close().await
    })
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    for seq in 0..200 {
        assert_eq!(client.ask(AuthReq::new(seq)).await.status, status::FAILED);
    }
    assert!(
        backend.connections() < 50,
        "{} connections",
        backend.connections()
    );
}

/// Answers that are good, each in a way of its own.
#[derive(Clone, Copy, Debug)]
enum Odd {
    AfterInformationalOnes,
    WithTrailers,
    InPieces,
    ThenResetWithoutError,
    ThenNoStreams,
}

const ODD: [Odd; 5] = [
    Odd::AfterInformationalOnes,
    Odd::WithTrailers,
    Odd::InPieces,
    Odd::ThenResetWithoutError,
    Odd::ThenNoStreams,
];

impl Odd {
    async fn play(self, mut peer: Peer) -> io::Result<()> {
        // `:status: 103` and `a: b`, as RFC 7541 section 6.2.2 has it.
        const EARLY_HINTS: &[u8] = b"\x08\x03103";
        const TRAILERS: &[u8] = b"\x00\x01a\x01b";
        let body = format!("{{\"approval_code\":\"{CODE}\"}}");
        peer.open(1).await?;
        loop {
            let stream = peer.request().await?;
            match self {
                Self::AfterInformationalOnes => {
                    for _ in 0..3 {
                        peer.another_head(stream, End::Later, EARLY_HINTS).await?;
                    }
                    peer.answer(stream).await?;
                }
                Self::WithTrailers => {
                    peer.head(stream).await?;
                    peer.part(stream, body.as_bytes()).await?;
                    peer.another_head(stream, End::Here, TRAILERS).await?;
                }
                Self::InPieces => {
                    peer.head(stream).await?;
                    for byte in body.bytes() {
                        peer.part(stream, &[byte]).await?;
                    }
                    peer.another_head(stream, End::Here, TRAILERS).await?;
                }
                // RFC 9113, 8.1: such a reset takes nothing of the answer back.
                Self::ThenResetWithoutError => {
                    peer.answer(stream).await?;
                    peer.reset(stream, Reason::NO_ERROR).await?;
                }
                Self::ThenNoStreams => {
                    peer.answer(stream).await?;
                    peer.allow(0).await?;
                    peer.allow(1).await?;
                }
            }
        }
    }
}

#[tokio::test]
async fn good_answers_of_every_form_are_taken() {
    for odd in ODD {
        let backend = FrameBackend::start(move |_, peer| odd.play(peer)).await;
        let config = Config::pos([backend.url()]).upstream("connections", 1);
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        client.send((0..5).map(AuthReq::new)).await;
        for seq in 0..5 {
            let reply = client.reply_to(seq).await;
            assert_eq!(
                (reply.status, reply.code.as_str()),
                (status::APPROVED, CODE),
                "{odd:?}"
            );
        }
        assert_eq!(backend.connections(), 1, "{odd:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_has_a_native_reply() {
    let backend = Backend::scripted(|asked| match asked.merchant() {
        "LONG" => Action::Answer(Answer::status(200).header("x", "y".repeat(20 << 10))),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).upstream("connections", 1)).await;
    let mut client = gateway.client().await;
    client
        .send([AuthReq::new(1).merchant("LONG"), AuthReq::new(2)])
        .await;
    assert_eq!(client.reply_to(1).await.status, status::FAILED);
    assert_eq!(client.reply_to(2).await.status, status::APPROVED);
    assert_eq!(backend.log().connections.len(), 1);
}
