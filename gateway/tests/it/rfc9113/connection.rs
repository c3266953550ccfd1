//! Sections 6.7, 6.8 and windows at work: pings, GOAWAY, data that waits.

use super::Outcome::{Connection, Nothing};
use super::{UNREADABLE, echo, frames, hold, last_data, post, situation};
use crate::support::backend::Backend;
use crate::support::config::Config;
use crate::support::gateway::Gateway;
use crate::support::http2_wire::{
    ACK, DATA, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, frame,
    is_status,
};
use crate::support::raw;
use crate::support::web::WebGateway;
use h2::Reason;

const ERR: Reason = Reason::PROTOCOL_ERROR;

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn pings_and_farewells_are_of_the_connection() {
    let farewell = |stream, payload: &[u8]| frame(GOAWAY, 0, stream, payload);
    hold(vec![
        situation("6.7", "a ping of a stream", frames([post(1, &[]), frame(PING, 0, 1, &[0; 8])]), Connection(ERR)),
        situation("6.7", "a ping that is too short", frame(PING, 0, 0, &[0; 6]), UNREADABLE),
        situation("6.7", "a ping that is too long", frame(PING, 0, 0, &[0; 9]), UNREADABLE),
        situation("6.7", "an answer to no ping", frame(PING, ACK, 0, b"unasked!"), Nothing),
        situation("6.8", "a farewell of a stream", frames([post(1, &[]), farewell(1, &[0; 8])]), Connection(ERR)),
        situation("6.8", "a farewell that is too short", farewell(0, &[0; 7]), UNREADABLE),
    ])
    .await;
}

#[tokio::test]
async fn a_window_lets_out_what_it_opens_for() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    // RFC 9113, 6.9.2: SETTINGS_INITIAL_WINDOW_SIZE, of three bytes.
    let mut raw = Raw::connect(&gateway, &[0, 4, 0, 0, 0, 3]).await;
    raw.send(&frames([post(1, &[]), last_data(1, b"abcdefgh")]))
        .await;
    assert_eq!(raw.next_of(HEADERS).await.2, 1);
    assert_eq!(raw.next_of(DATA).await.3, b"abc");
    // A setting changes the windows of streams that are open.
    raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 5])).await;
    assert_eq!(raw.next_of(DATA).await.3, b"de");
    // Below nothing: 2 - 5 + 1 + 3 is one byte.
    raw.send(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 2])).await;
    raw.send(&frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])).await;
    raw.send(&frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 3])).await;
    assert_eq!(raw.next_of(DATA).await.3, b"f");
    raw.send(&frame(WINDOW_UPDATE, 0, 1, &[0, 0, 1, 0])).await;
    let mut rest = Vec::new();
    loop {
        let (_, flags, _, payload) = raw.next_of(DATA).await;
        rest.extend(payload);
        if flags & END_STREAM != 0 {
            break;
        }
    }
    assert_eq!(rest, b"gh");
}

/// A server that takes nothing keeps the windows of its clients shut, once the buffers on the way are
/// full.
#[tokio::test]
async fn who_sends_more_than_its_window_is_told() {
    let (_deaf, url) = raw::listener().await;
    let gateway = Gateway::start(&Config::forward("http", [url])).await;
    let mut raw = Raw::over(raw::connect(&gateway).await, &[]).await;
    raw.send(&post(1, &[])).await;
    let data = frame(DATA, 0, 1, &[7; 16_384]);
    let mut cut = false;
    for _ in 0..64 {
        cut |= raw.try_send(&data.repeat(64)).await.is_err();
    }
    // Of the stream or of the connection, as section 6.9.1 allows: whose window was full first. A GOAWAY may
    // not get past what was still being sent.
    let code = loop {
        match raw.next().await {
            Some((RST_STREAM, _, 1, code)) => break Some(code),
            Some((GOAWAY, _, _, payload)) => break Some(payload[4..8].to_vec()),
            Some(_) => {}
            None => break None,
        }
    };
    let expected = u32::from(Reason::FLOW_CONTROL_ERROR).to_be_bytes();
    assert!(code.map_or(cut, |code| code == expected));
}

/// RFC 9113, 6.8: what was begun is finished.
#[tokio::test]
async fn a_farewell_in_the_middle_of_a_request_cuts_nothing() {
    let backend = Backend::scripted(echo).start().await;
    let gateway = WebGateway::start(&backend.url(), "", "").await;
    let mut raw = Raw::connect(&gateway, &[]).await;
    let farewell = frame(GOAWAY, 0, 0, &[0; 8]);
    raw.send(&frames([post(1, &[]), farewell, last_data(1, b"x")]))
        .await;
    assert!(is_status(&raw.next_of(HEADERS).await.3, "200"));
    assert_eq!(raw.next_of(DATA).await.3, b"x");
    assert_eq!(raw.end().await, Some(Reason::NO_ERROR));
}
