//! How far the last request on a link got, which decides what may be done about it once the link has ended.

use super::Link;
use gatewright_config::plan::Sharing;
use gatewright_core::fault::{Fault, FaultClass};

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

impl Link {
    /// The fault of whoever waits on a connection that has ended.
    pub(super) fn how_far(&self) -> fn(FaultClass, String) -> Fault {
        let state = self.state.borrow();
        match (self.sharing, state.reach) {
            (Sharing::Exclusive, Reach::Waiting) => Fault::unsent,
            (Sharing::Exclusive, Reach::Written)
                if state.served > 1 && self.descriptor.http.is_some() =>
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
