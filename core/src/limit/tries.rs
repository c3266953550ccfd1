//! How long one try of a request may take.

use std::time::{Duration, Instant};

/// How long one try of a request may take, from when it was sent. Both are beside the time of the
/// whole exchange, which holds for all tries together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TryLimits {
    /// Until its answer begins.
    pub first_byte: Option<Duration>,
    /// Until its answer is there; where a payload is passed on as it comes, until that begins.
    pub whole: Option<Duration>,
}

/// How far a try got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing came of its answer.
    Sent,
    /// Its answer has begun.
    Begun,
}

/// What a try has exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// Nothing came of its answer in time.
    FirstByte,
    /// Its answer is not there in time.
    Whole,
}

impl Late {
    /// The name that metrics use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstByte => "first-byte",
            Self::Whole => "try",
        }
    }

    /// What happened, for people.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::FirstByte => "nothing of an answer in the time for its first byte",
            Self::Whole => "no answer in the time of one try",
        }
    }
}

impl TryLimits {
    /// Whether only the whole exchange has a limit.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.first_byte.is_none() && self.whole.is_none()
    }

    /// When a try is given up that was sent at `since` and got so far, and for what; `None` if it
    /// has as long as the whole exchange.
    #[must_use]
    pub fn deadline(&self, since: Instant, stage: Stage) -> Option<(Instant, Late)> {
        let at = |limit: Option<Duration>, late| limit.map(|limit| (since + limit, late));
        let whole = at(self.whole, Late::Whole);
        let first = match stage {
            Stage::Sent => at(self.first_byte, Late::FirstByte),
            Stage::Begun => None,
        };
        first
            .into_iter()
            .chain(whole)
            .min_by_key(|(deadline, _)| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_try_has_the_shorter_of_its_times_and_only_one_once_its_answer_has_begun() {
        let now = Instant::now();
        let of = |first_byte: Option<u64>, whole: Option<u64>| TryLimits {
            first_byte: first_byte.map(ms),
            whole: whole.map(ms),
        };
        let first = |at| Some((now + ms(at), Late::FirstByte));
        let whole = |at| Some((now + ms(at), Late::Whole));
        let cases = [
            (of(None, None), None, None),
            (of(Some(5), None), first(5), None),
            (of(None, Some(9)), whole(9), whole(9)),
            (of(Some(5), Some(9)), first(5), whole(9)),
            (of(Some(9), Some(5)), whole(5), whole(5)),
        ];
        for (limits, sent, begun) in cases {
            assert_eq!(limits.deadline(now, Stage::Sent), sent, "{limits:?}");
            assert_eq!(limits.deadline(now, Stage::Begun), begun, "{limits:?}");
            assert_eq!(limits.is_none(), sent.is_none());
        }
    }
}
