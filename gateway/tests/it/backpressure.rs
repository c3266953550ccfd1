//! Clients that take nothing, and backends that take their time: both are bounded, and the
//! others do not notice.

use crate::support::backend::{Action, Answer, Asked, Backend, approved};
use crate::support::client::{Client, Ended};
use crate::support::config::{Config, status};
use crate::support::dns_wire::{answer, query};
use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::wire::AuthReq;
use std::time::Duration;
use tokio::time::timeout;

const MIB: u64 = 1 << 20;
/// The bytes of a record that is not small.
const RECORD: u16 = 60_000;

/// How long nothing has to go before it counts as nothing at all.
const A_WHILE: Duration = Duration::from_millis(200);

/// Sends `bytes` again and again until the peer has taken none of them for a while, and says
/// how many it took.
async fn flood(client: &Client, bytes: &[u8]) -> usize {
    let mut sent = 0;
    loop {
        let rest = &bytes[sent % bytes.len()..];
        match client.send_what_goes(rest).expect("an open connection") {
            0 if timeout(A_WHILE, client.room()).await.is_err() => return sent,
            taken => sent += taken,
        }
    }
}

#[tokio::test]
async fn a_client_is_read_only_while_its_requests_have_room() {
    const ROOM: usize = 16;
    let backend = Backend::scripted(|asked| match asked.merchant() {
        "FLOOD" => Action::AtGate(approved(asked)),
        _ => Action::Answer(approved(asked)),
    })
    .start()
    .await;
    let config = Config::pos([backend.url()]).listener("in-flight", ROOM);
    let gateway = Gateway::start(&config).await;
    let mut good = gateway.client().await;
    good.ask(AuthReq::new(0)).await;
    let before = gateway.memory();

    let mut flooding = gateway.client().await;
    let requests: Vec<_> = (0..200_000)
        .map(|seq| AuthReq::new(seq).merchant("FLOOD"))
        .collect();
    let bytes: Vec<u8> = requests.iter().flat_map(AuthReq::bytes).collect();
    let sent = flood(&flooding, &bytes).await;
    assert!(sent < bytes.len(), "the gateway takes everything");
    assert_eq!(backend.log().in_flight(), ROOM);
    assert!(
        gateway.memory() < before + 4 * MIB,
        "from {before} to {}",
        gateway.memory()
    );
    assert_eq!(good.ask(AuthReq::new(1)).await.status, status::APPROVED);

    backend.open_gate();
    for seq in 0..u32::try_from(sent / 49).expect("a number").min(2_000) {
        assert_eq!(
            flooding.reply_to(seq).await.status,
            status::APPROVED,
            "a paused request goes on"
        );
    }
}

/// DNS over HTTP that answers at great length.
fn at_length(asked: &Asked) -> Action {
    Action::Answer(
        Answer::status(200)
            .header("content-type", "application/dns-message")
            .body(answer(&asked.body, RECORD)),
    )
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_put_out() {
    let backend = Backend::scripted(at_length).start().await;
    let config = Config::dns([backend.url()])
        .listener("in-flight", 16)
        .listener("send-buffer", "\"64KiB\"")
        .listener("send-time", "\"500ms\"")
        .upstream("connections", 1);
    let gateway = Gateway::start(&config).await;
    let mut good = gateway.client().await;
    good.send_bytes(&query(1))
        .await
        .expect("a gateway that reads");
    let reply = good.next_dns().await.expect("a reply");
    assert_eq!(
        reply[2..],
        answer(&query(1)[2..], RECORD),
        "the answer as it was given"
    );
    let before = gateway.memory();

    let deaf = gateway.client_with_little_room().await;
    let queries: Vec<u8> = (0..4000).flat_map(query).collect();
    let put_out = async {
        let mut sent = 0;
        while let Ok(n) = deaf.send_what_goes(&queries[sent % queries.len()..]) {
            sent += n;
            deaf.room().await;
        }
    };
    in_time("a client to be put out", put_out).await;
    gateway.until_closed("send-time", 1).await;
    assert!(
        gateway.memory() < before + 16 * MIB,
        "from {before} to {}",
        gateway.memory()
    );
    let asked = backend.log().asked.len();
    good.send_bytes(&query(2))
        .await
        .expect("a gateway that reads");
    assert_eq!(
        good.next_dns().await.expect("a reply").len(),
        reply.len(),
        "others are served"
    );
    assert!(
        asked < 1000,
        "{asked} answers were fetched for a client that takes none"
    );
}

#[tokio::test]
async fn a_full_queue_is_an_overload() {
    const QUEUE: u32 = 4;
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue", QUEUE)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(0)]).await;
    backend.until_asked(1).await;
    client.send((1..=QUEUE + 1).map(AuthReq::new)).await;
    let refused = client.next().await.expect("a reply");
    assert_eq!((refused.seq, refused.status), (QUEUE + 1, status::OVERLOAD));
    backend.open_gate();
    for seq in 0..=QUEUE {
        assert_eq!(client.reply_to(seq).await.status, status::APPROVED);
    }
}

#[tokio::test]
async fn who_waits_too_long_in_the_queue_is_told() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue-wait", "\"200ms\"");
    let gateway = Gateway::start(&config).await;
    let mut client = gateway.client().await;
    client.send([AuthReq::new(0)]).await;
    backend.until_asked(1).await;
    client.send([AuthReq::new(1)]).await;
    assert_eq!(client.reply_to(1).await.status, status::OVERLOAD);
    backend.open_gate();
    assert_eq!(client.reply_to(0).await.status, status::APPROVED);
    assert_eq!(backend.log().asked.len(), 1);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).listener("connections", 2)).await;
    let mut first = gateway.client().await;
    let mut second = gateway.client().await;
    assert_eq!(first.ask(AuthReq::new(1)).await.status, status::APPROVED);
    assert_eq!(second.ask(AuthReq::new(1)).await.status, status::APPROVED);
    let mut third = gateway.client().await;
    third.send([AuthReq::new(1)]).await;
    assert_eq!(first.ask(AuthReq::new(2)).await.status, status::APPROVED);
    assert_eq!(
        backend.log().asked.len(),
        3,
        "the third is not served while there is no room"
    );
    first.finish().await;
    assert_eq!(first.rest().await, (Vec::new(), Ended::Closed));
    assert_eq!(third.reply_to(1).await.status, status::APPROVED);
}

