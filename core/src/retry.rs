//! What may be tried again.
//!
//! A request that was certainly not carried out may be, whatever it asks. Any other only if its
//! operation is [idempotent](crate::codec::Retry::Idempotent). Nothing of an answer was passed on
//! by then: answers are taken whole.

use crate::codec::Retry;
use crate::fault::{Fault, FaultClass, Sent};
use crate::translate::Outcome;

/// After what a request is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is tried at most.
    pub attempts: u32,
    /// After what.
    pub causes: Vec<Cause>,
    /// Retries that the upstream notices, in a hundred requests of the same second.
    pub budget: u32,
}

/// One reason to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was certainly not carried out, or most likely not and may be twice.
    Connect,
    /// It broke after it was sent.
    Reset,
    /// Its answer did not come in the [time of a try](crate::limit::TryLimits).
    Timeout,
    /// An answer of this status.
    Status(u16),
    /// An answer of this hundred of statuses, such as 5.
    Class(u16),
}

/// Whether an attempt is followed by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No: this is the outcome.
    Keep,
    /// Yes: the upstream has not noticed the one before.
    Free,
    /// Yes after the first attempt, if the [budget](crate::limit::RetryBudget::retry_unnoticed) allows, which has a few of these in any
    /// case: the upstream has most likely not noticed. Another one in a row is [`Charged`](Self::Charged).
    Unnoticed,
    /// Yes, if the [budget](crate::limit::RetryBudget) allows: the upstream has.
    Charged,
}

impl RetryPolicy {
    /// What becomes of a request of an operation that ended so, apart from how often it was
    /// tried.
    #[must_use]
    pub fn decide(&self, outcome: &Outcome<'_>, operation: Retry) -> Decision {
        let idempotent = operation == Retry::Idempotent;
        match outcome {
            Outcome::Fault(fault) => self.after(fault, idempotent),
            Outcome::Message(_) | Outcome::Sent => Decision::Keep,
            Outcome::Answer(answer) => {
                let status = answer.status.as_u16();
                let named = self.has(Cause::Status(status)) || self.has(Cause::Class(status / 100));
                if named && idempotent {
                    Decision::Charged
                } else {
                    Decision::Keep
                }
            }
        }
    }

    fn after(&self, fault: &Fault, idempotent: bool) -> Decision {
        let unsure = match fault.class() {
            FaultClass::Unreachable => Cause::Reset,
            FaultClass::Timeout => Cause::Timeout,
            FaultClass::BadRequest
            | FaultClass::Unrouted
            | FaultClass::BadReply
            | FaultClass::Overload
            | FaultClass::Status(_)
            | FaultClass::Draining
            | FaultClass::Internal => return Decision::Keep,
        };
        match fault.how_far() {
            Sent::No if self.has(Cause::Connect) => Decision::Free,
            Sent::Refused if self.has(Cause::Connect) => Decision::Charged,
            Sent::Lapsed if self.has(Cause::Connect) && idempotent => Decision::Unnoticed,
            Sent::Lapsed | Sent::Maybe if self.has(unsure) && idempotent => Decision::Charged,
            Sent::No | Sent::Refused | Sent::Lapsed | Sent::Maybe => Decision::Keep,
        }
    }

    fn has(&self, cause: Cause) -> bool {
        self.causes.contains(&cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::HttpAnswer;
    use http::StatusCode;

    fn answer(status: u16) -> HttpAnswer {
        HttpAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: crate::message::Body::Empty,
        }
    }

    #[test]
    fn only_what_is_idempotent_is_sent_again_after_it_may_have_been_carried_out() {
        let policy = RetryPolicy {
            attempts: 2,
            causes: vec![
                Cause::Connect,
                Cause::Reset,
                Cause::Timeout,
                Cause::Status(429),
                Cause::Class(5),
            ],
            budget: 10,
        };
        let nothing = RetryPolicy {
            causes: Vec::new(),
            ..policy.clone()
        };
        let unsent = Fault::unsent(FaultClass::Unreachable, "");
        let full = Fault::unsent(FaultClass::Overload, "");
        let refused = Fault::refused(FaultClass::Unreachable, "");
        let reset = Fault::sent(FaultClass::Unreachable, "");
        let lapsed = Fault::lapsed(FaultClass::Unreachable, "");
        let late = Fault::sent(FaultClass::Timeout, "");
        let wrong = Fault::sent(FaultClass::BadReply, "");
        let [s429, s404, s503] = [429, 404, 503].map(answer);
        use Decision::{Charged, Free, Keep, Unnoticed};
        let cases = [
            (Outcome::Fault(&unsent), Free, Free),
            (Outcome::Fault(&full), Keep, Keep),
            (Outcome::Fault(&refused), Charged, Charged),
            (Outcome::Fault(&lapsed), Keep, Unnoticed),
            (Outcome::Fault(&reset), Keep, Charged),
            (Outcome::Fault(&late), Keep, Charged),
            (Outcome::Fault(&wrong), Keep, Keep),
            (Outcome::Answer(&s429), Keep, Charged),
            (Outcome::Answer(&s404), Keep, Keep),
            (Outcome::Answer(&s503), Keep, Charged),
        ];
        for (outcome, once, idempotent) in cases {
            assert_eq!(
                policy.decide(&outcome, Retry::IfUnsent),
                once,
                "{outcome:?}"
            );
            assert_eq!(
                policy.decide(&outcome, Retry::Idempotent),
                idempotent,
                "{outcome:?}"
            );
            assert_eq!(
                nothing.decide(&outcome, Retry::Idempotent),
                Keep,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn what_lapsed_is_a_reset_where_nothing_else_is_tried_again() {
        let policy = |cause| RetryPolicy {
            attempts: 2,
            causes: vec![cause],
            budget: 10,
        };
        let lapsed = Fault::lapsed(FaultClass::Unreachable, "");
        assert!(lapsed.may_have_been_sent());
        let decide = |cause, retry| policy(cause).decide(&Outcome::Fault(&lapsed), retry);
        let idempotent = Retry::Idempotent;
        assert_eq!(decide(Cause::Connect, idempotent), Decision::Unnoticed);
        assert_eq!(decide(Cause::Reset, idempotent), Decision::Charged);
        assert_eq!(decide(Cause::Timeout, idempotent), Decision::Keep);
        for cause in [Cause::Connect, Cause::Reset] {
            assert_eq!(decide(cause, Retry::IfUnsent), Decision::Keep);
        }
    }
}
