//! How long a payload may stand still.

use crate::clock;
use crate::lifecycle::{Alarm, Timers};
use std::rc::Rc;
use std::task::Context;
use std::time::{Duration, Instant};

/// How long a payload may stand still.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    alarm: Alarm,
    moved: Instant,
}

impl Patience {
    pub(crate) fn new(limit: Duration, timers: &Rc<Timers>) -> Self {
        Self {
            limit,
            alarm: Alarm::new(Rc::clone(timers)),
            moved: clock::now(),
        }
    }

    /// Gives the time, too.
    pub(super) fn note_progress(&mut self) -> Instant {
        self.moved = clock::now();
        self.moved
    }

    /// When it moved last, or began.
    pub(super) const fn moved(&self) -> Instant {
        self.moved
    }

    /// Has the task woken at that time, too, or earlier.
    pub(super) fn wake_at(&mut self, at: Instant, now: Instant, cx: &Context<'_>) {
        // One that has passed would keep the next from being set.
        self.alarm.is_due(now);
        self.alarm.set(at, cx);
    }

    /// Whether it is at its end; otherwise the task is woken when it is.
    pub(super) fn is_over(&mut self, cx: &Context<'_>) -> bool {
        let now = clock::now();
        let end = self.moved + self.limit;
        if self.alarm.is_due(now) && end <= now {
            return true;
        }
        self.alarm.set(end, cx);
        false
    }
}
