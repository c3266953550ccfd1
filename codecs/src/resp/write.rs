//! Values on their way to the wire.

use super::schema::{DATA, ITEMS, Kinds, NUMBER, TEXT, TYPE};
use super::{FORMAT, MAX_DEPTH, MAX_ELEMENTS, text};
use crate::framing::field;
use bytes::{BufMut, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::{Slot, Value};
use std::fmt::{Display, Write};

/// The fields of a value beside its type.
const FIELDS: [(Slot, &str); 4] = [
    (TEXT, "text"),
    (NUMBER, "number"),
    (DATA, "data"),
    (ITEMS, "items"),
];

/// A type and a number.
pub(super) fn number(first: u8, n: impl Display, out: &mut BytesMut) {
    out.put_u8(first);
    // Writing to memory does not fail.
    let _ = write!(out, "{n}\r\n");
}

/// A type, a length, and the bytes.
pub(super) fn bulk(first: u8, data: &[u8], out: &mut BytesMut) {
    number(first, data.len(), out);
    out.put_slice(data);
    out.put_slice(b"\r\n");
}

/// An error on one line. Clients of RESP2 know no other, so ends of lines in it become blanks, as
/// redis writes them.
pub(super) fn error(message: &str, out: &mut BytesMut) {
    line(b'-', text::on_one_line(message).as_bytes(), out);
}

fn line(first: u8, text: &[u8], out: &mut BytesMut) {
    out.put_u8(first);
    out.put_slice(text);
    out.put_slice(b"\r\n");
}

fn out_of_range(name: &'static str) -> EncodeError {
    EncodeError::new(name, EncodeProblem::OutOfRange)
}

/// A value by its fields, which may also be the first of more.
struct Fields<'v> {
    kind: Kinds,
    values: &'v [Value],
}

impl<'v> Fields<'v> {
    /// The fields of a value that has none but those of its type: another would not be read back.
    fn of(values: &'v [Value]) -> Result<Self, EncodeError> {
        let kind = field::uint(values.first().unwrap_or(&Value::Null), "type")?;
        let kind = Kinds::of(kind).ok_or_else(|| out_of_range("type"))?;
        let fields = Self { kind, values };
        for (slot, name) in FIELDS {
            if !kind.has(slot) && !fields.get(slot).is_null() {
                return Err(out_of_range(name));
            }
        }
        Ok(fields)
    }

    fn get(&self, slot: Slot) -> &'v Value {
        self.values.get(slot.index()).unwrap_or(&Value::Null)
    }

    /// A text that may stand on such a line.
    fn text(&self, fits: impl Fn(&[u8]) -> bool) -> Result<&'v [u8], EncodeError> {
        let text = field::text(self.get(TEXT), "text")?.as_bytes();
        if fits(text) {
            Ok(text)
        } else {
            Err(EncodeError::new("text", EncodeProblem::Charset))
        }
    }

    fn number(&self) -> Result<i64, EncodeError> {
        field::uint(self.get(NUMBER), "number")
    }

    fn boolean(&self) -> Result<&'static [u8], EncodeError> {
        match self.number()? {
            0 => Ok(b"f"),
            1 => Ok(b"t"),
            _ => Err(out_of_range("number")),
        }
    }

    fn verbatim(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let format = self.text(|text| text.len() == FORMAT && text::is_format(text))?;
        let data = field::bytes(self.get(DATA), "data")?;
        number(
            b'=',
            data.len().saturating_add(FORMAT).saturating_add(1),
            out,
        );
        out.put_slice(format);
        out.put_u8(b':');
        out.put_slice(data);
        out.put_slice(b"\r\n");
        Ok(())
    }
}

/// What a frame still has room for.
pub(super) struct Room {
    elements: usize,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self {
            elements: MAX_ELEMENTS,
        }
    }

    fn take(&mut self, elements: usize) -> Result<(), EncodeError> {
        let left = self.elements.checked_sub(elements);
        self.elements = left.ok_or_else(|| out_of_range("items"))?;
        Ok(())
    }

    /// The pairs that stand before a value, if there are any.
    pub(super) fn attributes(
        &mut self,
        pairs: &Value,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        if pairs.is_null() {
            return Ok(());
        }
        self.take(1)?;
        self.pairs(b'|', pairs, 0, out)
    }

    /// A value, or an attribute.
    pub(super) fn element(
        &mut self,
        values: &[Value],
        depth: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let fields = Fields::of(values)?;
        let items = fields.get(ITEMS);
        match fields.kind {
            Kinds::Simple => line(b'+', fields.text(text::is_one_line)?, out),
            Kinds::Integer => number(b':', fields.number()?, out),
            Kinds::Bulk => bulk(b'$', field::bytes(fields.get(DATA), "data")?, out),
            Kinds::Null => line(b'_', b"", out),
            Kinds::NullBulk => line(b'$', b"-1", out),
            Kinds::NullArray => line(b'*', b"-1", out),
            Kinds::Boolean => line(b'#', fields.boolean()?, out),
            Kinds::Double => line(b',', fields.text(text::is_double)?, out),
            Kinds::BigNumber => line(b'(', fields.text(text::is_big_number)?, out),
            Kinds::Verbatim => fields.verbatim(out)?,
            Kinds::Error => error(field::text(fields.get(TEXT), "text")?, out),
            Kinds::Array => self.items(b'*', items, depth, out)?,
            Kinds::Set => self.items(b'~', items, depth, out)?,
            Kinds::Map => self.pairs(b'%', items, depth, out)?,
            Kinds::Attribute => self.pairs(b'|', items, depth, out)?,
        }
        Ok(())
    }

    pub(super) fn items(
        &mut self,
        first: u8,
        items: &Value,
        depth: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let items = listed(items)?;
        number(first, values_among(items)?, out);
        self.each(items, depth, out)
    }

    fn pairs(
        &mut self,
        first: u8,
        items: &Value,
        depth: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let items = listed(items)?;
        let values = values_among(items)?;
        if !values.is_multiple_of(2) {
            return Err(out_of_range("items"));
        }
        number(first, values.wrapping_div(2), out);
        self.each(items, depth, out)
    }

    fn each(
        &mut self,
        items: &[Value],
        depth: usize,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        if depth >= MAX_DEPTH {
            return Err(out_of_range("items"));
        }
        self.take(items.len())?;
        for item in items {
            let Some(fields) = item.as_record() else {
                return Err(EncodeError::new("items", EncodeProblem::WrongType));
            };
            self.element(fields, depth.saturating_add(1), out)?;
        }
        Ok(())
    }
}

/// The elements of an aggregate. Where they are not given they were too many to be listed, and
/// only the frame has them.
fn listed(items: &Value) -> Result<&[Value], EncodeError> {
    if items.is_null() {
        return Err(out_of_range(""));
    }
    field::list(items, "items")
}

/// How many elements are no attributes of others. An attribute has one behind it.
fn values_among(items: &[Value]) -> Result<usize, EncodeError> {
    let attribute = Value::from(Kinds::Attribute.number());
    let is_attribute = |item: &&Value| {
        let fields = item.as_record();
        fields.and_then(|fields| fields.get(TYPE.index())) == Some(&attribute)
    };
    if items.last().as_ref().is_some_and(is_attribute) {
        return Err(out_of_range("items"));
    }
    let attributes = items.iter().filter(is_attribute).count();
    Ok(items.len().saturating_sub(attributes))
}
