//! What exchanges say.
//!
//! ```text
//!          failures in a row, or their ratio           its time passes
//! healthy ──────────────────────────────────▶ ejected ────────────────▶ probing
//!    ▲                                           ▲                       │   │
//!    │                                           └──── a bad exchange ───┘   │
//!    └────────────────────────── a good exchange ───────────────────────────┘
//! ```

use super::{Standing, Verdict};
use crate::limit::Window;
use std::time::{Duration, Instant};

/// A ratio of fewer exchanges than these says nothing.
const ENOUGH: u64 = 20;
/// The ratio's window has as many parts.
const PARTS: u32 = 10;

/// When an endpoint is ejected, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EjectPolicy {
    /// Failures in a row.
    pub failures: u32,
    /// Failures in a hundred of the window's exchanges, if those are at least 20.
    pub ratio: u32,
    /// How far back the ratio looks.
    pub window: Duration,
    /// The first ejection; each further one is twice as long.
    pub time: Duration,
    /// The longest ejection.
    pub longest: Duration,
    /// In a hundred endpoints, how many may be ejected at a time.
    pub share: u32,
}

impl Default for EjectPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            ratio: 50,
            window: Duration::from_secs(10),
            time: Duration::from_secs(5),
            longest: Duration::from_secs(300),
            share: 50,
        }
    }
}

#[derive(Debug)]
pub(super) struct Passive {
    policy: EjectPolicy,
    state: State,
    in_a_row: u32,
    good: Window<{ PARTS as usize }>,
    bad: Window<{ PARTS as usize }>,
    /// How many ejections are not forgiven yet, and how long the last one was.
    ejections: u32,
    last: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `since` the trial after the last ejection began, if there was any.
    Healthy {
        since: Option<Instant>,
    },
    Ejected {
        until: Instant,
    },
    Probing {
        since: Instant,
    },
}

impl Passive {
    pub(super) fn new(policy: EjectPolicy) -> Self {
        let part = policy.window / PARTS;
        Self {
            policy,
            state: State::Healthy { since: None },
            in_a_row: 0,
            good: Window::new(part),
            bad: Window::new(part),
            ejections: 0,
            last: Duration::ZERO,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        match self.state {
            State::Healthy { .. } => Standing::Healthy,
            State::Ejected { .. } => Standing::Ejected,
            State::Probing { .. } => Standing::Probing,
        }
    }

    pub(super) const fn ends(&self) -> Option<Instant> {
        match self.state {
            State::Ejected { until } => Some(until),
            State::Healthy { .. } | State::Probing { .. } => None,
        }
    }

    pub(super) fn refresh(&mut self, now: Instant) {
        if let State::Ejected { until } = self.state
            && until <= now
        {
            self.state = State::Probing { since: now };
        }
    }

    /// An exchange is answered, so far: that is all that a trial has to show.
    pub(super) fn handle_head(&mut self, began: Instant) {
        if let State::Probing { since } = self.state
            && since <= began
        {
            self.state = State::Healthy { since: Some(began) };
        }
    }

    pub(super) fn handle_verdict(
        &mut self,
        verdict: Verdict,
        began: Instant,
        now: Instant,
    ) -> bool {
        match (self.state, verdict) {
            // Nothing new is heard from what was sent before.
            (State::Ejected { .. }, _) => false,
            (State::Probing { since } | State::Healthy { since: Some(since) }, _)
                if began < since =>
            {
                false
            }
            (State::Probing { .. }, Verdict::Good) => {
                self.handle_head(began);
                false
            }
            (State::Probing { .. }, Verdict::Bad { .. }) => true,
            (State::Healthy { .. }, Verdict::Good) => {
                self.in_a_row = 0;
                self.good.add(now);
                false
            }
            (State::Healthy { .. }, Verdict::Bad { .. }) => {
                self.in_a_row = self.in_a_row.saturating_add(1);
                self.bad.add(now);
                self.in_a_row >= self.policy.failures || self.is_ratio_reached(now)
            }
        }
    }

    fn is_ratio_reached(&mut self, now: Instant) -> bool {
        let bad = self.bad.sum(now);
        let all = bad + self.good.sum(now);
        all >= ENOUGH && bad * 100 >= all * u64::from(self.policy.ratio)
    }

    /// For twice as long as the last time, and up to a quarter longer by chance; each time as
    /// long as the last ejection that it has been healthy since makes good for one.
    pub(super) fn eject(&mut self, jitter: u32, now: Instant) {
        if let State::Healthy { since: Some(since) } = self.state {
            let healthy = now.saturating_duration_since(since).as_nanos();
            let forgiven = healthy / self.last.as_nanos().max(1);
            let forgiven = u32::try_from(forgiven).unwrap_or(u32::MAX);
            self.ejections = self.ejections.saturating_sub(forgiven);
        }
        let doubled = 1_u32 << self.ejections.min(16);
        self.last = (self.policy.time.saturating_mul(doubled)).min(self.policy.longest);
        let share = f64::from(jitter) / f64::from(u32::MAX);
        let until = now + self.last.mul_f64(1.0 + 0.25 * share);
        self.state = State::Ejected { until };
        self.ejections = self.ejections.saturating_add(1);
        self.in_a_row = 0;
        self.good.clear();
        self.bad.clear();
    }
}
