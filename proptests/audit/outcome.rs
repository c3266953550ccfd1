//! What clients saw.

use crate::request::{Class, Nonce};
use crate::wire::Failure;

/// One request and what became of it, as its client knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) client: u32,
    pub(crate) seq: u32,
    pub(crate) nonce: Nonce,
    pub(crate) class: Class,
    pub(crate) outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The right answer.
    Ok,
    /// Another answer, by digest.
    Wrong(u64),
    /// An error that says so.
    Failed(Failure),
    /// The client left without waiting for the reply.
    Left,
    /// The client left before it had sent the last byte.
    Unsent,
    /// The connection ended before the reply.
    Closed,
    /// No reply in a time in which there must be one.
    Lost,
}

/// What is wrong with a connection rather than with one request.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) client: u32,
    pub(crate) seq: u32,
    pub(crate) what: Oddity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// A reply to a request that had its reply.
    Again,
    /// A reply to what was never asked on this connection.
    Stray,
    /// Bytes that are no reply.
    Garbled(String),
    /// The connection ended in the middle of a reply.
    CutReply,
    /// The gateway did not end a connection on which nothing is left to do.
    Lingers,
    /// The gateway takes no connections.
    Deaf(String),
}
