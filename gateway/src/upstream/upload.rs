//! The payload of a request, on its way to a server of HTTP/2.

use super::{Lease, is_stall};
use crate::clock;
use crate::http2::{Lack, Outflow, SharedLack};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::AbortHandle;

/// A payload on its way up. Dropped before its end, it resets its stream.
pub(super) struct Upload {
    /// None once it goes on by itself.
    task: Option<AbortHandle>,
    /// The place that it keeps then.
    place: Rc<Cell<Option<Lease>>>,
    lack: SharedLack,
}

impl Upload {
    pub(super) fn begin(outflow: Outflow) -> Self {
        let lack = outflow.lack();
        let place = Rc::<Cell<Option<Lease>>>::default();
        let kept = Rc::clone(&place);
        let task = tokio::task::spawn_local(async move {
            outflow.await;
            drop(kept.take());
        });
        Self {
            task: Some(task.abort_handle()),
            place,
            lack,
        }
    }

    /// Whether the server waits for the client, and has done so for long, or would for good.
    pub(super) fn lacks_the_rest(&self) -> bool {
        match self.lack.get() {
            Lack::Nothing => false,
            Lack::More { since } => is_stall(since, clock::now()),
            Lack::Rest => true,
        }
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
