//! How far the last request on a link got, which decides what may be done about it once the link has ended.

use super::{Link, State};
use crate::clock;
use gatewright_config::plan::Sharing;
use gatewright_core::fault::{Fault, FaultClass};
use std::time::Duration;

/// A connection that ends later under a request than that was not given up before it came.
const CROSSING: Duration = Duration::from_secs(1);

/// How far the last request on a link got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Nothing of it was written.
    Waiting,
    Written,
    /// The server has said something since.
    Heard,
}

impl Reach {
    pub(super) const fn heard(self) -> Self {
        match self {
            Self::Waiting => Self::Waiting,
            Self::Written | Self::Heard => Self::Heard,
        }
    }
}

impl State {
    /// Bytes of a request left, or may have.
    pub(super) fn note_written(&mut self) {
        if self.reach == Reach::Waiting {
            self.reach = Reach::Written;
            self.written = clock::turn();
        }
    }

    /// Whether the server may have ended the connection before the request reached it.
    fn may_have_crossed(&self) -> bool {
        clock::now().saturating_duration_since(self.written) < CROSSING
    }
}

impl Link {
    /// The fault of whoever waits on a connection that has ended.
    pub(super) fn how_far(&self) -> fn(FaultClass, String) -> Fault {
        let state = self.state.borrow();
        match (self.sharing, state.reach) {
            (Sharing::Exclusive, Reach::Waiting) => Fault::unsent,
            (Sharing::Exclusive, Reach::Written)
                if state.served > 1
                    && self.descriptor.http.is_some()
                    && state.may_have_crossed() =>
            {
                Fault::lapsed
            }
            (Sharing::Exclusive | Sharing::Shared | Sharing::Bound, _) => Fault::sent,
        }
    }

    /// Whether it carries one request at a time, and of the one that it has nothing was written yet.
    pub(in crate::upstream::native) fn is_untouched(&self) -> bool {
        self.sharing == Sharing::Exclusive && self.state.borrow().reach == Reach::Waiting
    }
}
