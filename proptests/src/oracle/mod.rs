//! HTTP/1.1 heads beside httparse, which hyper reads with: what our codec reads, it reads, and in the same
//! way; what it refuses and httparse does not, it refuses for a reason that stands here.

mod heads;
mod reasons;

pub use heads::Heads;

use gatewright_codecs::http1::{Http, MAX_FRAME};
use gatewright_core::codec::{Delimited, Event, HttpShape, Protocol, Side};
use gatewright_core::message::{Body, Message, Value};
use httparse::{EMPTY_HEADER, Request, Response, Status};
use std::sync::Arc;

/// Fields that the other reader has places for: more than any head of ours has lines.
const PLACES: usize = 512;

/// A head as httparse reads it.
pub(crate) struct Parsed<'b> {
    pub(crate) side: Side,
    /// Its bytes.
    pub(crate) head: &'b [u8],
    pub(crate) method: &'b str,
    pub(crate) target: &'b str,
    /// The second number of its version.
    pub(crate) minor: u8,
    pub(crate) status: u16,
    pub(crate) fields: Vec<Field<'b>>,
}

pub(crate) struct Field<'b> {
    pub(crate) name: &'b str,
    pub(crate) value: &'b [u8],
}

enum Theirs<'b> {
    Whole(Parsed<'b>),
    Partial,
    Refused,
}

enum Ours {
    Whole { length: usize, event: Event },
    Partial,
    Refused(String),
}

/// What became of the bytes that both agree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are a head to both.
    Read,
    /// To neither, or not yet.
    Unread,
    /// They are refused here alone, for this reason.
    Stricter(&'static str),
}

/// Reads the head at the start of the bytes, which arrive on that side, with both.
///
/// # Errors
/// What they disagree about.
pub fn compare(side: Side, bytes: &[u8]) -> Result<Verdict, String> {
    match (ours(side, bytes), theirs(side, bytes)) {
        (Ours::Whole { length, event }, Theirs::Whole(parsed)) => {
            if length != parsed.head.len() {
                return Err(format!("{length} bytes and {}", parsed.head.len()));
            }
            agree(&event, &parsed).map(|()| Verdict::Read)
        }
        (Ours::Whole { .. }, Theirs::Partial | Theirs::Refused) => Err("is read here alone".into()),
        (Ours::Partial, Theirs::Whole(_)) => Err("is not read yet".into()),
        (Ours::Refused(error), Theirs::Whole(parsed)) => reasons::of(&parsed)
            .map(Verdict::Stricter)
            .ok_or_else(|| format!("is refused without a reason: {error}")),
        (Ours::Partial | Ours::Refused(_), Theirs::Partial | Theirs::Refused) => {
            Ok(Verdict::Unread)
        }
    }
}

fn ours(side: Side, bytes: &[u8]) -> Ours {
    let mut codec = Arc::new(Http::new()).codec(side, MAX_FRAME);
    let length = match codec.delimit(bytes) {
        Ok(Delimited::Frame(length)) => length.get(),
        Ok(Delimited::Need(_)) => return Ours::Partial,
        Err(error) => return Ours::Refused(error.to_string()),
    };
    match codec.decode(bytes[..length].to_vec().into()) {
        Ok(event) => Ours::Whole { length, event },
        Err(error) => Ours::Refused(error.to_string()),
    }
}

fn theirs(side: Side, bytes: &[u8]) -> Theirs<'_> {
    let mut places = [EMPTY_HEADER; PLACES];
    let (status, method, target, minor, code, fields) = match side {
        Side::Server => {
            let mut request = Request::new(&mut places);
            let status = request.parse(bytes);
            (
                status,
                request.method,
                request.path,
                request.version,
                None,
                &*request.headers,
            )
        }
        Side::Client => {
            let mut response = Response::new(&mut places);
            let status = response.parse(bytes);
            (
                status,
                None,
                None,
                response.version,
                response.code,
                &*response.headers,
            )
        }
    };
    match status {
        Ok(Status::Complete(length)) => Theirs::Whole(Parsed {
            side,
            head: &bytes[..length],
            method: method.unwrap_or_default(),
            target: target.unwrap_or_default(),
            minor: minor.unwrap_or_default(),
            status: code.unwrap_or_default(),
            fields: fields
                .iter()
                .map(|field| Field {
                    name: field.name,
                    value: field.value,
                })
                .collect(),
        }),
        Ok(Status::Partial) => Theirs::Partial,
        Err(_) => Theirs::Refused,
    }
}

