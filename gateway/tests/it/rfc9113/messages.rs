//! Sections 8.1, 8.3 and 8.5: requests, their pseudo-fields, their lengths, their trailers.

use super::Outcome::{Answer, Stream};
use super::{Outcome, Situation, UNREADABLE, frames, hold, last_data, post, situation};
use crate::support::http2_wire::{DATA, END_HEADERS, END_STREAM, GET, HEADERS, block, frame, get};
use h2::Reason;

const MALFORMED: Outcome = Stream(1, Reason::PROTOCOL_ERROR);
const WHOLE: u8 = END_STREAM | END_HEADERS;

fn fields(what: &'static str, fields: &[(&str, &str)], outcome: Outcome) -> Situation {
    situation(
        "8.3",
        what,
        frame(HEADERS, WHOLE, 1, &block(fields)),
        outcome,
    )
}

/// The good request with one value of it replaced.
fn with(what: &'static str, name: &str, value: &str, outcome: Outcome) -> Situation {
    let replaced = GET.map(|(known, old)| (known, if known == name { value } else { old }));
    fields(what, &replaced, outcome)
}

/// The good request without one of its fields.
fn without(what: &'static str, name: &str, outcome: Outcome) -> Situation {
    let left: Vec<_> = GET
        .into_iter()
        .filter(|(known, _)| *known != name)
        .collect();
    fields(what, &left, outcome)
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn requests_have_their_pseudo_fields_once_and_first() {
    let twice = |what, name, value| fields(what, &[&GET[..], &[(name, value)]].concat(), MALFORMED);
    let [method, scheme, authority, path] = GET;
    hold(vec![
        fields("all of them", &GET, Answer(1, "200")),
        fields("in another order", &[path, authority, scheme, method], Answer(1, "200")),
        fields("one of an answer", &[method, scheme, authority, path, (":status", "200")], MALFORMED),
        fields("an unknown one", &[method, scheme, authority, path, (":x", "1")], UNREADABLE),
        fields("one after another field", &[method, scheme, authority, ("x", "1"), path], MALFORMED),
        without("no method", ":method", MALFORMED),
        without("no scheme", ":scheme", MALFORMED),
        without("no path", ":path", MALFORMED),
        twice("two methods", ":method", "GET"),
        twice("two schemes", ":scheme", "http"),
        twice("two authorities", ":authority", "a.example"),
        twice("two paths", ":path", "/a"),
        with("an empty path", ":path", "", MALFORMED),
        with("an empty method", ":method", "", UNREADABLE),
        with("a method with a space", ":method", "GET /x", UNREADABLE),
        with("an empty scheme", ":scheme", "", Answer(1, "400")),
        with("a path without its slash", ":path", "a", MALFORMED),
        with("a path with a space", ":path", "/a b", MALFORMED),
        with("a path with an end of a line", ":path", "/a\r\nx: y", MALFORMED),
        // The library takes the fragment away before anybody sees it.
        with("a path with a fragment", ":path", "/a#b", Answer(1, "200")),
        with("an authority with a user", ":authority", "u@a.example", Answer(1, "400")),
        with("an authority with a path", ":authority", "a.example/b", MALFORMED),
        with("an authority with a space", ":authority", "a b", MALFORMED),
        with("an empty authority", ":authority", "", MALFORMED),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn an_authority_and_a_host_are_the_same() {
    let host = |what, host, outcome| situation("8.3.1", what, get(1, &[("host", host)]), outcome);
    let without = |fields: &[(&str, &str)]| {
        let left = GET.into_iter().filter(|(name, _)| *name != ":authority");
        let all: Vec<_> = left.chain(fields.iter().copied()).collect();
        frame(HEADERS, WHOLE, 1, &block(&all))
    };
    hold(vec![
        host("the same", "a.example", Answer(1, "200")),
        host("another", "b.example", Answer(1, "400")),
        situation("8.3.1", "two hosts", get(1, &[("host", "a.example"), ("host", "a.example")]), Answer(1, "400")),
        situation("8.3.1", "a host alone", without(&[("host", "a.example")]), Answer(1, "200")),
        situation("8.3.1", "neither", without(&[]), Answer(1, "400")),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn connect_is_not_served() {
    let connect = |what, fields: &[(&str, &str)], outcome| {
        situation(
            "8.5",
            what,
            frame(HEADERS, WHOLE, 1, &block(fields)),
            outcome,
        )
    };
    let method = (":method", "CONNECT");
    let authority = (":authority", "a.example:443");
    hold(vec![
        connect("as it should be", &[method, authority], Answer(1, "501")),
        connect("with a path", &[method, authority, (":scheme", "http"), (":path", "/")], MALFORMED),
        connect("without an authority", &[method], Answer(1, "501")),
        connect("of a protocol that nobody offered", &[method, authority, (":scheme", "http"), (":path", "/"), (":protocol", "websocket")], MALFORMED),
        connect("a protocol without CONNECT", &[&GET[..], &[(":protocol", "websocket")]].concat(), MALFORMED),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn lengths_are_true() {
    let body = |what, length, sent: &[u8], outcome| {
        let sent = frames([post(1, &[("content-length", length)]), last_data(1, sent)]);
        situation("8.1.1", what, sent, outcome)
    };
    let two = |what, sent: [&[u8]; 2], outcome| {
        let [first, last] = sent;
        let head = post(1, &[("content-length", "4")]);
        let sent = frames([head, frame(DATA, 0, 1, first), last_data(1, last)]);
        situation("8.1.1", what, sent, outcome)
    };
    hold(vec![
        body("the length", "3", b"abc", Answer(1, "200")),
        body("less than the length", "4", b"abc", MALFORMED),
        body("more than the length", "2", b"abc", MALFORMED),
        body("none of the length", "1", b"", MALFORMED),
        body("a length that is none", "x", b"abc", MALFORMED),
        body("a length below nothing", "-3", b"abc", MALFORMED),
        body("a length with a sign", "+3", b"abc", MALFORMED),
        body("a length beyond any", "99999999999999999999", b"abc", MALFORMED),
        two("the length in two frames", [b"ab", b"cd"], Answer(1, "200")),
        two("less in two frames", [b"a", b"cd"], MALFORMED),
        two("more in two frames", [b"ab", b"cde"], MALFORMED),
        situation("8.1.1", "a length and no body", get(1, &[("content-length", "1")]), MALFORMED),
        situation("8.1.1", "a length of nothing and no body", get(1, &[("content-length", "0")]), Answer(1, "200")),
        situation("8.1.1", "two lengths", frames([post(1, &[("content-length", "3"), ("content-length", "4")]), last_data(1, b"abc")]), MALFORMED),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn trailers_come_last() {
    let after = |what, flags: u8, fields: &[(&str, &str)], outcome| {
        let trailers = frame(HEADERS, flags, 1, &block(fields));
        let sent = frames([post(1, &[]), frame(DATA, 0, 1, b"abc"), trailers]);
        situation("8.1", what, sent, outcome)
    };
    hold(vec![
        after("trailers", WHOLE, &[("x", "y")], Answer(1, "200")),
        after("trailers that do not end it", END_HEADERS, &[("x", "y")], MALFORMED),
        // The library takes pseudo-fields in trailers away: they reach nobody.
        after("a pseudo-field in trailers", WHOLE, &[(":path", "/b")], Answer(1, "200")),
        after("an unknown pseudo-field in trailers", WHOLE, &[(":x", "b")], UNREADABLE),
        after("a capital in trailers", WHOLE, &[("X", "b")], UNREADABLE),
        after("another request on its stream", WHOLE, &GET, Answer(1, "200")),
        situation("8.1", "trailers without data", frames([post(1, &[]), frame(HEADERS, WHOLE, 1, &block(&[("x", "y")]))]), Answer(1, "200")),
    ])
    .await;
}
