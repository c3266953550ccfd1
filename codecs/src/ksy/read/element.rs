//! One element: a number, text, a structure, one of several.

use super::eval::Here;
use super::structure::Target;
use super::{Class, IoId, ListId, Machine, ReadError, Val};
use crate::ksy::plan::{ByteOrder, Form, Parent, Switch};
use crate::ksy::spec::Endian;
use bytes::Bytes;
use gatewright_core::expr::charset::{Charset, NotInCharset};
use gatewright_core::message::Value;
use nom::IResult;
use nom::number::complete::{be_u8, be_u16, be_u32, be_u64, le_u16, le_u32, le_u64};
use smallvec::SmallVec;

impl<'p> Machine<'p> {
    pub(in crate::ksy) fn new_list(&mut self) -> Result<ListId, ReadError> {
        let id = u32::try_from(self.lists.len());
        let id = id.map_err(|_| ReadError::new(Class::Other, "the message has too many lists"))?;
        self.lists.push(Vec::new());
        Ok(ListId(id))
    }

    pub(in crate::ksy) fn last_of(&self, list: ListId) -> Val {
        self.list(list).last().cloned().unwrap_or_default()
    }

    pub(in crate::ksy) fn push(&mut self, list: ListId, val: Val) {
        if let Some(list) = self.lists.get_mut(list.0 as usize) {
            list.push(val);
        }
    }

    /// What was put there.
    pub(in crate::ksy) fn at_target(&self, target: Target) -> &Val {
        match (self.peek(target.object, target.slot), target.index) {
            (Val::List(list), Some(at)) => self.list(*list).get(at).unwrap_or(&Val::Unset),
            (val, _) => val,
        }
    }

    pub(in crate::ksy) fn put(&mut self, target: Target, val: Val) {
        let list = match (self.peek(target.object, target.slot), target.index) {
            (Val::List(list), Some(_)) => *list,
            _ => return self.set(target.object, target.slot, val),
        };
        self.push(list, val);
    }

    /// Replaces what was put there.
    pub(in crate::ksy) fn replace(&mut self, target: Target, val: Val) {
        let list = match (self.peek(target.object, target.slot), target.index) {
            (Val::List(list), Some(at)) => (*list, at),
            _ => return self.set(target.object, target.slot, val),
        };
        let elements = self.lists.get_mut(list.0.0 as usize);
        if let Some(place) = elements.and_then(|elements| elements.get_mut(list.1)) {
            *place = val;
        }
    }

    pub(in crate::ksy) fn read_form(
        &mut self,
        target: Target,
        form: &'p Form,
        io: IoId,
    ) -> Result<(), ReadError> {
        let val = match form {
            Form::Int {
                signed,
                width,
                order,
            } => Val::Plain(Value::Int(
                self.integer(target, *signed, *width, *order, io)?,
            )),
            Form::Float { width, order } => {
                let bits = self.unsigned(target, *width, *order, io)?;
                Val::Plain(Value::Float(match u32::try_from(bits) {
                    Ok(bits) if *width == 4 => f64::from(f32::from_bits(bits)),
                    _ => f64::from_bits(bits),
                }))
            }
            Form::Bits {
                width,
                order,
                truth,
            } => {
                let n = self.bits(*width, *order, io)?;
                Val::Plain(if *truth {
                    Value::Bool(n != 0)
                } else {
                    Value::Int(i128::from(n))
                })
            }
            Form::Contents(expected) => Val::Plain(Value::Bytes(self.contents(expected, io)?)),
            Form::Bytes(cut) => {
                let bytes = self.cut_bytes(target, cut, io)?;
                Val::Plain(Value::Bytes(bytes))
            }
            Form::Text(cut, charset) => {
                let start = self.stream(io).pos;
                let bytes = self.cut_bytes(target, cut, io)?;
                self.look_at(bytes.len())?;
                Val::Plain(text(&bytes, *charset).map_err(|error| error.at(start))?)
            }
            Form::Struct { .. } => return self.structure(target, form, io),
            Form::Switch(switch) => return self.one_of(target, switch, io),
            Form::Value(code) => {
                let here = Here::at(target.object, target.index);
                self.eval(code, &here)?
            }
        };
        self.put(target, val);
        Ok(())
    }

    fn one_of(&mut self, target: Target, switch: &'p Switch, io: IoId) -> Result<(), ReadError> {
        let here = Here::at(target.object, target.index);
        let on = self.eval(&switch.on, &here)?;
        for (case, form) in &switch.cases {
            if self.compared(&on, gatewright_core::expr::Comparison::Eq, case, &here)? {
                return self.read_form(target, form, io);
            }
        }
        match &switch.otherwise {
            Some(form) => self.read_form(target, form, io),
            None => {
                self.put(target, Val::Absent);
                Ok(())
            }
        }
    }

