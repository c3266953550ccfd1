//! Whom a request is for: RFC 3986, 3.2, without user information.

use super::head::number;
use super::octets::{escapes_are_whole, host, is_host};
use std::net::Ipv6Addr;

/// The longest authority, in bytes: a domain name, its last point, and a port are shorter.
const MAX_AUTHORITY: usize = 512;

/// Whether the text is `host` or `host:port`, as all versions of HTTP take it (RFC 9110, 7.2).
#[must_use]
pub fn is_authority(text: &str) -> bool {
    if is_usual(text.as_bytes()) {
        return true;
    }
    match split(text) {
        Some((host, port)) => {
            text.len() <= MAX_AUTHORITY && is_name(host) && port.is_none_or(is_port)
        }
        None => false,
    }
}

/// Whether the text is `host:port`.
pub(super) fn has_port(text: &str) -> bool {
    is_authority(text) && matches!(split(text), Some((_, Some(_))))
}

/// Whether it is a name or an IPv4 address, and perhaps a port: that is told at one look.
pub(super) fn is_usual(text: &[u8]) -> bool {
    let (host, port) = text.split_at(host(text));
    let has_port = match port {
        [] => true,
        [b':', digits @ ..] => {
            digits.len() <= 5 && number(digits).is_some_and(|port| port <= u16::MAX.into())
        }
        _ => false,
    };
    has_port && !host.is_empty() && text.len() <= MAX_AUTHORITY
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let bytes = text.as_bytes();
    // An IPv6 address has colons of its own.
    let behind_address = match bytes.first() {
        Some(b'[') => memchr::memrchr(b']', bytes).unwrap_or(0),
        Some(_) | None => 0,
    };
    match memchr::memchr(b':', bytes.get(behind_address..)?) {
        Some(colon) => {
            let at = behind_address.saturating_add(colon);
            Some((text.get(..at)?, text.get(at.saturating_add(1)..)))
        }
        None => Some((text, None)),
    }
}

fn is_name(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.bytes().all(is_host) && escapes_are_whole(host.as_bytes()),
    }
}

fn is_port(port: &str) -> bool {
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    digits && port.len() <= 5 && port.parse::<u16>().is_ok()
}
