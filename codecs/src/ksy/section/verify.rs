//! Checksums in a frame.

use super::plan::{CheckPlan, Written};
use crate::framing::ByteOrder;
use smallvec::SmallVec;
use std::ops::Range;

/// Why a checksum is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The frame is too short for it or for what it covers.
    TooShort,
    /// It is another one.
    Differs {
        /// Where it stands.
        at: usize,
    },
}

/// Where a checksum and what it covers are in a frame.
struct Places {
    field: Range<usize>,
    covered: Range<usize>,
}

/// The bytes of a checksum: 8 of a number, or as many digits as the widest has.
type Sum = SmallVec<[u8; 20]>;

impl CheckPlan {
    /// Whether the checksum in a frame is the one of what it covers. If it covers itself, it
    /// counts as zeros.
    ///
    /// # Errors
    /// If it is not, with its place.
    pub fn verify(&self, frame: &[u8]) -> Result<(), Wrong> {
        let places = self.places(frame.len()).ok_or(Wrong::TooShort)?;
        let at = places.field.start;
        let found = frame.get(places.field.clone()).unwrap_or_default();
        if found == self.sum(frame, &places).as_slice() {
            Ok(())
        } else {
            Err(Wrong::Differs { at })
        }
    }

    /// Puts the checksum of what it covers in its place.
    ///
    /// # Errors
    /// If the frame is too short for that; it is left as it was.
    pub fn patch(&self, frame: &mut [u8]) -> Result<(), Wrong> {
        let places = self.places(frame.len()).ok_or(Wrong::TooShort)?;
        let sum = self.sum(frame, &places);
        let field = frame.get_mut(places.field).ok_or(Wrong::TooShort)?;
        field.copy_from_slice(&sum);
        Ok(())
    }

    fn places(&self, len: usize) -> Option<Places> {
        let at = self.at.within(len)?;
        let field = at..at.checked_add(self.width)?;
        let covered = self.from.within(len)?..self.to.within(len)?;
        let inside = field.end <= len && covered.start <= covered.end;
        inside.then_some(Places { field, covered })
    }

    /// The checksum as it is written, in as many bytes as its field has.
    fn sum(&self, frame: &[u8], places: &Places) -> Sum {
        let Places { field, covered } = places;
        let part = |range: Range<usize>| frame.get(range).unwrap_or_default();
        let before = part(covered.start..covered.end.min(field.start).max(covered.start));
        let itself = covered.start <= field.start && field.end <= covered.end;
        let zeros = [0_u8; 20];
        let value = if itself {
            let zeros = zeros.get(..self.width).unwrap_or_default();
            let after = part(field.end..covered.end);
            self.algorithm.of_parts([before, zeros, after])
        } else {
            self.algorithm.compute(part(covered.clone()))
        };
        self.written(value)
    }

    fn written(&self, value: u64) -> Sum {
        match self.written {
            Written::Digits => {
                let width = self.width;
                Sum::from_slice(format!("{value:0width$}").as_bytes())
            }
            Written::Binary(ByteOrder::Little) => {
                let bytes = value.to_le_bytes();
                Sum::from_slice(bytes.get(..self.width).unwrap_or_default())
            }
            Written::Binary(ByteOrder::Big) => {
                let bytes = value.to_be_bytes();
                let unused = bytes.len().saturating_sub(self.width);
                Sum::from_slice(bytes.get(unused..).unwrap_or_default())
            }
        }
    }
}
