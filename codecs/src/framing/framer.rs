//! Any way of finding frames, behind one door.

use super::delimiter::Delimiter;
use super::length::Length;
use super::parts::Parts;
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, DecodeError, Delimited, EncodeError, foreign_preamble};
use std::num::NonZeroUsize;

/// How frames are found in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Framer {
    /// A length in the frame says where it ends.
    Length(Length),
    /// Several numbers in its beginning say so.
    Parts(Parts),
    /// Marks stand around it.
    Delimiter(Delimiter),
    /// All frames have so many bytes.
    Fixed(NonZeroUsize),
    /// What comes at once is one frame.
    Datagram,
}

/// What a search has found out about the frame that it is in. A new one belongs to each frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// What lies before has been searched.
    pub(super) searched: usize,
    /// Where the length begins, if it had to be searched.
    pub(super) found: Option<usize>,
    /// The frame's whole length.
    total: Option<NonZeroUsize>,
}

/// What is known of a frame's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It has so many bytes.
    Total(NonZeroUsize),
    /// At least so many bytes more are needed to tell; zero counts as one.
    Need(usize),
}

/// What a frame's length is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) max: usize,
}

impl Framer {
    /// The end of the frame at the start of `buf`, whose length is at most `max`. The cursor is
    /// the same as long as the answer is that more is needed, so that no byte is searched twice;
    /// once there is a frame, it is as new.
    ///
    /// # Errors
    /// Always closes the connection: nobody knows where the next frame starts. With a place in
    /// the frame, before anything is allocated for it.
    pub fn delimit(
        &self,
        cursor: &mut Cursor,
        buf: &[u8],
        max: usize,
    ) -> Result<Delimited, DecodeError> {
        let found = match cursor.total {
            Some(total) => Found::Total(total),
            None => self
                .total(cursor, buf, &Bounds { max })
                .map_err(|error| foreign(buf).unwrap_or(error))?,
        };
        let total = match found {
            Found::Total(total) => total,
            Found::Need(more) => return Ok(Delimited::need(more)),
        };
        let delimited = Delimited::at(total, buf.len());
        match delimited {
            Delimited::Frame(_) => *cursor = Cursor::default(),
            Delimited::Need(_) => cursor.total = Some(total),
        }
        Ok(delimited)
    }

    fn total(
        &self,
        cursor: &mut Cursor,
        buf: &[u8],
        bounds: &Bounds,
    ) -> Result<Found, DecodeError> {
        match self {
            Self::Length(length) => length.total(cursor, buf, bounds),
            Self::Parts(parts) => parts.total(buf, bounds),
            Self::Delimiter(delimiter) => delimiter.total(cursor, buf, bounds),
            Self::Fixed(total) => bounds.total(total.get() as i128, 0, 0).map(Found::Total),
            Self::Datagram if buf.is_empty() => Ok(Found::Need(1)),
            Self::Datagram => bounds.total(buf.len() as i128, 0, 0).map(Found::Total),
        }
    }

    /// The message in a frame: what a definition reads. The frame itself stays as it is.
    ///
    /// # Errors
    /// For escapes that mean nothing.
    pub fn unescape(&self, frame: &Bytes) -> Result<Bytes, DecodeError> {
        match self {
            Self::Delimiter(delimiter) => delimiter.unescape(frame),
            Self::Length(_) | Self::Parts(_) | Self::Fixed(_) | Self::Datagram => Ok(frame.clone()),
        }
    }

    /// Appends the frame of a message, the reverse of [`unescape`](Self::unescape). After an error
    /// `out` is as it was.
    ///
    /// # Errors
    /// If the message cannot stand between the marks.
    pub fn escape(&self, message: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        match self {
            Self::Delimiter(delimiter) => delimiter.escape(message, out),
            Self::Length(_) | Self::Parts(_) | Self::Fixed(_) | Self::Datagram => {
                out.extend_from_slice(message);
                Ok(())
            }
        }
    }

    /// Whether frames differ from their messages.
    #[must_use]
    pub const fn is_escaped(&self) -> bool {
        matches!(self, Self::Delimiter(_))
    }
}

/// Bytes that make no frame are often those of another protocol, which says more than a length.
fn foreign(buf: &[u8]) -> Option<DecodeError> {
    let name = foreign_preamble(buf)?;
    Some(DecodeError::new(Cause::ForeignProtocol, 0, "a frame", name))
}

impl Bounds {
    /// A frame's length, if it is neither less than `shortest` nor above the limit. `at` is where
    /// it is said.
    pub(super) fn total(
        &self,
        total: i128,
        shortest: usize,
        at: usize,
    ) -> Result<NonZeroUsize, DecodeError> {
        let shortest = shortest.max(1);
        if total < shortest as i128 {
            let expected = format!("a frame of at least {shortest} bytes");
            return Err(DecodeError::new(
                Cause::TooShort,
                at,
                expected,
                "a shorter one",
            ));
        }
        let fits = usize::try_from(total)
            .ok()
            .filter(|total| *total <= self.max);
        fits.and_then(NonZeroUsize::new).ok_or_else(|| {
            let expected = format!("a frame of at most {} bytes", self.max);
            DecodeError::new(Cause::TooLong, at, expected, format!("one of {total}"))
        })
    }

    /// The error that something does not come within the limit.
    pub(super) fn endless(&self, what: &str) -> DecodeError {
        let expected = format!("{what} within {} bytes", self.max);
        DecodeError::new(Cause::TooLong, self.max, expected, "more without it")
    }
}
