//! Numbers in decimal digits, without what the library's formatting can do besides.

use bytes::{BufMut, BytesMut};

/// Digits of the largest number.
const MOST: usize = 20;

/// Appends the digits of a number.
pub(super) fn put(number: u64, out: &mut BytesMut) {
    let mut digits = [b'0'; MOST];
    let mut rest = number;
    let mut length = 0_usize;
    for place in digits.iter_mut().rev() {
        // Below ten.
        let digit = u8::try_from(rest.wrapping_rem(10)).unwrap_or_default();
        *place = b'0'.wrapping_add(digit);
        rest = rest.wrapping_div(10);
        length = length.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    let from = MOST.saturating_sub(length);
    out.put_slice(digits.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_their_digits() {
        for number in [0, 7, 10, 99, 100, 1_000_000, u64::MAX - 1, u64::MAX] {
            let mut out = BytesMut::from("x");
            put(number, &mut out);
            assert_eq!(out, format!("x{number}").as_bytes());
        }
    }
}
