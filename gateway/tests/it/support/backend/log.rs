//! What a backend has seen.

use h2::Reason;
use http::{HeaderMap, Method};
use serde_json::Value;
use std::sync::Arc;

/// One request, exactly as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("visible characters"))
    }

    /// The sequence number, out of the key `MERCHANT-SEQ`.
    pub(crate) fn seq(&self) -> u32 {
        let key = self.header("idempotency-key").expect("a key");
        let (_, seq) = key.rsplit_once('-').expect("a sequence number");
        u32::from_str_radix(seq, 16).expect("a sequence number")
    }

    /// The merchant, out of the path.
    pub(crate) fn merchant(&self) -> &str {
        self.target.split('/').nth(3).expect("a merchant")
    }
}

/// One request that was not let run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// By RST_STREAM.
    Reset(Reason),
    /// With its connection.
    Lost,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) asked: Vec<Arc<Asked>>,
    pub(crate) cancelled: Vec<Cancelled>,
    /// Requests whose answer is on its way.
    pub(crate) answered: usize,
    /// For each connection, in the order in which they came, its streams.
    pub(crate) connections: Vec<Streams>,
}

/// The streams of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Streams {
    /// Open now.
    pub(crate) open: usize,
    /// Open at a time, at most.
    pub(crate) most: usize,
    /// Over its whole life.
    pub(crate) total: usize,
    pub(crate) closed: bool,
}

impl Log {
    pub(crate) fn open_connections(&self) -> usize {
        self.connections
            .iter()
            .filter(|connection| !connection.closed)
            .count()
    }

    /// Requests that were neither answered nor cancelled yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.connections
            .iter()
            .map(|connection| connection.open)
            .sum()
    }

    /// Requests that were taken back by RST_STREAM(CANCEL).
    pub(crate) fn taken_back(&self) -> usize {
        self.cancelled
            .iter()
            .filter(|how| **how == Cancelled::Reset(Reason::CANCEL))
            .count()
    }
}
