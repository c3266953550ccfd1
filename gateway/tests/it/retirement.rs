//! Connections that have served for long enough: what they have is finished, nothing new begun.

use crate::support::backend::{Action, Answer, Backend, approved};
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::host::{Host, HostConnection};
use crate::support::wire::{AuthReq, AuthRsp};

async fn next(host: &mut HostConnection, sent: &AuthReq) -> u32 {
    let frame = host.frame().await;
    let id = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    let mut expected = sent.clone();
    expected.seq = id;
    assert_eq!(frame, expected.bytes());
    id
}

async fn answer(host: &mut HostConnection, seq: u32, code: &str) {
    let reply = AuthRsp {
        seq,
        status: 0,
        code: code.to_owned(),
    };
    host.send(&reply.bytes()).await;
}

fn forward(host: &Host) -> Config {
    let config = Config::forward("pos", [host.url()]).upstream("connections", 1);
    config.upstream_key("retry.attempts", 1)
}

#[tokio::test]
async fn http_connections_are_replaced_after_so_many_requests_and_none_fails() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream_key("max-requests", 10)
        .upstream_key("retry.attempts", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    for seq in 0..100 {
        let reply = client.ask(AuthReq::new(seq)).await;
        assert_eq!(reply.status, status::APPROVED);
    }
    client.send((100..400).map(AuthReq::new)).await;
    for _ in 100..400 {
        let reply = client.next().await.expect("a reply");
        assert_eq!(reply.status, status::APPROVED);
    }
    let log = backend.log();
    assert_eq!(log.asked.len(), 400);
    // The first hundred came one by one, on connections of 8 to 10 requests each.
    let first_ninety = &log.connections[..9];
    for connection in first_ninety {
        assert!(
            (8..=10).contains(&connection.total),
            "{:?}",
            log.connections
        );
    }
}

/// The library ends a connection over too many errors of its streams.
#[tokio::test]
async fn a_connection_of_many_malformed_answers_is_replaced_and_nothing_is_cut() {
    const HELD: u32 = u32::MAX;
    let backend = Backend::scripted(|asked| match asked.seq() {
        HELD => Action::AtGate(approved(asked)),
        _ => Action::Answer(Answer::status(201).header("content-length", "9")),
    });
    let backend = backend.start().await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream_key("retry.attempts", 1);
    let gateway = Gateway::start(&config).await;
    let (mut waits, mut asks) = (gateway.client().await, gateway.client().await);
    waits.send([AuthReq::new(HELD)]).await;
    backend.until_asked(1).await;
    let mut seq = 0;
    while backend.log().connections.len() == 1 {
        asks.send((seq..seq + 64).map(AuthReq::new)).await;
        for _ in 0..64 {
            assert_eq!(asks.next().await.expect("a reply").status, status::FAILED);
        }
        seq += 64;
        assert!(seq < 20_000, "it does not retire");
    }
    assert!(!backend.log().connections[0].closed, "the first is in use");
    backend.open_gate();
    let held = waits.next().await.expect("a reply");
    assert_eq!(held.status, status::APPROVED);
}

/// Who has something unanswered waits for it, so that what it asks later is carried out later.
#[tokio::test]
async fn nothing_new_is_begun_on_a_retired_connection_and_nothing_is_cut() {
    let host = Host::start().await;
    let gateway = Gateway::start(&forward(&host).upstream_key("max-requests", 1)).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    one.send([AuthReq::new(1)]).await;
    let mut first = host.accept().await;
    let held = next(&mut first, &AuthReq::new(1)).await;
    one.send([AuthReq::new(2).amount(2)]).await;
    two.send([AuthReq::new(3).amount(3)]).await;
    let mut second = host.accept().await;
    let other = next(&mut second, &AuthReq::new(3).amount(3)).await;
    answer(&mut second, other, "OTHER").await;
    assert_eq!(two.next().await.expect("a reply").code, "OTHER ");
    second.closed().await;

    answer(&mut first, held, "HELD").await;
    assert_eq!(one.next().await.expect("a reply").code, "HELD  ");
    first.closed().await;
    let mut third = host.accept().await;
    let later = next(&mut third, &AuthReq::new(2).amount(2)).await;
    answer(&mut third, later, "LATER").await;
    assert_eq!(one.next().await.expect("a reply").code, "LATER ");
}

#[tokio::test]
async fn an_exclusive_connection_retires_after_its_reply() {
    let host = Host::start().await;
    let config = forward(&host).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config.upstream_key("max-requests", 1)).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1), AuthReq::new(2)]).await;
    for seq in [1, 2] {
        let mut upstream = host.accept().await;
        let id = next(&mut upstream, &AuthReq::new(seq)).await;
        answer(&mut upstream, id, "SINGLE").await;
        assert_eq!(client.next().await.expect("a reply").seq, seq);
        upstream.closed().await;
    }
}

/// Long before it would be closed for having nothing to do.
#[tokio::test]
async fn connections_are_closed_at_their_age_but_not_before_their_replies() {
    let host = Host::start().await;
    let config = forward(&host).upstream_key("max-age", "\"50ms\"");
    let gateway = Gateway::start(&config.upstream("idle", "\"1h\"")).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    one.send([AuthReq::new(1)]).await;
    let mut first = host.accept().await;
    let held = next(&mut first, &AuthReq::new(1)).await;
    let mut second = loop {
        two.send([AuthReq::new(2).amount(2)]).await;
        tokio::select! {
            frame = first.frame() => {
                let id = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
                answer(&mut first, id, "YOUNG").await;
                assert_eq!(two.next().await.expect("a reply").code, "YOUNG ");
            }
            second = host.accept() => break second,
        }
    };
    answer(&mut first, held, "OLD").await;
    assert_eq!(one.next().await.expect("a reply").code, "OLD   ");
    first.closed().await;
    let id = next(&mut second, &AuthReq::new(2).amount(2)).await;
    answer(&mut second, id, "NEW").await;
    assert_eq!(two.next().await.expect("a reply").code, "NEW   ");
    second.closed().await;

    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .upstream_key("max-age", "\"50ms\"")
        .upstream("idle", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    assert_eq!(client.ask(AuthReq::new(1)).await.status, status::APPROVED);
    let gone = async {
        let name = "gatewright_upstream_connections";
        while gateway.metrics().await.sum(name, &[]) > 0.0 {}
    };
    crate::support::in_time("the end of its age", gone).await;
    assert_eq!(client.ask(AuthReq::new(2)).await.status, status::APPROVED);
}

#[tokio::test]
async fn an_upstream_of_http_is_told_how_much_time_is_left() {
    for (name, unit) in [("x-time-left", ""), ("grpc-timeout", "m")] {
        let backend = Backend::scripted(|_| Action::Answer(Answer::status(402)))
            .start()
            .await;
        let config = Config::pos([backend.url()])
            .timeout("1h")
            .upstream_key("deadline-header", format!("{name:?}"));
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        for seq in 0..3 {
            client.ask(AuthReq::new(seq)).await;
        }
        let log = backend.log();
        for asked in &log.asked {
            let left = asked.header(name).expect("a header");
            let millis = left.strip_suffix(unit).expect("its unit").parse::<u64>();
            let millis = millis.expect("a number");
            assert!((3_500_000..=3_600_000).contains(&millis), "{left}");
        }
        assert_eq!(log.asked.len(), 3);
    }
}
