//! WebSocket by HTTP/2 with clients that leave in the middle, or take nothing.

use crate::support::backend::Backend;
use crate::support::config::Config;
use crate::support::dns_wire::{at_length, query};
use crate::support::gateway::Gateway;
use crate::support::http2_wire::{
    DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, Raw, block, frame, get, is_status,
};
use crate::support::raw;
use crate::support::tunnel::Tunnels;
use crate::support::websocket::{BINARY, CLOSE, WebSocket, masked};
use crate::support::wire::AuthReq;
use h2::Reason;
use std::collections::BTreeSet;
use tokio::io::DuplexStream;

const ASK: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":authority", "a.example"),
    (":path", "/pos"),
    ("sec-websocket-version", "13"),
];

fn ask(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(&ASK))
}

/// A message that is all of a DATA frame.
fn message(stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(DATA, 0, stream, &masked(BINARY, payload))
}

async fn approving() -> (Backend, Gateway) {
    let backend = Backend::approving().await;
    let gateway = Gateway::start(&Config::pos([backend.url()]).websocket()).await;
    (backend, gateway)
}

async fn raw(gateway: &Gateway, settings: &[u8]) -> Raw {
    Raw::over(raw::connect(gateway).await, settings).await
}

/// The next frame of that kind on that stream.
async fn next_on(raw: &mut Raw, kind: u8, stream: u32) -> (u8, Vec<u8>) {
    loop {
        let (of, flags, on, payload) = raw.next_of(kind).await;
        if (of, on) == (kind, stream) {
            return (flags, payload);
        }
    }
}

/// A client that was let in is answered.
async fn is_served(raw: &mut Raw, stream: u32) {
    raw.send(&[ask(stream), message(stream, &AuthReq::new(stream).bytes())].concat())
        .await;
    let (_, head) = next_on(raw, HEADERS, stream).await;
    assert!(is_status(&head, "200"));
    let (_, reply) = next_on(raw, DATA, stream).await;
    assert_eq!(reply.len(), 18, "{reply:02x?}");
}

#[tokio::test]
async fn who_sends_no_more_has_its_replies_and_the_end() {
    let (_backend, gateway) = approving().await;
    let mut client = raw(&gateway, &[]).await;
    let last = frame(
        DATA,
        END_STREAM,
        1,
        &masked(BINARY, &AuthReq::new(1).bytes()),
    );
    client.send(&[ask(1), last].concat()).await;
    let (_, reply) = next_on(&mut client, DATA, 1).await;
    assert_eq!(reply.len(), 18);
    let (flags, close) = next_on(&mut client, DATA, 1).await;
    assert_eq!(close.first(), Some(&CLOSE));
    if flags & END_STREAM == 0 {
        let (flags, _) = next_on(&mut client, DATA, 1).await;
        assert_eq!(flags & END_STREAM, END_STREAM);
    }
    is_served(&mut client, 3).await;
    gateway.until_closed("peer", 1).await;
}

