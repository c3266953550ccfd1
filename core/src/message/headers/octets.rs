//! Which bytes may stand in names and values.

/// RFC 9110, 5.6.2: `tchar`. Looked up: names are most of what is looked at byte by byte.
#[must_use]
#[inline]
pub fn is_token(byte: u8) -> bool {
    TOKENS[byte as usize]
}

static TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte = 0;
    while byte < tokens.len() {
        tokens[byte] = is_tchar(byte as u8);
        byte += 1;
    }
    tokens
};

pub(super) const fn is_tchar(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~'
    )
}

/// How many bytes at the start are of a token.
#[inline]
pub(super) fn token(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|byte| !is_token(*byte));
    end.unwrap_or(bytes.len())
}

/// RFC 9110, 5.5: visible characters, space, tab, and whatever is not ASCII.
#[must_use]
#[inline]
pub const fn is_value(byte: u8) -> bool {
    (byte >= b' ' && byte != 0x7f) || byte == b'\t'
}

/// Whether all of the bytes may stand in a field's value. Looks at all of them, whatever they are:
/// compilers do that many at a time.
#[must_use]
#[inline]
pub fn are_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & is_value(*byte))
}

/// How many bytes at the start may stand in a value. Eight are looked at at a time: values are most of
/// what is read.
#[inline]
pub(super) fn value(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        at += match first_control(u64::from_le_bytes(*chunk)) {
            8 => 8,
            control if chunk.get(control) == Some(&b'\t') => control + 1,
            control => return at + control,
        };
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| !is_value(*byte));
    at + end.unwrap_or(rest.len())
}

/// Where the first of eight bytes, the lowest one first, is below a space or 0x7f; 8 if none is.
const fn first_control(bytes: u64) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // A byte's high bit is set if it is such a one; beyond the first such byte, the borrow of a
    // subtraction may set more.
    let below = bytes.wrapping_sub(ONES * b' ' as u64) & !bytes;
    let other = bytes ^ (ONES * 0x7f);
    let delete = other.wrapping_sub(ONES) & !other;
    ((below | delete) & HIGH).trailing_zeros() as usize / 8
}

/// White space around a value, which is not the value's.
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
