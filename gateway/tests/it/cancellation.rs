//! Clients that leave: at once, half, and again and again.

use crate::support::backend::{Action, Asked, Backend, approved};
use crate::support::client::Ended;
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::wire::{AuthReq, approval_code};

/// Never answers the merchant `HELD`.
fn hold(asked: &Asked) -> Action {
    match asked.merchant() {
        "HELD" => Action::Silence,
        _ => Action::Answer(approved(asked)),
    }
}

fn held(seqs: std::ops::Range<u32>) -> impl Iterator<Item = AuthReq> {
    seqs.map(|seq| AuthReq::new(seq).merchant("HELD"))
}

#[tokio::test]
async fn what_a_client_leaves_behind_is_taken_back() {
    let backend = Backend::scripted(hold).start().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send(held(0..3)).await;
    backend.until_asked(3).await;
    client.abort();
    let log = backend
        .until("three resets", |log| log.taken_back() == 3)
        .await;
    assert_eq!(
        (log.cancelled.len(), log.in_flight(), log.open_connections()),
        (3, 0, 1)
    );
}

#[tokio::test]
async fn a_client_that_leaves_while_it_is_not_read_is_missed() {
    let backend = Backend::scripted(hold).start().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).listener("in-flight", 4)).await;
    let mut client = gateway.client().await;
    client.send(held(0..100)).await;
    backend.until_asked(4).await;
    client.abort();
    backend
        .until("four resets", |log| log.taken_back() == 4)
        .await;
}

#[tokio::test]
async fn what_waits_in_the_queue_goes_with_its_client() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let (mut stays, mut leaves) = (gateway.client().await, gateway.client().await);
    stays.send([AuthReq::new(0)]).await;
    backend.until_asked(1).await;
    leaves
        .send((0..10).map(|seq| AuthReq::new(seq).merchant("GONE")))
        .await;
    stays.send([AuthReq::new(1)]).await;
    leaves.abort();
    backend.open_gate();
    for seq in 0..2 {
        assert_eq!(
            stays.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
    assert_eq!(stays.ask(AuthReq::new(2)).await.status, status::APPROVED);
    let asked = backend.log().asked.len();
    assert!(
        asked < 13,
        "of the ten that nobody waits for, {} were sent",
        asked - 3
    );
}

#[tokio::test]
async fn a_client_that_sends_no_more_still_gets_its_replies() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send((0..20).map(AuthReq::new)).await;
    client.finish().await;
    backend.until_asked(20).await;
    backend.open_gate();
    let (mut replies, ended) = client.rest().await;
    replies.sort_by_key(|reply| reply.seq);
    let codes: Vec<_> = replies
        .into_iter()
        .map(|reply| (reply.seq, reply.code))
        .collect();
    assert_eq!(
        codes,
        (0..20)
            .map(|seq| (seq, approval_code(seq, "M123", 1250)))
            .collect::<Vec<_>>()
    );
    assert_eq!(ended, Ended::Closed);
}

#[tokio::test]
async fn a_client_that_asks_nothing_and_finishes_is_closed() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.finish().await;
    assert_eq!(client.rest().await, (Vec::new(), Ended::Closed));
}

#[tokio::test]
async fn a_client_may_leave_after_it_said_that_it_sends_no_more() {
    let backend = Backend::scripted(hold).start().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send(held(0..2)).await;
    client.finish().await;
    backend.until_asked(2).await;
    client.abort();
    backend
        .until("two resets", |log| log.taken_back() == 2)
        .await;
}

#[tokio::test]
async fn a_client_that_leaves_with_a_thousand_in_flight_disturbs_nobody() {
    const CROWD: u32 = 1000;
    let backend = Backend::scripted(hold).start().await;
    let config = Config::pos([backend.url()])
        .listener("in-flight", 2 * CROWD)
        .upstream("connections", 1)
        .upstream("streams", 4 * CROWD)
        .upstream("queue", 4 * CROWD);
    let gateway = Gateway::start(&config).await;
    let mut stays = gateway.client().await;
    for round in 0..10 {
        let mut leaves = gateway.client().await;
        leaves.send(held(0..CROWD)).await;
        backend
            .until("a crowd", |log| log.in_flight() == CROWD as usize)
            .await;
        let seqs = round * 100..(round + 1) * 100;
        stays.send(seqs.clone().map(AuthReq::new)).await;
        leaves.abort();
        for seq in seqs {
            assert_eq!(
                stays.reply_to(seq).await.code,
                approval_code(seq, "M123", 1250),
                "round {round}"
            );
        }
        let left = (round + 1) * CROWD;
        backend
            .until(format!("{left} resets"), |log| {
                log.taken_back() == left as usize
            })
            .await;
        assert_eq!(
            stays.ask(AuthReq::new(u32::MAX)).await.status,
            status::APPROVED,
            "after round {round}"
        );
    }
    let log = backend.log();
    assert_eq!(log.connections.len(), 1, "{:?}", log.connections);
    assert_eq!(log.cancelled.len(), 10 * CROWD as usize);
}
