//! Bytes that are no request: closed or answered natively in time, counted by cause, nothing
//! upstream, nobody else disturbed.

use crate::support::backend::Backend;
use crate::support::client::{Client, Ended};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::rng::Rng;
use crate::support::wire::{AuthReq, AuthRsp, approval_code, frame};
use std::time::Duration;

/// A TLS 1.3 client hello's first bytes, RFC 8446 section 4.1.2.
const TLS_HELLO: &[u8] = &[
    0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x5a, 0x5a, 0x5a,
];
const HTTP_HELLO: &[u8] = b"GET / HTTP/1.1\r\nhost: example\r\n\r\n";
/// The reply to request 9, which no client has to send.
const REPLY: &[u8] = b"\xac\x4d\x00\x0c\x81\x00\x00\x00\x09\x00ABCDEF";

/// What may become of a client that sends such bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The connection ends without a reply.
    Closed,
    /// One reply says that the request of this number failed, then the connection ends or
    /// goes on, as the framing allows.
    Refused(u32),
}

/// A gateway, its backend, and a client that behaves.
struct Bench {
    backend: Backend,
    gateway: Gateway,
    good: Client,
    asked: u32,
}

impl Bench {
    async fn new() -> Self {
        let backend = Backend::approving().await;
        let config = Config::pos([backend.url()]).listener("frame-time", "\"200ms\"");
        let gateway = Gateway::start(&config).await;
        let good = gateway.client().await;
        Self {
            backend,
            gateway,
            good,
            asked: 0,
        }
    }

    /// The good client is still served, and the backend has seen nobody else's requests.
    async fn unharmed(&mut self, after: &str) {
        self.asked += 1;
        let reply = self.good.ask(AuthReq::new(self.asked)).await;
        assert_eq!(
            reply.code,
            approval_code(self.asked, "M123", 1250),
            "after {after}"
        );
        assert_eq!(
            self.backend.log().asked.len(),
            self.asked as usize,
            "after {after}"
        );
    }

    async fn check(&mut self, name: &str, bytes: &[u8], fate: Fate) {
        let mut client = self.gateway.client().await;
        client
            .send_bytes(bytes)
            .await
            .expect("a gateway that reads");
        match fate {
            Fate::Closed => {
                let (replies, _) = client.rest().await;
                assert_eq!(replies, [], "{name}");
            }
            Fate::Refused(seq) => {
                let reply = client
                    .next()
                    .await
                    .unwrap_or_else(|end| panic!("{name}: {end}"));
                assert_eq!((reply.seq, reply.status), (seq, status::FAILED), "{name}");
            }
        }
        self.unharmed(name).await;
    }
}

fn with_byte(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = AuthReq::new(9).bytes();
    bytes[at] = byte;
    bytes
}

fn with_currency(currency: u16) -> Vec<u8> {
    let mut bytes = AuthReq::new(9).bytes();
    bytes[47..].copy_from_slice(&currency.to_be_bytes());
    bytes
}

/// A request whose length and whose bytes differ from what they should be.
fn resized(by: isize) -> Vec<u8> {
    let request = AuthReq::new(9).bytes();
    let mut body = request[4..].to_vec();
    body.resize(body.len().saturating_add_signed(by), b' ');
    frame(&body)
}

