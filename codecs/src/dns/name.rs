//! Domain names: labels on the wire, text in messages.

use bytes::{BufMut, BytesMut};
use bytestring::ByteString;
use gatewright_core::codec::{Cause, DecodeError, EncodeProblem};
use std::collections::BTreeMap;

/// The longest name and label, in octets (RFC 1035, 2.3.4).
const MAX_NAME: usize = 255;
const MAX_LABEL: usize = 63;
/// A name of 255 octets has no more labels, and a pointer saves at least one.
const MAX_POINTERS: usize = 127;
/// What all names of one message may expand to, in octets: pointers cost what they lead to, so
/// that a message of 64 KiB cannot stand for megabytes. Owners that are one pointer to the same
/// name share its text, and cost it once.
const MAX_EXPANDED: usize = 256 * 1024;

/// Follows the names of one message, whose bytes start at its header.
#[derive(Debug)]
pub(super) struct Names<'m> {
    message: &'m [u8],
    budget: usize,
    /// What pointers that are all of a name lead to, by their targets.
    shared: BTreeMap<u16, ByteString>,
}

impl<'m> Names<'m> {
    pub(super) const fn new(message: &'m [u8]) -> Self {
        Self {
            message,
            budget: MAX_EXPANDED,
            shared: BTreeMap::new(),
        }
    }

    /// The name at `start` as text, and where what follows it starts.
    pub(super) fn text(&mut self, start: usize) -> Result<(ByteString, usize), DecodeError> {
        let target = self.message.get(start..).and_then(pointer);
        // Names are read in their order, so what was good for one before is for this one.
        if let Some(text) = target.and_then(|target| self.shared.get(&target)).cloned() {
            self.charge(2, start)?;
            return Ok((text, start.saturating_add(2)));
        }
        let mut text = String::new();
        let end = self.labels(start, |label| push_label(&mut text, label))?;
        if text.is_empty() {
            text.push('.');
        }
        let text = ByteString::from(text);
        if let Some(target) = target {
            self.shared.insert(target, text.clone());
        }
        Ok((text, end))
    }

    /// Appends the name at `start` without pointers; returns where what follows it starts.
    pub(super) fn expand(&mut self, start: usize, out: &mut Vec<u8>) -> Result<usize, DecodeError> {
        let end = self.labels(start, |label| {
            // A label has 63 octets at most.
            out.extend(u8::try_from(label.len()));
            out.extend_from_slice(label);
        })?;
        out.push(0);
        Ok(end)
    }

    /// Visits the labels of the name at `start`; returns where what follows the name starts.
    fn labels(
        &mut self,
        start: usize,
        mut visit: impl FnMut(&'m [u8]),
    ) -> Result<usize, DecodeError> {
        let mut walk = Walk {
            at: start,
            lowest: start,
            octets: 1,
            pointers: 0,
            end: None,
        };
        loop {
            match walk.step(self.message)? {
                Step::Label(label) => {
                    self.charge(label.len().saturating_add(1), start)?;
                    visit(label);
                }
                Step::Pointer => self.charge(2, start)?,
                Step::End(end) => return Ok(end),
            }
        }
    }

    fn charge(&mut self, octets: usize, start: usize) -> Result<(), DecodeError> {
        match self.budget.checked_sub(octets) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(bad(
                start,
                "names of 256 KiB at most, without compression",
                "more",
            )),
        }
    }
}

enum Step<'m> {
    Label(&'m [u8]),
    Pointer,
    End(usize),
}

/// One name on its way through its message.
struct Walk {
    at: usize,
    /// Where the current run of labels started: the next pointer must lead before it, so that
    /// no run is met twice.
    lowest: usize,
    octets: usize,
    pointers: usize,
    /// Where the name ends, once a pointer led away from there.
    end: Option<usize>,
}

