//! Where a request stands in its trace, for servers (W3C Trace Context, 3.2).

/// Characters of `traceparent`.
const LENGTH: usize = 55;

/// `traceparent` of version 00, sampled.
#[must_use]
pub fn traceparent(trace: u128, span: u64) -> [u8; LENGTH] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
    text[3..19].copy_from_slice(&hex((trace >> 64) as u64));
    text[19..35].copy_from_slice(&hex(trace as u64));
    text[36..52].copy_from_slice(&hex(span));
    text
}

/// The digits of a number, all of them at a time: first each gets a byte of its own.
const fn hex(n: u64) -> [u8; 16] {
    const EACH: u128 = u128::from_le_bytes([1; 16]);
    let mut digits = n as u128;
    digits = (digits | digits << 32) & 0x0000_0000_ffff_ffff_0000_0000_ffff_ffff;
    digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff_0000_ffff_0000_ffff;
    digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff_00ff_00ff_00ff_00ff;
    digits = (digits | digits << 4) & (0x0f * EACH);
    let letters = (digits + 0x06 * EACH) >> 4 & EACH;
    (digits + b'0' as u128 * EACH + (b'a' - b'9' - 1) as u128 * letters).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_32_and_a_span_16_digits() {
        let text = traceparent(
            0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            0x00f0_67aa_0ba9_02b7,
        );
        assert_eq!(
            text,
            *b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        );
        assert_eq!(hex(0x0123_4567_89ab_cdef), *b"0123456789abcdef");
    }
}
