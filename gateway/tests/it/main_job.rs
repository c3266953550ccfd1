//! What the gateway is for: binary requests, HTTP/2 backends, binary replies.

use crate::support::backend::{Action, Backend, approve, approved};
use crate::support::certificates::Authority;
use crate::support::config::{Config, status};
use crate::support::frames::{CODE, FrameBackend};
use crate::support::gateway::Gateway;
use crate::support::wire::{AuthReq, approval_code, hex};
use serde_json::json;

#[tokio::test]
async fn a_request_becomes_http_and_its_answer_a_reply() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(7)]).await;

    let reply = client.next_frame().await.expect("a reply");
    assert_eq!(
        hex(&reply),
        format!(
            "ac4d000c810000000700{}",
            hex(approval_code(7, "M123", 1250).as_bytes())
        )
    );

    let log = backend.log();
    let asked = &log.asked[0];
    assert_eq!(log.asked.len(), 1);
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("POST", "/v1/merchants/M123/authorisations")
    );
    assert_eq!(asked.header("idempotency-key"), Some("M123-00000007"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        asked.json(),
        json!({ "pan": "4111111111111111", "amount_minor": 1250, "currency": 978 })
    );
    assert!(
        is_traceparent(asked.header("traceparent").expect("a trace")),
        "{:?}",
        asked.headers
    );
}

/// W3C Trace Context, version 00.
fn is_traceparent(value: &str) -> bool {
    let parts: Vec<_> = value.split('-').collect();
    let [version, trace, parent, flags] = parts[..] else {
        return false;
    };
    let digits = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    };
    let widths = [version, trace, parent, flags].map(str::len);
    widths == [2, 32, 16, 2]
        && version == "00"
        && digits(trace)
        && digits(parent)
        && trace.contains(|c| c != '0')
}

#[tokio::test]
async fn many_requests_on_one_connection_are_answered_in_any_order() {
    const REQUESTS: u32 = 64;
    let backend = Backend::scripted(|asked| Action::Shuffle(approved(asked)))
        .batch(64, 3)
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client
        .send((0..REQUESTS).map(|seq| AuthReq::new(seq).amount(seq + 1)))
        .await;
    let mut order = Vec::new();
    for _ in 0..REQUESTS {
        let reply = client.next().await.expect("a reply");
        assert_eq!(
            reply.code,
            approval_code(reply.seq, "M123", u64::from(reply.seq) + 1),
            "{reply:?}"
        );
        order.push(reply.seq);
    }
    assert!(!order.is_sorted(), "the backend's order shows: {order:?}");
    order.sort_unstable();
    assert_eq!(order, (0..REQUESTS).collect::<Vec<_>>());
}

#[tokio::test]
async fn over_tls_with_an_authority_of_our_own() {
    let authority = Authority::new();
    let backend = Backend::scripted(approve)
        .tls(authority.issue(&["localhost"]).server(b"h2"))
        .start()
        .await;
    let gateway =
        Gateway::start(&Config::pos([backend.url_at("localhost")]).trusting(authority.pem())).await;
    let reply = gateway.client().await.ask(AuthReq::new(1)).await;
    assert_eq!(
        (reply.status, reply.code),
        (status::APPROVED, approval_code(1, "M123", 1250))
    );
}

#[tokio::test]
async fn a_tls_backend_that_is_not_trusted_is_asked_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let stranger = Backend::scripted(approve)
        .tls(other.issue(&["localhost"]).server(b"h2"))
        .start()
        .await;
    let misnamed = Backend::scripted(approve)
        .tls(authority.issue(&["elsewhere"]).server(b"h2"))
        .start()
        .await;
    let old = Backend::scripted(approve)
        .tls(authority.issue(&["localhost"]).server(b"http/1.1"))
        .start()
        .await;
    for backend in [stranger, misnamed, old] {
        let gateway =
            Gateway::start(&Config::pos([backend.url_at("localhost")]).trusting(authority.pem()))
                .await;
        let reply = gateway.client().await.ask(AuthReq::new(1)).await;
        assert_eq!((reply.seq, reply.status), (1, status::FAILED));
        assert_eq!(backend.log().asked.len(), 0);
    }
}

