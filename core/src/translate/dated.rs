//! When an answer of HTTP was made.
//!
//! RFC 9110, section 6.6.1: whoever answers says when, and whoever hands on an answer that does not say
//! adds when it came.

use crate::codec::HttpShape;
use crate::message::headers::{KnownName, NewHeaders, Role};
use crate::message::{Message, Value};
use bytestring::ByteString;

const DATE: KnownName = KnownName::new("date", Role::Date);
/// Bytes of its line.
const LINE: usize = 40;

/// Whether a message is a response that does not say when it was made.
#[must_use]
pub fn is_undated(message: &Message, shape: &HttpShape) -> bool {
    if message.operation() != shape.response {
        return false;
    }
    match message.field(shape.response_headers) {
        Value::Headers(headers) => !headers.roles().has(Role::Date),
        fields => {
            let fields = fields.as_list().unwrap_or_default();
            let name =
                |field: &Value| Some(Role::of(field.as_record()?.first()?.as_str()?.as_bytes()));
            !fields.iter().any(|field| name(field) == Some(Role::Date))
        }
    }
}

/// Such a message with the date: a text of RFC 9110, section 5.6.7.
#[must_use]
pub fn dated(message: &Message, shape: &HttpShape, date: ByteString) -> Message {
    let fields = match message.field(shape.response_headers) {
        Value::Headers(headers) => {
            let mut fields = NewHeaders::with_capacity(headers.size() + LINE);
            fields.add_from(headers, |_| true);
            // A date has no control character.
            let _ = fields.add_known(DATE, &date);
            Value::Headers(fields.finish())
        }
        fields => {
            let mut fields = fields.as_list().unwrap_or_default().to_vec();
            // In the order of their slots: HttpShape::NAME, HttpShape::VALUE.
            fields.push(Value::Record(vec!["date".into(), Value::Str(date)]));
            Value::List(fields)
        }
    };
    let mut dated = message.clone();
    dated.set_field(shape.response_headers, fields);
    dated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::tests::web::{SHAPE, answered};

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn list(fields: &[(&str, &str)]) -> Value {
        let record =
            |(name, value): &(&str, &str)| Value::Record(vec![(*name).into(), (*value).into()]);
        Value::List(fields.iter().map(record).collect())
    }

    fn lines(fields: &[(&str, &str)]) -> Value {
        let mut made = NewHeaders::default();
        for (name, value) in fields {
            made.add(name, value).unwrap();
        }
        Value::Headers(made.finish())
    }

    #[test]
    fn a_response_without_a_date_gets_one() {
        let fields = [("server", "x"), ("set-cookie", "a"), ("set-cookie", "b")];
        for given in [list(&fields), lines(&fields), list(&[]), Value::Null] {
            let before = given.as_list().unwrap_or_default().len();
            let message = answered(given);
            assert!(is_undated(&message, &SHAPE));
            let dated = dated(&message, &SHAPE, NOW.into());
            assert!(!is_undated(&dated, &SHAPE));
            let all = dated.field(SHAPE.response_headers);
            let all = all.as_list().unwrap();
            assert_eq!(all.len(), before + 1);
            let last = Value::Record(vec!["date".into(), NOW.into()]);
            assert_eq!(all.last(), Some(&last));
        }
    }

    #[test]
    fn a_date_is_one_however_it_is_spelled() {
        for name in ["date", "Date", "DATE"] {
            let fields = [("server", "x"), (name, "yesterday")];
            assert!(!is_undated(&answered(list(&fields)), &SHAPE), "{name}");
            assert!(!is_undated(&answered(lines(&fields)), &SHAPE), "{name}");
        }
        let fields = [("x-date", "y"), ("age", "date")];
        assert!(is_undated(&answered(lines(&fields)), &SHAPE));
    }
}
