//! Endpoints that are looked for: when, and what is kept when nothing is found.
//!
//! A [`Discovery`] is told what look-ups found, for how long that holds
//! ([`handle_found`](Discovery::handle_found)), or that they failed
//! ([`handle_failed`](Discovery::handle_failed)), and says when the next one is due
//! ([`poll_timeout`](Discovery::poll_timeout)). Nothing found is a failure, too: an upstream whose
//! names are gone for a moment is not given up for it.

use crate::pool::Found;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How endpoints are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiscoveryPolicy {
    /// The shortest time between two look-ups, and the first pause after a failure.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
    /// So many endpoints are kept, the most preferred first.
    pub endpoints: usize,
}

/// What is known of the endpoints of one upstream.
#[derive(Debug)]
pub struct Discovery {
    policy: DiscoveryPolicy,
    current: Vec<Found>,
    failures: u32,
    next: Instant,
}

/// What a look-up means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// [`current`](Discovery::current) is another set.
    Changed,
    /// It is the same.
    Same,
}

impl Discovery {
    /// Nothing is known, and the first look-up is due.
    #[must_use]
    pub const fn new(policy: DiscoveryPolicy, now: Instant) -> Self {
        Self {
            policy,
            current: Vec::new(),
            failures: 0,
            next: now,
        }
    }

    /// The endpoints by now: the last good set, each once, in an order of their own.
    #[must_use]
    pub fn current(&self) -> &[Found] {
        &self.current
    }

    /// When the next look-up is due.
    #[must_use]
    pub const fn poll_timeout(&self) -> Instant {
        self.next
    }

    /// A look-up found these; they hold for so long. `jitter` is any random number: it spreads the
    /// look-ups of many gateways.
    pub fn handle_found(
        &mut self,
        mut found: Vec<Found>,
        valid: Duration,
        jitter: u32,
        now: Instant,
    ) -> Change {
        if found.is_empty() {
            self.handle_failed(jitter, now);
            return Change::Same;
        }
        self.failures = 0;
        let valid = valid.clamp(self.policy.least, self.policy.most);
        self.next = now + valid.mul_f64(1.0 + 0.1 * share(jitter));
        // The most preferred first; among those that are equally so, by address, so that two
        // look-ups that find the same are the same.
        found.sort_by_key(|f| (f.rank.priority, f.address));
        let mut seen = HashSet::new();
        found.retain(|f| seen.insert(f.address));
        found.truncate(self.policy.endpoints);
        if found == self.current {
            return Change::Same;
        }
        self.current = found;
        Change::Changed
    }

    /// A look-up failed: the last good set stays. The next is due after half to the whole of a
    /// pause that doubles with each failure in a row.
    pub fn handle_failed(&mut self, jitter: u32, now: Instant) {
        let pause = self.policy.least.saturating_mul(1 << self.failures.min(16));
        let pause = pause.min(self.policy.most);
        self.failures = self.failures.saturating_add(1);
        self.next = now + pause.mul_f64(0.5 + 0.5 * share(jitter));
    }
}

fn share(jitter: u32) -> f64 {
    f64::from(jitter) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
