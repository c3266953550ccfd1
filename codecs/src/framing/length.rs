//! Frames that say how long they are, in any of the ways that protocols have found.

use super::framer::{Bounds, Cursor, Found};
use super::number::{Reading, digits};
use super::search::find;
use super::{ByteOrder, Number};
use bytes::Bytes;
use gatewright_core::codec::{Cause, DecodeError};

/// The most digits of a length that is written as text and ends where another byte stands.
const MAX_DIGITS: usize = 20;

/// Where the length stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LengthPlace {
    /// So many bytes into the frame.
    At(usize),
    /// Behind the first occurrence of these bytes.
    After(Bytes),
}

/// How the length is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LengthForm {
    /// As a number that knows its own end.
    Number(Number),
    /// As decimal digits that end where these bytes stand, which belong to the length.
    Until(Bytes),
}

/// What the length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// The whole frame.
    Frame,
    /// What follows the length.
    Rest,
}

/// A length somewhere in the frame.
///
/// ```text
/// |<- at ->|<- form ->|<- the length and `add` bytes more ->|   counts the rest
/// |<------------ the length and `add` bytes more ---------->|   counts the frame
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Length {
    /// Where it stands.
    pub place: LengthPlace,
    /// How it is written.
    pub form: LengthForm,
    /// What it counts.
    pub counts: Counts,
    /// How many bytes there are beyond those that it counts; negative if it counts more.
    pub add: i64,
}

impl Length {
    /// A length of so many bytes at a place, that counts the rest.
    #[must_use]
    pub const fn binary(at: usize, width: u8, order: ByteOrder) -> Self {
        Self {
            place: LengthPlace::At(at),
            form: LengthForm::Number(Number::Binary { width, order }),
            counts: Counts::Rest,
            add: 0,
        }
    }

    pub(super) fn total(
        &self,
        cursor: &mut Cursor,
        buf: &[u8],
        bounds: &Bounds,
    ) -> Result<Found, DecodeError> {
        let Some(at) = self.start(cursor, buf, bounds)? else {
            return Ok(Found::Need(1));
        };
        let reading = match &self.form {
            LengthForm::Number(number) => number.read(buf, at)?,
            LengthForm::Until(end) => until(end, buf, at)?,
        };
        let Some(Reading { value, end }) = reading else {
            return Ok(Found::Need(self.missing(at, buf)));
        };
        let counted = match self.counts {
            Counts::Frame => 0,
            Counts::Rest => end,
        };
        let total = i128::from(value)
            .saturating_add(i128::from(self.add))
            .saturating_add(counted as i128);
        bounds.total(total, end, at).map(Found::Total)
    }

    /// Where the length begins, once that is known.
    fn start(
        &self,
        cursor: &mut Cursor,
        buf: &[u8],
        bounds: &Bounds,
    ) -> Result<Option<usize>, DecodeError> {
        let marker = match &self.place {
            LengthPlace::At(at) => return Ok(Some(*at)),
            LengthPlace::After(marker) => marker,
        };
        if let Some(found) = cursor.found {
            return Ok(Some(found));
        }
        // What stands beyond the limit is no part of this frame, whether or not it has arrived.
        let within = buf.get(..bounds.max).unwrap_or(buf);
        match find(within, cursor.searched, marker) {
            Ok(at) => {
                let found = at.saturating_add(marker.len());
                cursor.found = Some(found);
                Ok(Some(found))
            }
            Err(searched) => {
                cursor.searched = searched;
                if buf.len() < bounds.max {
                    return Ok(None);
                }
                Err(bounds.endless("a length"))
            }
        }
    }

    fn missing(&self, at: usize, buf: &[u8]) -> usize {
        let shortest = match &self.form {
            LengthForm::Number(number) => number.shortest(),
            LengthForm::Until(end) => end.len().saturating_add(1),
        };
        at.saturating_add(shortest).saturating_sub(buf.len())
    }
}

fn until(end: &[u8], buf: &[u8], at: usize) -> Result<Option<Reading>, DecodeError> {
    let most = at.saturating_add(MAX_DIGITS).saturating_add(end.len());
    let window = buf.get(..buf.len().min(most)).unwrap_or_default();
    match find(window, at, end) {
        Ok(stop) => {
            let text = buf.get(at..stop).unwrap_or_default();
            if text.is_empty() {
                let expected = "decimal digits";
                return Err(DecodeError::new(Cause::BadValue, at, expected, "none"));
            }
            let value = digits(text, at)?;
            let end = stop.saturating_add(end.len());
            Ok(Some(Reading { value, end }))
        }
        Err(searched) => {
            // A byte that is no digit is refused as soon as it cannot be the end either.
            digits(buf.get(at..searched).unwrap_or_default(), at)?;
            if buf.len() < most {
                return Ok(None);
            }
            let expected = format!("a length of at most {MAX_DIGITS} digits");
            Err(DecodeError::new(
                Cause::BadValue,
                at,
                expected,
                "one that goes on",
            ))
        }
    }
}
