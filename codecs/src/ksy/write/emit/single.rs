//! Numbers, and which form a field has.

use super::Writer;
use crate::ksy::plan::ByteOrder;
use crate::ksy::plan::Field;
use crate::ksy::plan::Form;
use crate::ksy::read::Val;
use crate::ksy::read::structure::Target;
use crate::ksy::spec::Endian;
use crate::ksy::write::WriteError;
use crate::ksy::write::WriteProblem;
use crate::ksy::write::number;
use crate::ksy::write::pad::room;
use bytes::BufMut;
use gatewright_core::message::Value;

impl<'p> Writer<'_, 'p> {
    pub(super) fn form(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
    ) -> Result<(), WriteError> {
        match form {
            Form::Int { .. } | Form::Float { .. } | Form::Bits { .. } => {
                self.number(target, field, form)
            }
            Form::Contents(bytes) => {
                self.align();
                match self.machine.at_target(target) {
                    Val::Plain(Value::Bytes(given)) if given != bytes => {
                        let message = "it is always the same, and another value is given";
                        return Err(WriteError::new(WriteProblem::Contradiction, message));
                    }
                    _ => {
                        room(self.out.len(), bytes.len())?;
                        self.out.put_slice(bytes);
                    }
                }
                self.machine
                    .replace(target, Val::Plain(Value::Bytes(bytes.clone())));
                Ok(())
            }
            Form::Bytes(cut) => self.bytes(target, field, form, cut, None),
            Form::Text(cut, charset) => self.bytes(target, field, form, cut, Some(*charset)),
            Form::Struct { cut, .. } => self.part(target, field, form, cut.as_ref()),
            Form::Switch(_) => match self.chosen(target, form)? {
                Some(chosen) => {
                    self.place_late(target, chosen)?;
                    self.form(target, field, chosen)
                }
                None => {
                    if matches!(self.machine.at_target(target), Val::Unset) {
                        self.machine.replace(target, Val::Absent);
                    }
                    Ok(())
                }
            },
            Form::Value(_) => Ok(()),
        }
    }

    pub(super) fn order(&self, target: Target, order: ByteOrder) -> Result<Endian, WriteError> {
        match order {
            ByteOrder::Fixed(endian) => Ok(endian),
            ByteOrder::OfStructure => self.machine.object(target.object).endian.ok_or_else(|| {
                let message = "nothing decides in which order the bytes of numbers stand";
                WriteError::new(WriteProblem::Contradiction, message)
            }),
        }
    }

    pub(super) fn number(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
    ) -> Result<(), WriteError> {
        let value = match self.machine.at_target(target) {
            Val::Plain(value) => Some(value.clone()),
            _ => None,
        };
        match form {
            Form::Bits {
                width,
                order,
                truth,
            } => {
                let bits = match &value {
                    Some(value) => number::bits(value, *width, *truth)?,
                    None => 0,
                };
                if value.is_none() {
                    self.hole(target, field, form, None);
                }
                self.put_bits(bits, *width, *order);
            }
            Form::Int {
                signed,
                width,
                order,
            } => {
                let order = self.order(target, *order)?;
                self.align();
                let at = self.out.len();
                match &value {
                    Some(value) => number::put_int(value, *signed, *width, order, self.out)?,
                    None => {
                        self.out.put_bytes(0, usize::from(*width));
                        self.hole(target, field, form, Some((at, usize::from(*width))));
                    }
                }
            }
            Form::Float { width, order } => {
                let order = self.order(target, *order)?;
                self.align();
                let at = self.out.len();
                match &value {
                    Some(value) => number::put_float(value, *width, order, self.out)?,
                    None => {
                        self.out.put_bytes(0, usize::from(*width));
                        self.hole(target, field, form, Some((at, usize::from(*width))));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) const fn align(&mut self) {
        self.left = 0;
    }

    /// As the reader takes them: the highest order from the top of what is left of a byte, the
    /// lowest from its bottom.
    pub(super) fn put_bits(&mut self, bits: u64, width: u8, order: Endian) {
        let mut todo = width;
        while todo > 0 {
            if self.left == 0 {
                self.out.put_u8(0);
                self.left = 8;
                self.low = 0;
            }
            let take = self.left.min(todo);
            let mask = (1_u64 << take).wrapping_sub(1);
            let part = match order {
                Endian::Little => {
                    let part = (bits >> width.saturating_sub(todo) & mask) << self.low;
                    self.low = self.low.saturating_add(take);
                    part
                }
                Endian::Big => {
                    let above = self.left.saturating_sub(take);
                    (bits >> todo.saturating_sub(take) & mask) << self.low.saturating_add(above)
                }
            };
            if let Some(last) = self.out.last_mut() {
                *last |= u8::try_from(part & 0xff).unwrap_or_default();
            }
            self.left = self.left.saturating_sub(take);
            todo = todo.saturating_sub(take);
        }
    }
}
