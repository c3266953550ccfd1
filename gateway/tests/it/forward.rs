//! Messages that go to servers of their own protocol, replies told apart by their ids.

use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::host::{Host, HostConnection};
use crate::support::wire::{AuthReq, AuthRsp};
use std::net::SocketAddr;
use std::time::Duration;

/// What the protocol's own refusals say.
const TIMEOUT: u8 = 91;
const FAILED: u8 = 96;

/// The id that the gateway gave a request, which must be unchanged otherwise.
fn id_of(frame: &[u8], sent: &AuthReq) -> u32 {
    let id = u32::from_be_bytes([frame[5], frame[6], frame[7], frame[8]]);
    let mut expected = sent.clone();
    expected.seq = id;
    assert_eq!(frame, expected.bytes());
    id
}

async fn answer(host: &mut HostConnection, id: u32, code: &str) {
    let reply = AuthRsp {
        seq: id,
        status: 0,
        code: code.to_owned(),
    };
    host.send(&reply.bytes()).await;
}

fn approved(seq: u32, code: &str) -> AuthRsp {
    AuthRsp {
        seq,
        status: 0,
        code: code.to_owned(),
    }
}

async fn start(host: &Host) -> Gateway {
    Gateway::start(&Config::forward("pos", [host.url()]).upstream("connections", 1)).await
}

async fn dropped(gateway: &Gateway, reason: &str) -> f64 {
    let name = "gatewright_upstream_messages_dropped_total";
    gateway.metrics().await.sum(name, &[("reason", reason)])
}

#[tokio::test]
async fn clients_share_a_connection_whatever_their_ids() {
    let host = Host::start().await;
    let gateway = start(&host).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    let (first, second) = (AuthReq::new(7).amount(1), AuthReq::new(7).amount(2));
    one.send([first.clone()]).await;
    let mut upstream = host.accept().await;
    let a = id_of(&upstream.frame().await, &first);
    two.send([second.clone()]).await;
    let b = id_of(&upstream.frame().await, &second);
    assert_ne!(a, b);
    answer(&mut upstream, b, "SECOND").await;
    answer(&mut upstream, a, "FIRST").await;
    assert_eq!(one.next().await, Ok(approved(7, "FIRST ")));
    assert_eq!(two.next().await, Ok(approved(7, "SECOND")));
}

#[tokio::test]
async fn a_late_reply_reaches_nobody() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream("connections", 1);
    let gateway = Gateway::start(&config.timeout("1s")).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    let late = id_of(&upstream.frame().await, &AuthReq::new(1));
    let refusal = client.next().await.expect("a refusal");
    assert_eq!((refusal.seq, refusal.status), (1, TIMEOUT));

    client.send([AuthReq::new(1)]).await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(1));
    assert_ne!(id, late, "its place is taken until its reply came");
    answer(&mut upstream, late, "LATE").await;
    answer(&mut upstream, id, "RIGHT").await;
    assert_eq!(client.next().await, Ok(approved(1, "RIGHT ")));
    assert_eq!(dropped(&gateway, "late").await, 1.0);
}

#[tokio::test]
async fn replies_that_nobody_asked_for_are_dropped_and_then_end_the_connection() {
    let host = Host::start().await;
    let gateway = start(&host).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(1));
    answer(&mut upstream, id.wrapping_add(1), "OTHER").await;
    answer(&mut upstream, id, "ONCE").await;
    answer(&mut upstream, id, "TWICE").await;
    assert_eq!(client.next().await, Ok(approved(1, "ONCE  ")));

    client.send([AuthReq::new(2)]).await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(2));
    assert_eq!(dropped(&gateway, "unknown").await, 2.0);
    // One more to what was answered last speaks against nobody.
    for _ in 0..15 {
        answer(&mut upstream, id.wrapping_add(9), "NOISE").await;
    }
    upstream.closed().await;
    let refusal = client.next().await.expect("a refusal");
    assert_eq!((refusal.seq, refusal.status), (2, FAILED));
}

