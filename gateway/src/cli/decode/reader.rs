//! What reads recordings, and what it hands out.

use super::From;
use crate::cli::exit::Outcome;
use crate::cli::view::Told;
use bytes::Bytes;
use serde_json::{Value, json};

/// Bytes of which all are there.
#[derive(Clone, Debug)]
pub(super) struct Recording {
    pub(super) bytes: Bytes,
    /// Who sent them, if that is known.
    pub(super) from: Option<From>,
    pub(super) carrier: Carrier,
}

/// How bytes were carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// One frame after the other.
    Stream,
    /// One message, without what a stream adds around it.
    Datagram,
}

impl Recording {
    pub(super) const fn stream(bytes: Bytes, from: Option<From>) -> Self {
        Self {
            bytes,
            from,
            carrier: Carrier::Stream,
        }
    }
}

/// A message, shown.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where its frame ends in the recording.
    pub(super) end: usize,
    pub(super) told: Told,
}

/// Why a recording cannot be read on.
#[derive(Debug)]
pub(super) struct Failure {
    /// One line for people.
    pub(super) text: String,
    /// The same for programs.
    pub(super) document: Value,
}

impl Failure {
    /// One whose cause has a name of its own.
    pub(super) fn of(text: &str, cause: &str) -> Self {
        Self {
            text: text.to_owned(),
            document: json!({ "error": { "cause": cause, "message": text } }),
        }
    }
}

/// Reads recordings by one protocol.
pub(super) trait Reader {
    /// Shows the messages of a recording, up to the first that cannot be read.
    ///
    /// # Errors
    /// What `show` says.
    fn read(
        &self,
        recording: &Recording,
        show: &mut dyn FnMut(Entry) -> Outcome,
    ) -> Outcome<Result<(), Failure>>;

    /// Whether no byte at all may be a message.
    fn takes_nothing(&self) -> bool {
        false
    }

    /// The next recording belongs to another conversation than those before.
    fn forget(&self) {}
}
