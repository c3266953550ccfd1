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

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// How many bytes at the start are of a token. Letters and hyphens, of which names are made, are looked at
/// eight at a time.
#[inline]
pub(super) fn token(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let letters = first_letters(u64::from_le_bytes(*chunk));
        if letters < chunk.len() {
            rest = rest.get(letters..).unwrap_or_default();
            break;
        }
        rest = after;
    }
    bytes.len() - rest.len() + first_but(rest, is_token)
}

/// How many bytes at the start are good.
#[inline]
fn first_but(bytes: &[u8], is_good: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !is_good(*byte));
    end.unwrap_or(bytes.len())
}

/// How many of eight bytes, from the lowest one on, are letters and hyphens.
#[inline]
const fn first_letters(bytes: u64) -> usize {
    // Seven bits each: no sum of two carries into the next byte.
    let low = bytes & !HIGH;
    let small = low | (ONES * 0x20);
    let from_a = small + ONES * (0x80 - b'a' as u64);
    let beyond_z = small + ONES * (0x7f - b'z' as u64);
    let no_hyphen = (low ^ (ONES * b'-' as u64)) + ONES * 0x7f;
    let good = ((from_a & !beyond_z) | !no_hyphen) & !bytes;
    (!good & HIGH).trailing_zeros() as usize / 8
}

/// RFC 9110, 5.5: visible characters, space, tab, and whatever is not ASCII.
#[must_use]
#[inline]
pub const fn is_value(byte: u8) -> bool {
    (byte >= b' ' && byte != 0x7f) || byte == b'\t'
}

/// Whether all of the bytes may stand in a field's value.
#[must_use]
#[inline]
pub fn are_value(bytes: &[u8]) -> bool {
    value(bytes) == bytes.len()
}

/// The same of sixteen. Looks at all of them, whatever they are: compilers do that at once.
#[inline]
fn are_all_value(bytes: &[u8; 16]) -> bool {
    bytes.iter().fold(true, |all, byte| all & is_value(*byte))
}

/// How many bytes at the start may stand in a value: sixteen are looked at at a time, as values are most of
/// what is read, and then eight.
#[must_use]
#[inline]
pub fn value(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        if !are_all_value(chunk) {
            break;
        }
        rest = after;
    }
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let control = first_control(u64::from_le_bytes(*chunk));
        if control == chunk.len() {
            rest = after;
            continue;
        }
        rest = rest.get(control..).unwrap_or_default();
        match rest.split_first() {
            Some((b'\t', after)) => rest = after,
            _ => return bytes.len() - rest.len(),
        }
    }
    bytes.len() - rest.len() + first_but(rest, is_value)
}

/// Where the first of eight bytes, the lowest one first, is below a space or 0x7f; 8 if none is.
#[inline]
const fn first_control(bytes: u64) -> usize {
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
