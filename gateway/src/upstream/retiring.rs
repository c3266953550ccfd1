//! Connections on which nothing new is begun any more.

use super::{Carrier, State, Upstream};
use crate::clock;
use gatewright_core::pool::{ConnId, Retirement};
use std::rc::Rc;
use std::task::Waker;
use std::time::Instant;

/// Streams that may end without a whole answer on an HTTP/2 connection; then it retires.
const MOST_BROKEN: usize = 12 << 10;

/// Frames that the library takes for errors of streams, in all its life, before it ends the connection of
/// them all. Each stream that is broken may come to one, by an answer that is malformed or comes late, so
/// that a connection retires before, and only a flood leads there. A server that reads nothing has half a
/// KiB kept for each: 12 MiB.
pub(super) const MOST_ERRORS: usize = 2 * MOST_BROKEN;

impl State {
    /// A stream ended without a whole answer. Says whether its connection is to retire for it.
    pub(super) fn note_broken(&mut self, id: ConnId) -> bool {
        match self.connected(id).map(|connected| &mut connected.carrier) {
            Some(Carrier::Http(http)) => {
                http.broken += 1;
                http.broken == MOST_BROKEN
            }
            Some(Carrier::Native(_)) | None => false,
        }
    }
}

impl Upstream {
    /// When a connection retires that is usable from now on.
    pub(super) fn retirement(&self) -> Retirement {
        self.plan.lifetime.begin(clock::now(), self.jitter())
    }

    /// Whether it does so now.
    pub(super) fn retires(&self, id: ConnId, retirement: &Retirement, now: Instant) -> bool {
        let served = if retirement.counts() {
            self.served(id)
        } else {
            0
        };
        retirement.is_due(served, now)
    }

    /// Requests that were sent on a connection.
    fn served(&self, id: ConnId) -> u64 {
        let state = &mut *self.state.borrow_mut();
        match state.connected(id).map(|connected| &connected.carrier) {
            Some(Carrier::Http(http)) => http.served,
            Some(Carrier::Native(link)) => link.served(),
            None => 0,
        }
    }

    /// Nobody gets a place on the connection from now on. Those who have one keep it, and use the
    /// connection; its task is woken once they have given it back.
    pub(super) fn retire(self: &Rc<Self>, id: ConnId) {
        self.mark_retiring(id);
        self.change_pool(|pool| pool.handle_leaving(id, clock::now()));
    }

    /// Whether nothing new is begun on an HTTP connection. Its task, whose waker this is, is told
    /// when that changes.
    pub(super) fn is_retiring(&self, id: ConnId, driver: &Waker) -> bool {
        let state = &mut *self.state.borrow_mut();
        match state.connected(id).map(|connected| &mut connected.carrier) {
            Some(Carrier::Http(http)) => {
                http.driver.clone_from(driver);
                http.retiring
            }
            Some(Carrier::Native(_)) | None => false,
        }
    }

    /// Whether nobody has a place on the connection.
    pub(super) fn is_unused(&self, id: ConnId) -> bool {
        self.state.borrow_mut().pool.is_idle(id)
    }
}