#[tokio::test]
async fn endpoints_share_the_load() {
    const REQUESTS: u32 = 300;
    let backends = [
        Backend::approving().await,
        Backend::approving().await,
        Backend::approving().await,
    ];
    let gateway = Gateway::start(&Config::pos(backends.iter().map(Backend::url))).await;
    let mut client = gateway.client().await;
    // Who is connected first has the first requests: the share counts once all are.
    let idle = |backend: &Backend| backend.log().asked.is_empty();
    for seq in REQUESTS.. {
        if !backends.iter().any(idle) {
            break;
        }
        client.ask(AuthReq::new(seq)).await;
    }
    let before = backends.each_ref().map(|backend| backend.log().asked.len());
    client.send((0..REQUESTS).map(AuthReq::new)).await;
    for seq in 0..REQUESTS {
        assert_eq!(
            client.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
    let after = backends.each_ref().map(|backend| backend.log().asked.len());
    let shares: Vec<_> = after
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect();
    assert_eq!(
        shares.iter().sum::<usize>(),
        REQUESTS as usize,
        "{shares:?}"
    );
    assert!(
        shares.iter().all(|share| *share >= REQUESTS as usize / 10),
        "{shares:?}"
    );
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over() {
    let (dead, alive) = (Backend::approving().await, Backend::approving().await);
    let urls = [dead.url(), alive.url()];
    dead.stop().await;
    let gateway = Gateway::start(&Config::pos(urls)).await;
    let mut client = gateway.client().await;
    for seq in 0..20 {
        assert_eq!(
            client.ask(AuthReq::new(seq)).await.status,
            status::APPROVED,
            "request {seq}"
        );
    }
    assert_eq!(alive.log().asked.len(), 20);
}

#[tokio::test]
async fn a_further_connection_opens_when_one_has_no_stream_left() {
    for streams in [1, 2] {
        let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
            .streams(streams)
            .start()
            .await;
        let gateway =
            Gateway::start(&Config::pos([backend.url()]).upstream("connections", 3)).await;
        let mut client = gateway.client().await;
        let room = 3 * streams;
        client.send((0..room).map(AuthReq::new)).await;
        let log = backend.until_asked(room as usize).await;
        assert_eq!(log.connections.len(), 3, "{:?}", log.connections);
        backend.open_gate();
        for seq in 0..room {
            assert_eq!(client.reply_to(seq).await.status, status::APPROVED);
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_for_want_of_streams() {
    const REQUESTS: u32 = 200;
    for streams in [1, 2] {
        let backend = Backend::scripted(approve).streams(streams).start().await;
        let config = Config::pos([backend.url()])
            .upstream("connections", 2)
            .upstream("queue-wait", "\"1h\"");
        let gateway = Gateway::start(&config).await;
        let mut client = gateway.client().await;
        client.send((0..REQUESTS).map(AuthReq::new)).await;
        for seq in 0..REQUESTS {
            assert_eq!(
                client.reply_to(seq).await.code,
                approval_code(seq, "M123", 1250)
            );
        }
        let log = backend.log();
        assert_eq!(log.asked.len(), REQUESTS as usize);
        assert!(
            log.connections
                .iter()
                .all(|connection| connection.most <= streams as usize),
            "{:?}",
            log.connections
        );
        assert!(log.connections.len() <= 2, "{:?}", log.connections);
    }
}

#[tokio::test]
async fn a_backend_may_change_how_many_streams_it_allows() {
    let backend = FrameBackend::start(|_, mut peer| async move {
        peer.open(1).await?;
        let mut open = vec![peer.request().await?];
        assert_eq!(peer.requests_until_ping().await?, 0, "one was allowed");
        peer.allow(3).await?;
        open.push(peer.request().await?);
        open.push(peer.request().await?);
        assert_eq!(peer.requests_until_ping().await?, 0, "three were allowed");
        peer.allow(1).await?;
        assert_eq!(
            peer.requests_until_ping().await?,
            0,
            "one is allowed, and three are open"
        );
        for stream in open {
            peer.answer(stream).await?;
        }
        let last = peer.request().await?;
        assert_eq!(peer.requests_until_ping().await?, 0, "one is allowed again");
        peer.answer(last).await?;
        let last = peer.request().await?;
        peer.answer(last).await?;
        peer.idle().await
    })
    .await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send((0..5).map(AuthReq::new)).await;
    for seq in 0..5 {
        let reply = client.reply_to(seq).await;
        assert_eq!(
            (reply.status, reply.code.as_str()),
            (status::APPROVED, CODE)
        );
    }
    assert_eq!(backend.connections(), 1);
}

#[tokio::test]
async fn a_backend_with_a_small_window_gets_whole_bodies() {
    let backend = Backend::scripted(approve).window(10).start().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let mut client = gateway.client().await;
    client.send((0..20).map(AuthReq::new)).await;
    for seq in 0..20 {
        assert_eq!(
            client.reply_to(seq).await.code,
            approval_code(seq, "M123", 1250)
        );
    }
}

#[tokio::test]
async fn clients_that_use_the_same_numbers_do_not_meet() {
    let backend = Backend::scripted(|asked| Action::Shuffle(approved(asked)))
        .batch(8, 5)
        .start()
        .await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let (mut one, mut other) = (gateway.client().await, gateway.client().await);
    one.send((0..50).map(|seq| AuthReq::new(seq).merchant("ONE")))
        .await;
    other
        .send((0..50).map(|seq| AuthReq::new(seq).merchant("OTHER")))
        .await;
    for seq in 0..50 {
        assert_eq!(
            one.reply_to(seq).await.code,
            approval_code(seq, "ONE", 1250)
        );
        assert_eq!(
            other.reply_to(seq).await.code,
            approval_code(seq, "OTHER", 1250)
        );
    }
}

#[tokio::test]
async fn the_admin_listener_answers_when_no_descriptor_is_left() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()])).await;
    let first = gateway.client().await.ask(AuthReq::new(1)).await;
    assert_eq!(first.status, status::APPROVED);
    let mut clients = gateway.leave_no_descriptor().await;
    for _ in 0..3 {
        assert_eq!(gateway.admin("/healthz").await.0, 200);
    }
    gateway.limit_descriptors(256).await;
    let last = clients.last_mut().expect("one that had to wait");
    let answered = last.ask(AuthReq::new(2)).await;
    assert_eq!(answered.status, status::APPROVED);
}

/// The system's resolver may say of any name that it is not known then.
#[tokio::test]
async fn a_name_that_nobody_could_look_up_for_want_of_a_descriptor_is_held_against_no_server() {
    let backend = Backend::approving().await;
    let url = backend.url().replace("127.0.0.1", "localhost");
    let gateway = Gateway::start(&Config::pos([url])).await;
    let mut clients = gateway.leave_no_descriptor().await;
    let first = clients.first_mut().expect("one that was let in");
    first.send([AuthReq::new(1)]).await;
    // Who asks the admin listener frees a descriptor for a moment.
    gateway.until_told("cannot connect").await;
    gateway.limit_descriptors(256).await;
    assert_eq!(first.reply_to(1).await.status, status::APPROVED);
    let log = gateway.stderr();
    assert!(log.contains("Too many open files"), "{log}");
    assert!(!log.contains("failed to lookup"), "{log}");
}

#[tokio::test]
async fn the_admin_listener_tells_how_it_is() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).workers(2)).await;
    assert_eq!(
        gateway.client().await.ask(AuthReq::new(1)).await.status,
        status::APPROVED
    );
    assert_eq!(gateway.admin("/healthz").await.0, 200);
    assert_eq!(gateway.admin("/readyz").await.0, 200);
    assert_eq!(gateway.admin("/nothing").await.0, 404);
    let (status, metrics) = gateway.admin("/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.contains("# TYPE "), "{metrics}");
    let exchanges = "gatewright_exchange_seconds_count{listener=\"front\",route=\"";
    let counted: Vec<_> = (metrics.lines())
        .filter(|line| line.starts_with(exchanges))
        .collect();
    assert!(
        counted.len() == 1 && counted[0].ends_with(" 1"),
        "{metrics}"
    );
    assert!(
        !metrics.contains("4111111111111111") && !gateway.stderr().contains("4111111111111111")
    );
}
