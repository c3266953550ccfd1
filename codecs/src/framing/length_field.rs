//! Frames that say how long they are, at a fixed place.

use gatewright_core::codec::{Cause, DecodeError, Delimited};
use std::num::NonZeroUsize;

/// The width of a length field, in whole bytes, most significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    U8,
    /// Two bytes.
    U16,
    /// Three bytes.
    U24,
    /// Four bytes.
    U32,
}

impl Width {
    const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U24 => 3,
            Self::U32 => 4,
        }
    }
}

/// A length field that counts the bytes after itself, unless [`adjust`](Self::adjust) says
/// otherwise.
///
/// ```text
/// |<- offset ->|<- width ->|<- as many bytes as the field says ->|
/// |<---------------------- one frame --------------------------->|
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthField {
    offset: usize,
    width: Width,
    adjust: isize,
    shortest: usize,
}

impl LengthField {
    /// A field `offset` bytes into the frame.
    #[must_use]
    pub const fn new(offset: usize, width: Width) -> Self {
        Self {
            offset,
            width,
            adjust: 0,
            shortest: 0,
        }
    }

    /// The same field, but it is followed by `adjust` bytes more than it says: negative if it
    /// counts bytes before its own end.
    #[must_use]
    pub const fn adjust(mut self, adjust: isize) -> Self {
        self.adjust = adjust;
        self
    }

    /// The same field, in frames of at least so many bytes.
    #[must_use]
    pub const fn shortest(mut self, frame: usize) -> Self {
        self.shortest = frame;
        self
    }

    const fn end(&self) -> usize {
        self.offset.saturating_add(self.width.bytes())
    }

    const fn minimum(&self) -> usize {
        if self.shortest > self.end() {
            self.shortest
        } else {
            self.end()
        }
    }

    /// The length of the frame at the start of `buf`, once its length field is there.
    ///
    /// # Errors
    /// [`Cause::TooShort`] for a frame that ends before it can, [`Cause::TooLong`] for one above
    /// `max_frame`; both at the length field.
    pub fn total(&self, buf: &[u8], max_frame: usize) -> Result<Option<NonZeroUsize>, DecodeError> {
        let Some(field) = buf.get(self.offset..self.end()) else {
            return Ok(None);
        };
        let says = match *field {
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]),
            [a, b] => u32::from(u16::from_be_bytes([a, b])),
            _ => (field.iter()).fold(0, |n, byte| (n << 8) | u32::from(*byte)),
        };
        let total = usize::try_from(says)
            .ok()
            .and_then(|says| says.checked_add_signed(self.adjust))
            .and_then(|rest| rest.checked_add(self.end()));
        match total {
            Some(total) if total > max_frame => {
                Err(self.too_long(format!("one of {total}"), max_frame))
            }
            Some(total) if total >= self.minimum() => Ok(NonZeroUsize::new(total)),
            _ if self.adjust >= 0 && total.is_none() => {
                Err(self.too_long(format!("a length of {says}"), max_frame))
            }
            _ => Err(self.too_short(says)),
        }
    }

    /// The end of the frame at the start of `buf`.
    ///
    /// # Errors
    /// As [`total`](Self::total).
    pub fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
        Ok(match self.total(buf, max_frame)? {
            Some(total) => Delimited::at(total, buf.len()),
            None => Delimited::need(self.minimum().saturating_sub(buf.len())),
        })
    }

    fn too_long(&self, got: String, max_frame: usize) -> DecodeError {
        let expected = format!("a frame of at most {max_frame} bytes");
        DecodeError::new(Cause::TooLong, self.offset, expected, got)
    }

    fn too_short(&self, says: u32) -> DecodeError {
        let expected = format!("a frame of at least {} bytes", self.minimum());
        DecodeError::new(
            Cause::TooShort,
            self.offset,
            expected,
            format!("a length of {says}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: LengthField, buf: &[u8], expected: Result<Delimited, Cause>) {
        let got = field.delimit(buf, 1024).map_err(|e| e.cause());
        assert_eq!(got, expected, "{field:?} on {buf:02x?}");
    }

    fn frame(n: usize) -> Result<Delimited, Cause> {
        Ok(Delimited::Frame(NonZeroUsize::new(n).unwrap()))
    }

    #[test]
    fn frames_end_where_their_length_says() {
        let two = LengthField::new(2, Width::U16);
        check(two, b"", Ok(Delimited::need(4)));
        check(two, b"\xac\x4d\0", Ok(Delimited::need(1)));
        check(two, b"\xac\x4d\0\x03", Ok(Delimited::need(3)));
        check(two, b"\xac\x4d\0\x03abc", frame(7));
        check(two, b"\xac\x4d\0\x03abc\xac\x4d", frame(7));
        check(two, b"\xac\x4d\x03\xfc", Ok(Delimited::need(1020)));
        check(two, b"\xac\x4d\x03\xfd", Err(Cause::TooLong));
        check(LengthField::new(0, Width::U8), b"\0", frame(1));
        check(LengthField::new(0, Width::U24), b"\0\0\x01a", frame(4));
        check(
            LengthField::new(0, Width::U32),
            b"\xff\xff\xff\xff",
            Err(Cause::TooLong),
        );
    }

    #[test]
    fn a_length_may_count_more_or_less_than_the_rest() {
        let whole = LengthField::new(0, Width::U32).adjust(-4);
        check(whole, b"\0\0\0\x05a", frame(5));
        check(whole, b"\0\0\0\x04", frame(4));
        check(whole, b"\0\0\0\x03", Err(Cause::TooShort));
        let checksum = LengthField::new(0, Width::U8).adjust(2);
        check(checksum, b"\x01a", Ok(Delimited::need(2)));
    }

    #[test]
    fn a_frame_shorter_than_its_own_header_is_refused() {
        let header = LengthField::new(0, Width::U16).shortest(14);
        check(header, b"", Ok(Delimited::need(14)));
        check(header, b"\0\x0b", Err(Cause::TooShort));
        check(header, b"\0\x0c", Ok(Delimited::need(12)));
    }
}
