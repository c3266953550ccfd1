//! Replies that answer no request that waits.

use super::{Broken, State};
use crate::clock;
use crate::observe::UpstreamMetrics;
use gatewright_core::message::Correlation;
use std::time::Duration;

/// Replies with unknown ids after which the server is not believed any more.
const UNKNOWN: u32 = 16;
/// For how long they count.
const REMEMBERED: Duration = Duration::from_secs(60);

impl State {
    /// Whether a reply that answers no request that waits is one that servers may send: another to the
    /// last one that was answered, or one to a message that has none if all goes well.
    fn may_follow(&mut self, correlation: &Correlation) -> bool {
        if !matches!(correlation, Correlation::Id(_)) {
            return false;
        }
        let left = self.unanswered.checked_sub(1);
        let follows = *correlation == self.answered;
        if !follows {
            self.unanswered = left.unwrap_or(0);
        }
        follows || left.is_some()
    }

    /// By order, a reply that nobody asked for leaves nobody sure whose the next one is. With ids,
    /// one now and then is none of anybody's business.
    pub(super) fn note_unknown(
        &mut self,
        correlation: &Correlation,
        metrics: &UpstreamMetrics,
    ) -> Result<(), Broken> {
        metrics.dropped("unknown");
        if self.may_follow(correlation) {
            return Ok(());
        }
        let now = clock::turn();
        if now.saturating_duration_since(self.unknown.1) >= REMEMBERED {
            self.unknown = (0, now);
        }
        self.unknown.0 += 1;
        match correlation {
            Correlation::Id(_) if self.unknown.0 < UNKNOWN => Ok(()),
            Correlation::Id(_) | Correlation::Key(_) | Correlation::None => {
                Err(Broken::Unasked("replies that nobody asked for"))
            }
        }
    }
}
