//! What an upstream says of its own accord, as server-sent events (WHATWG HTML, 9.2).

use crate::codec::Descriptor;
use crate::message::{Message, Value};
use bytes::Bytes;
use std::fmt::Write as _;

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

/// One event. Names of operations have no line ends; each line of the data is one of its own.
#[must_use]
pub fn event(name: &str, data: &[u8]) -> Bytes {
    let data = String::from_utf8_lossy(data);
    let mut text = String::with_capacity(name.len() + data.len() + 24);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "event: {name}");
    let unified = data.replace("\r\n", "\n").replace('\r', "\n");
    for line in unified.split('\n') {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    Bytes::from(text)
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
            assert_eq!(event("x", data), format!("event: x\n{lines}\n"));
        }
    }
}
