//! The one place where time is read; everything in core takes it as an argument.

use std::time::Instant;

/// Now.
pub(crate) fn now() -> Instant {
    Instant::now()
}