impl Walk {
    fn step<'m>(&mut self, message: &'m [u8]) -> Result<Step<'m>, DecodeError> {
        let at = self.at;
        let rest = message.get(at..).unwrap_or_default();
        // Section 4.1.4: the first two bits tell labels from pointers.
        match rest {
            [] => Err(truncated(message)),
            [0, ..] => {
                let after = at.saturating_add(1);
                Ok(Step::End(self.end.unwrap_or(after)))
            }
            [len @ 0x01..=0x3f, rest @ ..] => {
                let label = rest
                    .get(..usize::from(*len))
                    .ok_or_else(|| truncated(message))?;
                self.label(label)
            }
            [0xc0..=0xff, ..] => match pointer(rest) {
                Some(target) => self.pointer(usize::from(target)),
                None => Err(truncated(message)),
            },
            [0x40..=0xbf, ..] => Err(bad(at, "a label or a pointer", "a reserved label type")),
        }
    }

    fn label<'m>(&mut self, label: &'m [u8]) -> Result<Step<'m>, DecodeError> {
        let size = label.len().saturating_add(1);
        self.octets = self.octets.saturating_add(size);
        if self.octets > MAX_NAME {
            return Err(bad(self.at, "a name of at most 255 octets", "a longer one"));
        }
        self.at = self.at.saturating_add(size);
        Ok(Step::Label(label))
    }

    fn pointer<'m>(&mut self, target: usize) -> Result<Step<'m>, DecodeError> {
        let at = self.at;
        self.pointers = self.pointers.saturating_add(1);
        if target >= self.lowest || target < super::HEADER || self.pointers > MAX_POINTERS {
            return Err(bad(at, "a pointer to an earlier name", "another pointer"));
        }
        let after = at.saturating_add(2);
        self.end.get_or_insert(after);
        self.lowest = target;
        self.at = target;
        Ok(Step::Pointer)
    }
}

/// Where the pointer at the start of `bytes` leads, if one is there.
fn pointer(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [high @ 0xc0..=0xff, low, ..] => Some(u16::from_be_bytes([high & 0x3f, *low])),
        _ => None,
    }
}

fn truncated(message: &[u8]) -> DecodeError {
    DecodeError::new(
        Cause::Truncated,
        message.len(),
        "the rest of a name",
        "the end of the message",
    )
}

fn bad(at: usize, expected: &'static str, got: &'static str) -> DecodeError {
    DecodeError::new(Cause::BadValue, at, expected, got)
}

/// Appends a label to a name's text (RFC 1035, 5.1; RFC 4343, 2.1).
fn push_label(text: &mut String, label: &[u8]) {
    if !text.is_empty() {
        text.push('.');
    }
    for byte in label {
        match byte {
            b'.' | b'\\' => text.extend(['\\', char::from(*byte)]),
            0x21..=0x7e => text.push(char::from(*byte)),
            _ => {
                let digit = |n: u8| char::from(b'0'.saturating_add(n));
                text.extend([
                    '\\',
                    digit(byte / 100),
                    digit(byte / 10 % 10),
                    digit(byte % 10),
                ]);
            }
        }
    }
}

/// Appends the name that `text` spells, without compression. A last dot may be there.
pub(super) fn put(text: &str, out: &mut BytesMut) -> Result<(), EncodeProblem> {
    let start = out.len();
    let mut rest = text.as_bytes();
    if rest == b"." {
        rest = &[];
    } else if rest.is_empty() {
        return Err(EncodeProblem::OutOfRange);
    }
    while !rest.is_empty() {
        rest = put_label(rest, out)?;
    }
    out.put_u8(0);
    if out.len().saturating_sub(start) > MAX_NAME {
        return Err(EncodeProblem::OutOfRange);
    }
    Ok(())
}

/// Appends the label at the start of `text`; returns what follows the dot after it.
fn put_label<'t>(text: &'t [u8], out: &mut BytesMut) -> Result<&'t [u8], EncodeProblem> {
    let mut label = [0; MAX_LABEL];
    let mut len = 0_usize;
    let mut rest = text;
    while let Some((octet, after)) = next_octet(rest)? {
        *label.get_mut(len).ok_or(EncodeProblem::OutOfRange)? = octet;
        len = len.saturating_add(1);
        rest = after;
    }
    let label = label
        .get(..len)
        .filter(|label| !label.is_empty())
        .ok_or(EncodeProblem::OutOfRange)?;
    out.put_u8(u8::try_from(len).map_err(|_| EncodeProblem::OutOfRange)?);
    out.put_slice(label);
    Ok(rest.split_first().map_or(&[], |(_dot, after)| after))
}

/// The octet that stands next in a label, or `None` at its end.
fn next_octet(text: &[u8]) -> Result<Option<(u8, &[u8])>, EncodeProblem> {
    match text {
        [] | [b'.', ..] => Ok(None),
        [
            b'\\',
            a @ b'0'..=b'9',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            rest @ ..,
        ] => {
            let value = [a, b, c].into_iter().fold(0_u16, |n, digit| {
                n.saturating_mul(10).saturating_add(u16::from(digit & 0x0f))
            });
            u8::try_from(value)
                .map(|octet| Some((octet, rest)))
                .map_err(|_| EncodeProblem::Charset)
        }
        [b'\\', b'0'..=b'9', ..] | [b'\\'] => Err(EncodeProblem::Charset),
        [b'\\', octet @ 0x21..=0x7e, rest @ ..] | [octet @ 0x21..=0x7e, rest @ ..] => {
            Ok(Some((*octet, rest)))
        }
        [_, ..] => Err(EncodeProblem::Charset),
    }
}
