//! The task of one relayed client.

use super::RelayListener;
use super::opening::Opening;
use super::pair::Pair;
use crate::lifecycle::Worker;
use crate::listen::{ClientStream, Permit};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

/// One client's connection, from its accept to its end.
pub(crate) struct Relay {
    phase: Phase,
    id: u64,
    worker: Rc<Worker>,
    listener: Rc<RelayListener>,
    _permit: Permit,
    /// Whether its end was counted.
    ended: bool,
}

/// What opens a pair is large and short-lived: a box of its own keeps it out of the pair's task.
type Connecting = Pin<Box<dyn Future<Output = Result<Pair, &'static str>>>>;

#[expect(
    clippy::large_enum_variant,
    reason = "most of the time a relay is a pair, and one allocation less is one"
)]
enum Phase {
    Opening(Connecting),
    Carrying(Pair),
}

impl Relay {
    pub(crate) fn new(
        io: ClientStream,
        peer: SocketAddr,
        id: u64,
        worker: &Rc<Worker>,
        listener: &Rc<RelayListener>,
        permit: Permit,
    ) -> Self {
        listener.metrics.listener.opened();
        let opening = Opening::new(io, peer, id, worker, listener);
        Self {
            phase: Phase::Opening(Box::pin(opening.open())),
            id,
            worker: Rc::clone(worker),
            listener: Rc::clone(listener),
            _permit: permit,
            ended: false,
        }
    }

    fn end(&mut self, reason: &'static str) {
        self.ended = true;
        self.listener.metrics.listener.closed(reason);
    }
}

impl Future for Relay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            match &mut this.phase {
                Phase::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(pair) => this.phase = Phase::Carrying(pair),
                    Err(reason) => {
                        this.end(reason);
                        return Poll::Ready(());
                    }
                },
                Phase::Carrying(pair) => {
                    let end = ready!(pair.poll(this.id, &this.worker, &this.listener, cx));
                    this.end(end.reason());
                    return Poll::Ready(());
                }
            }
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if !self.ended {
            self.end("drain");
        }
        self.worker.closed();
    }
}
