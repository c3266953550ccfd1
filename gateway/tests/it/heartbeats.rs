//! Signs of life by definition: both sides get them where nothing else goes, whoever is silent is given
//! up, and the last word is said to clients when the gateway drains.

use crate::support::gateway::Gateway;
use crate::support::in_time;
use crate::support::raw::{accept, connect, end, expect, listener};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Frames of a kind, a number and a value. `ask` and `ping` have replies, `alive` and `bye` have none.
const DEFINITION: &str = r#"
meta: {id: beat, endian: be}
-gateway:
  frame: {fixed: 4, max: 4}
  operation: kind
  kind: 'kind.to_i >= 0x80 ? "reply" : kind.to_i >= 0x40 ? "event" : "request"'
  id: tag
  reject: {operation: told, set: {value: 99}}
  heartbeat: HEARTBEAT
  drain: {operation: bye, set: {tag: 0}}
seq:
  - {id: kind, type: u1, enum: kind, valid: {in-enum: true}}
  - {id: tag, type: u2}
  - {id: value, type: u1, -gateway: {default: 0}}
enums:
  kind:
    1: ask
    2: ping
    0x41: {id: alive, -gateway: {one-way: true}}
    0x42: {id: bye, -gateway: {one-way: true}}
    0x81: told
    0x82: pong
"#;
/// Servers are asked.
const PINGS: &str = "{operation: ping, every: 50ms, silence: 500ms, answer: pong}";
/// The same; how long clients may be silent is not said.
const PINGS_ONLY: &str = "{operation: ping, every: 100ms, answer: pong}";
/// Both sides speak of their own accord.
const ALIVE: &str = "{operation: alive, every: 50ms, silence: 500ms, answer: true}";
/// Clients may be silent.
const ALIVE_ONLY: &str = "{operation: alive, every: 100ms, answer: true}";
const REFUSED: [u8; 4] = [0x81, 0, 7, 99];
/// More than can be in the time of one `silence`.
const MANY: usize = 15;

async fn gateway(heartbeat: &str, url: &str, sharing: &str) -> Gateway {
    gateway_with(heartbeat, url, sharing, "").await
}

/// The same with limits of the listener.
async fn gateway_with(heartbeat: &str, url: &str, sharing: &str, limits: &str) -> Gateway {
    let text = format!(
        r#"
[gateway]
workers = 1
drain = {{ spread = "0s" }}
[admin]
http = "127.0.0.1:0"
[protocols.beat]
definition = "beat.ksy"
[listeners.front]
bind = "tcp://127.0.0.1:0"
protocol = "beat"
limits = {{ {limits} }}
[upstreams.host]
url = "{url}"
protocol = "beat"
sharing = "{sharing}"
limits.connections = 1
[[routes]]
from = "front"
to = "host"
"#
    );
    let definition = DEFINITION.replace("HEARTBEAT", heartbeat);
    Gateway::start_text(&text, &[("beat.ksy".to_owned(), definition)]).await
}

async fn frame(stream: &mut TcpStream) -> [u8; 4] {
    let mut frame = [0; 4];
    let read = in_time("a frame", stream.read_exact(&mut frame)).await;
    read.expect("a frame");
    frame
}

/// Reads frames of this kind until another one comes.
async fn other_than(kind: u8, stream: &mut TcpStream) -> [u8; 4] {
    loop {
        let frame = frame(stream).await;
        if frame[0] != kind {
            return frame;
        }
    }
}

async fn send(stream: &mut TcpStream, frame: [u8; 4]) {
    stream.write_all(&frame).await.expect("a peer that reads");
}

/// Answers so many pings, each of which has a number of its own.
async fn answer_pings(upstream: &mut TcpStream, count: usize) {
    let mut last = [0; 4];
    for _ in 0..count {
        let ping = frame(upstream).await;
        assert_eq!((ping[0], ping[3]), (2, 0), "{ping:?}");
        assert_ne!(ping, last);
        last = ping;
        send(upstream, [0x82, ping[1], ping[2], 0]).await;
    }
}

/// Asks, and has it answered.
async fn exchange(client: &mut TcpStream, upstream: &mut TcpStream) {
    send(client, [1, 0, 7, 5]).await;
    let asked = other_than(2, upstream).await;
    assert_eq!((asked[0], asked[3]), (1, 5));
    send(upstream, [0x81, asked[1], asked[2], 6]).await;
    assert_eq!(frame(client).await, [0x81, 0, 7, 6]);
}

