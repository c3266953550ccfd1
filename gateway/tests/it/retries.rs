//! What is sent twice, and how often that may be.

use crate::support::backend::{Action, Answer, Asked, Backend, approve};
use crate::support::client::Client;
use crate::support::config::{Config, status};
use crate::support::dns_wire::{answer, query};
use crate::support::gateway::Gateway;
use crate::support::wire::AuthReq;
use h2::Reason;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SERVFAIL: u8 = 2;
const NOERROR: u8 = 0;

fn resolved(asked: &Asked) -> Action {
    Action::Answer(Answer::status(200).body(answer(&asked.body, 4)))
}

fn failing(_: &Asked) -> Action {
    Action::Answer(Answer::status(503))
}

async fn resolve(client: &mut Client, id: u16) -> u8 {
    client
        .send_bytes(&query(id))
        .await
        .expect("a peer that reads");
    let reply = client.next_dns().await.expect("a reply");
    assert_eq!(reply[2..4], id.to_be_bytes());
    reply[5] & 0x0f
}

#[tokio::test]
async fn what_is_idempotent_is_tried_elsewhere() {
    for failure in [
        Action::Answer(Answer::status(503)),
        Action::Reset(Reason::INTERNAL_ERROR),
    ] {
        let bad = Backend::scripted(move |_| failure.clone()).start().await;
        let good = Backend::scripted(resolved).start().await;
        let config = Config::dns([bad.url(), good.url()])
            .upstream_key("balance", "\"round-robin\"")
            .upstream_key("eject.share", "\"0%\"")
            .upstream_key(
                "retry",
                r#"{ attempts = 2, on = ["503", "reset"], budget = "100%" }"#,
            );
        let gateway = Gateway::start(&config).await;
        let mut client = Client::connect(gateway.front()).await;
        let mut id = 0;
        // At first there may be no other endpoint yet.
        while good.log().asked.is_empty() || bad.log().asked.is_empty() {
            resolve(&mut client, id).await;
            id += 1;
        }
        resolve(&mut client, id).await;
        let before = (bad.log().asked.len(), good.log().asked.len());
        for id in 1_000..1_020 {
            assert_eq!(resolve(&mut client, id).await, NOERROR);
        }
        let after = (bad.log().asked.len(), good.log().asked.len());
        assert_eq!(after.1 - before.1, 20);
        assert!(
            after.0 - before.0 >= 9,
            "half of them began at the bad one: {after:?}"
        );
        let retries = [("result", "sent")];
        let metrics = gateway.metrics().await;
        assert!(metrics.sum("gatewright_upstream_retries_total", &retries) >= 9.0);
    }
}

/// Each request fails at first, wherever it goes. One key would bring it to the same endpoint
/// again.
#[tokio::test]
async fn who_failed_a_request_does_not_get_it_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let backends = [Arc::clone(&asked), asked].map(|asked| {
        Backend::scripted(
            move |request| match asked.fetch_add(1, Ordering::Relaxed) % 2 {
                0 => Action::Answer(Answer::status(503)),
                _ => resolved(request),
            },
        )
    });
    let [first, second] = backends;
    let backends = [first.start().await, second.start().await];
    let config = Config::dns(backends.each_ref().map(Backend::url))
        .upstream_key("balance", "\"hash\"")
        .upstream_key("eject.share", "\"0%\"")
        .upstream_key("retry", r#"{ attempts = 2, on = "503", budget = "100%" }"#);
    let gateway = Gateway::start(&config).await;
    let mut client = Client::connect(gateway.front()).await;
    let mut id = 0;
    while backends
        .iter()
        .any(|backend| backend.log().asked.is_empty())
    {
        resolve(&mut client, id).await;
        id += 1;
        assert!(id < 1_000, "one of them is never asked");
    }
    let before = backends.each_ref().map(|backend| backend.log().asked.len());
    for id in 1_000..1_020 {
        assert_eq!(resolve(&mut client, id).await, NOERROR);
    }
    let after = backends.each_ref().map(|backend| backend.log().asked.len());
    assert_eq!([after[0] - before[0], after[1] - before[1]], [20, 20]);
}

#[tokio::test]
async fn what_is_not_idempotent_is_asked_once() {
    for failure in [
        Action::Answer(Answer::status(503)),
        Action::Reset(Reason::INTERNAL_ERROR),
        Action::Cut,
    ] {
        let bad = Backend::scripted(move |_| failure.clone()).start().await;
        let config = Config::pos([bad.url()]).upstream_key(
            "retry",
            r#"{ attempts = 5, on = ["connect", "reset", "5xx"], budget = "100%" }"#,
        );
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        for seq in 0..10 {
            assert_eq!(client.ask(AuthReq::new(seq)).await.status, status::FAILED);
        }
        let log = bad.log();
        let seqs: HashSet<u32> = log.asked.iter().map(|asked| asked.seq()).collect();
        // A connection that is cut again and again is dialled with pauses.
        assert!(log.asked.len() >= 4, "{}", log.asked.len());
        assert_eq!(log.asked.len(), seqs.len(), "one was asked twice");
    }
}

