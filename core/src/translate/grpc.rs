//! What requests of gRPC need of whoever hands them on (gRPC's PROTOCOL-HTTP2.md): their time limit, and
//! refusals that its clients understand.

use super::proxy::headers;
use crate::codec::{Descriptor, HttpShape};
use crate::fault::FaultClass;
use crate::message::{Message, Value};
use bytestring::ByteString;
use http::HeaderValue;
use std::time::Duration;

/// The field with the time limit.
pub const TIMEOUT: &str = "grpc-timeout";
/// The content type, which may have a suffix.
const CONTENT_TYPE: &str = "application/grpc";
/// The most digits of a time limit.
const DIGITS: usize = 8;
/// The longest number of so many digits.
const LONGEST: u128 = 99_999_999;

/// Whether a request of HTTP is one of gRPC.
#[must_use]
pub fn asks(request: &Message, shape: &HttpShape) -> bool {
    let typed = value(request, shape, "content-type");
    let suffix = typed
        .as_deref()
        .and_then(|typed| typed.strip_prefix(CONTENT_TYPE));
    suffix.is_some_and(|suffix| suffix.is_empty() || suffix.starts_with(['+', ';']))
}

/// The time that a client gives the whole call. Nothing where it says none, or nothing that makes sense: the
/// server will tell it so.
#[must_use]
pub fn timeout(request: &Message, shape: &HttpShape) -> Option<Duration> {
    let text = value(request, shape, TIMEOUT)?;
    asks(request, shape).then(|| read(&text)).flatten()
}

/// How much time is left, as a request says it. As exact as the digits allow, and never more.
#[must_use]
pub fn written(left: Duration) -> HeaderValue {
    let units = [
        (left.as_micros(), 'u'),
        (left.as_millis(), 'm'),
        (u128::from(left.as_secs()), 'S'),
    ];
    let fits = units.into_iter().find(|(number, _)| *number <= LONGEST);
    let (number, unit) = fits.unwrap_or((LONGEST, 'S'));
    let text = format!("{number}{unit}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0m"))
}

/// The refusal of a request of gRPC: headers that are trailers, too. A status of HTTP would tell its client
/// less.
#[must_use]
pub fn refusal(descriptor: &Descriptor, shape: &HttpShape, class: FaultClass) -> Message {
    let Status { code, words } = status(class);
    let headers = [
        ("content-type", CONTENT_TYPE),
        ("grpc-status", code),
        ("grpc-message", words),
    ];
    let field = |(name, value): (&'static str, &'static str)| {
        Value::Record(vec![Value::from(name), Value::from(value)])
    };
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
    descriptor.message(shape.response, fields)
}

/// What gRPC calls a fault (gRPC's statuscodes.md), and what a client may show of it.
struct Status {
    code: &'static str,
    words: &'static str,
}

const fn status(class: FaultClass) -> Status {
    let (code, words) = match class {
        FaultClass::Timeout => ("4", "no answer in time"),
        FaultClass::Overload => ("8", "too much in flight"),
        FaultClass::Unrouted => ("12", "no route takes this request"),
        FaultClass::BadRequest => ("13", "the request cannot be handed on"),
        FaultClass::BadReply => ("13", "the server's answer makes no sense"),
        FaultClass::Internal => ("13", "an internal fault"),
        FaultClass::Unreachable => ("14", "no connection to the server"),
        FaultClass::Draining => ("14", "going away"),
        FaultClass::Status(_) => ("2", "the server answered with an error"),
    };
    Status { code, words }
}

fn value(request: &Message, shape: &HttpShape, name: &str) -> Option<ByteString> {
    let headers = headers(request, shape).ok()?;
    let mut fields = headers.iter();
    let found = fields.find(|header| header.name().eq_ignore_ascii_case(name))?;
    Some(found.shared_value())
}

/// Up to eight digits and a unit.
fn read(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(number.saturating_mul(3600)),
        'M' => Duration::from_secs(number.saturating_mul(60)),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limits_are_read_as_grpc_writes_them() {
        for (text, time) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("250m", Some(Duration::from_millis(250))),
            ("0u", Some(Duration::ZERO)),
            ("5n", Some(Duration::from_nanos(5))),
            ("", None),
            ("m", None),
            ("5", None),
            ("5s", None),
            ("-5m", None),
            ("+5m", None),
            ("5 m", None),
            ("100000000m", None),
            ("5\u{e9}", None),
        ] {
            assert_eq!(read(text), time, "{text}");
        }
    }

    #[test]
    fn what_is_left_is_written_within_eight_digits() {
        for (left, text) in [
            (Duration::ZERO, "0u"),
            (Duration::from_nanos(1999), "1u"),
            (Duration::from_millis(99_999), "99999000u"),
            (Duration::from_millis(100_000), "100000m"),
            (Duration::from_secs(1 << 40), "99999999S"),
            (Duration::from_secs(200_000), "200000S"),
        ] {
            assert_eq!(written(left), text);
            assert!(read(text).is_some_and(|read| read <= left));
        }
    }
}
