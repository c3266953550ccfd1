//! Bytes that are written as others, so that marks cannot occur in a message.

use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, DecodeError};

/// One byte and what is written for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// The byte.
    pub byte: u8,
    /// What is written.
    pub written: Bytes,
}

/// A table of escapes that can be taken back without doubt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escapes {
    rows: Vec<Escape>,
}

/// Why a table of escapes cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambiguous {
    /// A byte is written as nothing.
    Nothing(u8),
    /// A byte has two rows.
    Twice(u8),
    /// What is written for one byte begins with what is written for another.
    Prefix(u8, u8),
    /// What is written begins with a byte that stands for itself, too.
    Itself(u8),
}

impl Escapes {
    /// A table.
    ///
    /// # Errors
    /// If there are two ways to read what is written.
    pub fn new(rows: Vec<Escape>) -> Result<Self, Ambiguous> {
        for (at, row) in rows.iter().enumerate() {
            let Some(first) = row.written.first() else {
                return Err(Ambiguous::Nothing(row.byte));
            };
            if rows.iter().all(|other| other.byte != *first) {
                return Err(Ambiguous::Itself(*first));
            }
            for other in rows.iter().skip(at.saturating_add(1)) {
                if other.byte == row.byte {
                    return Err(Ambiguous::Twice(row.byte));
                }
                if other.written.starts_with(&row.written)
                    || row.written.starts_with(&other.written)
                {
                    return Err(Ambiguous::Prefix(row.byte, other.byte));
                }
            }
        }
        Ok(Self { rows })
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[Escape] {
        &self.rows
    }

    /// Whether a byte never stands in what is written.
    #[must_use]
    pub fn keeps_out(&self, byte: u8) -> bool {
        self.of(byte).is_some() && self.rows.iter().all(|row| !row.written.contains(&byte))
    }

    fn of(&self, byte: u8) -> Option<&Escape> {
        self.rows.iter().find(|row| row.byte == byte)
    }

    /// The bytes that were meant. Where nothing is escaped, they are a part of what was given.
    pub(super) fn taken_back(&self, written: Bytes) -> Result<Bytes, DecodeError> {
        let Some(first) = written.iter().position(|byte| self.of(*byte).is_some()) else {
            return Ok(written);
        };
        let mut meant = BytesMut::with_capacity(written.len());
        let mut at = first;
        meant.extend_from_slice(written.get(..first).unwrap_or_default());
        while let Some(rest) = written.get(at..).filter(|rest| !rest.is_empty()) {
            let row = self.rows.iter().find(|row| rest.starts_with(&row.written));
            let (byte, taken) = match (row, rest.first()) {
                (Some(row), _) => (row.byte, row.written.len()),
                (None, Some(byte)) if self.of(*byte).is_none() => (*byte, 1),
                (None, _) => return Err(meaningless(at)),
            };
            meant.extend_from_slice(&[byte]);
            at = at.saturating_add(taken);
        }
        Ok(meant.freeze())
    }

    /// Appends what is written for these bytes.
    pub(super) fn put(&self, meant: &[u8], out: &mut BytesMut) {
        let mut plain = 0_usize;
        for (at, byte) in meant.iter().enumerate() {
            if let Some(row) = self.of(*byte) {
                out.extend_from_slice(meant.get(plain..at).unwrap_or_default());
                out.extend_from_slice(&row.written);
                plain = at.saturating_add(1);
            }
        }
        out.extend_from_slice(meant.get(plain..).unwrap_or_default());
    }
}

fn meaningless(at: usize) -> DecodeError {
    let expected = "an escape of the protocol";
    DecodeError::new(Cause::BadValue, at, expected, "something else")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(byte: u8, written: &'static [u8]) -> Escape {
        let written = Bytes::from_static(written);
        Escape { byte, written }
    }

    fn jt808() -> Escapes {
        Escapes::new(vec![row(0x7e, b"\x7d\x02"), row(0x7d, b"\x7d\x01")]).unwrap()
    }

    #[test]
    fn escapes_are_taken_back() {
        // JT/T 808-2011, 4.4.2: 30 7e 08 7d 55 is written 30 7d 02 08 7d 01 55.
        let meant = b"\x30\x7e\x08\x7d\x55";
        let mut written = BytesMut::new();
        jt808().put(meant, &mut written);
        assert_eq!(&written[..], b"\x30\x7d\x02\x08\x7d\x01\x55");
        let back = jt808().taken_back(written.freeze()).unwrap();
        assert_eq!(&back[..], meant);
    }

    #[test]
    fn what_needs_no_escape_is_not_copied() {
        let written = Bytes::from_static(b"plain");
        let back = jt808().taken_back(written.clone()).unwrap();
        assert_eq!(back.as_ptr(), written.as_ptr());
    }

    #[test]
    fn bad_escapes_are_refused_where_they_stand() {
        for (bytes, at) in [(&b"ab\x7d\x03"[..], 2), (b"ab\x7d", 2), (b"\x7e", 0)] {
            let error = jt808().taken_back(Bytes::from_static(bytes)).unwrap_err();
            assert_eq!((error.cause(), error.offset()), (Cause::BadValue, at));
        }
    }

    #[test]
    fn tables_have_one_meaning() {
        let bad = |rows| Escapes::new(rows).unwrap_err();
        assert_eq!(bad(vec![row(1, b"")]), Ambiguous::Nothing(1));
        assert_eq!(bad(vec![row(1, b"\x02\x03")]), Ambiguous::Itself(2));
        assert_eq!(
            bad(vec![row(1, b"\x01a"), row(1, b"\x01b")]),
            Ambiguous::Twice(1)
        );
        assert_eq!(
            bad(vec![row(1, b"\x01a"), row(2, b"\x01ab")]),
            Ambiguous::Prefix(1, 2)
        );
    }
}
