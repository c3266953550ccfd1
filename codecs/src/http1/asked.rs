//! Requests that are not answered yet: how an answer is framed depends on what was asked.

use super::head::Version;
use super::hop::Options;
use std::collections::VecDeque;

/// Requests of one connection that may await their answers: as many bytes times three.
const MAX_ASKED: usize = 65_536;

/// What of a request concerns the framing of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) stays: Stays,
}

/// Methods whose answers have no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Connect,
    Other,
}

/// Whether the connection outlasts a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// As it does by default.
    Yes,
    /// Because a peer of HTTP/1.0 asked for that, who must be told.
    IfTold,
    No,
}

impl Method {
    /// Methods are compared with regard to case.
    pub(super) fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

impl Stays {
    /// RFC 9112, 9.3.
    pub(super) const fn of(version: Version, connection: &Options<'_>) -> Self {
        match version {
            _ if connection.close => Self::No,
            Version::V11 => Self::Yes,
            Version::V10 if connection.keep_alive => Self::IfTold,
            Version::V10 => Self::No,
        }
    }
}

impl Asked {
    /// What nobody asked is answered like what most ask.
    pub(super) const UNKNOWN: Self = Self {
        method: Method::Other,
        version: Version::V11,
        stays: Stays::Yes,
    };
}

/// The requests, in their order.
#[derive(Debug, Default)]
pub(super) struct Unanswered(VecDeque<Asked>);

impl Unanswered {
    /// Whether there is a place for one more.
    pub(super) fn has_place(&self) -> bool {
        self.0.len() < MAX_ASKED
    }

    pub(super) fn push(&mut self, asked: Asked) {
        self.0.push_back(asked);
    }

    /// The one to be answered next.
    pub(super) fn first(&self) -> Asked {
        self.0.front().copied().unwrap_or(Asked::UNKNOWN)
    }

    /// It is answered.
    pub(super) fn pop(&mut self) {
        self.0.pop_front();
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
