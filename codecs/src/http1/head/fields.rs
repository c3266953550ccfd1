//! Field lines: RFC 9112, 5, and what those that concern this hop say.

use super::super::MAX_FIELDS;
use super::super::hop::{Known, Options, is_trailers, known};
use super::super::octets::{are_value, is_token};
use super::super::wrong;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::DecodeError;
use gatewright_core::message::Value;
use smallvec::SmallVec;

/// One field.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Field<'h> {
    pub(in super::super) name: &'h str,
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
#[derive(Debug, Default)]
pub(in super::super) struct Fields<'h> {
    /// Those for whoever the message is for, in their order.
    kept: SmallVec<[Field<'h>; 24]>,
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
    pub(super) fn read(head: &'h str, from: usize, host: Host) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        let mut at = from;
        while let Some(field) = line(head, &mut at)? {
            fields.take(field, host)?;
        }
        if at != head.len() {
            return Err(wrong::value(at, "the end of the head", "more"));
        }
        if fields.connection.names_framing() {
            return Err(wrong::value(
                from,
                "Connection without fields that frame the message",
                "one",
            ));
        }
        if fields.connection.names_any() {
            let connection = &fields.connection;
            fields.kept.retain(|field| !connection.names(field.name));
        }
        Ok(fields)
    }

    fn take(&mut self, field: Field<'h>, host: Host) -> Result<(), DecodeError> {
        let keep = match known(field.name) {
            Known::Other => true,
            Known::Host => match host {
                Host::Other => true,
                Host::Asked => {
                    once(&mut self.host, field, "one Host")?;
                    false
                }
            },
            Known::Length => {
                once(&mut self.length, field, "one Content-Length")?;
                true
            }
            Known::Coding => {
                once(&mut self.coding, field, "one Transfer-Encoding")?;
                false
            }
            Known::Connection => {
                self.connection.add(field.value);
                false
            }
            Known::Te => is_trailers(field.value),
            Known::Expect => {
                self.expects_continue |= field.value.eq_ignore_ascii_case("100-continue");
                true
            }
            Known::Hop => false,
        };
        if keep {
            self.keep(field)?;
        }
        Ok(())
    }

    fn keep(&mut self, field: Field<'h>) -> Result<(), DecodeError> {
        // The length is not counted: it is the codec's own wherever the message goes.
        let counted = self
            .kept
            .len()
            .saturating_sub(usize::from(self.length.is_some()));
        if counted >= MAX_FIELDS {
            return Err(wrong::many_fields(field.at));
        }
        self.kept.push(field);
        Ok(())
    }

    /// The fields that are passed on, as a message has them.
    pub(super) fn values(&self, head: &ByteString) -> Value {
        Value::List(self.kept.iter().map(|field| value(head, field)).collect())
    }
}

fn value(head: &ByteString, field: &Field<'_>) -> Value {
    Value::Record(vec![
        Value::Str(head.slice_ref(field.name)),
        Value::Str(head.slice_ref(field.value)),
    ])
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

/// The field whose line starts at that place, which is moved behind it; nothing in an empty line.
fn line<'h>(head: &'h str, place: &mut usize) -> Result<Option<Field<'h>>, DecodeError> {
    let at = *place;
    let rest = head.as_bytes().get(at..).unwrap_or_default();
    let Some(length) = memchr::memchr(b'\r', rest) else {
        return Err(wrong::cut(head.len(), "the end of a field"));
    };
    let cr = at.saturating_add(length);
    if rest.get(length.saturating_add(1)) != Some(&b'\n') {
        return Err(wrong::syntax(cr, "a line that ends in CR LF", "CR alone"));
    }
    *place = cr.saturating_add(2);
    if length == 0 {
        return Ok(None);
    }
    let line = head.get(at..cr).unwrap_or_default();
    field(line, at).map(Some)
}

fn field(line: &str, at: usize) -> Result<Field<'_>, DecodeError> {
    let bytes = line.as_bytes();
    let colon = bytes
        .iter()
        .position(|byte| !is_token(*byte))
        .unwrap_or(bytes.len());
    match (colon, bytes.get(colon)) {
        (1.., Some(b':')) => {}
        (0, Some(b' ' | b'\t')) => {
            return Err(wrong::syntax(at, "the name of a field", "a folded line"));
        }
        (0, _) => return Err(wrong::syntax(at, "the name of a field", "another byte")),
        (_, other) => return Err(no_colon(at.saturating_add(colon), other)),
    }
    let (name, rest) = line.split_at(colon);
    let value = rest.get(1..).unwrap_or_default().trim_matches([' ', '\t']);
    if !are_value(value.as_bytes()) {
        let place = rest
            .bytes()
            .position(|byte| !super::super::octets::is_value(byte));
        let place = at.saturating_add(colon).saturating_add(place.unwrap_or(0));
        return Err(wrong::value(
            place,
            "a field without control characters",
            "one",
        ));
    }
    Ok(Field { name, value, at })
}

#[cold]
fn no_colon(place: usize, got: Option<&u8>) -> DecodeError {
    match got {
        // RFC 9112, 5.1: this has led to smuggling.
        Some(b' ' | b'\t') => wrong::syntax(place, "a colon behind a name", "white space"),
        Some(_) => wrong::syntax(place, "a colon behind a name", "another byte"),
        None => wrong::syntax(place, "a colon behind a name", "the end of the line"),
    }
}

/// The fields behind a body, from that place of the frame on. None may say anything that had to be
/// known before: RFC 9110, 6.5.1.
pub(in super::super) fn trailers(frame: Bytes, from: usize) -> Result<Value, DecodeError> {
    let head = super::text(frame)?;
    let mut at = from;
    let mut found: Vec<Value> = Vec::new();
    while let Some(field) = line(&head, &mut at)? {
        if known(field.name) != Known::Other {
            return Err(wrong::value(
                field.at,
                "a field that may follow a body",
                "another",
            ));
        }
        if found.len() >= MAX_FIELDS {
            return Err(wrong::many_fields(field.at));
        }
        found.push(value(&head, &field));
    }
    if at != head.len() {
        return Err(wrong::value(at, "the end of the trailers", "more"));
    }
    Ok(if found.is_empty() {
        Value::Null
    } else {
        Value::List(found)
    })
}
