//! Frames between marks, perhaps with escapes in between.

use super::escape::Escapes;
use super::framer::{Bounds, Cursor, Found};
use super::search::find;
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, DecodeError, EncodeError, EncodeProblem};

/// Marks around a message. They are no part of it: what is read is what stands between them, with
/// the escapes taken back.
///
/// ```text
/// |<- start ->|<- message, escaped ->|<- end ->|
/// |<---------------- one frame --------------->|
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiter {
    start: Bytes,
    end: Bytes,
    escapes: Escapes,
}

/// There is no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEnd;

impl Delimiter {
    /// Marks, of which that at the start may be empty.
    ///
    /// # Errors
    /// If that at the end is empty.
    pub fn new(start: Bytes, end: Bytes, escapes: Escapes) -> Result<Self, NoEnd> {
        if end.is_empty() {
            return Err(NoEnd);
        }
        Ok(Self {
            start,
            end,
            escapes,
        })
    }

    /// What begins a frame; it may be empty.
    #[must_use]
    pub const fn start(&self) -> &Bytes {
        &self.start
    }

    /// What ends a frame.
    #[must_use]
    pub const fn end(&self) -> &Bytes {
        &self.end
    }

    /// What stands for bytes that may not stand for themselves.
    #[must_use]
    pub const fn escapes(&self) -> &Escapes {
        &self.escapes
    }

    pub(super) fn total(
        &self,
        cursor: &mut Cursor,
        buf: &[u8],
        bounds: &Bounds,
    ) -> Result<Found, DecodeError> {
        self.check_start(buf)?;
        let shortest = self.start.len().saturating_add(self.end.len());
        let from = cursor.searched.max(self.start.len());
        match find(buf, from, &self.end) {
            Ok(at) => {
                let total = at.saturating_add(self.end.len());
                bounds.total(total as i128, shortest, 0).map(Found::Total)
            }
            Err(searched) if buf.len() < bounds.max => {
                cursor.searched = searched;
                Ok(Found::Need(shortest.saturating_sub(buf.len())))
            }
            Err(_) => Err(bounds.endless("the end of a frame")),
        }
    }

    /// The start is refused at the first byte that differs.
    fn check_start(&self, buf: &[u8]) -> Result<(), DecodeError> {
        let differs = self.start.iter().zip(buf).position(|(a, b)| a != b);
        match differs {
            None => Ok(()),
            Some(at) => {
                let expected = "the start of a frame";
                Err(DecodeError::new(
                    Cause::BadMagic,
                    at,
                    expected,
                    "something else",
                ))
            }
        }
    }

    /// The message in a frame.
    ///
    /// # Errors
    /// For an escape that means nothing, and for a byte that should have been escaped.
    pub(super) fn unescape(&self, frame: &Bytes) -> Result<Bytes, DecodeError> {
        let from = self.start.len();
        let to = frame.len().saturating_sub(self.end.len());
        if from > to {
            let expected = "a frame with a start and an end";
            return Err(DecodeError::new(
                Cause::TooShort,
                0,
                expected,
                "a part of one",
            ));
        }
        let message = frame.slice(from..to);
        self.escapes
            .taken_back(message)
            .map_err(|error| error.shifted(from))
    }

    /// Appends the frame of a message.
    ///
    /// # Errors
    /// If the message has the end in it, and no escape for it.
    pub(super) fn escape(&self, message: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        let before = out.len();
        out.extend_from_slice(&self.start);
        let from = out.len();
        self.escapes.put(message, out);
        let to = out.len();
        out.extend_from_slice(&self.end);
        if find(out, from, &self.end) == Ok(to) {
            return Ok(());
        }
        out.truncate(before);
        Err(EncodeError::new("", EncodeProblem::Charset))
    }
}
