//! Bytes, text and structures: their sizes, what ends them, what fills them up.

use super::Check;
use super::Writer;
use crate::ksy::plan::Cut;
use crate::ksy::plan::Field;
use crate::ksy::plan::Form;
use crate::ksy::plan::Process;
use crate::ksy::plan::Size;
use crate::ksy::read::Val;
use crate::ksy::read::cut::find;
use crate::ksy::read::eval::Here;
use crate::ksy::read::structure::Target;
use crate::ksy::write::FieldCodec;
use crate::ksy::write::WriteError;
use crate::ksy::write::WriteProblem;
use crate::ksy::write::number;
use crate::ksy::write::pad::padded;
use crate::ksy::write::pad::room;
use crate::ksy::write::unprocess::unprocessed;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use gatewright_core::expr::charset::Charset;
use gatewright_core::expr::charset::NotInCharset;
use gatewright_core::message::Value;

impl<'p> Writer<'_, 'p> {
    pub(super) fn bytes(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
        cut: &'p Cut,
        charset: Option<Charset>,
    ) -> Result<(), WriteError> {
        self.align();
        let here = Here::at(target.object, target.index);
        let data = match self.data_at_hand(target, charset) {
            Some(data) => data,
            None => match self.data(target, field, form, cut, charset, &here)? {
                Some(data) => data,
                None => return Ok(()),
            },
        };
        let data = match &cut.process {
            Some(process) => {
                let key = self.machine.process_key(process, &here)?;
                unprocessed(process, &key, &data)?
            }
            None => data,
        };
        self.finish_cut(&data, cut, &here, field)
    }

    /// The bytes of a value that is bytes already, or text whose bytes are its encoding.
    fn data_at_hand(&self, target: Target, charset: Option<Charset>) -> Option<Bytes> {
        match (self.machine.at_target(target), charset?) {
            (Val::Plain(Value::Str(text)), Charset::Utf8) => Some(text.as_bytes().clone()),
            (Val::Plain(Value::Str(text)), Charset::Ascii) if text.is_ascii() => {
                Some(text.as_bytes().clone())
            }
            _ => None,
        }
    }

    /// The bytes of a value; `None` if it is not known yet, and place was left for it.
    fn data(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
        cut: &'p Cut,
        charset: Option<Charset>,
        here: &Here,
    ) -> Result<Option<Bytes>, WriteError> {
        let key = (self.type_of(target.object), target.slot);
        let codec = self.rules.field(key).codec;
        let from = self.out.len();
        let Val::Plain(value) = self.machine.at_target(target).clone() else {
            let width = self.width(cut, here)?.unwrap_or_default();
            room(from, width)?;
            self.out.put_bytes(0, width);
            if charset.is_none() && fills_up(cut) {
                let zeros = Bytes::from(vec![0; width]);
                self.machine
                    .replace(target, Val::Plain(Value::Bytes(zeros)));
            } else {
                self.hole(target, field, form, Some((from, width)));
            }
            return Ok(None);
        };
        let data = self.content(&value, cut, charset, codec, here)?;
        // The slot holds what a reader would find there.
        if !matches!(value, Value::Str(_) | Value::Bytes(_)) {
            let read = match charset {
                Some(charset) => charset
                    .decode(&data)
                    .map(Value::Str)
                    .map_err(|_| not_in_charset())?,
                None => Value::Bytes(data.clone()),
            };
            self.machine.replace(target, Val::Plain(read));
        }
        Ok(Some(data))
    }

    /// The bytes of a value.
    pub(super) fn content(
        &mut self,
        value: &Value,
        cut: &'p Cut,
        charset: Option<Charset>,
        codec: Option<FieldCodec>,
        here: &Here,
    ) -> Result<Bytes, WriteError> {
        match (value, charset) {
            (Value::Bytes(bytes), None) => Ok(bytes.clone()),
            (Value::Str(text), Some(charset)) => {
                if matches!(charset, Charset::Ascii | Charset::Utf8) {
                    let fits = charset == Charset::Utf8 || text.is_ascii();
                    return if fits {
                        Ok(text.as_bytes().clone())
                    } else {
                        Err(not_in_charset())
                    };
                }
                let mut bytes = Vec::new();
                charset
                    .encode(text, &mut bytes)
                    .map_err(|NotInCharset| not_in_charset())?;
                Ok(Bytes::from(bytes))
            }
            (Value::Int(n), charset) => {
                let width = self.width(cut, here)?;
                let codec = codec.or_else(|| charset.map(|_| FieldCodec::Ascii));
                number::coded(*n, codec, width)
            }
            _ => Err(WriteError::new(
                WriteProblem::WrongType,
                "the value is of another type",
            )),
        }
    }

    /// Leaves a byte for a number that is not known yet: most numbers in groups of bits are small.
    fn leave_out_number(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
        codec: FieldCodec,
        cut: Option<&'p Cut>,
    ) {
        let grouped = matches!(codec, FieldCodec::Varint | FieldCodec::Zigzag);
        let place = (grouped && cut.is_none()).then_some((self.out.len(), 1));
        self.out.put_u8(0);
        self.hole(target, field, form, place);
    }

    /// A structure, or the bytes it stands for.
    pub(super) fn part(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
        cut: Option<&'p Cut>,
    ) -> Result<(), WriteError> {
        let object = match self.machine.at_target(target) {
            Val::Object(object) => *object,
            _ => {
                let object = self.create(target, form)?;
                self.machine.replace(target, Val::Object(object));
                object
            }
        };
        self.pass(target, form, object)?;
        if cut.is_some() {
            self.align();
        }
        let from = self.out.len();
        let key = (self.type_of(target.object), target.slot);
        if let Some(codec) = self.rules.field(key).codec
            && !self.lay_number(target, object, codec)?
        {
            self.leave_out_number(target, field, form, codec, cut);
            return Ok(());
        }
        let here = Here::at(target.object, target.index);
        let Some(cut) = cut else {
            return self.structure(object);
        };
        let (around, start) = (self.end, self.start);
        self.end = self.end_within(cut, &here)?;
        self.start = from;
        self.structure(object)?;
        self.meet_terminators(from)?;
        self.align();
        (self.end, self.start) = (around, start);
        let mut data = self.out.split_off(from);
        if let Some(process) = &cut.process {
            if self
                .holes
                .iter()
                .any(|hole| hole.at.is_some_and(|(at, _)| at >= from))
            {
                // They are found out in this pass and laid out in the next one.
                self.again_for(from);
            }
            let key = self.machine.process_key(process, &here)?;
            let bytes = unprocessed(process, &key, &data)?;
            data = BytesMut::from(&*bytes);
        }
        let plain = cut.terminator.is_none() && cut.pad_right.is_none();
        let size = self.width(cut, &here)?;
        // What a structure leaves of its place is zeros.
        let missing = size.and_then(|size| size.checked_sub(data.len()));
        if plain && (size.is_none() || missing.is_some()) {
            let missing = missing.unwrap_or_default();
            if missing > 0 && self.rules.whole {
                let message = "the structure does not fill its place";
                return Err(WriteError::new(WriteProblem::DoesNotFit, message));
            }
            room(from.saturating_add(data.len()), missing)?;
            data.put_bytes(0, missing);
            let len = data.len();
            self.out.unsplit(data);
            return self.sized(len, cut, &here, field);
        }
        // It has not read up to what ends its bytes, and that is a part of them.
        if let (true, true, Some(terminator)) = (cut.include, cut.eos_error, &cut.terminator)
            && find(&data, terminator, cut.unit).is_none()
            && missing.is_none_or(|missing| missing >= terminator.len())
        {
            data.put_slice(terminator);
        }
        self.finish_cut(&data, cut, &here, field)
    }

    /// How many bytes a field has, if its size says so and is known. Where the next byte stands in
    /// its stream is; where the stream ends is not.
    pub(super) fn width(&mut self, cut: &'p Cut, here: &Here) -> Result<Option<usize>, WriteError> {
        let Size::Of(code) = &cut.size else {
            return Ok(None);
        };
        if code.asks_stream() {
            if !code.asks_own_position() {
                return Ok(None);
            }
            let pos = self.out.len().saturating_sub(self.start);
            self.machine.go_to(pos);
        }
        self.known(|machine| machine.size(code, here))
    }

    /// Where the stream of a structure with a cut ends, if that is known before it is written.
    pub(super) fn end_within(
        &mut self,
        cut: &'p Cut,
        here: &Here,
    ) -> Result<Option<usize>, WriteError> {
        // All other processes give as many bytes as they take.
        let resized = matches!(cut.process, Some(Process::Zlib));
        if resized || cut.terminator.is_some() || cut.pad_right.is_some() {
            return Ok(None);
        }
        let from = self.out.len();
        Ok(match &cut.size {
            Size::Of(_) => {
                let size = self.width(cut, here)?;
                size.and_then(|size| from.checked_add(size))
            }
            Size::Eos => self.end,
            Size::Terminated => None,
        })
    }

    /// Terminators that fields left for whatever follows must stand there by now; where nothing
    /// follows, they are written.
    pub(super) fn meet_terminators(&mut self, from: usize) -> Result<(), WriteError> {
        while let Some((at, terminator)) = self.left_behind.pop_if(|(at, _)| *at >= from) {
            if at == self.out.len() {
                self.out.put_slice(terminator);
            }
            if !self
                .out
                .get(at..)
                .unwrap_or_default()
                .starts_with(terminator)
            {
                let message = "what follows does not begin with what ends the field before it";
                return Err(WriteError::new(WriteProblem::Contradiction, message));
            }
        }
        while let Some(at) = self.ends.pop_if(|at| *at >= from) {
            if at != self.out.len() {
                let message = "something follows a field that only the end of its stream ends";
                return Err(WriteError::new(WriteProblem::Contradiction, message));
            }
        }
        Ok(())
    }

    /// Appends a field's bytes with what ends them and fills them up, and solves its size.
    pub(super) fn finish_cut(
        &mut self,
        data: &[u8],
        cut: &'p Cut,
        here: &Here,
        field: &'p Field,
    ) -> Result<(), WriteError> {
        let size = self.width(cut, here)?;
        let from = self.out.len();
        let room = self.end.and_then(|end| end.checked_sub(from));
        let filled = cut.terminator.is_some() || cut.pad_right.is_some();
        match cut.size {
            Size::Eos if filled => padded(data, cut, size.or(room), self.out)?,
            // The stream has ended before.
            Size::Terminated
                if !cut.eos_error && data.is_empty() && self.ends.last() == Some(&from) => {}
            // The end of the stream ends it as well.
            Size::Terminated if !cut.eos_error && room == Some(data.len()) => {
                self.out.put_slice(data);
            }
            _ => padded(data, cut, size, self.out)?,
        }
        if let (Size::Terminated, false, Some(terminator)) =
            (&cut.size, cut.consume, &cut.terminator)
            && (cut.include && data.ends_with(terminator) || !cut.include && cut.eos_error)
        {
            self.left_behind.push((self.out.len(), terminator));
        }
        if let (Size::Terminated, false, true, Some(terminator)) =
            (&cut.size, cut.eos_error, cut.include, &cut.terminator)
            && !data.ends_with(terminator)
        {
            self.ends.push(self.out.len());
        }
        let len = self.out.len().saturating_sub(from);
        self.sized(len, cut, here, field)
    }

    pub(super) fn sized(
        &mut self,
        len: usize,
        cut: &'p Cut,
        here: &Here,
        field: &'p Field,
    ) -> Result<(), WriteError> {
        let Size::Of(code) = &cut.size else {
            return Ok(());
        };
        if code.constant().is_some() || code.asks_stream() {
            return Ok(());
        }
        let equals = Value::Int(len as i128);
        self.solve(code, here, &equals)?;
        self.checks.push(Check {
            code,
            here: here.clone(),
            equals,
            name: &field.name,
            growth: self.machine.growth(),
        });
        Ok(())
    }
}

/// Whether bytes are there to have what follows begin at a certain place.
fn fills_up(cut: &Cut) -> bool {
    matches!(&cut.size, Size::Of(code) if code.asks_own_position())
}

pub(super) fn not_in_charset() -> WriteError {
    WriteError::new(
        WriteProblem::DoesNotFit,
        "the field's encoding has no such characters",
    )
}