    fn structure(&mut self, target: Target, form: &'p Form, io: IoId) -> Result<(), ReadError> {
        let Form::Struct {
            ty,
            arguments,
            cut,
            parent,
            foreign,
        } = form
        else {
            return Ok(());
        };
        let here = Here::at(target.object, target.index);
        let mut passed: SmallVec<[Val; 2]> = SmallVec::new();
        for argument in arguments {
            passed.push(self.eval(argument, &here)?);
        }
        let parent = match parent {
            Parent::Owner => Some(target.object),
            Parent::None => None,
            Parent::Other(code) => self.object_of(code, &here)?,
        };
        let io = match cut {
            Some(cut) => self.cut_stream(target, cut, io)?,
            // It may begin within a byte, with bits: only whole bytes begin at the next one.
            None => io,
        };
        let around = (!foreign).then(|| (parent, self.object(target.object).root));
        let object = self.begin(*ty, io, around, &passed)?;
        self.put(target, Val::Object(object));
        self.fill(object)
    }

    fn bits(&mut self, width: u8, order: Endian, io: IoId) -> Result<u64, ReadError> {
        let Some(stream) = self.streams.get_mut(io.index()) else {
            return Ok(0);
        };
        let bytes = self
            .buffers
            .get(stream.buffer)
            .map_or(&[][..], |bytes| bytes);
        stream.bits(bytes, width, order)
    }

    /// The next `n` bytes, taken.
    pub(in crate::ksy) fn take(&mut self, n: usize, io: IoId) -> Result<&[u8], ReadError> {
        let Some(stream) = self.streams.get_mut(io.index()) else {
            return Ok(&[]);
        };
        let at = stream.take(n)?;
        let bytes = self.buffers.get(stream.buffer);
        let taken = bytes.and_then(|bytes| bytes.get(at..at.saturating_add(n)));
        Ok(taken.unwrap_or_default())
    }

    fn contents(&mut self, expected: &'p Bytes, io: IoId) -> Result<Bytes, ReadError> {
        let start = self.stream(io).pos;
        let got = self.take(expected.len(), io)?;
        if got == expected {
            return Ok(expected.clone());
        }
        let message = "the bytes are not those that always stand here";
        Err(ReadError::new(Class::Validation, message).at(start))
    }

    fn integer(
        &mut self,
        target: Target,
        signed: bool,
        width: u8,
        order: ByteOrder,
        io: IoId,
    ) -> Result<i128, ReadError> {
        let n = self.unsigned(target, width, order, io)?;
        if !signed {
            return Ok(i128::from(n));
        }
        let unused = 64_u32.saturating_sub(u32::from(width).saturating_mul(8));
        Ok(i128::from((n << unused).cast_signed() >> unused))
    }

    fn unsigned(
        &mut self,
        target: Target,
        width: u8,
        order: ByteOrder,
        io: IoId,
    ) -> Result<u64, ReadError> {
        let order = match order {
            ByteOrder::Fixed(endian) => endian,
            ByteOrder::OfStructure => self.object(target.object).endian.ok_or_else(|| {
                let message = "nothing decides in which order the bytes of numbers stand";
                ReadError::new(Class::Endian, message).at(self.stream(io).pos)
            })?,
        };
        let bytes = self.take(usize::from(width), io)?;
        number(bytes, width, order)
            .map(|(_, n)| n)
            .map_err(|_| ReadError::new(Class::Eof, "the number is not whole"))
    }
}

/// `take` has seen to it that the bytes are there.
fn number(i: &[u8], width: u8, order: Endian) -> IResult<&[u8], u64> {
    match (width, order) {
        (1, _) => be_u8(i).map(|(i, n)| (i, u64::from(n))),
        (2, Endian::Little) => le_u16(i).map(|(i, n)| (i, u64::from(n))),
        (2, Endian::Big) => be_u16(i).map(|(i, n)| (i, u64::from(n))),
        (4, Endian::Little) => le_u32(i).map(|(i, n)| (i, u64::from(n))),
        (4, Endian::Big) => be_u32(i).map(|(i, n)| (i, u64::from(n))),
        (_, Endian::Little) => le_u64(i),
        (_, Endian::Big) => be_u64(i),
    }
}

fn text(bytes: &Bytes, charset: Charset) -> Result<Value, ReadError> {
    match charset.decode(bytes) {
        Ok(text) => Ok(Value::Str(text)),
        Err(NotInCharset) => Err(ReadError::new(
            Class::Conversion,
            "the bytes are not text in the field's encoding",
        )),
    }
}