/// The library would end all clients of the connection over a thousand of them.
#[tokio::test]
async fn after_many_malformed_requests_new_clients_go_elsewhere_and_the_others_stay() {
    const MALFORMED: u32 = 600;
    let (_backend, gateway) = approving().await;
    let mut client = raw(&gateway, &[]).await;
    is_served(&mut client, 1).await;
    for stream in (3..).step_by(2).take(MALFORMED as usize) {
        client.send(&get(stream, &[("te", "gzip")])).await;
        next_on(&mut client, RST_STREAM, stream).await;
    }
    client.send(&ask(2 * MALFORMED + 3)).await;
    let (_, last) = next_on(&mut client, GOAWAY, 0).await;
    // RFC 9113, 6.8: which streams are the last is said later, and there is no error.
    assert_eq!(last, [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    client.send(&message(1, &AuthReq::new(9).bytes())).await;
    let (_, reply) = next_on(&mut client, DATA, 1).await;
    assert_eq!(reply.len(), 18);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_frame_ends_one_client_only() {
    let (_backend, gateway) = approving().await;
    let mut client = raw(&gateway, &[]).await;
    is_served(&mut client, 1).await;
    let whole = message(3, &AuthReq::new(3).bytes());
    client.send(&ask(3)).await;
    let (_, head) = next_on(&mut client, HEADERS, 3).await;
    assert!(is_status(&head, "200"));
    // Half a frame of WebSocket, in a whole one of HTTP/2.
    let half = frame(DATA, 0, 3, &whole[9..30]);
    let reset = frame(RST_STREAM, 0, 3, &8_u32.to_be_bytes());
    client.send(&[half, reset].concat()).await;
    gateway.until_closed("reset", 1).await;
    client.send(&message(1, &AuthReq::new(9).bytes())).await;
    let (_, reply) = next_on(&mut client, DATA, 1).await;
    assert_eq!(reply.len(), 18);
    is_served(&mut client, 5).await;
    drop(client);
    // With the connection, all of them are gone.
    gateway.until_closed("reset", 3).await;
}

#[tokio::test]
async fn a_window_of_nothing_is_waited_for_within_bounds() {
    let backend = Backend::scripted(at_length).start().await;
    let config = Config::dns([backend.url()])
        .websocket()
        .listener("in-flight", 16)
        .listener("send-buffer", "\"64KiB\"")
        .listener("send-time", "\"300ms\"");
    let gateway = Gateway::start(&config).await;
    // SETTINGS_INITIAL_WINDOW_SIZE is 0.
    let mut client = raw(&gateway, &[0, 4, 0, 0, 0, 0]).await;
    for stream in [1, 3, 5] {
        client.send(&ask(stream)).await;
        for id in 0..4 {
            client.send(&message(stream, &query(id))).await;
        }
    }
    gateway.until_closed("send-time", 3).await;
    // In whichever order their time was over.
    let mut reset = BTreeSet::new();
    while reset.len() < 3 {
        let (_, _, stream, reason) = client.next_of(RST_STREAM).await;
        assert_eq!(reason, 8_u32.to_be_bytes(), "CANCEL");
        reset.insert(stream);
    }
    assert_eq!(reset, [1, 3, 5].into());
    // The connection goes on, for whoever takes its replies.
    client.send(&ask(7)).await;
    client
        .send(&frame(8, 0, 7, &100_000_u32.to_be_bytes()))
        .await;
    client.send(&message(7, &query(7))).await;
    let (_, reply) = next_on(&mut client, DATA, 7).await;
    assert_eq!(reply.first(), Some(&BINARY));
}

#[tokio::test]
async fn long_replies_go_through_small_windows() {
    let backend = Backend::scripted(at_length).start().await;
    let gateway = Gateway::start(&Config::dns([backend.url()]).websocket()).await;
    let tunnels = Tunnels::over(raw::connect(&gateway).await).await;
    let mut clients = [tunnels.open().await, tunnels.open().await];
    for client in &mut clients {
        for id in 0..20 {
            client.send(BINARY, &query(id)).await;
        }
    }
    // At a time: what one does not read would use up the window that they share.
    let [one, other] = &mut clients;
    tokio::join!(hear(one), hear(other));
}

async fn hear(client: &mut WebSocket<DuplexStream>) {
    let mut came = 0;
    while came < 20 * 60_002 {
        let frame = client.next().await.expect("a frame").expect("a reply");
        assert_eq!(frame.first, BINARY);
        came += frame.payload.len();
    }
}

#[tokio::test]
async fn who_asks_for_what_is_refused_again_and_again_is_told_to_calm_down() {
    let (_backend, gateway) = approving().await;
    let mut good = raw(&gateway, &[]).await;
    is_served(&mut good, 1).await;
    let mut client = raw(&gateway, &[]).await;
    let elsewhere: Vec<_> = ASK
        .map(|(name, value)| (name, if name == ":path" { "/other" } else { value }))
        .to_vec();
    let asked = block(&elsewhere);
    let mut goaway = None;
    for at in 0..1_000 {
        let request = frame(HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, &asked);
        if client.try_send(&request).await.is_err() {
            break;
        }
        // One at a time: the library refuses those beyond what it said that it takes.
        while let Some((kind, _, _, payload)) = client.next().await {
            if kind == GOAWAY {
                goaway = Some(payload[4..8].to_vec());
            }
            if kind == HEADERS || kind == GOAWAY {
                break;
            }
        }
        if goaway.is_some() {
            break;
        }
    }
    let calm = Reason::ENHANCE_YOUR_CALM;
    assert_eq!(goaway, Some(u32::from(calm).to_be_bytes().to_vec()));
    let counted = [("cause", "flood")];
    let failed = "gatewright_websocket_handshakes_failed_total";
    gateway.until_metric(failed, &counted, 1.0).await;
    is_served(&mut good, 3).await;
}
