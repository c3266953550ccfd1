//! Compares what clients saw with what servers did, as a checker of linearizability does: each
//! request is ok, failed or unknown, and not all that can be seen may be.

#[cfg(test)]
mod tests;

use crate::outcome::{Finding, Oddity, Outcome, Record};
use crate::request::{Class, Nonce};
use crate::server::Deeds;
use crate::wire::Failure;
use std::collections::BTreeMap;

/// What may happen in a group without a fault of the gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tolerance {
    /// Requests may fail.
    pub(crate) failures: bool,
    /// Connections may end with requests in flight.
    pub(crate) closings: bool,
    /// Connections may end with requests in flight that nobody has carried out, and requests may be
    /// refused because the gateway goes away.
    pub(crate) drains: bool,
    /// Servers may lie in a way that cannot be found out.
    pub(crate) forgeries: bool,
    /// Requests may be answered.
    pub(crate) answers: bool,
}

impl Tolerance {
    /// Nothing but right answers.
    pub(crate) const STRICT: Self = Self {
        failures: false,
        closings: false,
        drains: false,
        forgeries: false,
        answers: true,
    };
}

/// How many requests ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) requests: usize,
    pub(crate) ok: usize,
    pub(crate) failed: BTreeMap<Failure, usize>,
    /// The client left, or was left, before the reply.
    pub(crate) unknown: usize,
    /// Of those: the client's own doing.
    pub(crate) cancelled: usize,
    /// Answered with what the server made up.
    pub(crate) forged: usize,
    pub(crate) violations: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.ok += other.ok;
        self.unknown += other.unknown;
        self.cancelled += other.cancelled;
        self.forged += other.forged;
        self.violations += other.violations;
        for (failure, count) in &other.failed {
            *self.failed.entry(*failure).or_default() += count;
        }
    }
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Bytes that are not the answer to this request.
    Misdelivered,
    Duplicated,
    Lost,
    ExecutedTwice,
    OkUnexecuted,
    /// It failed in a way that says it was not sent.
    FailedExecuted(Failure),
    /// It was not sent to its end.
    UnsentExecuted,
    FailedWithoutFault(Failure),
    ClosedWithoutFault,
    /// It was carried out, and the gateway went without a word about it.
    LeftUnanswered,
    /// A server that cannot be talked to answered.
    Answered,
    /// A server was asked what no client asks.
    Invented,
    Garbled(String),
    CutReply,
    Lingers,
    Deaf(String),
}

/// One breach, with what it takes to look for it.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) client: Option<(u32, u32)>,
    pub(crate) nonce: Nonce,
    pub(crate) wrong: Wrong,
}

/// What came of a group.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) tally: Tally,
    pub(crate) violations: Vec<Violation>,
}

/// Judges one group.
pub(crate) fn judge(
    mut records: Vec<Record>,
    findings: &[Finding],
    mut deeds: Deeds,
    tolerance: Tolerance,
) -> Verdict {
    records.sort_unstable_by_key(|record| record.nonce);
    deeds.executed.sort_unstable();
    let mut verdict = Verdict::default();
    for finding in findings {
        verdict.find(finding, tolerance);
    }
    let mut executed = &deeds.executed[..];
    for record in &records {
        let before = executed.partition_point(|nonce| *nonce < record.nonce);
        executed[..before]
            .iter()
            .for_each(|nonce| verdict.invented(*nonce));
        let times = executed[before..].partition_point(|nonce| *nonce == record.nonce);
        executed = &executed[before + times..];
        verdict.weigh(record, times, &deeds, tolerance);
    }
    executed.iter().for_each(|nonce| verdict.invented(*nonce));
    verdict.tally.violations = verdict.violations.len();
    verdict
}

impl Verdict {
    fn weigh(&mut self, record: &Record, times: usize, deeds: &Deeds, tolerance: Tolerance) {
        self.tally.requests += 1;
        if times > 1 && record.class == Class::Once {
            self.breach(record, Wrong::ExecutedTwice);
        }
        match record.outcome {
            Outcome::Ok => self.weigh_ok(record, times, tolerance),
            Outcome::Wrong(digest) => {
                let told = deeds.forged.contains(&(record.nonce, digest))
                    || deeds.unasked.contains(&digest);
                if told && tolerance.forgeries {
                    self.tally.forged += 1;
                } else {
                    self.breach(record, Wrong::Misdelivered);
                }
            }
            Outcome::Failed(failure) => self.weigh_failure(record, failure, times, tolerance),
            Outcome::Left => {
                self.tally.unknown += 1;
                self.tally.cancelled += 1;
            }
            Outcome::Unsent => {
                self.tally.unknown += 1;
                self.tally.cancelled += 1;
                if times > 0 {
                    self.breach(record, Wrong::UnsentExecuted);
                }
            }
            Outcome::Closed => {
                self.tally.unknown += 1;
                match tolerance {
                    Tolerance { closings: true, .. } => {}
                    Tolerance { drains: false, .. } => {
                        self.breach(record, Wrong::ClosedWithoutFault);
                    }
                    Tolerance { drains: true, .. } if times > 0 => {
                        self.breach(record, Wrong::LeftUnanswered);
                    }
                    Tolerance { drains: true, .. } => {}
                }
            }
            Outcome::Lost => self.breach(record, Wrong::Lost),
        }
    }

    fn weigh_ok(&mut self, record: &Record, times: usize, tolerance: Tolerance) {
        self.tally.ok += 1;
        if !tolerance.answers {
            self.breach(record, Wrong::Answered);
        }
        if times == 0 {
            self.breach(record, Wrong::OkUnexecuted);
        }
    }

    fn weigh_failure(
        &mut self,
        record: &Record,
        failure: Failure,
        times: usize,
        tolerance: Tolerance,
    ) {
        *self.tally.failed.entry(failure).or_default() += 1;
        let drains = tolerance.drains && failure == Failure::Draining;
        // Our requests are good, and elsewhere no gateway goes away before they are answered.
        let never = matches!(
            failure,
            Failure::Draining | Failure::Refused | Failure::Internal
        );
        if !drains && (!tolerance.failures || never) {
            self.breach(record, Wrong::FailedWithoutFault(failure));
        }
        if times > 0 && !failure.may_have_run() {
            self.breach(record, Wrong::FailedExecuted(failure));
        }
    }

    fn find(&mut self, finding: &Finding, tolerance: Tolerance) {
        let wrong = match &finding.what {
            Oddity::Again => Wrong::Duplicated,
            Oddity::Stray => Wrong::Misdelivered,
            Oddity::Garbled(what) => Wrong::Garbled(what.clone()),
            Oddity::CutReply if tolerance.closings => return,
            Oddity::CutReply => Wrong::CutReply,
            Oddity::Lingers => Wrong::Lingers,
            Oddity::Deaf(why) => Wrong::Deaf(why.clone()),
        };
        let client = Some((finding.client, finding.seq));
        self.violations.push(Violation {
            client,
            nonce: 0,
            wrong,
        });
    }

    fn breach(&mut self, record: &Record, wrong: Wrong) {
        self.violations.push(Violation {
            client: Some((record.client, record.seq)),
            nonce: record.nonce,
            wrong,
        });
    }

    fn invented(&mut self, nonce: Nonce) {
        let (client, wrong) = (None, Wrong::Invented);
        self.violations.push(Violation {
            client,
            nonce,
            wrong,
        });
    }
}
