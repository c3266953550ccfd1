//! Streams that are over, until their connection goes on in any case.

use super::{Carrier, Upstream};
use gatewright_core::pool::ConnId;
use h2::RecvStream;

/// So many of them are kept.
const MOST: usize = 32;
/// So many bytes of their payloads, which the server's window does without meanwhile: a quarter of
/// the smallest one.
const BYTES: usize = 64 << 10;

/// Streams that were read to their ends. The library wakes a connection's task for each one that is let
/// go of, in which there is nothing to do: with one request at a time, that is every third turn.
#[derive(Debug, Default)]
pub(super) struct Spent {
    streams: Vec<RecvStream>,
    bytes: usize,
}

impl Spent {
    /// Keeps a stream of which so many bytes were read, if there is room.
    pub(super) fn keep(&mut self, stream: RecvStream, read: usize) {
        let bytes = self.bytes.saturating_add(read);
        // What is not over is given up at once.
        if stream.is_end_stream() && bytes <= BYTES && self.streams.len() < MOST {
            self.bytes = bytes;
            self.streams.push(stream);
        }
    }
}

impl Upstream {
    /// Moves those of a connection to `spent`, which is empty.
    pub(super) fn take_spent(&self, id: ConnId, spent: &mut Vec<RecvStream>) {
        let state = &mut *self.state.borrow_mut();
        if let Some(connected) = state.connected(id)
            && let Carrier::Http(http) = &mut connected.carrier
        {
            std::mem::swap(&mut http.spent.streams, spent);
            http.spent.bytes = 0;
        }
    }
}
