//! Lets events gather while a worker is busy, as network cards do between two interrupts.
//!
//! A worker that is not saturated wakes for each event alone: one read, one answer, one write
//! that wakes its reader alone. Where several answers are awaited and the last look at the
//! sockets was a moment ago, the worker pauses before the next one; what came meanwhile is read,
//! answered and written together, which saves all sides more time than the pause takes. A
//! client that sends one request at a time never waits for it. Where answers take longer, by
//! themselves or because many wait in line, the pause may be longer, too: it stays a small part of
//! what they take. Only answers count that come on connections that requests share: what has a
//! connection of its own is read and written alone at any pace.

use crate::clock;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Fewer answers than this are not waited for.
const WORTHWHILE: usize = 8;
/// A worker that found nothing to do for longer is not busy.
const BUSY: Duration = Duration::from_micros(200);
/// A pause is at most one part in so many of the time that answers take...
const PART: u32 = 4;
/// ... and at most so many times what is configured.
const LONGEST: u32 = 4;
/// Over how long it is counted what answers take.
const WINDOW: Duration = Duration::from_millis(1);

/// How many answers one worker awaits on connections that requests share, and how many came or were given up. Counted by the worker
/// alone; atomic because its runtime asks for hooks that may move between threads.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    awaited: AtomicUsize,
    ended: AtomicUsize,
}

impl Awaited {
    /// A request was sent.
    pub(crate) fn begin(&self) {
        self.awaited.fetch_add(1, Ordering::Relaxed);
    }

    /// It was answered or given up.
    pub(crate) fn end(&self) {
        self.awaited.fetch_sub(1, Ordering::Relaxed);
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are awaited, and how many ended.
    pub(crate) fn counted(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (count(&self.awaited), count(&self.ended))
    }
}

/// Decides, each time before a worker would sleep, whether and how long it pauses first.
#[derive(Debug)]
pub(super) struct Gathering {
    pause: Duration,
    awaited: Arc<Awaited>,
    /// The worker's alone, like what it awaits.
    pace: Mutex<Pace>,
}

impl Gathering {
    pub(super) fn new(pause: Duration, awaited: Arc<Awaited>) -> Self {
        Self {
            pause,
            awaited,
            pace: Mutex::new(Pace::new(clock::now())),
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
        let (awaited, ended) = self.awaited.counted();
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if awaited == 0 && ended == pace.ended {
            // Nobody asks for anything that could be waited for: what came was a relay's, or a timer's.
            return;
        }
        if let Some(part) = pace.turn(clock::now(), awaited, ended) {
            std::thread::sleep(part.clamp(self.pause, self.pause.saturating_mul(LONGEST)));
            pace.slept = clock::now();
        }
    }
}

/// How busy a worker is, and what its answers take.
#[derive(Debug)]
struct Pace {
    /// When the worker slept last.
    slept: Instant,
    /// Since when answers are counted.
    since: Instant,
    /// How many had ended by then.
    ended: usize,
    /// What an answer took of late.
    answer: Duration,
}

impl Pace {
    const fn new(now: Instant) -> Self {
        Self {
            slept: now,
            since: now,
            ended: 0,
            answer: Duration::ZERO,
        }
    }

    /// The worker is about to sleep, with so many answers awaited and so many ended since it
    /// began: the pause that they are worth, `None` if none is.
    fn turn(&mut self, now: Instant, awaited: usize, ended: usize) -> Option<Duration> {
        self.count(now, awaited, ended);
        let awake = now.saturating_duration_since(self.slept);
        self.slept = now;
        is_worthwhile(awaited, awake).then(|| self.answer / PART)
    }

    /// By Little's law, what an answer takes is how many are awaited by how many end in a time.
    fn count(&mut self, now: Instant, awaited: usize, ended: usize) {
        let counted = now.saturating_duration_since(self.since);
        if counted < WINDOW {
            return;
        }
        let came = u32::try_from(ended.wrapping_sub(self.ended)).unwrap_or(u32::MAX);
        let waiting = u32::try_from(awaited).unwrap_or(u32::MAX);
        let latest = counted.saturating_mul(waiting).checked_div(came);
        self.answer = (self.answer + latest.unwrap_or_default()) / 2;
        self.since = now;
        self.ended = ended;
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

    #[test]
    fn a_pause_is_a_part_of_what_answers_take() {
        let mut now = clock::now();
        let mut pace = Pace::new(now);
        let mut ended = 0;
        let mut pause = None;
        // 160 are awaited, 40 end in each millisecond: each takes four.
        for _ in 0..200 {
            now += Duration::from_micros(100);
            ended += 4;
            pause = pace.turn(now, 160, ended);
        }
        let expected = Duration::from_millis(4) / PART;
        assert!(pause.unwrap().abs_diff(expected) < expected / 100);
    }

    #[test]
    fn a_worker_whose_answers_do_not_come_is_not_delayed_for_them() {
        let mut now = clock::now();
        let mut pace = Pace::new(now);
        for _ in 0..200 {
            now += Duration::from_micros(100);
            let pause = pace.turn(now, 160, 0);
            assert_eq!(pause, Some(Duration::ZERO));
        }
    }
}
