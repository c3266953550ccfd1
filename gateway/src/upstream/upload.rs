//! The payload of a request, on its way to a server of HTTP/2.

use super::{Lease, is_stall};
use crate::clock;
use crate::http2::{Outflow, Waits};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::AbortHandle;

/// A payload on its way up. Dropped before its end, it resets its stream.
pub(super) struct Upload {
    /// None once it goes on by itself.
    task: Option<AbortHandle>,
    /// The place that it keeps then.
    place: Rc<Cell<Option<Lease>>>,
    waits: Waits,
}

impl Upload {
    pub(super) fn begin(outflow: Outflow) -> Self {
        let waits = outflow.waits();
        let place = Rc::<Cell<Option<Lease>>>::default();
        let kept = Rc::clone(&place);
        let task = tokio::task::spawn_local(async move {
            outflow.await;
            drop(kept.take());
        });
        Self {
            task: Some(task.abort_handle()),
            place,
            waits,
        }
    }

    /// Whether the server waits for the client, and has done so for long.
    pub(super) fn is_stalled(&self) -> bool {
        let stall = |since| is_stall(since, clock::now());
        self.waits.get().is_some_and(stall)
    }

    /// Lets it go on behind a whole answer. Its stream is open until it ends, so that nobody else gets its
    /// place before.
    pub(super) fn outlast(mut self, lease: Lease) {
        lease.settle();
        self.task = None;
        // Where it is over already, the place is given back with this.
        self.place.set(Some(lease));
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
