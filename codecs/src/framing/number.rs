//! The numbers by which frames say how long they are.

use gatewright_core::codec::{Cause, DecodeError};

/// The order of a number's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The most significant first.
    Big,
    /// The least significant first.
    Little,
}

/// How a number stands in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// So many bytes, 1 to 8, without a sign.
    Binary {
        /// How many.
        width: u8,
        /// In which order.
        order: ByteOrder,
    },
    /// Seven bits a byte, the lowest first; the highest bit of a byte says that another follows.
    /// At most ten bytes.
    Varint,
    /// So many decimal digits in ASCII.
    Ascii(u8),
    /// So many bytes of two decimal digits each, the first in the upper half.
    Bcd(u8),
}

/// The most bytes of a [`Number::Varint`]: as many as 64 bits take.
const MAX_VARINT: usize = 10;

/// A number that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it says; what is beyond 64 bits says `u64::MAX`, which is beyond every limit, too.
    pub value: u64,
    /// Where it ends in the buffer.
    pub end: usize,
}

impl Number {
    /// The fewest bytes that it takes.
    #[must_use]
    pub fn shortest(self) -> usize {
        match self {
            Self::Binary { width, .. } => usize::from(width),
            Self::Varint => 1,
            Self::Ascii(digits) => usize::from(digits),
            Self::Bcd(bytes) => usize::from(bytes),
        }
    }

    /// The most bytes that it takes.
    #[must_use]
    pub fn longest(self) -> usize {
        match self {
            Self::Varint => MAX_VARINT,
            Self::Binary { .. } | Self::Ascii(_) | Self::Bcd(_) => self.shortest(),
        }
    }

    /// The greatest number that it can say.
    #[must_use]
    pub fn most(self) -> u64 {
        let digits = |n: u32| 10_u64.checked_pow(n).map(|n| n.saturating_sub(1));
        let most = match self {
            Self::Binary { width, .. } => {
                let bits = u32::from(width).saturating_mul(8);
                1_u64.checked_shl(bits).map(|n| n.saturating_sub(1))
            }
            Self::Varint => None,
            Self::Ascii(n) => digits(u32::from(n)),
            Self::Bcd(bytes) => digits(u32::from(bytes).saturating_mul(2)),
        };
        most.unwrap_or(u64::MAX)
    }

    /// The number at `at`, once all of it is there.
    ///
    /// # Errors
    /// [`Cause::BadValue`] for what is no digit, and for a varint without an end.
    pub fn read(self, buf: &[u8], at: usize) -> Result<Option<Reading>, DecodeError> {
        let rest = buf.get(at..).unwrap_or_default();
        let Some(bytes) = rest.get(..self.shortest()) else {
            return Ok(None);
        };
        match self {
            Self::Varint => varint(rest, at),
            Self::Binary { order, .. } => Ok(Some(reading(binary(bytes, order), bytes, at))),
            Self::Ascii(_) => Ok(Some(reading(digits(bytes, at)?, bytes, at))),
            Self::Bcd(_) => Ok(Some(reading(packed(bytes, at)?, bytes, at))),
        }
    }
}

fn reading(value: u64, bytes: &[u8], at: usize) -> Reading {
    let end = at.saturating_add(bytes.len());
    Reading { value, end }
}

fn binary(bytes: &[u8], order: ByteOrder) -> u64 {
    let push = |n: u64, byte: &u8| n << 8 | u64::from(*byte);
    match order {
        ByteOrder::Big => bytes.iter().fold(0, push),
        ByteOrder::Little => bytes.iter().rev().fold(0, push),
    }
}

fn varint(rest: &[u8], at: usize) -> Result<Option<Reading>, DecodeError> {
    let mut value: u128 = 0;
    for (n, byte) in rest.iter().take(MAX_VARINT).enumerate() {
        let shift = n.saturating_mul(7);
        value |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            let end = at.saturating_add(n).saturating_add(1);
            return Ok(Some(Reading { value, end }));
        }
    }
    if rest.len() < MAX_VARINT {
        return Ok(None);
    }
    let expected = "a number of at most ten bytes";
    Err(DecodeError::new(
        Cause::BadValue,
        at,
        expected,
        "one that goes on",
    ))
}

/// What decimal digits in ASCII say; `at` is their place in the frame.
///
/// # Errors
/// [`Cause::BadValue`] at the first byte that is none.
pub(super) fn digits(bytes: &[u8], at: usize) -> Result<u64, DecodeError> {
    let mut value: u64 = 0;
    for (n, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Err(no_digit(at.saturating_add(n)));
        }
        value = pushed(value, byte.saturating_sub(b'0'));
    }
    Ok(value)
}

fn packed(bytes: &[u8], at: usize) -> Result<u64, DecodeError> {
    let mut value: u64 = 0;
    for (n, byte) in bytes.iter().enumerate() {
        for digit in [byte >> 4, byte & 0xf] {
            if digit > 9 {
                return Err(no_digit(at.saturating_add(n)));
            }
            value = pushed(value, digit);
        }
    }
    Ok(value)
}

fn pushed(value: u64, digit: u8) -> u64 {
    value.saturating_mul(10).saturating_add(u64::from(digit))
}

fn no_digit(at: usize) -> DecodeError {
    DecodeError::new(Cause::BadValue, at, "decimal digits", "something else")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: Number, bytes: &[u8], expected: Result<Option<(u64, usize)>, usize>) {
        let buf = [b"<>", bytes].concat();
        let got = number.read(&buf, 2);
        let got = got.map(|found| found.map(|found| (found.value, found.end)));
        assert_eq!(got.map_err(|error| error.offset()), expected);
    }

    #[test]
    fn binary_numbers_have_an_order() {
        let number = |width, order| Number::Binary { width, order };
        check(number(1, ByteOrder::Big), b"\xff", Ok(Some((255, 3))));
        check(
            number(3, ByteOrder::Big),
            b"\x01\x02\x03\x04",
            Ok(Some((0x1_0203, 5))),
        );
        check(
            number(2, ByteOrder::Little),
            b"\x01\x02",
            Ok(Some((0x201, 4))),
        );
        check(
            number(8, ByteOrder::Little),
            &[0xff; 8],
            Ok(Some((u64::MAX, 10))),
        );
        check(number(4, ByteOrder::Big), b"\0\0\0", Ok(None));
    }

    #[test]
    fn varints_end_with_a_small_byte() {
        check(Number::Varint, b"", Ok(None));
        check(Number::Varint, b"\x7f", Ok(Some((127, 3))));
        check(Number::Varint, b"\x80", Ok(None));
        check(Number::Varint, b"\xff\xff\x7f", Ok(Some((2_097_151, 5))));
        check(Number::Varint, &[0xff; 9], Ok(None));
        check(Number::Varint, &[0xff; 10], Err(2));
        let most = [&[0xff; 9][..], b"\x7f"].concat();
        check(Number::Varint, &most, Ok(Some((u64::MAX, 12))));
    }

    #[test]
    fn decimal_digits_are_digits() {
        check(Number::Ascii(4), b"0042x", Ok(Some((42, 6))));
        check(Number::Ascii(4), b"004", Ok(None));
        check(Number::Ascii(4), b"00+2", Err(4));
        check(Number::Ascii(25), &[b'9'; 25], Ok(Some((u64::MAX, 27))));
        check(Number::Bcd(2), b"\x12\x34", Ok(Some((1234, 4))));
        check(Number::Bcd(2), b"\x12\x3a", Err(3));
    }
}
