//! For how long a connection is given anything new.

use std::time::{Duration, Instant};

/// When connections retire: what they have is finished, nothing new is begun on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// After so long.
    pub age: Option<Duration>,
    /// After so many requests.
    pub requests: Option<u64>,
}

/// When one connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    at: Option<Instant>,
    requests: Option<u64>,
}

/// Up to so much earlier by chance: connections of one age are not to be replaced in one moment.
const EARLIER: f64 = 0.2;

impl Lifetime {
    /// The retirement of a connection that is usable from `now` on. `jitter` is any random number.
    #[must_use]
    pub fn begin(self, now: Instant, jitter: u32) -> Retirement {
        let part = 1.0 - EARLIER * f64::from(jitter) / f64::from(u32::MAX);
        Retirement {
            at: self.age.map(|age| now + age.mul_f64(part)),
            // Rounded up, so that there is at least one.
            requests: self.requests.map(|most| (most as f64 * part).ceil() as u64),
        }
    }
}

impl Retirement {
    /// Whether a connection that was given so many requests retires now.
    #[must_use]
    pub fn is_due(&self, requests: u64, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now) || self.requests.is_some_and(|most| most <= requests)
    }

    /// When it does, if by its age.
    #[must_use]
    pub const fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Whether its requests matter.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.requests.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_retires_by_age_or_use_and_a_little_earlier_by_chance() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let lifetime = Lifetime {
            age: Some(100 * second),
            requests: Some(50),
        };
        let latest = lifetime.begin(now, 0);
        assert_eq!(latest.at(), Some(now + 100 * second));
        assert!(!latest.is_due(49, now + 99 * second));
        assert!(latest.is_due(50, now) && latest.is_due(0, now + 100 * second));
        let earliest = lifetime.begin(now, u32::MAX);
        assert_eq!(earliest.at(), Some(now + 80 * second));
        assert!(earliest.is_due(40, now) && !earliest.is_due(39, now));

        let once = Lifetime {
            requests: Some(1),
            ..Lifetime::default()
        };
        assert!(!once.begin(now, u32::MAX).is_due(0, now));
        let forever = Lifetime::default().begin(now, 7);
        assert!(!forever.is_due(u64::MAX, now + 100_000 * second) && !forever.counts());
    }
}
