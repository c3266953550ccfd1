//! Several endpoints: who gets what, and who is left out.

use crate::support::backend::{Action, Answer, Asked, Backend, approve, approved};
use crate::support::client::Client;
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw;
use crate::support::wire::AuthReq;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

const STATES: &str = "gatewright_upstream_endpoints";

/// Far above what the machine may add.
const SLOW: Duration = Duration::from_millis(400);

fn fail(_: &Asked) -> Action {
    Action::Answer(Answer::status(503))
}

/// Asks until each backend has a connection and has been asked.
async fn warm(client: &mut Client, backends: &[&Backend]) {
    let mut seq = 1_000_000;
    while backends
        .iter()
        .any(|backend| backend.log().asked.is_empty())
    {
        client
            .ask(AuthReq::new(seq).merchant(format!("W{seq}")))
            .await;
        seq += 1;
    }
}

async fn ask(client: &mut Client, seqs: std::ops::Range<u32>) -> Vec<u8> {
    let mut statuses = Vec::new();
    for seq in seqs {
        statuses.push(client.ask(AuthReq::new(seq)).await.status);
    }
    statuses
}

#[tokio::test]
async fn requests_in_turn_follow_the_weights() {
    let backends = [Backend::approving().await, Backend::approving().await];
    let [light, heavy] = backends.each_ref().map(Backend::url);
    let urls = format!(r#"["{light}", {{ url = "{heavy}", weight = 3 }}]"#);
    for balance in ["round-robin", "least-request"] {
        let config = Config::pos([])
            .endpoints(urls.clone())
            .upstream_key("balance", format!("{balance:?}"));
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        let fresh = backends.each_ref().map(|b| b.log().connections.len());
        let mut seq = 0;
        while (backends.iter().zip(fresh)).any(|(b, n)| b.log().connections.len() == n) {
            ask(&mut client, seq..seq + 1).await;
            seq += 1;
        }
        // Connections are usable once their SETTINGS are there.
        ask(&mut client, 1_000..1_100).await;
        let before = backends.each_ref().map(|b| b.log().asked.len());
        ask(&mut client, 2_000..2_400).await;
        let [light, heavy] = backends.each_ref().map(|b| b.log().asked.len());
        let shares = [light - before[0], heavy - before[1]];
        assert!((99..=101).contains(&shares[0]), "{balance}: {shares:?}");
    }
}

#[tokio::test]
async fn a_slow_endpoint_gets_little() {
    let slow = Backend::scripted(|asked| Action::After(SLOW, approved(asked)))
        .start()
        .await;
    let fast = Backend::approving().await;
    let config = Config::pos([slow.url(), fast.url()]).upstream_key("balance", "\"p2c\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    warm(&mut client, &[&slow, &fast]).await;
    let before = slow.log().asked.len();
    ask(&mut client, 0..100).await;
    let share = slow.log().asked.len() - before;
    assert!(share <= 20, "{share} of 100 to the slow one");
}

#[tokio::test]
async fn a_key_stays_with_its_endpoint() {
    let backends = [
        Backend::approving().await,
        Backend::approving().await,
        Backend::approving().await,
    ];
    let config = Config::pos(backends.each_ref().map(Backend::url))
        .upstream_key("balance", "\"hash\"")
        .upstream_key("balance-key", "\"{merchant}\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    warm(&mut client, &backends.each_ref()).await;
    for seq in 0..200 {
        let merchant = format!("KEY{}", seq % 20);
        client.ask(AuthReq::new(seq).merchant(merchant)).await;
    }
    let keys = backends.each_ref().map(|backend| {
        let log = backend.log();
        let keys = log.asked.iter().map(|asked| asked.merchant().to_owned());
        keys.filter(|key| key.starts_with("KEY"))
            .collect::<HashSet<_>>()
    });
    let all: usize = keys.iter().map(HashSet::len).sum();
    assert_eq!(all, 20, "a key in two places: {keys:?}");
    assert!(keys.iter().all(|keys| !keys.is_empty()), "{keys:?}");
}

#[tokio::test]
async fn a_spare_endpoint_is_used_only_while_it_must_be() {
    let (first, spare) = (Backend::approving().await, Backend::approving().await);
    let urls = format!(
        r#"["{}", {{ url = "{}", priority = 1 }}]"#,
        first.url(),
        spare.url()
    );
    let gateway = Gateway::start(&Config::pos([]).endpoints(urls)).await;
    let mut client = gateway.client().await;
    let good = ask(&mut client, 0..20).await;
    assert!(good.iter().all(|status| *status == status::APPROVED));
    assert_eq!(
        (first.log().asked.len(), spare.log().connections.len()),
        (20, 0)
    );
    first.stop().await;
    // One may meet the connection before it is known to be lost.
    let after = ask(&mut client, 20..40).await;
    let failed = after.iter().filter(|s| **s != status::APPROVED).count();
    assert!(failed <= 1, "{after:?}");
    assert!(spare.log().asked.len() >= 19);
}

#[tokio::test]
async fn an_endpoint_that_fails_is_left_out() {
    let (good, bad) = (
        Backend::approving().await,
        Backend::scripted(fail).start().await,
    );
    let config = Config::pos([good.url(), bad.url()])
        .upstream_key("balance", "\"round-robin\"")
        .upstream_key("eject", r#"{ failures = 3, time = "1h", longest = "1h" }"#);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    for seq in 0..100 {
        client.ask(AuthReq::new(seq)).await;
        if bad.log().asked.len() == 3 {
            break;
        }
    }
    let ejected = [("endpoint", "1"), ("state", "ejected")];
    gateway.until_metric(STATES, &ejected, 1.0).await;
    let after = ask(&mut client, 100..200).await;
    assert!(after.iter().all(|status| *status == status::APPROVED));
    assert_eq!(bad.log().asked.len(), 3);
    let metrics = gateway.metrics().await;
    assert_eq!(
        metrics.sum(STATES, &[("endpoint", "0"), ("state", "healthy")]),
        1.0
    );
    assert_eq!(
        metrics.sum(STATES, &[("endpoint", "1"), ("state", "healthy")]),
        0.0
    );
}

#[tokio::test]
async fn clients_mistakes_eject_nobody() {
    let backend = Backend::scripted(|_| Action::Answer(Answer::status(422)))
        .start()
        .await;
    let config = Config::pos([backend.url()])
        .upstream_key("panic", "\"0%\"")
        .upstream_key("eject", r#"{ failures = 1, share = "100%" }"#);
    let gateway = Gateway::start(&config).await;
    ask(&mut gateway.client().await, 0..50).await;
    assert_eq!(backend.log().asked.len(), 50);
}

/// The circuit breaker: without panic, a sole endpoint that fails is not asked until its time is
/// over, then once.
#[tokio::test]
async fn an_open_circuit_refuses_and_closes_again() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let backend = Backend::scripted(move |asked| match is_well.load(Ordering::Relaxed) {
        true => approve(asked),
        false => fail(asked),
    })
    .start()
    .await;
    let config = Config::pos([backend.url()])
        .upstream_key("panic", "\"0%\"")
        .upstream_key(
            "eject",
            r#"{ failures = 3, time = "500ms", share = "100%" }"#,
        );
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    ask(&mut client, 0..3).await;
    let refused = ask(&mut client, 3..20).await;
    assert!(refused.iter().all(|status| *status == status::FAILED));
    assert_eq!(backend.log().asked.len(), 3, "an open circuit");

    let probing = [("endpoint", "0"), ("state", "probing")];
    gateway.until_metric(STATES, &probing, 1.0).await;
    well.store(true, Ordering::Relaxed);
    let after = ask(&mut client, 20..30).await;
    assert!(after.iter().all(|status| *status == status::APPROVED));
}

#[tokio::test]
async fn a_probe_takes_an_endpoint_out_and_back_beside_the_traffic() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let probed = Backend::scripted(move |asked| match asked.target.as_str() {
        "/healthz" if is_well.load(Ordering::Relaxed) => Action::Answer(Answer::status(204)),
        "/healthz" => fail(asked),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let other = Backend::scripted(|asked| match asked.target.as_str() {
        "/healthz" => Action::Answer(Answer::status(200)),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let health = r#"{ path = "/healthz", every = "20ms", fall = 2, rise = 2 }"#;
    let config = Config::pos([probed.url(), other.url()])
        .upstream_key("health", health)
        .upstream_key("slow-start", "\"0s\"")
        .upstream_key("balance", "\"round-robin\"");
    let gateway = Gateway::start(&config).await;
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    gateway.until_metric(STATES, &ejected, 1.0).await;
    let mut client = gateway.client().await;
    ask(&mut client, 0..20).await;
    let served = |backend: &Backend| {
        let log = backend.log();
        log.asked
            .iter()
            .filter(|asked| asked.target != "/healthz")
            .count()
    };
    assert_eq!((served(&probed), served(&other)), (0, 20));
    well.store(true, Ordering::Relaxed);
    let healthy = [("endpoint", "0"), ("state", "healthy")];
    gateway.until_metric(STATES, &healthy, 1.0).await;
    warm(&mut client, &[&probed]).await;
    while served(&probed) == 0 {
        ask(&mut client, 100..101).await;
    }
    let probes = [("endpoint", "0"), ("result", "passed")];
    gateway
        .until_metric("gatewright_upstream_probes_total", &probes, 2.0)
        .await;
    let log = probed.log();
    let shared = log.connections.iter().filter(|c| c.total > 1).count();
    assert!(
        shared <= 1,
        "a probe shares a connection: {:?}",
        log.connections
    );
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_fails_its_probes() {
    let closed = TcpSocket::new_v4().expect("a socket");
    closed
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let url = format!("h2c://{}", closed.local_addr().expect("an address"));
    let backend = Backend::approving().await;
    let config = Config::pos([url, backend.url()])
        .upstream_key("health", r#"{ connect = true, every = "20ms" }"#);
    let gateway = Gateway::start(&config).await;
    let ejected = [("endpoint", "0"), ("state", "ejected")];
    gateway.until_metric(STATES, &ejected, 1.0).await;
    let passed = [("endpoint", "1"), ("result", "passed")];
    gateway
        .until_metric("gatewright_upstream_probes_total", &passed, 3.0)
        .await;
    let statuses = ask(&mut gateway.client().await, 0..10).await;
    assert!(statuses.iter().all(|status| *status == status::APPROVED));
}

/// What is handed on by a key of its payload is read whole first, and all requests of a key go one way.
#[tokio::test]
async fn a_key_of_a_payload_is_no_other_key() {
    let no_content = |_: &Asked| Action::Answer(Answer::status(204));
    let backends = [
        Backend::scripted(no_content).start().await,
        Backend::scripted(no_content).start().await,
    ];
    let config = Config::proxy(backends.each_ref().map(Backend::url))
        .upstream_key("balance", "\"hash\"")
        .upstream_key("balance-key", "\"{json.user}\"");
    let gateway = Gateway::start(&config).await;
    let mut client = raw::connect(&gateway).await;
    let both = async {
        let mut user = 0;
        while backends.iter().any(|b| b.log().asked.is_empty()) {
            let body = format!("{{\"user\":{user}}}");
            let length = body.len();
            let request =
                format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
            client.write_all(request.as_bytes()).await.expect("a write");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.expect("an answer"));
            }
            user += 1;
        }
    };
    in_time("both endpoints to be asked by one client", both).await;
}
