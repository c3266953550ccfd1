//! A frame to a message.

use super::{Item, Known, Layout, MAX_PLACES, Number, Size};
use crate::ksy::section::plan::OperationIndex;
use crate::ksy::spec::Endian;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::Used;
use gatewright_core::expr::charset::Charset;
use gatewright_core::message::{Correlation, Message, Record, Value};
use nom::number::complete::{be_u8, be_u16, be_u32, be_u64, le_u16, le_u32, le_u64};
use smallvec::SmallVec;
use std::ops::Range;

/// A message that was read the direct way.
#[derive(Debug)]
pub(in crate::ksy::protocol) struct Direct {
    pub(in crate::ksy::protocol) message: Message,
    pub(in crate::ksy::protocol) index: OperationIndex,
}

struct Run<'l> {
    layout: &'l Layout,
    frame: &'l Bytes,
    /// The next byte.
    at: usize,
    /// The end of the part that is being read.
    end: usize,
    /// The ends of the parts around it.
    around: SmallVec<[usize; 4]>,
    /// The numbers, by place.
    numbers: [i128; MAX_PLACES],
    /// Which operation it is, once that is known.
    known: Option<&'l Known>,
    /// Its fields.
    fields: Record,
    /// Which of them anybody looks at, if not all.
    used: Option<&'l Used>,
}

impl Layout {
    /// The message in a frame; `None` if the machine has to look at it.
    pub(in crate::ksy::protocol) fn read(
        &self,
        frame: &Bytes,
        used: Option<&Used>,
    ) -> Option<Direct> {
        let mut run = Run {
            layout: self,
            frame,
            at: 0,
            end: frame.len(),
            around: SmallVec::new(),
            numbers: [0; MAX_PLACES],
            known: None,
            fields: Record::new(),
            used,
        };
        if self.operation.is_none() {
            run.choose(0)?;
        }
        run.items(&self.items)?;
        if run.at != frame.len() {
            return None;
        }
        run.message()
    }
}

impl<'l> Run<'l> {
    /// The message that was read, with the numbers in their fields.
    fn message(mut self) -> Option<Direct> {
        let known = self.known?;
        for (place, slot) in &known.numbers {
            *self.fields.get_mut(*slot)? = Value::Int(*self.numbers.get(*place)?);
        }
        let correlation = match self.layout.id {
            Some(id) => Correlation::Id(u64::try_from(*self.numbers.get(id)?).ok()?),
            None => Correlation::None,
        };
        let message = Message::new(known.kind, known.id, self.fields)
            .with_correlation(correlation)
            .with_frame(self.frame.clone());
        Some(Direct {
            message,
            index: known.index,
        })
    }

    /// It is the operation of this number.
    fn choose(&mut self, number: i128) -> Option<()> {
        let operations = &self.layout.operations;
        let at = operations
            .binary_search_by_key(&number, |known| known.number)
            .ok()?;
        let known = operations.get(at)?;
        self.known = Some(known);
        self.fields.resize(known.fields, Value::Null);
        Some(())
    }

    fn items(&mut self, items: &'l [Item]) -> Option<()> {
        for item in items {
            match item {
                Item::Contents(bytes) => {
                    if self.take(bytes.len())? != bytes {
                        return None;
                    }
                }
                Item::Number { number, place } => {
                    let n = number.read(self.take(usize::from(number.width))?)?;
                    *self.numbers.get_mut(*place)? = n;
                    if self.layout.operation == Some(*place) {
                        self.choose(n)?;
                    }
                }
                Item::Run {
                    size,
                    pad,
                    charset,
                    place,
                } => {
                    let known = self.known?;
                    let slot = (*known.slots.get(*place)?)?;
                    let bytes = self.run(*size, *pad, *charset)?;
                    let used = self.used.and_then(|used| used.fields(known.id).get(slot));
                    if used.copied().unwrap_or(true) {
                        *self.fields.get_mut(slot)? = self.value(bytes, *charset)?;
                    }
                }
                Item::Enter(size) => {
                    let size = self.size(*size)?;
                    let end = self.at.checked_add(size).filter(|end| *end <= self.end)?;
                    self.around.push(std::mem::replace(&mut self.end, end));
                }
                Item::Leave => {
                    if self.at != self.end {
                        return None;
                    }
                    self.end = self.around.pop()?;
                }
                Item::Choose { ways } => {
                    let number = self.known?.number;
                    // Without a way, nothing follows.
                    if let Some(way) = ways.iter().find(|way| way.number == number) {
                        self.items(&way.items)?;
                    }
                }
            }
        }
        Some(())
    }

    fn take(&mut self, len: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.end)?;
        let taken = self.frame.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn size(&self, size: Size) -> Option<usize> {
        match size {
            Size::Fixed(size) => Some(size),
            Size::Rest => self.end.checked_sub(self.at),
            Size::Linear { place, times, plus } => {
                let n = *self.numbers.get(place)?;
                usize::try_from(n.checked_mul(times)?.checked_add(plus)?).ok()
            }
        }
    }

    /// Takes text or bytes, without what fills them up.
    fn run(
        &mut self,
        size: Size,
        pad: Option<u8>,
        charset: Option<Charset>,
    ) -> Option<Range<usize>> {
        let size = self.size(size)?;
        let from = self.at;
        let taken = self.take(size)?;
        let kept = match pad {
            Some(pad) => taken
                .iter()
                .rposition(|byte| *byte != pad)
                .map_or(0, |at| at.saturating_add(1)),
            None => size,
        };
        let kept = taken.get(..kept)?;
        match charset {
            None => {}
            Some(Charset::Ascii) => kept.is_ascii().then_some(())?,
            Some(_) => drop(str::from_utf8(kept).ok()?),
        }
        Some(from..from.checked_add(kept.len())?)
    }

    /// The value of text or bytes that were taken.
    fn value(&self, bytes: Range<usize>, charset: Option<Charset>) -> Option<Value> {
        let bytes = self.frame.slice(bytes);
        Some(match charset {
            None => Value::Bytes(bytes),
            Some(_) => Value::Str(ByteString::try_from(bytes).ok()?),
        })
    }
}

impl Number {
    fn read(&self, bytes: &[u8]) -> Option<i128> {
        let unsigned = match (self.width, self.order) {
            (1, _) => be_u8::<_, ()>(bytes).map(|(_, n)| u64::from(n)),
            (2, Endian::Big) => be_u16::<_, ()>(bytes).map(|(_, n)| u64::from(n)),
            (2, Endian::Little) => le_u16::<_, ()>(bytes).map(|(_, n)| u64::from(n)),
            (4, Endian::Big) => be_u32::<_, ()>(bytes).map(|(_, n)| u64::from(n)),
            (4, Endian::Little) => le_u32::<_, ()>(bytes).map(|(_, n)| u64::from(n)),
            (_, Endian::Big) => be_u64::<_, ()>(bytes).map(|(_, n)| n),
            (_, Endian::Little) => le_u64::<_, ()>(bytes).map(|(_, n)| n),
        };
        let unsigned = unsigned.ok()?;
        let n = if self.signed {
            let unused = 64_u32.saturating_sub(u32::from(self.width).saturating_mul(8));
            i128::from((unsigned << unused).cast_signed() >> unused)
        } else {
            i128::from(unsigned)
        };
        (self.range.min <= n && n <= self.range.max).then_some(n)
    }
}
