//! How long one try of an exchange may take.

use super::Route;
use crate::lifecycle::Alarm;
use crate::upstream::Progress;
use gatewright_core::limit::{Late, TryLimits};
use gatewright_core::message::Body;
use std::rc::Rc;
use std::task::Context;
use std::time::Instant;

/// The time of the try that an exchange waits for. Exchanges without such limits have none.
#[derive(Debug)]
pub(super) struct Trial {
    limits: TryLimits,
    alarm: Alarm,
    /// Whether the last try is over by its time.
    over: bool,
}

impl Trial {
    pub(super) fn of(route: &Route) -> Option<Box<Self>> {
        let limits = route.plan.tries;
        (!limits.is_none()).then(|| {
            Box::new(Self {
                limits,
                alarm: Alarm::new(Rc::clone(route.upstream.timers())),
                over: false,
            })
        })
    }

    /// What a try that got so far, with this payload, has exceeded. If nothing, the task is woken
    /// when it may have.
    pub(super) fn exceeds(
        &mut self,
        progress: Progress,
        payload: &Body,
        now: Instant,
        cx: &Context<'_>,
    ) -> Option<Late> {
        let since = match payload {
            // It has not got all that it is asked: its time begins with that.
            Body::Stream(payload) if payload.is_starved() => now,
            Body::Stream(payload) => {
                (payload.progress()).map_or(progress.since, |moved| moved.max(progress.since))
            }
            Body::Empty | Body::Whole(_) | Body::Awaited => progress.since,
        };
        let (at, late) = self.limits.deadline(since, progress.stage)?;
        self.over = at <= now;
        if self.over {
            return Some(late);
        }
        // One that has passed would keep the next from being set.
        self.alarm.is_due(now);
        self.alarm.set(at, cx);
        None
    }

    /// Whether the last try is over by its time: its endpoint was blamed then.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Another try begins.
    pub(super) const fn begin_again(&mut self) {
        self.over = false;
    }
}