#[tokio::test]
async fn a_client_that_leaves_disturbs_nobody() {
    let host = Host::start().await;
    let gateway = start(&host).await;
    let (mut leaving, mut staying) = (gateway.client().await, gateway.client().await);
    staying.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    let kept = id_of(&upstream.frame().await, &AuthReq::new(1));
    let requests: Vec<_> = (0..200).map(AuthReq::new).collect();
    leaving.send(requests.iter().cloned()).await;
    let mut ids = Vec::new();
    for request in &requests {
        ids.push(id_of(&upstream.frame().await, request));
    }
    leaving.abort();
    gateway.until_closed("reset", 1).await;
    for id in ids {
        answer(&mut upstream, id, "LATE").await;
    }
    answer(&mut upstream, kept, "KEPT").await;
    assert_eq!(staying.next().await, Ok(approved(1, "KEPT  ")));
    assert_eq!(dropped(&gateway, "late").await, 200.0);
}

#[tokio::test]
async fn a_lost_connection_fails_what_is_on_it_and_is_replaced() {
    let host = Host::start().await;
    let gateway = start(&host).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1), AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    upstream.frame().await;
    upstream.frame().await;
    drop(upstream);
    for _ in 0..2 {
        assert_eq!(client.next().await.expect("a refusal").status, FAILED);
    }
    client.send([AuthReq::new(3)]).await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(3));
    answer(&mut upstream, id, "AGAIN").await;
    assert_eq!(client.next().await, Ok(approved(3, "AGAIN ")));
}

#[tokio::test]
async fn what_is_no_reply_ends_the_connection() {
    let host = Host::start().await;
    let gateway = start(&host).await;
    let mut client = gateway.client().await;
    for (seq, bytes) in [
        (1, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        (2, AuthReq::new(0).bytes()),
        (3, vec![0xac, 0x4d, 0xff]),
    ] {
        client.send([AuthReq::new(seq)]).await;
        let mut upstream = host.accept().await;
        upstream.frame().await;
        upstream.send(&bytes).await;
        if seq == 3 {
            drop(upstream);
        } else {
            upstream.closed().await;
        }
        let refusal = client.next().await.expect("a refusal");
        assert_eq!((refusal.seq, refusal.status), (seq, FAILED));
    }
}

#[tokio::test]
async fn nobody_there_is_told_at_once() {
    let host = Host::start().await;
    let url = host.url();
    drop(host);
    let gateway = Gateway::start(&Config::forward("pos", [url])).await;
    let refusal = gateway.client().await.ask(AuthReq::new(5)).await;
    assert_eq!(refusal.status, FAILED);
}

#[tokio::test]
async fn an_exclusive_connection_has_one_request_at_a_time() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config.upstream("connections", 2)).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    one.send([AuthReq::new(1), AuthReq::new(2)]).await;
    let mut first = host.accept().await;
    let id = id_of(&first.frame().await, &AuthReq::new(1));
    two.send([AuthReq::new(1)]).await;
    let mut second = host.accept().await;
    let other = id_of(&second.frame().await, &AuthReq::new(1));
    answer(&mut second, other, "OTHER").await;
    assert_eq!(two.next().await, Ok(approved(1, "OTHER ")));
    answer(&mut first, id, "FIRST").await;
    let id = id_of(&first.frame().await, &AuthReq::new(2));
    answer(&mut first, id, "SECOND").await;
    assert_eq!(one.next().await, Ok(approved(1, "FIRST ")));
    assert_eq!(one.next().await, Ok(approved(2, "SECOND")));
}

#[tokio::test]
async fn an_exclusive_connection_with_a_reply_due_is_not_used_again() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config.upstream("connections", 1)).await;
    let mut leaving = gateway.client().await;
    leaving.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    upstream.frame().await;
    leaving.abort();
    upstream.closed().await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(2));
    answer(&mut upstream, id, "CLEAN").await;
    assert_eq!(client.next().await, Ok(approved(2, "CLEAN ")));
}