impl Parsed<'_> {
    /// The values of all fields of that name.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        let named = self
            .fields
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value).collect()
    }

    /// What `Connection` lists.
    pub(crate) fn options(&self) -> Vec<String> {
        let values = self.values("connection");
        let texts = values
            .iter()
            .map(|value| String::from_utf8_lossy(value).to_lowercase());
        let options = texts.flat_map(|text| {
            text.split(',')
                .map(|o| o.trim().to_owned())
                .collect::<Vec<_>>()
        });
        options.collect()
    }

    /// The fields that are no hop's own.
    fn passed_on(&self) -> Vec<(&str, &[u8])> {
        const HOP: [&str; 5] = [
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
            "upgrade",
        ];
        let options = self.options();
        let passes = |field: &&Field<'_>| {
            let name = field.name.to_lowercase();
            let is_hop = HOP.contains(&name.as_str()) || options.contains(&name);
            let is_host = name == "host" && self.side == Side::Server;
            let is_te = name == "te" && !field.value.eq_ignore_ascii_case(b"trailers");
            !is_hop && !is_host && !is_te
        };
        let kept = self.fields.iter().filter(passes);
        kept.map(|field| (field.name, field.value)).collect()
    }

    /// Whether bytes follow that are the message's: RFC 9112, 6.3, once more.
    fn has_body(&self) -> bool {
        let length = self.values("content-length");
        let is_zero = |value: &&[u8]| value.iter().all(|byte| *byte == b'0');
        let chunked = !self.values("transfer-encoding").is_empty();
        match (self.side, self.status) {
            (Side::Client, 204 | 304) => false,
            (Side::Client, _) => chunked || !length.iter().any(is_zero),
            (Side::Server, _) => chunked || length.iter().any(|value| !is_zero(value)),
        }
    }
}

fn agree(event: &Event, parsed: &Parsed<'_>) -> Result<(), String> {
    let Event::Head(message) = event else {
        return match parsed.status {
            100..200 => Ok(()),
            status => Err(format!("{status} is not read as a response")),
        };
    };
    let http = Http::new();
    let Some(shape) = http.descriptor().http else {
        return Err("is no HTTP".to_owned());
    };
    let headers = match parsed.side {
        Side::Server => {
            same("method", message.field(shape.method), parsed.method)?;
            if parsed.target.starts_with('/') {
                same("target", message.field(shape.target), parsed.target)?;
            }
            shape.request_headers
        }
        Side::Client => {
            if message.field(shape.status).as_int() != Some(parsed.status.into()) {
                return Err("status".to_owned());
            }
            shape.response_headers
        }
    };
    same_fields(message.field(headers), parsed)?;
    same_body(message, parsed)
}

fn same(what: &str, ours: &Value, theirs: &str) -> Result<(), String> {
    if ours.as_str() == Some(theirs) {
        return Ok(());
    }
    Err(format!("{what}: {ours:?} and {theirs:?}"))
}

fn same_fields(ours: &Value, parsed: &Parsed<'_>) -> Result<(), String> {
    let text = |fields: &Value, slot: usize| {
        let value = fields.as_record().and_then(|record| record.get(slot));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let listed = ours.as_list().unwrap_or_default().iter();
    let ours: Vec<_> = listed
        .map(|field| {
            (
                text(field, HttpShape::NAME.index()),
                text(field, HttpShape::VALUE.index()),
            )
        })
        .collect();
    let theirs = parsed.passed_on();
    let same = ours.len() == theirs.len()
        && ours
            .iter()
            .zip(&theirs)
            .all(|((name, value), (other, bytes))| name == other && value.as_bytes() == *bytes);
    if same {
        return Ok(());
    }
    Err(format!("fields: {ours:?} and {theirs:?}"))
}

fn same_body(message: &Message, parsed: &Parsed<'_>) -> Result<(), String> {
    let ours = *message.body() == Body::Awaited;
    if ours == parsed.has_body() {
        return Ok(());
    }
    Err(format!("a body is awaited: {ours}"))
}
