//! Which bytes may stand where.

use gatewright_core::message::headers::{WORDS, run};
pub(super) use gatewright_core::message::headers::{are_value, is_token, is_value};

/// How many bytes at the start may stand in a path and a query, and whether escapes seem to be among them.
#[inline]
pub(super) fn uri(bytes: &[u8]) -> (usize, bool) {
    let mut escapes = false;
    let length = run(bytes, &[(b'-', b'9'), (b'?', b'?')], |byte| {
        escapes |= byte == b'%';
        is_uri(byte)
    });
    (length, escapes)
}

/// RFC 3986: what may stand in a path and a query, brackets included, which are the URI's even if
/// only its host may have them.
#[inline]
pub(super) fn is_uri(byte: u8) -> bool {
    URIS.get(usize::from(byte)).is_some_and(|uri| *uri)
}

/// What browsers leave as it is in a query beside that (WHATWG URL, 1.3), where it leads to no other
/// resource: a lone percent sign, too.
pub(super) const fn is_of_query(byte: u8) -> bool {
    matches!(byte, b'\\' | b'^' | b'`' | b'{'..=b'}')
}

static URIS: [bool; 256] = {
    let mut uris = [false; 256];
    let mut rest: &mut [bool] = &mut uris;
    let mut byte = 0_u8;
    while let Some((uri, after)) = rest.split_first_mut() {
        *uri = matches!(
            byte,
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'[' | b']' | b'_' | b'a'..=b'z' | b'~'
        );
        byte = byte.wrapping_add(1);
        rest = after;
    }
    uris
};

/// How many bytes at the start may stand in a name without escapes.
#[inline]
pub(super) fn host(bytes: &[u8]) -> usize {
    run(bytes, &WORDS, |byte| byte != b'%' && is_host(byte))
}

/// RFC 3986: `reg-name`, but for the comma, which would make a list of two hosts of it. An escape's
/// percent sign is among it.
#[inline]
pub(super) fn is_host(byte: u8) -> bool {
    HOSTS.get(usize::from(byte)).is_some_and(|host| *host)
}

static HOSTS: [bool; 256] = {
    let mut hosts = [false; 256];
    let mut rest: &mut [bool] = &mut hosts;
    let mut byte = 0_u8;
    while let Some((host, after)) = rest.split_first_mut() {
        *host = matches!(
            byte,
            b'!' | b'$'..=b'+' | b'-' | b'.' | b'0'..=b'9' | b';' | b'=' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
        );
        byte = byte.wrapping_add(1);
        rest = after;
    }
    hosts
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_their_bytes_do() {
        for byte in 0..=u8::MAX {
            for before in 0..20 {
                let bytes = [&vec![b'a'; before][..], &[byte], b"0123.-/?% "].concat();
                let end = |good: &dyn Fn(u8) -> bool| bytes.iter().position(|byte| !good(*byte));
                let target = end(&is_uri).unwrap_or_default();
                let escapes = bytes.iter().take(target).any(|byte| *byte == b'%');
                assert_eq!(uri(&bytes), (target, escapes), "{}", bytes.escape_ascii());
                let name = end(&|byte| is_host(byte) && byte != b'%');
                assert_eq!(Some(host(&bytes)), name, "{}", bytes.escape_ascii());
            }
        }
    }
}
