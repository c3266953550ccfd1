//! What an upstream says of its own accord, as server-sent events (WHATWG HTML, 9.2).

use crate::codec::Descriptor;
use crate::message::{Message, Value};
use bytes::Bytes;
use std::fmt::Write as _;
use std::time::Duration;

/// A comment: whoever gets it knows that the connection still stands.
pub const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// The head of a response whose payload is events. `None` if the protocol is not HTTP.
#[must_use]
pub fn head(descriptor: &Descriptor) -> Option<Message> {
    let shape = descriptor.http.as_ref()?;
    let field = |(name, value): (&'static str, &'static str)| {
        Value::Record(vec![Value::from(name), Value::from(value)])
    };
    let headers = [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
    ];
    let mut fields = vec![Value::Null; descriptor.record(shape.response).fields.len()];
    for (slot, value) in [
        (shape.status, Value::from(200_u16)),
        (
            shape.response_headers,
            Value::List(headers.into_iter().map(field).collect()),
        ),
    ] {
        if let Some(place) = fields.get_mut(slot.index()) {
            *place = value;
        }
    }
    Some(descriptor.message(shape.response, fields))
}

/// What an event is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) name: Option<String>,
    pub(super) id: Option<String>,
}

/// How long whoever listens is to wait before it comes back, once it has lost its connection.
#[must_use]
pub fn reconnect(after: Duration) -> Bytes {
    Bytes::from(format!("retry: {}\n\n", after.as_millis()))
}

/// One event. Each line of the data is one of its own. A name that would break its line is not said, and neither
/// is an id that would, or that whoever listens had to pass over: WHATWG HTML, 9.2.6.
pub(super) fn event(operation: &str, label: &Label, data: &[u8]) -> Bytes {
    let data = String::from_utf8_lossy(data);
    let mut text = String::with_capacity(operation.len() + data.len() + 48);
    let name = label.name.as_deref().filter(|name| is_line(name));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "event: {}", name.unwrap_or(operation));
    if let Some(id) = label.id.as_deref().filter(|id| is_line(id)) {
        let _ = writeln!(text, "id: {id}");
    }
    let unified = data.replace("\r\n", "\n").replace('\r', "\n");
    for line in unified.split('\n') {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    Bytes::from(text)
}

/// Whether a text is all of a line, and something. An empty id would take back the last one.
fn is_line(text: &str) -> bool {
    !text.is_empty() && !text.contains(['\r', '\n', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_data_is_one_of_its_own() {
        let rows: [(&[u8], &str); 5] = [
            (b"{\"a\":1}", "data: {\"a\":1}\n"),
            (b"", "data: \n"),
            (
                b"a\nevent: b\r\n\rc",
                "data: a\ndata: event: b\ndata: \ndata: c\n",
            ),
            (b" a", "data:  a\n"),
            (b"\xFF", "data: \u{fffd}\n"),
        ];
        for (data, lines) in rows {
            assert_eq!(
                event("x", &Label::default(), data),
                format!("event: x\n{lines}\n")
            );
        }
    }
    #[test]
    fn an_event_is_called_what_fits_a_line() {
        let label = |name: &str, id: &str| Label {
            name: Some(name.to_owned()),
            id: Some(id.to_owned()),
        };
        for (label, lines) in [
            (label("news", "17-0"), "event: news\nid: 17-0\n"),
            (label("a\nid: 1", "1\rdata: b"), "event: x\n"),
            (label("", ""), "event: x\n"),
            (label("news", "1\u{0}2"), "event: news\n"),
            (label(" n", " 1"), "event:  n\nid:  1\n"),
        ] {
            assert_eq!(event("x", &label, b"d"), format!("{lines}data: d\n\n"));
        }
        assert_eq!(reconnect(Duration::from_secs(3)), "retry: 3000\n\n");
    }
}
