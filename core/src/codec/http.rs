//! Where a protocol that carries HTTP keeps the parts of its messages.

use crate::message::{OperationId, Slot};

/// A protocol whose messages are the requests and responses of HTTP (RFC 9110), whatever their
/// version: rules name their parts as HTTP does (`path`, `query`, `headers`, `json`), and tell
/// requests apart by method and path.
///
/// Payloads are the messages' bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpShape {
    /// The one request.
    pub request: OperationId,
    /// Its method: text.
    pub method: Slot,
    /// What it asks for: text, in origin form (a path and perhaps a query), or `*`.
    pub target: Slot,
    /// Whom it asks, as `Host` or `:authority` says: text, or nothing.
    pub authority: Slot,
    /// Its header fields, but for `Host`: [`Value::Headers`](crate::message::Value::Headers), or a list of [`NAME`](Self::NAME) and
    /// [`VALUE`](Self::VALUE), in their order. Names are tokens, values have no control characters.
    pub request_headers: Slot,
    /// The one reply.
    pub response: OperationId,
    /// Its status: an integer from 100 to 999.
    pub status: Slot,
    /// Its header fields, in the same form.
    pub response_headers: Slot,
}

impl HttpShape {
    /// The name of a header field: text, compared without regard to case.
    pub const NAME: Slot = Slot(0);
    /// The value of a header field: text.
    pub const VALUE: Slot = Slot(1);
}