#[tokio::test]
async fn frames_that_are_none_end_the_connection() {
    let mut bench = Bench::new().await;
    let cases: [(&str, Vec<u8>); 12] = [
        ("the first byte of the magic", with_byte(0, 0xad)),
        ("the second byte of the magic", with_byte(1, 0x4e)),
        ("a byte fewer than the kind has", resized(-1)),
        ("a byte more than the kind has", resized(1)),
        ("a reply", REPLY.to_vec()),
        ("no magic at all", vec![0; 64]),
        ("an empty body", frame(&[])),
        ("a body without a number", frame(&[1, 0, 0])),
        (
            "64 KiB claimed",
            [&[0xac, 0x4d, 0xff, 0xff][..], &[0; 100]].concat(),
        ),
        ("2 GiB claimed", vec![0x7f; 64]),
        ("a TLS hello", TLS_HELLO.to_vec()),
        ("an HTTP request", HTTP_HELLO.to_vec()),
    ];
    for (name, bytes) in cases {
        bench.check(name, &bytes, Fate::Closed).await;
    }
    let log = bench.gateway.stderr();
    assert!(
        log.contains("TLS"),
        "a TLS hello is called by its name: {log}"
    );
    assert!(
        log.contains("HTTP"),
        "an HTTP request is called by its name: {log}"
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_by_number() {
    let mut bench = Bench::new().await;
    let cases: [(&str, Vec<u8>); 5] = [
        ("a currency of 0", with_currency(0)),
        ("a currency of 1000", with_currency(1000)),
        ("a merchant that is not ASCII", with_byte(9, 0xff)),
        ("a card number that is not ASCII", with_byte(24, 0x80)),
        ("a kind that is not known", with_byte(4, 0x02)),
    ];
    for (name, bytes) in cases {
        bench.check(name, &bytes, Fate::Refused(9)).await;
    }
}

#[tokio::test]
async fn a_request_cut_short_anywhere_is_none() {
    let mut bench = Bench::new().await;
    let request = AuthReq::new(9).bytes();
    for length in 1..request.len() {
        let mut client = bench.gateway.client().await;
        client
            .send_bytes(&request[..length])
            .await
            .expect("a gateway that reads");
        client.finish().await;
        let (replies, _) = client.rest().await;
        assert_eq!(replies, [], "cut after {length} bytes");
    }
    bench
        .gateway
        .until_closed("cut-frame", request.len() - 1)
        .await;
    bench.unharmed("all of them").await;
}

#[tokio::test]
async fn a_request_begun_and_never_finished_is_given_up() {
    let mut bench = Bench::new().await;
    let request = AuthReq::new(9).bytes();
    for length in [1, 4, 5, request.len() - 1] {
        let mut client = bench.gateway.client().await;
        client
            .send_bytes(&request[..length])
            .await
            .expect("a gateway that reads");
        let (replies, _) = client.rest().await;
        assert_eq!(replies, [], "begun with {length} bytes");
    }
    bench.gateway.until_closed("frame-time", 4).await;
    bench.unharmed("all of them").await;
}

#[tokio::test]
async fn a_trickle_does_not_win_time() {
    let mut bench = Bench::new().await;
    let mut client = bench.gateway.client().await;
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let request = AuthReq::new(9).bytes();
    let mut sent = 0;
    let ended = loop {
        tokio::select! {
            ended = client.next() => break ended.expect_err("no reply"),
            _ = pace.tick() => {}
        }
        assert!(sent < request.len(), "the whole request was let through");
        if client.send_bytes(&request[sent..=sent]).await.is_err() {
            break Ended::Reset;
        }
        sent += 1;
    };
    assert!(matches!(ended, Ended::Closed | Ended::Reset));
    bench.unharmed("a trickle").await;
}

#[tokio::test]
async fn bytes_that_come_one_by_one_are_a_request_all_the_same() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    for seq in 0..3 {
        for byte in AuthReq::new(seq).bytes() {
            client
                .send_bytes(&[byte])
                .await
                .expect("a gateway that reads");
        }
        assert_eq!(
            client.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
}

#[tokio::test]
async fn frames_may_be_split_anywhere() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let two = [AuthReq::new(1).bytes(), AuthReq::new(2).bytes()].concat();
    for at in 1..two.len() {
        let mut client = gateway.client().await;
        client
            .send_bytes(&two[..at])
            .await
            .expect("a gateway that reads");
        client
            .send_bytes(&two[at..])
            .await
            .expect("a gateway that reads");
        for seq in [1, 2] {
            assert_eq!(
                client.reply_to(seq).await.code,
                approval_code(seq, "M123", 1250),
                "split at {at}"
            );
        }
    }
}

#[tokio::test]
async fn noise_is_no_request() {
    let mut bench = Bench::new().await;
    let mut rng = Rng::seeded(11);
    for round in 0..50 {
        let noise: Vec<u8> = (0..rng.below(4096) + 4).map(|_| rng.next() as u8).collect();
        let mut client = bench.gateway.client().await;
        // It may close in the middle, which is as good an answer as any.
        let _ = client.send_bytes(&noise).await;
        let (replies, _) = client.rest().await;
        assert_eq!(replies, [], "round {round}");
    }
    bench.unharmed("noise").await;
}

#[tokio::test]
async fn what_was_good_before_it_is_still_answered() {
    let mut bench = Bench::new().await;
    let mut client = bench.gateway.client().await;
    let good = (0..3).flat_map(|seq| AuthReq::new(seq).bytes());
    let bytes: Vec<u8> = good.chain(*b"and then nonsense").collect();
    client
        .send_bytes(&bytes)
        .await
        .expect("a gateway that reads");
    let (mut replies, _) = client.rest().await;
    replies.sort_by_key(|reply: &AuthRsp| reply.seq);
    let codes: Vec<_> = replies
        .iter()
        .map(|reply| (reply.seq, reply.status))
        .collect();
    assert_eq!(codes, [(0, 0), (1, 0), (2, 0)]);
    bench.asked += 3;
    bench.unharmed("nonsense").await;
}

#[tokio::test]
async fn a_silent_client_is_closed_and_a_busy_one_is_not() {
    let backend = Backend::scripted(|asked| {
        let answer = crate::support::backend::approved(asked);
        crate::support::backend::Action::After(Duration::from_millis(900), answer)
    })
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).listener("idle", "\"300ms\"")).await;
    let mut busy = gateway.client().await;
    busy.send([AuthReq::new(1)]).await;
    let mut silent = gateway.client().await;
    assert_eq!(silent.rest().await, (Vec::new(), Ended::Closed));
    assert_eq!(
        busy.reply_to(1).await.status,
        status::APPROVED,
        "one that waits for its reply is not idle"
    );
    assert_eq!(busy.rest().await, (Vec::new(), Ended::Closed), "now it is");
    drop((silent, busy));
    gateway.until_closed("idle", 2).await;
}

