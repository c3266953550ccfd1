//! Section 8.2: names and values of fields.

use super::Outcome::{Answer, Stream};
use super::{Outcome, Situation, UNREADABLE, hold, situation};
use crate::support::http2_wire::get;
use h2::Reason;

const MALFORMED: Outcome = Stream(1, Reason::PROTOCOL_ERROR);

fn field(
    section: &'static str,
    what: &'static str,
    field: (&str, &str),
    outcome: Outcome,
) -> Situation {
    situation(section, what, get(1, &[field]), outcome)
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn names_and_values_have_characters() {
    let name = |what, text| field("8.2.1", what, (text, "x"), UNREADABLE);
    let value = |what, text| field("8.2.1", what, ("x", text), UNREADABLE);
    hold(vec![
        name("a capital in a name", "X-Capital"),
        name("a name without any", ""),
        name("a space in a name", "x y"),
        name("a tab in a name", "x\ty"),
        name("a colon in a name", "x:y"),
        name("an end of a line in a name", "x\r\ny"),
        name("a null in a name", "x\0"),
        name("DEL in a name", "x\x7f"),
        name("an accent in a name", "\u{e9}"),
        value("CR in a value", "a\rb"),
        value("LF in a value", "a\nb"),
        value("another field in a value", "a\r\nhost: b"),
        value("a null in a value", "a\0b"),
        field("8.2.1", "a value without any", ("x", ""), Answer(1, "200")),
        field("8.2.1", "a tab in a value", ("x", "a\tb"), Answer(1, "200")),
        field("8.2.1", "bytes above ASCII in a value", ("x", "\u{e9}"), Answer(1, "200")),
        field("8.2.1", "a space in front of a value", ("x", " a"), Answer(1, "400")),
        field("8.2.1", "a tab behind a value", ("x", "a\t"), Answer(1, "400")),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn fields_of_a_connection_have_no_place() {
    let hop = |what, one| field("8.2.2", what, one, MALFORMED);
    hold(vec![
        hop("connection", ("connection", "close")),
        hop("keep-alive", ("keep-alive", "timeout=1")),
        hop("proxy-connection", ("proxy-connection", "keep-alive")),
        hop("transfer-encoding", ("transfer-encoding", "chunked")),
        hop("upgrade", ("upgrade", "websocket")),
        hop("te of another kind", ("te", "gzip")),
        hop("te of two kinds", ("te", "trailers, gzip")),
        field("8.2.2", "te for trailers", ("te", "trailers"), Answer(1, "200")),
        situation("8.2.3", "crumbs of a cookie", get(1, &[("cookie", "a=1"), ("cookie", "b=2")]), Answer(1, "200")),
    ])
    .await;
}
