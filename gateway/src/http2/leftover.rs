//! What is left of a payload that nobody takes.

use super::{BUDGET, Patience};
use h2::RecvStream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of a frame before its payload (RFC 9113, 4.1).
const FRAME_HEAD: usize = 9;

/// What is left of a payload that nobody takes, read to its end if that is near. Its stream is over with the
/// answer then, without a reset behind it, which clients may take for the answer's when they read both at once
/// (RFC 9113, 8.1). Of a longer one the stream is reset all the same, when this is dropped.
pub(crate) struct Leftover {
    from: RecvStream,
    /// Bytes that are read still.
    room: usize,
    /// For all of it.
    patience: Patience,
}

impl Leftover {
    pub(crate) const fn new(from: RecvStream, patience: Patience) -> Self {
        Self {
            from,
            room: BUDGET,
            patience,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(Ok(chunk)) = ready!(self.from.poll_data(cx)) {
            // Empty frames are not for nothing either.
            match self.room.checked_sub(FRAME_HEAD + chunk.len()) {
                Some(room) => self.room = room,
                None => break,
            }
            // Never more than came.
            let _ = self.from.flow_control().release_capacity(chunk.len());
        }
        Poll::Ready(())
    }
}

impl Future for Leftover {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.turn(cx) {
            Poll::Pending if !self.patience.is_over(cx) => Poll::Pending,
            Poll::Pending | Poll::Ready(()) => Poll::Ready(()),
        }
    }
}