/// What was offered to an upstream, and what reached it.
struct Storm {
    offered: Vec<Instant>,
    asked: Vec<Instant>,
    /// The longest that any request took: the two clocks are no further apart.
    longest: Duration,
}

/// Offers 200 requests a second for three seconds to an upstream that fails each of them.
async fn storm(budget: usize, failing: fn(&Asked) -> Action) -> Storm {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let backend = Backend::scripted(move |request| {
        seen.lock().expect("no panic").push(Instant::now());
        failing(request)
    })
    .start()
    .await;
    let retry = format!(r#"{{ attempts = 5, on = ["connect", "503"], budget = "{budget}%" }}"#);
    let config = Config::dns([backend.url()]).upstream_key("retry", retry);
    let gateway = Gateway::start(&config).await;
    let mut client = Client::connect(gateway.front()).await;
    let (mut offered, mut longest) = (Vec::new(), Duration::ZERO);
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    for id in 0..600 {
        pace.tick().await;
        let began = Instant::now();
        offered.push(began);
        assert_eq!(resolve(&mut client, id).await, SERVFAIL);
        longest = longest.max(began.elapsed());
    }
    let asked = asked.lock().expect("no panic").clone();
    Storm {
        offered,
        asked,
        longest,
    }
}

/// At each moment the upstream was asked at most `1 + budget` times as often as was offered: in
/// all, and in the second before.
async fn check_storm(budget: usize, failing: fn(&Asked) -> Action) {
    const SECOND: Duration = Duration::from_secs(1);
    let Storm {
        offered,
        asked,
        longest,
    } = storm(budget, failing).await;
    for end in &asked {
        let within = |all: &[Instant], window: Duration| {
            all.iter()
                .filter(|at| **at <= *end && *end - **at < window)
                .count()
        };
        for (window, about) in [(SECOND, SECOND + 2 * longest), (60 * SECOND, 60 * SECOND)] {
            let (sent, due) = (within(&asked, window), within(&offered, about));
            let most = due * (100 + budget) / 100;
            assert!(sent <= most, "{sent} sent for {due} offered in {window:?}");
        }
    }
    let retries = asked.len() - offered.len();
    let due = offered.len() * budget / 100;
    assert!(retries * 2 >= due, "{retries} retries of {due}");
}

#[tokio::test]
async fn retries_of_a_failing_upstream_stay_within_the_budget() {
    check_storm(20, failing).await;
}

#[tokio::test]
async fn so_do_those_of_one_that_refuses_streams() {
    check_storm(10, |_| Action::Reset(Reason::REFUSED_STREAM)).await;
}

/// More than four times the longest head: the library does not even skip it, and ends the
/// connection.
fn endless_head() -> Action {
    Action::Answer(Answer::status(200).header("x", "y".repeat(70 << 10)))
}

#[tokio::test]
async fn a_head_without_end_ends_one_connection_with_a_native_reply_to_each() {
    let backend = Backend::scripted(|asked| match asked.merchant() {
        "LONG" => endless_head(),
        "HANG" => Action::Silence,
        _ => approve(asked),
    })
    .start()
    .await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).upstream("connections", 1)).await;
    let mut client = gateway.client().await;
    let asked = ["HANG", "LONG"].into_iter().zip(1..);
    client
        .send(asked.map(|(merchant, seq)| AuthReq::new(seq).merchant(merchant)))
        .await;
    for seq in 1..3 {
        assert_eq!(client.reply_to(seq).await.status, status::FAILED);
    }
    let next = client.ask(AuthReq::new(3)).await;
    assert_eq!(next.status, status::APPROVED);
    assert_eq!(backend.log().connections.len(), 2);
}

#[tokio::test]
async fn what_was_on_a_connection_that_a_head_ended_is_tried_again_if_it_may_be() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let backend = Backend::scripted(move |asked| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Action::Silence,
        1 => endless_head(),
        _ => resolved(asked),
    })
    .start()
    .await;
    let config = Config::dns([backend.url()])
        .upstream("connections", 1)
        .upstream_key(
            "retry",
            r#"{ attempts = 2, on = ["reset"], budget = "100%" }"#,
        );
    let gateway = Gateway::start(&config).await;
    let mut client = Client::connect(gateway.front()).await;
    let both = [query(1), query(2)].concat();
    client.send_bytes(&both).await.expect("a peer that reads");
    for _ in 0..2 {
        let reply = client.next_dns().await.expect("a reply");
        assert_eq!(reply[5] & 0x0f, NOERROR);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert_eq!(backend.log().connections.len(), 2);
}
