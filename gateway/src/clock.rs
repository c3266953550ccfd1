//! The one place where time is read; everything in core takes it as an argument.

use std::cell::Cell;
use std::time::{Instant, SystemTime};

thread_local! {
    /// What this thread read last since it woke.
    static READ: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Now.
pub(crate) fn now() -> Instant {
    let now = Instant::now();
    READ.set(Some(now));
    now
}

/// When the turn of this thread's task began: each turn of a connection reads the time first. It is asked
/// for several times a message, and reading costs more than all else that is done with it.
pub(crate) fn turn() -> Instant {
    READ.get().unwrap_or_else(now)
}

/// This thread has slept: what it read before is no turn's time any more, whoever goes on first.
pub(crate) fn wake() {
    READ.set(None);
}

/// The date now, which somebody may set. For what is told to others only: nothing is decided by it.
pub(crate) fn date() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_has_the_time_that_was_read_since_its_thread_woke() {
        let read = now();
        assert_eq!(turn(), read);
        wake();
        assert!(turn() > read);
    }
}
