//! What carries a connection: its driver reads and writes, and who sends may write at once.

use super::{FULL, Link, OUTBOUND};
use crate::clock;
use crate::upstream::stream::Stream;
use bytes::{Buf as _, BytesMut};
use gatewright_config::plan::Sharing;
use std::io;
use std::pin::Pin;
use std::task::Poll;

impl Link {
    /// Runs `call` on what carries it.
    pub(in crate::upstream::native) fn with_stream<T>(
        &self,
        call: impl FnOnce(Pin<&mut Stream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut *self.stream.borrow_mut() {
            Some(stream) => call(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Runs `write` on what is to be written.
    pub(in crate::upstream::native) fn with_outbound<T>(
        &self,
        write: impl FnOnce(&mut BytesMut) -> T,
    ) -> T {
        let state = &mut *self.state.borrow_mut();
        let before = state.outbound.len();
        let result = write(&mut state.outbound);
        if let Some(pulse) = &mut state.pulse
            && state.outbound.len() < before
        {
            pulse.handle_sent(clock::now());
        }
        if let Some(flushed) = &mut state.flushed {
            flushed.write(before - state.outbound.len());
        }
        if state.outbound.len() < FULL / 2 {
            state.unblock();
        }
        if state.outbound.is_empty() && state.outbound.capacity() > OUTBOUND / 64 {
            state.outbound = BytesMut::new();
        }
        result
    }

    /// Ends what carries it, whoever still holds the link.
    pub(in crate::upstream::native) fn hang_up(&self) {
        *self.stream.borrow_mut() = None;
    }

    /// Writes all that waits to be written, if that takes no more than one call and leaves nothing
    /// for the driver to do: then that need not have a turn. Where clients share the connection
    /// its turn comes after theirs, and what they all sent leaves together.
    pub(super) fn write_at_once(&self) -> bool {
        if self.sharing != Sharing::Exclusive || !self.is_left_to_itself() {
            return false;
        }
        let Some(Stream::Tcp(tcp)) = &*self.stream.borrow() else {
            return false;
        };
        self.with_outbound(|outbound| {
            // Of an error the driver is told when it tries.
            if let Ok(written) = tcp.try_write(outbound) {
                outbound.advance(written);
            }
            outbound.is_empty()
        })
    }

    /// Whether its driver has nothing to do but to write: no payload to fetch, no time to keep.
    fn is_left_to_itself(&self) -> bool {
        let state = self.state.borrow();
        state.closed.is_none() && state.pulse.is_none() && !state.streams.are_busy()
    }
}
