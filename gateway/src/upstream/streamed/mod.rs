//! Payloads that are carried as they come, beside the exchange that they belong to.
//!
//! Each direction is a task of its own: most payloads are whole by the time they are looked at, and
//! their exchanges are not to make room for these.

mod download;
mod upload;

pub(super) use download::Download;
pub(super) use upload::Upload;

use crate::clock;
use crate::lifecycle::{Alarm, Timers};
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;
use tokio::task::AbortHandle;

/// Bytes of a payload that may wait for whoever takes them, beyond one chunk.
pub(crate) const BUDGET: usize = 64 << 10;

/// Ends an upload when it is dropped.
#[derive(Debug)]
pub(super) struct Guard(Option<AbortHandle>);

impl Guard {
    pub(super) fn of(upload: Upload) -> Self {
        Self(Some(tokio::task::spawn_local(upload).abort_handle()))
    }

    /// Lets it go on: the server has begun to answer.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// How long a payload may stand still.
#[derive(Debug)]
struct Patience {
    limit: Duration,
    alarm: Alarm,
    moved: std::time::Instant,
}

impl Patience {
    fn new(limit: Duration, timers: &Rc<Timers>) -> Self {
        Self {
            limit,
            alarm: Alarm::new(Rc::clone(timers)),
            moved: clock::now(),
        }
    }

    fn note_progress(&mut self) {
        self.moved = clock::now();
    }

    /// Whether it is at its end; otherwise the task is woken when it is.
    fn is_over(&mut self, cx: &Context<'_>) -> bool {
        let now = clock::now();
        let end = self.moved + self.limit;
        if self.alarm.is_due(now) && end <= now {
            return true;
        }
        self.alarm.set(end, cx);
        false
    }
}
