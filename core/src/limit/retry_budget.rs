//! How many requests may be sent once more.

use super::Window;
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(10);
/// Retries that the upstream has most likely no notice of: so many in each second need no budget.
const FEW: u64 = 10;

/// At most so many retries for the requests that were offered: at each moment at which a retry
/// is decided, the retries of the last second, this one included, are at most `percent` of the
/// requests offered in the same second. There is no number that is always allowed, but for retries
/// that [the upstream has most likely no notice of](Self::retry_unnoticed): with 10 %, fewer than ten
/// requests in a second have no other retry.
///
/// A second is counted in ticks of 10 ms, on the safe side: a retry may count for 10 ms longer,
/// a request for 10 ms less. Memory: 1 KiB.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    percent: u32,
    offered: Window<100>,
    retried: Window<101>,
}

impl RetryBudget {
    /// A budget of so many per cent.
    #[must_use]
    pub const fn new(percent: u32) -> Self {
        Self {
            percent,
            offered: Window::new(TICK),
            retried: Window::new(TICK),
        }
    }

    /// A request is sent for the first time.
    pub fn offer(&mut self, now: Instant) {
        // The two windows must agree on where ticks begin.
        self.retried.sum(now);
        self.offered.add(now);
    }

    /// Whether one may be sent once more that the upstream has most likely no notice of: so may a few in each
    /// second, whatever was offered. All count, and leave others less.
    pub fn retry_unnoticed(&mut self, now: Instant) -> bool {
        let few = self.retried.sum(now) < FEW;
        if few {
            self.retried.add(now);
        }
        few || self.retry(now)
    }

    /// Whether one may be sent once more; if so, it counts from now on, however long it waits
    /// until it is sent.
    pub fn retry(&mut self, now: Instant) -> bool {
        let allowed = self.offered.sum(now) * u64::from(self.percent);
        let granted = (self.retried.sum(now) + 1) * 100 <= allowed;
        if granted {
            self.retried.add(now);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_what_was_offered_and_no_floor() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(10);
        assert!(!budget.retry(start));
        (0..9).for_each(|_| budget.offer(start));
        assert!(!budget.retry(start), "nine requests allow none");
        budget.offer(start);
        assert!(budget.retry(start));
        assert!(!budget.retry(start), "ten allow one");
        let soon = start + Duration::from_secs(2);
        (0..20).for_each(|_| budget.offer(soon));
        assert!(budget.retry_unnoticed(soon));
        assert!(budget.retry(soon), "twenty allow two");
        assert!(!budget.retry(soon), "one of which was counted");
        let later = start + Duration::from_secs(4);
        assert!(!budget.retry(later), "and only for a second");
    }
    #[test]
    fn a_few_that_nobody_notices_need_no_budget() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(10);
        assert!((0..FEW).all(|_| budget.retry_unnoticed(start)));
        assert!(!budget.retry_unnoticed(start), "that is no storm");
        (0..110).for_each(|_| budget.offer(start));
        assert!(
            budget.retry_unnoticed(start),
            "a hundred and ten allow eleven"
        );
        assert!(!budget.retry_unnoticed(start));
    }
}
