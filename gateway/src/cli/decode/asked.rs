//! What requests said that their replies are read with.

use gatewright_codecs::ksy::read::Val;
use gatewright_core::message::Value;
use std::collections::VecDeque;

/// The most requests that wait for their replies; the oldest is forgotten.
const MAX_WAITING: usize = 65_536;
/// The most requests that one reply is tried with.
const MAX_TRIED: usize = 1_024;

/// A request that waits for its reply.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// What its reply repeats of it; nothing if replies come in order.
    pub(super) id: Vec<Value>,
    /// What its reply is read with.
    pub(super) arguments: Vec<Val>,
}

/// The requests of a conversation that wait for their replies.
#[derive(Debug, Default)]
pub(super) struct Asked {
    waiting: VecDeque<Request>,
}

impl Asked {
    /// Another conversation begins.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn note(&mut self, request: Request) {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(request);
    }

    /// The requests that the next reply may be to, the oldest first. Which one it is, its id tells
    /// once it is read; without ids it is the oldest.
    pub(super) fn candidates(&self) -> Vec<Request> {
        let in_order = self
            .waiting
            .front()
            .is_some_and(|first| first.id.is_empty());
        let most = if in_order { 1 } else { MAX_TRIED };
        self.waiting.iter().take(most).cloned().collect()
    }

    /// The reply to a candidate came.
    pub(super) fn answered(&mut self, candidate: usize) {
        self.waiting.remove(candidate);
    }
}
