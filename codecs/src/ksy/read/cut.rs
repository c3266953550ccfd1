//! Which bytes belong to a field: its size, what ends it, what fills it up.

use super::eval::Here;
use super::process::processed;
use super::structure::Target;
use super::{Class, Io, IoId, Machine, ReadError};
use crate::ksy::plan::{Cut, Size};
use bytes::Bytes;

impl<'p> Machine<'p> {
    /// The bytes of a field, taken.
    pub(in crate::ksy) fn cut_bytes(
        &mut self,
        target: Target,
        cut: &'p Cut,
        io: IoId,
    ) -> Result<Bytes, ReadError> {
        let (buffer, from, to) = self.cut_range(target, cut, io)?;
        let buffer = self.buffers.get(buffer);
        let bytes = buffer.filter(|bytes| from <= to && to <= bytes.len());
        let bytes = bytes.map(|bytes| bytes.slice(from..to)).unwrap_or_default();
        match &cut.process {
            None => Ok(bytes),
            Some(process) => {
                let here = Here::at(target.object, target.index);
                let left = self.limits.inflated.saturating_sub(self.inflated);
                let key = self.process_key(process, &here)?;
                let bytes =
                    processed(process, &key, &bytes, left).map_err(|error| error.at(from))?;
                self.inflated = self.inflated.saturating_add(bytes.len());
                Ok(bytes)
            }
        }
    }

    /// The bytes of a field as a stream of its own.
    pub(in crate::ksy) fn cut_stream(
        &mut self,
        target: Target,
        cut: &'p Cut,
        io: IoId,
    ) -> Result<IoId, ReadError> {
        let stream = if cut.process.is_some() {
            let bytes = self.cut_bytes(target, cut, io)?;
            let stream = Io::new(self.buffers.len(), 0, bytes.len());
            self.buffers.push(bytes);
            stream
        } else {
            let (buffer, from, to) = self.cut_range(target, cut, io)?;
            Io::new(buffer, from, to)
        };
        let id = u32::try_from(self.streams.len());
        let id = id.map_err(|_| ReadError::new(Class::Other, "the message has too many parts"))?;
        self.streams.push(stream);
        Ok(IoId(id))
    }

    fn cut_range(
        &mut self,
        target: Target,
        cut: &'p Cut,
        io: IoId,
    ) -> Result<(usize, usize, usize), ReadError> {
        let size = match &cut.size {
            Size::Of(code) => {
                let here = Here::at(target.object, target.index);
                Some(self.size(code, &here)?)
            }
            Size::Eos => Some(self.stream(io).remaining()),
            Size::Terminated => None,
        };
        let Some(stream) = self.streams.get_mut(io.index()) else {
            return Ok((0, 0, 0));
        };
        let whole = self
            .buffers
            .get(stream.buffer)
            .map_or(&[][..], |bytes| bytes);
        let (range, searched) = match size {
            Some(size) => {
                let from = stream.take(size)?;
                let to = from.saturating_add(size);
                let kept = trimmed(whole.get(from..to).unwrap_or_default(), cut);
                let plain = cut.terminator.is_none() && cut.pad_right.is_none();
                let range = (stream.buffer, from, from.saturating_add(kept));
                (range, if plain { 0 } else { size })
            }
            None => {
                let (buffer, from, to) = terminated(stream, whole, cut)?;
                ((buffer, from, to), to.saturating_sub(from))
            }
        };
        self.look_at(searched)?;
        Ok(range)
    }
}

/// How many of a field's bytes come before what ends it or fills it up.
pub(in crate::ksy) fn trimmed(bytes: &[u8], cut: &Cut) -> usize {
    let terminator = cut.terminator.as_deref();
    let mut kept = bytes.len();
    // What ends like what fills up is looked for first: nothing can be cut off before it.
    if let Some(pad) = cut.pad_right
        && terminator.and_then(<[u8]>::last) != Some(&pad)
    {
        kept = bytes
            .iter()
            .rposition(|byte| *byte != pad)
            .map_or(0, |at| at.saturating_add(1));
    }
    let Some(terminator) = terminator else {
        return kept;
    };
    match find(bytes.get(..kept).unwrap_or_default(), terminator, cut.unit) {
        Some(at) if cut.include => at.saturating_add(terminator.len()),
        Some(at) => at,
        None => kept,
    }
}

/// The bytes up to what ends them.
fn terminated(
    stream: &mut Io,
    whole: &[u8],
    cut: &Cut,
) -> Result<(usize, usize, usize), ReadError> {
    // An instance's `pos` may lie beyond the end, where not even nothing can be read.
    let from = stream.take(0)?;
    let rest = whole.get(from..stream.end).unwrap_or_default();
    let terminator = cut.terminator.as_deref().unwrap_or_default();
    let Some(at) = find(rest, terminator, cut.unit) else {
        if cut.eos_error {
            let message = "the bytes that end this field do not come";
            return Err(ReadError::new(Class::Eof, message).at(stream.end));
        }
        stream.pos = stream.end;
        return Ok((stream.buffer, from, stream.end));
    };
    let end = from.saturating_add(at);
    let after = end.saturating_add(terminator.len());
    stream.pos = if cut.consume { after } else { end };
    Ok((stream.buffer, from, if cut.include { after } else { end }))
}

/// Where `what` stands first, looked for at multiples of `unit`.
pub(in crate::ksy) fn find(bytes: &[u8], what: &[u8], unit: usize) -> Option<usize> {
    if let ([byte], 1) = (what, unit) {
        return bytes.iter().position(|b| b == byte);
    }
    let windows = bytes.windows(what.len().max(1)).enumerate();
    let mut found =
        windows.filter(|(at, window)| at.is_multiple_of(unit.max(1)) && *window == what);
    found.next().map(|(at, _)| at)
}
