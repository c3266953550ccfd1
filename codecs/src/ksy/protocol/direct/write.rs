//! A message to a frame.

use super::{Layout, Length, MAX_PARTS, Number, Put};
use crate::ksy::spec::Endian;
use bytes::{BufMut, BytesMut};
use gatewright_core::expr::charset::Charset;
use gatewright_core::message::{Correlation, Message, Record, Value};

struct Run<'m, 'o> {
    fields: &'m Record,
    id: i128,
    out: &'o mut BytesMut,
    /// Where numbers stand that follow from lengths.
    holes: [usize; MAX_PARTS],
    /// Where parts began.
    parts: [usize; MAX_PARTS],
}

impl Layout {
    /// Appends a message; `None` if the machine has to do it, and then `out` may have a part of it.
    pub(in crate::ksy::protocol) fn write(
        &self,
        message: &Message,
        out: &mut BytesMut,
    ) -> Option<()> {
        let at = *self.by_id.get(usize::from(message.operation().0))?;
        let known = self.operations.get(at?)?;
        if known.kind != message.kind() {
            return None;
        }
        let id = match (self.id, message.correlation()) {
            (Some(_), Correlation::Id(id)) => i128::from(*id),
            (None, Correlation::None) => 0,
            _ => return None,
        };
        let mut run = Run {
            fields: message.fields(),
            id,
            out,
            holes: [0; MAX_PARTS],
            parts: [0; MAX_PARTS],
        };
        known.puts.as_ref()?.iter().try_for_each(|put| run.put(put))
    }
}

impl Run<'_, '_> {
    fn put(&mut self, put: &Put) -> Option<()> {
        match put {
            Put::Bytes(bytes) => self.out.put_slice(bytes),
            Put::Id(number) => number.put(self.id, self.out)?,
            Put::Number {
                number,
                slot,
                otherwise,
            } => {
                let n = match self.fields.get(*slot)? {
                    Value::Null => (*otherwise)?,
                    given => given.as_int()?,
                };
                number.put(n, self.out)?;
            }
            Put::Run {
                size,
                pad,
                charset,
                slot,
                otherwise,
                length,
            } => {
                let value = match self.fields.get(*slot)? {
                    Value::Null => otherwise.as_ref()?,
                    given => given,
                };
                let data = octets(value, *charset)?;
                self.run(data, *size, *pad)?;
                if let Some(length) = length {
                    self.say(length, data.len())?;
                }
            }
            Put::Hole { number, hole } => {
                *self.holes.get_mut(*hole)? = self.out.len();
                self.out.put_bytes(0, usize::from(number.width));
            }
            Put::Enter(part) => *self.parts.get_mut(*part)? = self.out.len(),
            Put::Leave { part, length } => {
                let from = *self.parts.get(*part)?;
                self.say(length, self.out.len().checked_sub(from)?)?;
            }
        }
        Some(())
    }

    fn run(&mut self, data: &[u8], size: Option<usize>, pad: Option<u8>) -> Option<()> {
        // Read back, what ends like padding would be shorter.
        if pad.is_some() && data.last() == pad.as_ref() {
            return None;
        }
        let missing = size.map_or(Some(0), |size| size.checked_sub(data.len()))?;
        self.out.put_slice(data);
        match (missing, pad) {
            (0, _) => Some(()),
            (_, Some(pad)) => {
                self.out.put_bytes(pad, missing);
                Some(())
            }
            (_, None) => None,
        }
    }

    /// So many bytes were written: what says that is known now.
    fn say(&mut self, length: &Length, len: usize) -> Option<()> {
        let bytes = length.number.bytes(length.number_of(len)?)?;
        let width = usize::from(length.number.width);
        let at = *self.holes.get(length.hole)?;
        let field = self.out.get_mut(at..at.checked_add(width)?)?;
        field.copy_from_slice(bytes.get(..width)?);
        Some(())
    }
}

/// The bytes of text or bytes.
fn octets(value: &Value, charset: Option<Charset>) -> Option<&[u8]> {
    match (value, charset) {
        (Value::Bytes(bytes), None) => Some(bytes),
        (Value::Str(text), Some(Charset::Ascii)) if !text.is_ascii() => None,
        (Value::Str(text), Some(_)) => Some(text.as_bytes()),
        _ => None,
    }
}

impl Number {
    /// The bytes of a number, in the first `width` of these.
    fn bytes(&self, n: i128) -> Option<[u8; 8]> {
        if n < self.range.min || n > self.range.max {
            return None;
        }
        let n = u64::try_from(n & i128::from(u64::MAX)).ok()?;
        Some(match self.order {
            Endian::Little => n.to_le_bytes(),
            Endian::Big => {
                let unused = 64_u32.saturating_sub(u32::from(self.width).saturating_mul(8));
                (n << unused).to_be_bytes()
            }
        })
    }

    /// The same, and no others.
    pub(super) fn octets(&self, n: i128) -> Option<Vec<u8>> {
        Some(self.bytes(n)?.get(..usize::from(self.width))?.to_vec())
    }

    fn put(&self, n: i128, out: &mut BytesMut) -> Option<()> {
        let bytes = self.bytes(n)?;
        // One or the other of known widths: a copy of any length would be a call.
        match self.width {
            1 => out.put_slice(bytes.first_chunk::<1>()?),
            2 => out.put_slice(bytes.first_chunk::<2>()?),
            4 => out.put_slice(bytes.first_chunk::<4>()?),
            _ => out.put_slice(&bytes),
        }
        Some(())
    }
}