#[tokio::test]
async fn a_number_in_use_is_the_fault_of_its_client_only() {
    let mut bench = Bench::new().await;
    let backend = Backend::scripted(|_| crate::support::backend::Action::Silence)
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let (mut twice, mut other) = (gateway.client().await, gateway.client().await);
    other.send([AuthReq::new(9).merchant("OTHER")]).await;
    twice.send([AuthReq::new(9), AuthReq::new(9)]).await;
    let refused = in_time("an end or a refusal", twice.next()).await;
    assert!(
        refused.is_err()
            || refused
                .as_ref()
                .is_ok_and(|reply| reply.status == status::FAILED),
        "{refused:?}"
    );
    backend
        .until("the other's request", |log| {
            log.asked.iter().any(|asked| asked.merchant() == "OTHER")
        })
        .await;
    assert!(backend.log().asked.len() <= 2);
    bench.unharmed("it").await;
}

#[tokio::test]
async fn bad_input_is_counted_by_its_cause() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let cases: [(&str, Vec<u8>); 8] = [
        ("bad-magic", with_byte(0, 0)),
        ("foreign-protocol", TLS_HELLO.to_vec()),
        ("foreign-protocol", HTTP_HELLO.to_vec()),
        (
            "too-long",
            [&[0xac, 0x4d, 0xff, 0xff][..], &[0; 100]].concat(),
        ),
        ("too-short", frame(&[])),
        ("bad-value", with_currency(0)),
        ("unknown-operation", with_byte(4, 0x02)),
        ("wrong-direction", REPLY.to_vec()),
    ];
    for (cause, bytes) in cases {
        let counted = async || {
            let metrics = gateway.metrics().await;
            metrics.sum(
                "gatewright_decode_errors_total",
                &[("listener", "front"), ("cause", cause)],
            )
        };
        let before = counted().await;
        let mut client = gateway.client().await;
        client
            .send_bytes(&bytes)
            .await
            .expect("a gateway that reads");
        client.finish().await;
        client.rest().await;
        assert_eq!(counted().await, before + 1.0, "{cause}");
    }
    assert_eq!(backend.log().asked.len(), 0);
}

#[tokio::test]
async fn dns_frames_that_never_end_are_given_up() {
    let backend = Backend::approving().await;
    let config = Config::dns([backend.url()]).listener("frame-time", "\"200ms\"");
    let gateway = Gateway::start(&config).await;
    let cases: [&[u8]; 5] = [&[0xff, 0xff, 0, 0], &[0], &[0, 0], &[0, 11, 0], TLS_HELLO];
    for bytes in cases {
        let mut client = gateway.client().await;
        client
            .send_bytes(bytes)
            .await
            .expect("a gateway that reads");
        assert!(client.next_dns().await.is_err(), "{bytes:02x?}");
    }
    assert_eq!(backend.log().asked.len(), 0);
}
