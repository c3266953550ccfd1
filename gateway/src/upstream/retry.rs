//! Whether a request is sent once more.

use super::Upstream;
use gatewright_core::codec::Retry;
use gatewright_core::retry::Decision;
use gatewright_core::translate::Outcome;
use std::time::Instant;

impl Upstream {
    /// Notes a request that is sent for the first time.
    pub(crate) fn offered(&self, now: Instant) {
        self.budget.borrow_mut().offer(now);
    }

    /// Whether a request that was tried so often and ended so is tried again. If so, it is
    /// counted.
    pub(crate) fn tries_again(
        &self,
        outcome: &Outcome<'_>,
        operation: Retry,
        attempts: u32,
        now: Instant,
    ) -> bool {
        let policy = &self.plan.retry;
        if attempts >= policy.attempts {
            return false;
        }
        let again = match policy.decide(outcome, operation) {
            Decision::Keep => return false,
            Decision::Free => true,
            Decision::Unnoticed if attempts == 1 => self.budget.borrow_mut().retry_unnoticed(now),
            Decision::Unnoticed | Decision::Charged => self.budget.borrow_mut().retry(now),
        };
        self.metrics.retried(again);
        again
    }
}
