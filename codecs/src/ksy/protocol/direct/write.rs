//! A message to a frame.

use super::{Fallback, Item, Known, Layout, Number, Size};
use crate::ksy::spec::Endian;
use bytes::{BufMut, BytesMut};
use gatewright_core::expr::charset::Charset;
use gatewright_core::message::{Correlation, Message, Value};
use smallvec::SmallVec;

/// A number whose value follows from a length, and where it stands.
struct Hole<'l> {
    place: usize,
    number: &'l Number,
    at: usize,
}

/// What a place has.
enum Given<'l> {
    Value(&'l Value),
    /// The correlation id.
    Id(i128),
    /// What the length of a part says.
    Length,
}

struct Run<'l, 'o> {
    known: &'l Known,
    message: &'l Message,
    id: Option<(usize, u64)>,
    out: &'o mut BytesMut,
    holes: SmallVec<[Hole<'l>; 4]>,
    /// Where parts began, and how their size is said.
    parts: SmallVec<[(usize, Size); 4]>,
}

impl Layout {
    /// Appends a message; `None` if the machine has to do it, and then `out` may have a part of it.
    pub(in crate::ksy::protocol) fn write(
        &self,
        message: &Message,
        out: &mut BytesMut,
    ) -> Option<()> {
        let mut all = self.operations.iter();
        let known = all.find(|known| known.id == message.operation())?;
        if known.kind != message.kind() {
            return None;
        }
        let id = match (self.id, message.correlation()) {
            (Some(place), Correlation::Id(id)) => Some((place, *id)),
            (None, Correlation::None) => None,
            _ => return None,
        };
        let mut run = Run {
            known,
            message,
            id,
            out,
            holes: SmallVec::new(),
            parts: SmallVec::new(),
        };
        run.items(&self.items)?;
        run.holes.is_empty().then_some(())
    }
}

impl<'l> Run<'l, '_> {
    /// What a place has; `None` if it must be given and is not.
    fn value(&self, place: usize) -> Option<Given<'l>> {
        if let Some((at, id)) = self.id
            && at == place
        {
            return Some(Given::Id(i128::from(id)));
        }
        let slot = self.known.slots.get(place).copied().flatten();
        let given = slot.and_then(|slot| self.message.fields().get(slot));
        if let Some(given) = given.filter(|given| !given.is_null()) {
            return Some(Given::Value(given));
        }
        match self.known.fallbacks.get(place)? {
            Fallback::Value(value) => Some(Given::Value(value)),
            Fallback::Length => Some(Given::Length),
            Fallback::Missing => None,
        }
    }

    fn items(&mut self, items: &'l [Item]) -> Option<()> {
        for item in items {
            match item {
                Item::Contents(bytes) => self.out.put_slice(bytes),
                Item::Number { number, place } => self.number(number, *place)?,
                Item::Run {
                    size,
                    pad,
                    charset,
                    place,
                } => self.run(*size, *pad, *charset, *place)?,
                Item::Enter(size) => self.parts.push((self.out.len(), *size)),
                Item::Leave => {
                    let (from, size) = self.parts.pop()?;
                    self.sized(size, self.out.len().checked_sub(from)?)?;
                }
                Item::Choose { ways } => {
                    let number = self.known.number;
                    if let Some(way) = ways.iter().find(|way| way.number == number) {
                        self.items(&way.items)?;
                    }
                }
            }
        }
        Some(())
    }

    fn number(&mut self, number: &'l Number, place: usize) -> Option<()> {
        match self.value(place)? {
            Given::Value(value) => number.put(value.as_int()?, self.out),
            Given::Id(id) => number.put(id, self.out),
            Given::Length => {
                let at = self.out.len();
                self.out.put_bytes(0, usize::from(number.width));
                self.holes.push(Hole { place, number, at });
                Some(())
            }
        }
    }

    fn run(
        &mut self,
        size: Size,
        pad: Option<u8>,
        charset: Option<Charset>,
        place: usize,
    ) -> Option<()> {
        let Given::Value(value) = self.value(place)? else {
            return None;
        };
        let data: &[u8] = match (value, charset) {
            (Value::Bytes(bytes), None) => bytes,
            (Value::Str(text), Some(Charset::Ascii)) if !text.is_ascii() => return None,
            (Value::Str(text), Some(_)) => text.as_bytes(),
            _ => return None,
        };
        // Read back, what ends like padding would be shorter.
        if pad.is_some() && data.last() == pad.as_ref() {
            return None;
        }
        let missing = match size {
            Size::Fixed(size) => size.checked_sub(data.len())?,
            Size::Linear { .. } | Size::Rest => 0,
        };
        if missing > 0 && pad.is_none() {
            return None;
        }
        self.out.put_slice(data);
        self.out.put_bytes(pad.unwrap_or_default(), missing);
        match size {
            Size::Linear { .. } => self.sized(size, data.len()),
            Size::Fixed(_) | Size::Rest => Some(()),
        }
    }

    /// A part has so many bytes: what its size follows from is known now.
    fn sized(&mut self, size: Size, len: usize) -> Option<()> {
        let len = i128::try_from(len).ok()?;
        let (place, times, plus) = match size {
            Size::Rest => return Some(()),
            Size::Fixed(size) => return (i128::try_from(size).ok()? == len).then_some(()),
            Size::Linear { place, times, plus } => (place, times, plus),
        };
        let rest = len.checked_sub(plus)?;
        if rest.checked_rem(times)? != 0 {
            return None;
        }
        let n = rest.checked_div(times)?;
        let Some(at) = self.holes.iter().position(|hole| hole.place == place) else {
            // It was given, or another part said it: then they must agree, and the machine sees
            // to that.
            return None;
        };
        let hole = self.holes.swap_remove(at);
        let width = usize::from(hole.number.width);
        let bytes = hole.number.bytes(n)?;
        let end = hole.at.checked_add(width)?;
        let field = self.out.get_mut(hole.at..end)?;
        field.copy_from_slice(bytes.get(..width)?);
        Some(())
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

    fn put(&self, n: i128, out: &mut BytesMut) -> Option<()> {
        out.put_slice(self.bytes(n)?.get(..usize::from(self.width))?);
        Some(())
    }
}