/// The place that a client leaves with its reply due is on a connection that is of no use to the
/// next in line.
#[tokio::test]
async fn who_waits_for_an_exclusive_connection_gets_a_clean_one() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream_key("sharing", "\"exclusive\"");
    let config = config
        .upstream("connections", 1)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let (mut leaving, mut client) = (gateway.client().await, gateway.client().await);
    leaving.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    upstream.frame().await;
    client.send([AuthReq::new(2)]).await;
    gateway
        .until_metric("gatewright_upstream_queue", &[("upstream", "backend")], 1.0)
        .await;
    leaving.abort();
    upstream.closed().await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(2));
    answer(&mut upstream, id, "CLEAN").await;
    assert_eq!(client.next().await, Ok(approved(2, "CLEAN ")));
}

/// The pause is what is tested: who came later may wait for longer.
#[tokio::test]
async fn who_waits_too_long_for_a_place_fails_none_of_those_behind() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()])
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue-wait", "\"2s\"");
    let gateway = Gateway::start(&config).await;
    let (mut first, mut client) = (gateway.client().await, gateway.client().await);
    first.send([AuthReq::new(1)]).await;
    let mut upstream = host.accept().await;
    let held = id_of(&upstream.frame().await, &AuthReq::new(1));
    client.send([AuthReq::new(2)]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.send([AuthReq::new(3), AuthReq::new(4)]).await;
    let refusal = client.next().await.expect("a refusal");
    assert_eq!((refusal.seq, refusal.status), (2, FAILED));
    answer(&mut upstream, held, "FIRST").await;
    for seq in [3, 4] {
        let id = id_of(&upstream.frame().await, &AuthReq::new(seq));
        answer(&mut upstream, id, "BEHIND").await;
        assert_eq!(client.next().await, Ok(approved(seq, "BEHIND")));
    }
}

#[tokio::test]
async fn a_request_that_ends_in_line_lets_no_other_be_sent() {
    let host = Host::start().await;
    let hasty = "name = \"hasty\"\nfrom = [\"front\"]\nwhen = \"amount == 7\"\nto = \"backend\"\n\
                 timeout = \"100ms\"\n[[routes]]\nname = \"forward\"";
    let config = Config::forward("pos", [host.url()]).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config.route("name = \"forward\"", hasty)).await;
    let mut client = gateway.client().await;
    let in_line = AuthReq {
        amount: 7,
        ..AuthReq::new(2)
    };
    client
        .send([AuthReq::new(1), in_line, AuthReq::new(3)])
        .await;
    let mut upstream = host.accept().await;
    upstream.frame().await;
    assert_eq!(client.next().await.expect("a refusal").seq, 2);
    drop(upstream);
    let refusal = client.next().await.expect("a refusal");
    assert_eq!((refusal.seq, refusal.status), (1, FAILED));
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(3));
    answer(&mut upstream, id, "ALONE").await;
    assert_eq!(client.next().await, Ok(approved(3, "ALONE ")));
}

#[tokio::test]
async fn ids_are_not_wider_than_the_wire() {
    let host = Host::start().await;
    let config = Config::forward("dns", [host.url()]).upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    let mut upstream = None;
    // More questions than there are ids, some at a time.
    let ids: Vec<u16> = (0..70_000_u32).map(|turn| turn as u16).collect();
    for some in ids.chunks(50) {
        // A question for the root's name servers.
        let query = |id: &u16| [&[0, 17][..], &id.to_be_bytes(), &QUESTION].concat();
        let queries: Vec<u8> = some.iter().flat_map(query).collect();
        client.send_bytes(&queries).await.expect("queries");
        if upstream.is_none() {
            upstream = Some(host.accept().await);
        }
        let upstream: &mut HostConnection = upstream.as_mut().expect("a connection");
        let mut frames = upstream.read(19 * some.len()).await;
        for frame in frames.chunks_mut(19) {
            assert_eq!(frame[4..], QUESTION);
            frame[4] |= 0x80;
        }
        upstream.send(&frames).await;
        for id in some {
            let reply = client.next_dns().await.expect("a reply");
            assert_eq!(reply[2..4], id.to_be_bytes());
        }
    }
}

