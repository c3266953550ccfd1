//! Whether an endpoint may be used: what its answers say (passive) and what probes say (active).
//!
//! This is the circuit breaker as well; there is no second one. Closed is [`Standing::Healthy`],
//! open is [`Standing::Ejected`], half-open is [`Standing::Probing`]: one exchange at a time until
//! one of them ends well. What a breaker bounds beside, in flight and pending, are a pool's limits.

mod checks;
mod errors;
mod passive;
mod pulse;
mod silence;

pub use errors::ErrorReplies;
pub use passive::EjectPolicy;
pub use pulse::{Beat, Pulse, Turn};
pub use silence::{Sign, Silence, Step};

use checks::Checks;
use passive::Passive;
use std::time::{Duration, Instant};

/// What is thought of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is used.
    Healthy,
    /// It is not used, unless most others are no better.
    Ejected,
    /// It is tried with one exchange, or one connect, at a time.
    Probing,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Ejected, Self::Probing];

    /// The name that logs and metrics use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Ejected => "ejected",
            Self::Probing => "probing",
        }
    }
}

/// How one exchange speaks of its endpoint. Faults of ours, and of clients, say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answered properly.
    Good,
    /// It failed by its own fault. `jitter` is any random number: it spreads the ends of
    /// ejections.
    Bad {
        /// The random number.
        jitter: u32,
    },
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// As it should.
    Passed,
    /// In any other way.
    Failed,
}

/// What it takes to be thought well or ill of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthPolicy {
    /// What exchanges do.
    pub eject: EjectPolicy,
    /// Failed probes in a row after which an endpoint is down.
    pub fall: u32,
    /// Passed probes in a row after which it is up again.
    pub rise: u32,
    /// How long an endpoint that has recovered takes to get its whole share.
    pub slow_start: Duration,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            eject: EjectPolicy::default(),
            fall: 3,
            rise: 2,
            slow_start: Duration::from_secs(10),
        }
    }
}

/// The share that a slow start begins with.
const FIRST_SHARE: f64 = 0.1;

/// One endpoint's health.
#[derive(Debug)]
pub struct Health {
    policy: HealthPolicy,
    passive: Passive,
    checks: Checks,
    recovered: Option<Instant>,
}

impl Health {
    /// In good health until something else is known.
    #[must_use]
    pub fn new(policy: HealthPolicy) -> Self {
        Self {
            policy,
            passive: Passive::new(policy.eject),
            checks: Checks::new(policy.fall, policy.rise),
            recovered: None,
        }
    }

    /// What is thought of it, as of the last call with a time.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        if self.checks.is_down() {
            return Standing::Ejected;
        }
        self.passive.standing()
    }

    /// Looks at the time: ejections end.
    pub fn refresh(&mut self, now: Instant) {
        self.passive.refresh(now);
    }

    /// When [`refresh`](Self::refresh) is due.
    #[must_use]
    pub const fn next_change(&self) -> Option<Instant> {
        self.passive.ends()
    }

    /// An exchange that began then ended so. Says whether there is reason to
    /// [eject](Self::eject) the endpoint.
    #[must_use]
    pub fn handle_verdict(&mut self, verdict: Verdict, began: Instant, now: Instant) -> bool {
        let before = self.passive.standing();
        let reason = self.passive.handle_verdict(verdict, began, now);
        self.note_recovered(before, now);
        reason
    }

    /// An exchange that began then is answered, and may go on for long: only its end says whether it
    /// was good, but a trial has shown enough.
    pub fn handle_head(&mut self, began: Instant, now: Instant) {
        let before = self.passive.standing();
        self.passive.handle_head(began);
        self.note_recovered(before, now);
    }

    fn note_recovered(&mut self, before: Standing, now: Instant) {
        if before == Standing::Probing && self.passive.standing() == Standing::Healthy {
            self.recovered = Some(now);
        }
    }

    /// Ejects it: the longer, the more often it was lately.
    pub fn eject(&mut self, jitter: u32, now: Instant) {
        self.passive.eject(jitter, now);
    }

    /// A probe ended so.
    pub fn handle_probe(&mut self, probe: Probe, now: Instant) {
        let was_down = self.checks.is_down();
        self.checks.handle(probe);
        if was_down && !self.checks.is_down() {
            self.recovered = Some(now);
        }
    }

    /// It is back after it could not be reached.
    pub const fn handle_reached(&mut self, now: Instant) {
        self.recovered = Some(now);
    }

    /// How much of its share it gets, above 0 and up to 1.
    #[must_use]
    pub fn share(&self, now: Instant) -> f64 {
        let slow = self.policy.slow_start.as_secs_f64();
        let Some(recovered) = self.recovered.filter(|_| slow > 0.0) else {
            return 1.0;
        };
        let passed = now.saturating_duration_since(recovered).as_secs_f64();
        (passed / slow).clamp(FIRST_SHARE, 1.0)
    }
}

#[cfg(test)]
mod tests;
