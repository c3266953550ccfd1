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

/// What names are made of, besides letters: bytes from the one to the other.
pub const WORDS: [(u8, u8); 2] = [(b'-', b'.'), (b'0', b'9')];

/// How many bytes at the start are of a token.
#[inline]
pub(super) fn token(bytes: &[u8]) -> usize {
    run(bytes, &WORDS, is_token)
}

/// How many bytes at the start are good, as all letters are, and all from one byte of ASCII to another, which
/// are looked at eight at a time. Each of the others is asked about.
#[must_use]
#[inline]
pub fn run(bytes: &[u8], common: &[(u8, u8); 2], mut is_good: impl FnMut(u8) -> bool) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let others = others(u64::from_le_bytes(*chunk), common);
        if others == 0 {
            rest = after;
            continue;
        }
        let at = first(others);
        match rest.get(at..).and_then(<[u8]>::split_first) {
            Some((byte, after)) if is_good(*byte) => rest = after,
            _ => return bytes.len() - rest.len() + at,
        }
    }
    bytes.len() - rest.len() + first_but(rest, is_good)
}

/// How many bytes at the start are good.
#[inline]
fn first_but(bytes: &[u8], mut is_good: impl FnMut(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !is_good(*byte));
    end.unwrap_or(bytes.len())
}

/// The high bits of those of eight bytes that are neither letters nor among those.
#[inline]
const fn others(bytes: u64, [one, other]: &[(u8, u8); 2]) -> u64 {
    let low = bytes & !HIGH;
    let letters = between(low | (ONES * 0x20), (b'a', b'z'));
    let common = (letters | between(low, *one) | between(low, *other)) & !bytes;
    !common & HIGH
}

/// Where the first of eight bytes is, the lowest one first, of which one has its high bit set.
#[inline]
const fn first(high: u64) -> usize {
    high.trailing_zeros() as usize / 8
}

/// The high bits of those of eight bytes that are between those two. All have seven bits, so no sum of two
/// carries into the next one.
#[inline]
const fn between(low: u64, (from, to): (u8, u8)) -> u64 {
    let reached = low + ONES * (0x80 - from as u64);
    let passed = low + ONES * (0x7f - to as u64);
    reached & !passed
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

/// How many bytes at the start may stand in a value: eight are looked at at a time.
#[must_use]
#[inline]
pub fn value(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let controls = controls(u64::from_le_bytes(*chunk));
        if controls == 0 {
            rest = after;
            continue;
        }
        let at = first(controls);
        match rest.get(at..).and_then(<[u8]>::split_first) {
            Some((b'\t', after)) => rest = after,
            _ => return bytes.len() - rest.len() + at,
        }
    }
    bytes.len() - rest.len() + first_but(rest, is_value)
}

/// High bits of eight bytes: the lowest one is of the first byte that is below a space or 0x7f, if there is one.
#[inline]
const fn controls(bytes: u64) -> u64 {
    // Beyond the first such byte, the borrow of a subtraction may set more.
    let below = bytes.wrapping_sub(ONES * b' ' as u64) & !bytes;
    let other = bytes ^ (ONES * 0x7f);
    let delete = other.wrapping_sub(ONES) & !other;
    (below | delete) & HIGH
}

/// White space around a value, which is not the value's.
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
