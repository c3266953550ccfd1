//! What carries a connection, and who writes to it.

use super::{FULL, Link, OUTBOUND};
use crate::clock;
use crate::upstream::stream::Stream;
use bytes::{Buf as _, BytesMut};
use gatewright_config::plan::Sharing;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use tokio::io::Interest;

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

    /// What carries it does not tell how much of what it was given it wrote, if it fails: some of what waits
    /// may be on its way from here on.
    pub(in crate::upstream::native) fn note_attempt(&self) {
        let state = &mut *self.state.borrow_mut();
        if !state.outbound.is_empty() {
            state.note_written();
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
        if state.outbound.len() < before {
            state.note_written();
            if let Some(pulse) = &mut state.pulse {
                pulse.handle_sent(clock::now());
            }
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

    /// Has what waits to be written leave in this turn of the worker's.
    pub(super) fn start_writing(self: &Rc<Self>) {
        if !self.is_plain() || self.outgoing.push(self) {
            self.nudge();
        }
    }

    /// Whether one call writes to it, and nobody else's requests could be in that.
    fn is_plain(&self) -> bool {
        let tcp = matches!(&*self.stream.borrow(), Some(Stream::Tcp(_)));
        tcp && self.sharing == Sharing::Exclusive
    }

    /// Writes all that waits to be written, if that takes no more than one call and leaves nothing
    /// for the driver to do.
    fn write_at_once(&self) -> bool {
        let Some(Stream::Tcp(tcp)) = &*self.stream.borrow() else {
            return false;
        };
        // What the server has said, its end for one, is heard before anything is written to it.
        let is_silent = tcp.try_io(Interest::READABLE, || Ok(())).is_err();
        is_silent
            && self.is_left_to_itself()
            && self.with_outbound(|outbound| {
                // Of an error the driver is told when it tries.
                if !outbound.is_empty()
                    && let Ok(written) = tcp.try_write(outbound)
                {
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

/// Connections of one request at a time to which something is to be written. A turn of each one's driver only
/// for that would cost more than the write; and calls of one kind, one after the other, cost less than
/// each between others. So the driver of the first in line writes for all.
#[derive(Debug, Default)]
pub(in crate::upstream) struct Outgoing {
    links: RefCell<VecDeque<Rc<Link>>>,
}

impl Outgoing {
    /// Lines up a link. Whether it is the first in line, whose driver is to have a turn.
    fn push(&self, link: &Rc<Link>) -> bool {
        let links = &mut *self.links.borrow_mut();
        links.push_back(Rc::clone(link));
        links.len() == 1
    }

    /// Writes what waits, or leaves it to the driver whose it is.
    pub(in crate::upstream::native) fn write(&self) {
        loop {
            let Some(link) = self.links.borrow_mut().pop_front() else {
                return;
            };
            if !link.write_at_once() {
                link.nudge();
            }
        }
    }
}
