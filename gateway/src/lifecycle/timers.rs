//! One timer a worker, however many connections it has.

use crate::clock;
use gatewright_core::limit::{Deadline, Deadlines};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The deadlines of one worker: each wakes a task when it has passed.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadlines: RefCell<Deadlines<Waker>>,
    /// What the driver sleeps until, and how to tell it that something is due earlier.
    asleep_until: Cell<Option<Instant>>,
    driver: RefCell<Option<Waker>>,
    /// Whether the gateway goes away.
    draining: Cell<bool>,
}

impl Timers {
    fn wake_at(&self, at: Instant, waker: Waker) -> Deadline {
        let name = self.deadlines.borrow_mut().insert(at, waker);
        if self.asleep_until.get().is_none_or(|until| at < until)
            && let Some(driver) = self.driver.borrow_mut().take()
        {
            driver.wake();
        }
        name
    }

    /// The gateway goes away: wakes every task that waits for a deadline, so that it looks around.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
        self.deadlines
            .borrow()
            .values()
            .for_each(Waker::wake_by_ref);
    }

    /// Whether the gateway goes away.
    pub(crate) const fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Runs for as long as the worker does.
    pub(crate) async fn drive(self: Rc<Self>) {
        let mut sleep = pin!(tokio::time::sleep_until(clock::now().into()));
        poll_fn(|cx| {
            loop {
                let now = clock::now();
                self.wake_expired(now);
                let next = self.deadlines.borrow_mut().next_deadline();
                self.asleep_until.set(next);
                *self.driver.borrow_mut() = Some(cx.waker().clone());
                let Some(next) = next else {
                    return Poll::Pending;
                };
                sleep.as_mut().reset(next.into());
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    fn wake_expired(&self, now: Instant) {
        loop {
            let expired = self.deadlines.borrow_mut().pop_expired(now);
            let Some(waker) = expired else { return };
            waker.wake();
        }
    }
}

/// One task's place among the timers. It may wake the task too early, never too late; setting a
/// later time than the one set costs nothing.
#[derive(Debug)]
pub(crate) struct Alarm {
    timers: Rc<Timers>,
    set: Option<(Instant, Deadline)>,
}

impl Alarm {
    pub(crate) const fn new(timers: Rc<Timers>) -> Self {
        Self { timers, set: None }
    }

    /// Wakes the task at `at` or earlier.
    pub(crate) fn set(&mut self, at: Instant, cx: &Context<'_>) {
        match self.set {
            Some((earlier, _)) if earlier <= at => return,
            Some(_) => self.clear(),
            None => {}
        }
        self.set = Some((at, self.timers.wake_at(at, cx.waker().clone())));
    }

    /// Whether no time is set, or the one that was has passed: then look at what is due and set
    /// the next.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        if self.set.is_some_and(|(at, _)| at <= now) {
            self.clear();
        }
        self.set.is_none()
    }

    fn clear(&mut self) {
        if let Some((_, name)) = self.set.take() {
            self.timers.deadlines.borrow_mut().remove(name);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clear();
    }
}