const QUESTION: [u8; 15] = [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// An address where nobody listens is no use to one who wants to be told.
#[tokio::test]
async fn a_route_without_rules_is_checked() {
    let nowhere: SocketAddr = "127.0.0.1:1".parse().expect("an address");
    let text = Config::forward("pos", [format!("tcp://{nowhere}")]).text();
    let exit = Gateway::fail(&text.replace(
        "to = \"backend\"",
        "to = \"backend\"\nreply = [{ on = \"*\" }]",
    ))
    .await;
    assert_eq!(exit.code, Some(78), "{}", exit.stderr);
    assert!(exit.stderr.contains("GW1020"), "{}", exit.stderr);
}

#[tokio::test]
async fn clients_that_leave_do_not_make_a_server_look_bad() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream_key("sharing", "\"exclusive\"");
    let gateway = Gateway::start(&config).await;
    for _ in 0..8 {
        let mut leaving = gateway.client().await;
        leaving.send([AuthReq::new(1)]).await;
        let mut upstream = host.accept().await;
        upstream.frame().await;
        leaving.abort();
        upstream.closed().await;
    }
    let mut client = gateway.client().await;
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(2));
    answer(&mut upstream, id, "WANTED").await;
    assert_eq!(client.next().await, Ok(approved(2, "WANTED")));
}

#[tokio::test]
async fn a_server_that_falls_silent_within_a_reply_is_left() {
    let host = Host::start().await;
    let config = Config::forward("pos", [host.url()]).upstream("connections", 1);
    let config = config.upstream("quarantine", "\"100ms\"").timeout("1s");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(1)]).await;
    let mut silent = host.accept().await;
    id_of(&silent.frame().await, &AuthReq::new(1));
    silent.send(&[0xac, 0x4d, 0]).await;
    let refusal = client.next().await.expect("a refusal");
    assert_eq!((refusal.seq, refusal.status), (1, TIMEOUT));
    silent.closed().await;
    client.send([AuthReq::new(2)]).await;
    let mut upstream = host.accept().await;
    let id = id_of(&upstream.frame().await, &AuthReq::new(2));
    answer(&mut upstream, id, "SPOKEN").await;
    assert_eq!(client.next().await, Ok(approved(2, "SPOKEN")));
}

/// An answer of DNS says at its beginning how long it is and whose.
#[tokio::test]
async fn a_reply_that_is_too_long_fails_its_request_only() {
    let host = Host::start().await;
    let config = Config::forward("dns", [host.url()])
        .upstream("connections", 1)
        .upstream("frame", "512");
    let gateway = Gateway::start(&config).await;
    let (mut one, mut two) = (gateway.client().await, gateway.client().await);
    let query = |id: u16| [&[0, 17][..], &id.to_be_bytes(), &QUESTION].concat();
    one.send_bytes(&query(1)).await.expect("a query");
    let mut upstream = host.accept().await;
    let first = upstream.read(19).await;
    two.send_bytes(&query(1)).await.expect("a query");
    let mut second = upstream.read(19).await;
    let mut long = vec![0; 2 + 60_000];
    long[..2].copy_from_slice(&60_000_u16.to_be_bytes());
    long[2..4].copy_from_slice(&first[2..4]);
    // Its id comes later than its length.
    upstream.send(&long[..3]).await;
    upstream.send(&long[3..]).await;
    second[4] |= 0x80;
    upstream.send(&second).await;
    let refusal = one.next_dns().await.expect("a refusal");
    assert_eq!((refusal[3], refusal[5] & 0x0f), (1, 2), "SERVFAIL");
    let reply = two.next_dns().await.expect("a reply");
    assert_eq!(reply[4..], second[4..]);
}
