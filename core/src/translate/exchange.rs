//! What the rules read and make, beside messages.

use super::{Certificate, Forwarding, Identity};
use crate::fault::Fault;
use crate::message::{Body, Message};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Method, StatusCode};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// What is known of a message beside its own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who sent it.
    pub peer: Arc<Peer>,
    /// Whose request it is: `client.ip`. That is who sent it, or whom a proxy that is trusted names.
    pub client: IpAddr,
    /// The trace it belongs to: `trace.id`, 32 hexadecimal digits.
    pub trace: u128,
    /// What it came in.
    pub carriage: Carriage,
}

/// Who sends messages on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it is: `peer.ip`, `peer.port`.
    pub address: SocketAddr,
    /// Who it is, where TLS told anything: `peer.sni`, `peer.cert.*`.
    pub identity: Option<Arc<Identity>>,
    /// The connection's number: `conn.id`.
    pub connection: u64,
    /// The listener's name: `listener`.
    pub listener: Arc<str>,
}

impl Facts {
    /// Whose request it is, where that is not who sent it.
    #[must_use]
    pub fn named_client(&self) -> Option<IpAddr> {
        (self.client != self.peer.address.ip().to_canonical()).then_some(self.client)
    }

    /// The certificate that the client showed.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.peer.identity.as_ref()?.certificate.as_ref()
    }
}

/// What a message came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriage {
    /// Over TLS.
    pub tls: bool,
    /// In a stream of HTTP/2.
    pub http2: bool,
    /// On a connection that is not for the host that it asks (RFC 9110, 15.5.20): no route takes it.
    pub misdirected: bool,
    /// What a server of HTTP is told of where it came from.
    pub forwarding: Forwarding,
}

/// An HTTP request, but for its scheme, which the upstream's endpoint has.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub target: PathAndQuery,
    /// Whom it asks; without one, the upstream's endpoint.
    pub authority: Option<Authority>,
    /// Headers of the rules and `content-type`; no framing headers.
    pub headers: HeaderMap,
    /// The payload.
    pub body: Body,
    /// Whether the answer's payload is passed on as it comes, instead of being read whole first.
    pub streams: bool,
    /// When whoever asked waits no more, if they said so by [`grpc::TIMEOUT`](super::grpc::TIMEOUT): what is left
    /// by then takes its place.
    pub awaited_until: Option<Instant>,
}

/// An upstream's whole answer.
#[derive(Clone)]
pub struct HttpAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its payload.
    pub body: Body,
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
            .field("body", &self.body.held())
            .finish_non_exhaustive()
    }
}
