//! Which bytes may stand where.

/// RFC 9110, 5.6.2: `tchar`. Looked up: names are most of what is looked at byte by byte.
#[inline]
pub(super) fn is_token(byte: u8) -> bool {
    TOKENS.get(usize::from(byte)).is_some_and(|token| *token)
}

static TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut rest: &mut [bool] = &mut tokens;
    let mut byte = 0_u8;
    while let Some((token, after)) = rest.split_first_mut() {
        *token = is_tchar(byte);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    tokens
};

const fn is_tchar(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~'
    )
}

/// RFC 9110, 5.5: visible characters, space, tab, and whatever is not ASCII.
#[inline]
pub(super) const fn is_value(byte: u8) -> bool {
    (byte >= b' ' && byte != 0x7f) || byte == b'\t'
}

/// RFC 3986: what may stand in a path and a query, brackets included, which are the URI's even if
/// only its host may have them.
#[inline]
pub(super) const fn is_uri(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~'
    )
}

/// RFC 3986: `reg-name`, but for the comma, which would make a list of two hosts of it.
#[inline]
pub(super) const fn is_host(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$'..=b'+' | b'-' | b'.' | b'0'..=b'9' | b';' | b'=' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
    )
}

/// Whether all of the bytes may stand in a field's value. Looks at all of them, whatever they are:
/// compilers do that many at a time.
#[inline]
pub(super) fn are_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & is_value(*byte))
}

/// Whether every percent sign starts an escape of two hexadecimal digits (RFC 3986, 2.1).
pub(super) fn escapes_are_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'%', rest) {
        match rest.get(at..) {
            Some([_, high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest = after;
            }
            _ => return false,
        }
    }
    true
}
