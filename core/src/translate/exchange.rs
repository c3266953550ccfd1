//! What the rules read and make, beside messages.

use crate::fault::Fault;
use crate::message::{Body, Message};
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, StatusCode};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What is known of a message beside its own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who sent it: `peer.ip`, `peer.port`.
    pub peer: SocketAddr,
    /// The connection's number: `conn.id`.
    pub connection: u64,
    /// The listener's name: `listener`.
    pub listener: Arc<str>,
    /// The trace it belongs to: `trace.id`, 32 hexadecimal digits.
    pub trace: u128,
}

/// An HTTP request, but for its scheme and authority: the upstream's endpoint has those.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub target: PathAndQuery,
    /// Headers of the rules and `content-type`; no framing headers.
    pub headers: HeaderMap,
    /// The payload, always whole.
    pub body: Body,
}

/// An upstream's whole answer.
#[derive(Clone)]
pub struct HttpAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its payload.
    pub body: Bytes,
}

/// How an exchange with an upstream ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// With an HTTP answer of any status.
    Answer(&'a HttpAnswer),
    /// With a reply in the upstream's protocol.
    Message(&'a Message),
    /// The request was sent, and no answer to it is due.
    Sent,
    /// Without one.
    Fault(&'a Fault),
}

/// Targets, headers and bodies may hold secrets, so none is printed.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}

/// Headers and bodies may hold secrets, so none is printed.
impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer")
            .field("status", &self.status)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}
