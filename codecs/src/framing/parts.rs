//! Frames whose length follows from several numbers in their fixed beginning.

use super::Number;
use super::framer::{Bounds, Found};
use gatewright_core::codec::{Cause, DecodeError};

/// A number in the beginning, taken so many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Where it stands.
    pub at: usize,
    /// How.
    pub number: Number,
    /// How many times it counts.
    pub times: i64,
}

/// A stretch of the frame whose length is the sum of its terms and `plus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it depends on.
    pub terms: Vec<Term>,
    /// The bytes that it always has; may be negative.
    pub plus: i64,
}

/// A beginning of a known length, and parts that follow.
///
/// ```text
/// |<- prefix ->|<- part ->|<- part ->| …
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The bytes of the beginning, in which all numbers stand.
    pub prefix: usize,
    /// What follows, in order.
    pub parts: Vec<Part>,
}

impl Parts {
    pub(super) fn total(&self, buf: &[u8], bounds: &Bounds) -> Result<Found, DecodeError> {
        if buf.len() < self.prefix {
            // A beginning that is already too long has been refused when the limit was set.
            return Ok(Found::Need(self.prefix.saturating_sub(buf.len())));
        }
        let mut total = self.prefix as i128;
        for part in &self.parts {
            let size = part.size(buf)?;
            total = total.saturating_add(size);
        }
        let at = self.parts.iter().find_map(Part::place).unwrap_or_default();
        bounds.total(total, self.prefix, at).map(Found::Total)
    }
}

impl Part {
    fn place(&self) -> Option<usize> {
        self.terms.first().map(|term| term.at)
    }

    fn size(&self, buf: &[u8]) -> Result<i128, DecodeError> {
        let mut size = i128::from(self.plus);
        for term in &self.terms {
            let value = term.number.read(buf, term.at)?;
            let value = value.map_or(0, |reading| i128::from(reading.value));
            size = size.saturating_add(value.saturating_mul(i128::from(term.times)));
        }
        if size >= 0 {
            return Ok(size);
        }
        let at = self.place().unwrap_or_default();
        let got = "lengths that leave less than nothing";
        Err(DecodeError::new(
            Cause::TooShort,
            at,
            "a part of the frame",
            got,
        ))
    }
}
