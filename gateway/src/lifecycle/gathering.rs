//! Lets events gather while a worker is busy, as network cards do between two interrupts.
//!
//! A worker that is not saturated wakes for each event alone: one read, one answer, one write
//! that wakes its reader alone. Where several answers are awaited and the last look at the
//! sockets was a moment ago, the worker pauses before the next one; what came meanwhile is read,
//! answered and written together, which saves all sides more time than the pause takes. A
//! client that sends one request at a time never waits for it.

use crate::clock;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Fewer answers than this are not waited for.
const WORTHWHILE: usize = 8;
/// A worker that found nothing to do for longer is not busy.
const BUSY: Duration = Duration::from_micros(200);

/// How many answers one worker awaits. Counted by the worker alone; atomic because its runtime
/// asks for hooks that may move between threads.
#[derive(Debug, Default)]
pub(crate) struct Awaited(AtomicUsize);

impl Awaited {
    /// A request was sent.
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// It was answered or given up.
    pub(crate) fn end(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Decides, each time before a worker would sleep, whether it pauses first.
#[derive(Debug)]
pub(super) struct Gathering {
    pause: Duration,
    awaited: Arc<Awaited>,
    start: Instant,
    /// When the worker slept last, in nanoseconds from `start`.
    slept: AtomicU64,
}

impl Gathering {
    pub(super) fn new(pause: Duration, awaited: Arc<Awaited>) -> Self {
        Self {
            pause,
            awaited,
            start: clock::now(),
            slept: AtomicU64::new(0),
        }
    }

    /// Makes the calling thread's short pauses short: the system's own choice is 50 µs more.
    pub(super) fn prepare_thread() {
        if let Err(error) = rustix::thread::set_current_timer_slack(NonZeroU64::new(1)) {
            tracing::debug!(%error, "pauses take longer than they should");
        }
    }

    /// The worker has nothing to do and is about to sleep.
    pub(super) fn before_sleep(&self) {
        if self.pause.is_zero() {
            return;
        }
        let awaited = self.awaited.0.load(Ordering::Relaxed);
        let slept = Duration::from_nanos(self.slept.load(Ordering::Relaxed));
        if is_worthwhile(awaited, self.elapsed().saturating_sub(slept)) {
            std::thread::sleep(self.pause);
        }
        let now = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.slept.store(now, Ordering::Relaxed);
    }

    fn elapsed(&self) -> Duration {
        clock::now().saturating_duration_since(self.start)
    }
}

/// Whether more events are likely to come within a pause: answers are due, and the worker has
/// been awake only since a moment ago.
const fn is_worthwhile(awaited: usize, awake: Duration) -> bool {
    awaited >= WORTHWHILE && awake.as_nanos() < BUSY.as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_worker_pauses() {
        assert!(is_worthwhile(WORTHWHILE, Duration::from_micros(20)));
        assert!(!is_worthwhile(WORTHWHILE - 1, Duration::from_micros(20)));
        assert!(!is_worthwhile(WORTHWHILE, BUSY));
    }
}
