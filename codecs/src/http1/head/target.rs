//! What a request asks for, in each of its four forms: RFC 9112, 3.2.

use super::super::authority::{has_port, is_authority};
use super::super::octets::{escapes_are_whole, is_of_query, is_uri};
use std::borrow::Cow;

/// A target, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Target<'t> {
    /// A path, and perhaps a query.
    Origin,
    /// A whole URI: whom it asks, and the path and query of it.
    Absolute {
        authority: &'t str,
        origin: Cow<'t, str>,
    },
    /// Whom a tunnel is to lead to.
    Authority,
    /// The server as a whole.
    Asterisk,
}

/// Takes the target of a request with this method apart; `None` if it can have no such target.
pub(in super::super) fn target<'t>(method: &str, text: &'t str) -> Option<Target<'t>> {
    if method == "CONNECT" {
        return has_port(text).then_some(Target::Authority);
    }
    match text.as_bytes() {
        b"*" => (method == "OPTIONS").then_some(Target::Asterisk),
        [b'/', ..] => is_path_and_query(text).then_some(Target::Origin),
        _ => absolute(method, text),
    }
}

/// Whether the text has only bytes that a path and a query may have, the path's escapes whole: what all versions of
/// HTTP take (RFC 3986, 3.3 and 3.4, and what browsers leave in a query).
#[must_use]
pub fn is_path_and_query(text: &str) -> bool {
    is_uri_part(text)
        || text.split_once('?').is_some_and(|(path, query)| {
            is_uri_part(path) && query.bytes().all(|byte| is_uri(byte) || is_of_query(byte))
        })
}

fn is_uri_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().fold(true, |all, byte| all & is_uri(*byte)) && escapes_are_whole(bytes)
}

fn absolute<'t>(method: &str, text: &'t str) -> Option<Target<'t>> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = (rest.get(..end)?, rest.get(end..)?);
    let origin = match path.as_bytes() {
        [b'/', ..] => Cow::Borrowed(path),
        // RFC 9112, 3.2.4: no path, no query, and the server as a whole are the same to OPTIONS.
        [] if method == "OPTIONS" => Cow::Borrowed("*"),
        [] => Cow::Borrowed("/"),
        _ => Cow::Owned(format!("/{path}")),
    };
    let good = is_authority(authority) && is_path_and_query(path);
    good.then_some(Target::Absolute { authority, origin })
}
