//! How many more times a request that asks about its way may be handed on (RFC 9110, 7.6.2).

use crate::codec::HttpShape;
use crate::message::headers::{Header, KnownName, Role};
use crate::message::{Headers, Message};

pub(super) const MAX_FORWARDS: KnownName = KnownName::new("max-forwards", Role::Other);

pub(super) fn is_max_forwards(header: Header<'_>) -> bool {
    (header.name()).eq_ignore_ascii_case(MAX_FORWARDS.as_str())
}

/// What `Max-Forwards` says in a request with a method that it counts for; of a number beyond 64 bits, the most.
/// What is no number says nothing.
pub(super) fn forwards_left(
    request: &Message,
    shape: &HttpShape,
    headers: &Headers,
) -> Option<u64> {
    let method = request.field(shape.method).as_str();
    if !matches!(method, Some("OPTIONS" | "TRACE")) {
        return None;
    }
    let header = headers.iter().find(|header| is_max_forwards(*header))?;
    let value = header.value();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| value.parse().unwrap_or(u64::MAX))
}
