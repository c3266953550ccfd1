//! Field lines: RFC 9112, 5, and what those that concern this hop say.

use super::super::MAX_FIELDS;
use super::super::hop::{Options, is_trailers};
use super::super::wrong;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::DecodeError;
use gatewright_core::message::headers::{HeaderLines, ReadLine, Role, WrongLine};
use gatewright_core::message::{Headers, Value};

/// A field that the codec looks at itself.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Field<'h> {
    pub(in super::super) value: &'h str,
    /// Where its line starts.
    at: usize,
}

impl Field<'_> {
    /// Where its line starts.
    pub(super) const fn place(&self) -> usize {
        self.at
    }
}

/// What the fields of a head say.
#[derive(Debug)]
pub(in super::super) struct Fields<'h> {
    /// Those for whoever the message is for, in their order.
    kept: HeaderLines<'h>,
    pub(super) host: Option<Field<'h>>,
    pub(super) length: Option<Field<'h>>,
    pub(super) coding: Option<Field<'h>>,
    pub(super) connection: Options<'h>,
    pub(super) expects_continue: bool,
}

/// Whether `Host` says whom the message is for: it does in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Asked,
    Other,
}

impl<'h> Fields<'h> {
    /// Reads the lines of `head` from that place to the empty one, which is its end.
    pub(super) fn read(head: &'h ByteString, from: usize, host: Host) -> Result<Self, DecodeError> {
        let mut fields = Self {
            kept: HeaderLines::of(head),
            host: None,
            length: None,
            coding: None,
            connection: Options::default(),
            expects_continue: false,
        };
        let mut at = from;
        while let Some(line) = read(head, &fields.kept, at)? {
            fields.take(&line, at, host)?;
            at = line.next;
        }
        ends(head, at, "the end of the head")?;
        if fields.connection.names_framing() {
            return Err(wrong::value(
                from,
                "Connection without fields that frame the message",
                "one",
            ));
        }
        if fields.connection.names_any() {
            let connection = &fields.connection;
            fields.kept.retain(|field| !connection.names(field.name()));
        }
        Ok(fields)
    }

    fn take(&mut self, line: &ReadLine<'h>, at: usize, host: Host) -> Result<(), DecodeError> {
        let field = Field {
            value: line.value,
            at,
        };
        let keep = match line.role {
            Role::Other | Role::Origin | Role::Date | Role::Credentials => true,
            Role::Host => match host {
                Host::Other => true,
                Host::Asked => {
                    once(&mut self.host, field, "one Host")?;
                    false
                }
            },
            Role::Length => {
                once(&mut self.length, field, "one Content-Length")?;
                true
            }
            Role::Coding => {
                once(&mut self.coding, field, "one Transfer-Encoding")?;
                false
            }
            Role::Connection => {
                self.connection.add(line.value);
                if self.connection.names_too_many() {
                    return Err(wrong::many_options(at));
                }
                false
            }
            Role::Te => is_trailers(line.value),
            Role::Expect => {
                self.expects_continue |= line.value.eq_ignore_ascii_case("100-continue");
                true
            }
            Role::Hop => false,
        };
        if keep {
            self.keep(line, at)?;
        }
        Ok(())
    }

    fn keep(&mut self, line: &ReadLine<'h>, at: usize) -> Result<(), DecodeError> {
        // The length is not counted: it is the codec's own wherever the message goes.
        let counted = self
            .kept
            .len()
            .saturating_sub(usize::from(self.length.is_some()));
        if counted >= MAX_FIELDS {
            return Err(wrong::many_fields(at));
        }
        self.kept.keep(line);
        Ok(())
    }

    /// The fields that are passed on, as a message has them.
    pub(super) fn finish(self) -> Headers {
        self.kept.finish()
    }
}

/// A field that stands twice, even with the same value, is what two readers read differently.
fn once<'h>(
    place: &mut Option<Field<'h>>,
    field: Field<'h>,
    expected: &'static str,
) -> Result<(), DecodeError> {
    match place.replace(field) {
        None => Ok(()),
        Some(_) => Err(wrong::value(field.at, expected, "another")),
    }
}

/// Nothing may stand behind the empty line that starts at that place.
fn ends(head: &str, at: usize, expected: &'static str) -> Result<(), DecodeError> {
    if at.saturating_add(2) == head.len() {
        return Ok(());
    }
    Err(wrong::value(at.saturating_add(2), expected, "more"))
}

fn read<'h>(
    head: &str,
    lines: &HeaderLines<'h>,
    at: usize,
) -> Result<Option<ReadLine<'h>>, DecodeError> {
    lines.read(at).map_err(|error| bad_line(head, error))
}

#[cold]
fn bad_line(head: &str, error: WrongLine) -> DecodeError {
    let byte = |at: usize| head.as_bytes().get(at);
    match error {
        WrongLine::Name(at) => match byte(at) {
            Some(b' ' | b'\t') => wrong::syntax(at, "the name of a field", "a folded line"),
            Some(_) | None => wrong::syntax(at, "the name of a field", "another byte"),
        },
        WrongLine::Colon(at) => match byte(at) {
            // RFC 9112, 5.1: this has led to smuggling.
            Some(b' ' | b'\t') => wrong::syntax(at, "a colon behind a name", "white space"),
            Some(b'\r') => wrong::syntax(at, "a colon behind a name", "the end of the line"),
            Some(_) | None => wrong::syntax(at, "a colon behind a name", "another byte"),
        },
        WrongLine::Value(at) => wrong::value(at, "a field without control characters", "one"),
        WrongLine::End(at) => wrong::syntax(at, "a line that ends in CR LF", "CR alone"),
        WrongLine::Cut => wrong::cut(head.len(), "the end of a field"),
    }
}

/// The fields behind a body, from that place of the frame on. None may say anything that had to be
/// known before: RFC 9110, 6.5.1.
pub(in super::super) fn trailers(frame: Bytes, from: usize) -> Result<Value, DecodeError> {
    let head = super::text(frame)?;
    let mut at = from;
    let mut found = HeaderLines::of(&head);
    while let Some(line) = read(&head, &found, at)? {
        if !matches!(line.role, Role::Other | Role::Origin | Role::Date) {
            return Err(wrong::value(
                at,
                "a field that may follow a body",
                "another",
            ));
        }
        if found.len() >= MAX_FIELDS {
            return Err(wrong::many_fields(at));
        }
        found.keep(&line);
        at = line.next;
    }
    ends(&head, at, "the end of the trailers")?;
    Ok(if found.is_empty() {
        Value::Null
    } else {
        Value::Headers(found.finish())
    })
}