/// Of an address that has all that it may have, further clients are closed at once; those of another
/// one are served, and so is the next one when one of the first has left.
#[tokio::test]
async fn an_address_has_so_many_connections_and_others_have_theirs() {
    let backend = Backend::approving().await;
    let config = Config::pos([backend.url()])
        .workers(2)
        .listener("connections", 100)
        .listener("connections-per-address", 3);
    let gateway = Gateway::start(&config).await;
    let mut served = Vec::new();
    for _ in 0..3 {
        let mut client = gateway.client().await;
        assert_eq!(client.ask(AuthReq::new(1)).await.status, status::APPROVED);
        served.push(client);
    }
    for _ in 0..5 {
        let mut refused = gateway.client().await;
        assert_eq!(refused.rest().await.0, Vec::new());
    }
    let refused = || async {
        let metrics = gateway.metrics().await;
        metrics.sum(
            "gatewright_connections_refused_total",
            &[("reason", "address")],
        )
    };
    assert_eq!(refused().await, 5.0);
    let mut other = Client::connect_from([127, 0, 0, 2], gateway.front()).await;
    assert_eq!(other.ask(AuthReq::new(1)).await.status, status::APPROVED);
    let mut first = served.swap_remove(0);
    first.finish().await;
    assert_eq!(first.rest().await, (Vec::new(), Ended::Closed));
    // Its place is given back when its task has ended.
    let served = async {
        loop {
            let mut next = gateway.client().await;
            let sent = next.send_bytes(&AuthReq::new(1).bytes()).await;
            if sent.is_ok() && next.next().await.is_ok() {
                return;
            }
        }
    };
    in_time("the place that was given back", served).await;
}

/// A socket that is not read to its end wakes nobody: credit that comes back with a write has
/// to be used at once.
#[tokio::test]
async fn a_client_that_reads_late_is_served_to_the_end() {
    let backend = Backend::scripted(at_length).start().await;
    let config = Config::dns([backend.url()])
        .listener("send-buffer", "\"1B\"")
        .listener("send-time", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let mut late = gateway.client_with_little_room().await;
    let mut sent: u16 = 0;
    loop {
        late.send_bytes(&query(sent))
            .await
            .expect("an open connection");
        sent += 1;
        let asked = backend.until_asked(sent.into());
        if timeout(Duration::from_millis(300), asked).await.is_err() {
            break;
        }
    }
    for id in 0..sent {
        let reply = late.next_dns().await.expect("a reply");
        assert_eq!(reply[2..4], id.to_be_bytes());
    }
}

#[tokio::test]
async fn answers_that_cost_nothing_do_not_pile_up() {
    let gateway = Gateway::start(&Config::pos(["mock:".to_owned()])).await;
    let mut good = gateway.client().await;
    good.send([AuthReq::new(0)]).await;
    good.next().await.expect("a reply");
    let before = gateway.memory();
    let flooding = gateway.client_with_little_room().await;
    let refused = AuthReq::new(9).merchant([0xff]).bytes();
    flood(&flooding, &refused.repeat(1 << 16)).await;
    // What piles up has no end, and the allocator grows in steps of several MiB.
    assert!(
        gateway.memory() < before + 16 * MIB,
        "from {before} to {}",
        gateway.memory()
    );
    good.send([AuthReq::new(1)]).await;
    good.next().await.expect("a reply");
}

#[tokio::test]
async fn who_leaves_the_queue_is_not_counted_in_it() {
    let backend = Backend::scripted(|asked| Action::AtGate(approved(asked)))
        .start()
        .await;
    let config = Config::pos([backend.url()])
        .upstream("connections", 1)
        .upstream("streams", 1)
        .upstream("queue-wait", "\"1h\"");
    let gateway = Gateway::start(&config).await;
    let (mut first, mut second) = (gateway.client().await, gateway.client().await);
    first.send([AuthReq::new(0)]).await;
    backend.until_asked(1).await;
    second.send([AuthReq::new(1)]).await;
    let queue = async |expected: f64| {
        let reached = async {
            while gateway
                .metrics()
                .await
                .sum("gatewright_upstream_queue", &[])
                != expected
            {}
        };
        in_time(format!("a queue of {expected}"), reached).await;
    };
    queue(1.0).await;
    second.abort();
    queue(0.0).await;
}
