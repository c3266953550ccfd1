//! The one place where time is read; everything in core takes it as an argument.

use std::time::{Instant, SystemTime};

/// Now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The date now, which somebody may set. For what is told to others only: nothing is decided by it.
pub(crate) fn date() -> SystemTime {
    SystemTime::now()
}