#[tokio::test]
async fn an_idle_server_is_asked_and_kept_while_it_answers() {
    for sharing in ["shared", "exclusive"] {
        let (host, url) = listener().await;
        let gateway = gateway(PINGS, &url, sharing).await;
        let mut client = connect(&gateway).await;
        send(&mut client, [1, 0, 7, 5]).await;
        let mut upstream = accept(&host).await;
        let asked = frame(&mut upstream).await;
        send(&mut upstream, [0x81, asked[1], asked[2], 6]).await;
        assert_eq!(frame(&mut client).await, [0x81, 0, 7, 6]);
        drop(client);
        // Nobody uses it meanwhile.
        answer_pings(&mut upstream, MANY).await;
        let mut client = connect(&gateway).await;
        exchange(&mut client, &mut upstream).await;
        let signs = "gatewright_upstream_heartbeats_total";
        let sent = gateway.metrics().await.sum(signs, &[("upstream", "host")]);
        assert!(sent >= MANY as f64, "{sharing}: {sent}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_with_all_that_it_owes() {
    let (host, url) = listener().await;
    let gateway = gateway(PINGS_ONLY, &url, "shared").await;
    let mut client = connect(&gateway).await;
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    let asked = frame(&mut upstream).await;
    assert_eq!((asked[0], asked[3]), (1, 5));
    assert_eq!(
        frame(&mut upstream).await[0],
        2,
        "it is asked while it owes a reply"
    );
    assert_eq!(frame(&mut client).await, REFUSED);
    let silences = "gatewright_upstream_silences_total";
    gateway
        .until_metric(silences, &[("upstream", "host")], 1.0)
        .await;
    // Its pings are still there; then the connection ends.
    let mut rest = Vec::new();
    let ended = in_time("its end", upstream.read_to_end(&mut rest)).await;
    assert!(
        ended.is_ok() && rest.chunks(4).all(|ping| ping[0] == 2),
        "{ended:?} {rest:?}"
    );
}

/// Gives signs back, which nobody is to answer, and then some of its own, which are answered.
async fn echo(peer: &mut TcpStream) {
    let began = Instant::now();
    for _ in 0..MANY {
        let sign = frame(peer).await;
        assert_eq!(sign[0], 0x41);
        send(peer, sign).await;
    }
    assert!(began.elapsed() >= (MANY as u32 - 1) * Duration::from_millis(50));
    // One that crosses a sign is taken for its answer.
    loop {
        send(peer, [0x41, 0, 200, 0]).await;
        if frame(peer).await == [0x41, 0, 200, 0] {
            return;
        }
    }
}

#[tokio::test]
async fn both_sides_get_signs_and_nobody_answers_an_answer() {
    let (host, url) = listener().await;
    let gateway = gateway(ALIVE, &url, "shared").await;
    let mut client = connect(&gateway).await;
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    let asked = frame(&mut upstream).await;
    send(&mut upstream, [0x81, asked[1], asked[2], 6]).await;
    assert_eq!(frame(&mut client).await, [0x81, 0, 7, 6]);
    tokio::join!(echo(&mut client), echo(&mut upstream));
    let of = gateway.metrics().await;
    let sent = |name, label| of.sum(name, &[label]);
    assert!(sent("gatewright_heartbeats_total", ("listener", "front")) >= MANY as f64);
    assert!(sent("gatewright_upstream_heartbeats_total", ("upstream", "host")) >= MANY as f64);
}

#[tokio::test]
async fn a_silent_client_is_disconnected() {
    let (_host, url) = listener().await;
    for heartbeat in [PINGS, ALIVE] {
        let gateway = gateway(heartbeat, &url, "shared").await;
        let mut lively = connect(&gateway).await;
        let mut silent = connect(&gateway).await;
        let silent = tokio::spawn(async move {
            let mut signs = Vec::new();
            let ended = in_time("its end", silent.read_to_end(&mut signs)).await;
            (ended.is_ok(), signs)
        });
        while !silent.is_finished() {
            let sign = if heartbeat == PINGS { 2 } else { 0x41 };
            send(&mut lively, [sign, 0, 200, 0]).await;
            frame(&mut lively).await;
        }
        let (ended, signs) = silent.await.expect("no panic");
        assert!(
            ended && signs.chunks(4).all(|sign| sign[0] == 0x41),
            "{signs:?}"
        );
        assert_eq!(signs.is_empty(), heartbeat == PINGS, "{signs:?}");
        gateway.until_closed("silent", 1).await;
    }
}

/// Nothing is said any more to a client that was told that this is the end, though it may not hear it.
#[tokio::test]
async fn an_idle_client_that_stays_is_let_go() {
    let (_host, url) = listener().await;
    let gateway = gateway_with(ALIVE_ONLY, &url, "shared", "idle = \"200ms\"").await;
    let _client = connect(&gateway).await;
    gateway.until_closed("idle", 1).await;
}

#[tokio::test]
async fn clients_are_told_that_the_gateway_drains() {
    let (_host, url) = listener().await;
    let mut gateway = gateway(PINGS, &url, "shared").await;
    let mut client = connect(&gateway).await;
    send(&mut client, [2, 0, 1, 0]).await;
    assert_eq!(frame(&mut client).await, [0x82, 0, 1, 0]);
    gateway.terminate().await;
    expect(&mut client, &[0x42, 0, 0, 0]).await;
    assert_eq!(end(&mut client).await, Ok(()));
    assert_eq!(gateway.exit().await.code, Some(0));
}

/// What it owes still comes; what is asked next goes elsewhere.
#[tokio::test]
async fn a_server_that_drains_is_asked_nothing_more() {
    let (host, url) = listener().await;
    let gateway = gateway(PINGS_ONLY, &url, "shared").await;
    let mut client = connect(&gateway).await;
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    let asked = frame(&mut upstream).await;
    send(&mut upstream, [0x42, 0, 0, 0]).await;
    send(&mut upstream, [0x81, asked[1], asked[2], 6]).await;
    assert_eq!(frame(&mut client).await, [0x81, 0, 7, 6]);
    let mut rest = Vec::new();
    let ended = in_time("its end", upstream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "{ended:?}");
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    let asked = other_than(2, &mut upstream).await;
    send(&mut upstream, [0x81, asked[1], asked[2], 6]).await;
    assert_eq!(frame(&mut client).await, [0x81, 0, 7, 6]);
}

/// Who waits for a server that drains asks nothing elsewhere before it has its reply; others do.
#[tokio::test]
async fn nothing_overtakes_what_a_server_that_drains_still_owes() {
    let (host, url) = listener().await;
    let gateway = gateway(ALIVE_ONLY, &url, "shared").await;
    let (mut one, mut two) = (connect(&gateway).await, connect(&gateway).await);
    send(&mut one, [1, 0, 7, 5]).await;
    let mut first = accept(&host).await;
    let owed = other_than(0x41, &mut first).await;
    send(&mut first, [0x42, 0, 0, 0]).await;
    // Once its last word is heard, somebody else's request goes to another connection.
    let mut second = loop {
        send(&mut two, [1, 0, 8, 5]).await;
        tokio::select! {
            asked = other_than(0x41, &mut first) => {
                send(&mut first, [0x81, asked[1], asked[2], 6]).await;
                assert_eq!(other_than(0x41, &mut two).await, [0x81, 0, 8, 6]);
            }
            second = accept(&host) => break second,
        }
    };
    send(&mut one, [1, 0, 9, 15]).await;
    let asked = other_than(0x41, &mut second).await;
    send(&mut second, [0x81, asked[1], asked[2], 6]).await;
    assert_eq!(other_than(0x41, &mut two).await, [0x81, 0, 8, 6]);
    // The next of them has come after that which waits, and is sent before.
    send(&mut two, [1, 0, 10, 5]).await;
    let asked = other_than(0x41, &mut second).await;
    assert_eq!(
        (asked[0], asked[3]),
        (1, 5),
        "nothing of the one that waits"
    );
    send(&mut first, [0x81, owed[1], owed[2], 6]).await;
    assert_eq!(other_than(0x41, &mut one).await, [0x81, 0, 7, 6]);
    let asked = other_than(0x41, &mut second).await;
    assert_eq!((asked[0], asked[3]), (1, 15));
}

/// One-way messages may be refused, and one request may have many replies (quiet operations and
/// `stat` of memcached). Nobody waits for these, and nobody else is disturbed.
#[tokio::test]
async fn replies_that_nobody_waits_for_end_no_connection() {
    let (host, url) = listener().await;
    let gateway = gateway(PINGS_ONLY, &url, "shared").await;
    let mut client = connect(&gateway).await;
    for _ in 0..20 {
        send(&mut client, [0x42, 0, 9, 0]).await;
    }
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    let mut asked = other_than(2, &mut upstream).await;
    while asked[0] == 0x42 {
        send(&mut upstream, [0x81, asked[1], asked[2], 1]).await;
        asked = other_than(2, &mut upstream).await;
    }
    for value in 6..40 {
        send(&mut upstream, [0x81, asked[1], asked[2], value]).await;
    }
    assert_eq!(frame(&mut client).await, [0x81, 0, 7, 6]);
    let dropped = "gatewright_upstream_messages_dropped_total";
    gateway
        .until_metric(dropped, &[("reason", "unknown")], 53.0)
        .await;
    exchange(&mut client, &mut upstream).await;
}

/// Who has a connection of its own and the server there are each other's peers: neither hears of the
/// gateway.
#[tokio::test]
async fn signs_pass_between_a_bound_client_and_its_server() {
    let (host, url) = listener().await;
    let gateway = gateway(PINGS, &url, "bound").await;
    let mut client = connect(&gateway).await;
    send(&mut client, [1, 0, 7, 5]).await;
    let mut upstream = accept(&host).await;
    assert_eq!(frame(&mut upstream).await, [1, 0, 7, 5]);
    for tag in 0..3 {
        send(&mut client, [2, 0, tag, 1]).await;
        assert_eq!(frame(&mut upstream).await, [2, 0, tag, 1]);
        send(&mut upstream, [0x82, 0, tag, 2]).await;
        assert_eq!(frame(&mut client).await, [0x82, 0, tag, 2]);
        // A request of the server's own, too.
        send(&mut upstream, [1, 0, tag, 3]).await;
        assert_eq!(frame(&mut client).await, [1, 0, tag, 3]);
    }
}
