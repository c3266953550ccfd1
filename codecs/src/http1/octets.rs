//! Which bytes may stand where.

pub(super) use gatewright_core::message::headers::{are_value, is_token, is_value};

/// RFC 3986: what may stand in a path and a query, brackets included, which are the URI's even if
/// only its host may have them.
#[inline]
pub(super) fn is_uri(byte: u8) -> bool {
    URIS.get(usize::from(byte)).is_some_and(|uri| *uri)
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
