//! One message of HTTP/1.1: its first line, its fields, and its body put together.

use crate::wire::{Failure, Found, Garbled};
use std::borrow::Cow;
use std::io::Write as _;

/// No head here is longer.
const MAX_HEAD: usize = 16 << 10;

/// One message.
pub(super) struct Message<'b> {
    pub(super) first: &'b str,
    fields: &'b str,
    pub(super) body: Cow<'b, [u8]>,
}

impl<'b> Message<'b> {
    /// The message at the start of a buffer.
    pub(super) fn read(bytes: &'b [u8]) -> Found<Self> {
        let Some((first, fields, at)) = head(bytes)? else {
            return Ok(None);
        };
        let head = Message {
            first,
            fields,
            body: Cow::Borrowed(&[]),
        };
        let found = match (
            head.field("transfer-encoding"),
            head.field("content-length"),
        ) {
            (Some(_), Some(_)) => return Err(garbled("two lengths", bytes)),
            (Some(_), None) => chunks(bytes, at)?.map(|(end, body)| (end, Cow::Owned(body))),
            (None, Some(length)) => {
                let length: usize = length.parse().map_err(|_| garbled("no length", bytes))?;
                let body = bytes.get(at..at.saturating_add(length));
                body.map(|body| (at + length, Cow::Borrowed(body)))
            }
            (None, None) => Some((at, Cow::Borrowed(&[][..]))),
        };
        Ok(found.map(|(end, body)| (end, Message { body, ..head })))
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&'b str> {
        self.fields.split("\r\n").find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// A request's target.
    pub(super) fn target(&self) -> &'b str {
        self.first.split(' ').nth(1).unwrap_or_default()
    }

    /// What an answer that is no answer says; nothing if it is one.
    pub(super) fn failure(&self) -> Result<Option<Failure>, Garbled> {
        let status = self.first.strip_prefix("HTTP/1.1 ");
        let status = status.and_then(|rest| rest.get(..3)).unwrap_or_default();
        let says = |text: &str| self.body.windows(text.len()).any(|w| w == text.as_bytes());
        let failure = match status {
            "200" => return Ok(None),
            "504" => Failure::Timeout,
            "502" if says("no connection") => Failure::Unreachable,
            "502" => Failure::BadReply,
            "503" if says("going away") => Failure::Draining,
            "503" => Failure::Overload,
            "500" => Failure::Internal,
            "400" | "404" | "405" | "413" | "501" => Failure::Refused,
            _ => return Err(garbled("no such status", self.first.as_bytes())),
        };
        Ok(Some(failure))
    }
}

/// The target of the request that begins here, if its first line is whole.
pub(super) fn begun(bytes: &[u8]) -> Option<&str> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    let first = std::str::from_utf8(&bytes[..end]).ok()?;
    first.split(' ').nth(1)
}

/// First line, fields, and where the body begins.
fn head(bytes: &[u8]) -> Result<Option<(&str, &str, usize)>, Garbled> {
    let within = &bytes[..bytes.len().min(MAX_HEAD)];
    let Some(end) = within.windows(4).position(|four| four == b"\r\n\r\n") else {
        return match within.len() < MAX_HEAD {
            true => Ok(None),
            false => Err(garbled("a head without an end", bytes)),
        };
    };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| garbled("no text", bytes))?;
    let (first, fields) = text.split_once("\r\n").unwrap_or((text, ""));
    Ok(Some((first, fields, end + 4)))
}

/// The end of a body of chunks, and the body.
fn chunks(bytes: &[u8], mut at: usize) -> Found<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let rest = &bytes[at..];
        let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&rest[..line]).ok();
        let size = size.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or_else(|| garbled("no size of a chunk", rest))?;
        let data = line + 2;
        let Some(chunk) = rest.get(data..data.saturating_add(size)) else {
            return Ok(None);
        };
        let Some(end) = rest.get(data + size..data + size + 2) else {
            return Ok(None);
        };
        if end != b"\r\n" {
            return Err(garbled("a chunk without an end", rest));
        }
        body.extend_from_slice(chunk);
        at += data + size + 2;
        if size == 0 {
            return Ok(Some((at, body)));
        }
    }
}

/// How a body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed {
    ByLength,
    /// In chunks of at most so many bytes.
    Chunks(usize),
}

/// Writes the end of a head, and a body.
pub(super) fn write_body(body: &[u8], framed: Framed, out: &mut Vec<u8>) {
    let written = match framed {
        Framed::ByLength => write!(out, "content-length: {}\r\n\r\n", body.len()),
        Framed::Chunks(_) => write!(out, "transfer-encoding: chunked\r\n\r\n"),
    };
    written.expect("memory");
    match framed {
        Framed::ByLength => out.extend_from_slice(body),
        Framed::Chunks(most) => {
            for chunk in body.chunks(most) {
                write!(out, "{:x}\r\n", chunk.len()).expect("memory");
                out.extend_from_slice(chunk);
                out.extend(b"\r\n");
            }
            out.extend(b"0\r\n\r\n");
        }
    }
}

/// A head that never ends.
pub(super) fn write_oversize(out: &mut Vec<u8>) {
    out.extend(b"HTTP/1.1 200 OK\r\nx-fill: ");
    out.resize(out.len() + 90_000, b'Z');
}

pub(super) fn garbled(what: &str, bytes: &[u8]) -> Garbled {
    let start = &bytes[..bytes.len().min(96)];
    Garbled(format!("{what}: {}", start.escape_ascii()))
}
