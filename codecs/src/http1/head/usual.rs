//! Heads in the form that nearly all have, of which all is there: one look tells where they end and what
//! they say. Of any other, [`Search`](super::super::search::Search) tells where it ends, and
//! [`request`](super::request()) and [`response`](super::response()) read it: they allow the same and more,
//! and say what is wrong.

use super::super::authority::is_usual;
use super::super::octets::{escapes_are_whole, uri};
use super::super::{MAX_FIELDS, MAX_LINE};
use super::length::{Length, number};
use gatewright_core::codec::Side;
use gatewright_core::message::headers::{FoundLine, FoundLines, Role, value_length};
use std::num::NonZeroU64;
use std::ops::Range;

/// A head that was read before it was cut off the bytes behind it.
#[derive(Debug)]
pub(in super::super) struct Usual {
    /// Where it ends.
    pub(in super::super) end: usize,
    pub(super) first: First,
    pub(super) fields: Fields,
}

/// What a first line says. It is of HTTP/1.1.
#[derive(Debug)]
pub(super) enum First {
    Request {
        method: &'static str,
        target: Range<usize>,
    },
    Response {
        /// Of a response, not of one before it.
        status: u16,
    },
}

/// What the fields say.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) kept: FoundLines,
    /// Where the value of the one `Host` is.
    pub(super) host: Option<Range<usize>>,
    /// What `Content-Length` or `Transfer-Encoding` says.
    pub(super) length: Option<Length>,
    /// `Connection` says so.
    pub(super) closes: bool,
}

/// Reads the head at the start of the bytes, if it is as usual.
pub(in super::super) fn usual(side: Side, buf: &[u8]) -> Option<Box<Usual>> {
    let (first, fields_at) = match side {
        Side::Server => request_line(buf)?,
        Side::Client => status_line(buf)?,
    };
    if fields_at > MAX_LINE {
        return None;
    }
    // Where it stays: it is too large to be moved about.
    let mut usual = Box::new(Usual {
        end: fields_at,
        first,
        fields: Fields::default(),
    });
    // Never more than may be kept, so nobody has to count what is.
    for _ in 0..=MAX_FIELDS {
        let Some(line) = FoundLines::read(buf, usual.end).ok()? else {
            usual.end = usual.end.checked_add(2)?;
            return usual.fields.are_whole(side).then_some(usual);
        };
        usual.fields.take(&line, side)?;
        usual.end = line.next;
    }
    None
}

/// Methods that nearly all requests have, and the space behind them.
const METHODS: [&str; 7] = [
    "GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS ", "PATCH ",
];

/// A method, a target in origin form, HTTP/1.1; and where the next line starts.
fn request_line(buf: &[u8]) -> Option<(First, usize)> {
    let start = METHODS
        .iter()
        .find(|start| buf.starts_with(start.as_bytes()))?;
    let at = start.len();
    let rest = buf.get(at..)?;
    if rest.first() != Some(&b'/') {
        return None;
    }
    let (length, escapes) = uri(rest);
    let (target, behind) = rest.split_at_checked(length)?;
    if !behind.starts_with(b" HTTP/1.1\r\n") || escapes && !escapes_are_whole(target) {
        return None;
    }
    let end = at.checked_add(length)?;
    let first = First::Request {
        method: start.trim_end(),
        target: at..end,
    };
    Some((first, end.checked_add(11)?))
}

/// HTTP/1.1, a status of a response, a reason or none; and where the next line starts.
fn status_line(buf: &[u8]) -> Option<(First, usize)> {
    let [
        hundreds @ b'2'..=b'9',
        tens @ b'0'..=b'9',
        ones @ b'0'..=b'9',
        rest @ ..,
    ] = buf.strip_prefix(b"HTTP/1.1 ")?
    else {
        return None;
    };
    let reason = match rest {
        [b' ', reason @ ..] => reason,
        _ => rest,
    };
    let behind = reason.get(value_length(reason)..)?;
    let behind = behind.strip_prefix(b"\r\n")?;
    // Without a space, there is no reason.
    if reason.len() == rest.len() && behind.len().checked_add(2) != Some(rest.len()) {
        return None;
    }
    let digit = |byte: &u8| u16::from(byte.wrapping_sub(b'0'));
    let tens = digit(hundreds).wrapping_mul(10).wrapping_add(digit(tens));
    let status = tens.wrapping_mul(10).wrapping_add(digit(ones));
    let end = buf.len().checked_sub(behind.len())?;
    Some((First::Response { status }, end))
}

impl Fields {
    /// Nothing if it says what is seldom said.
    #[inline]
    fn take(&mut self, line: &FoundLine<'_>, side: Side) -> Option<()> {
        match line.role {
            Role::Other | Role::Origin | Role::Date | Role::Credentials => self.kept.keep(line),
            Role::Host if side == Side::Client => self.kept.keep(line),
            Role::Host => self.take_host(line)?,
            Role::Length => {
                self.take_length(length(line.value)?)?;
                self.kept.keep(line);
            }
            Role::Coding if line.value.eq_ignore_ascii_case(b"chunked") => {
                self.take_length(Length::Chunked)?;
            }
            Role::Connection if line.value == b"keep-alive" => {}
            Role::Connection if line.value.eq_ignore_ascii_case(b"keep-alive") => {}
            Role::Connection if line.value.eq_ignore_ascii_case(b"close") => self.closes = true,
            Role::Hop => {}
            Role::Coding | Role::Connection | Role::Te | Role::Expect => return None,
        }
        Some(())
    }

    fn take_host(&mut self, line: &FoundLine<'_>) -> Option<()> {
        if self.host.is_some() || !is_usual(line.value) {
            return None;
        }
        let end = line.value_at.checked_add(line.value.len())?;
        self.host = Some(line.value_at..end);
        Some(())
    }

    /// Only one field may say it.
    fn take_length(&mut self, length: Length) -> Option<()> {
        self.length.replace(length).is_none().then_some(())
    }

    /// A request says whom it is for.
    const fn are_whole(&self, side: Side) -> bool {
        matches!(side, Side::Client) || self.host.is_some()
    }
}

fn length(value: &[u8]) -> Option<Length> {
    Some(NonZeroU64::new(number(value)?).map_or(Length::None, Length::Exactly))
}
