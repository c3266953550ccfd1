//! How long an endpoint takes to answer, with more regard for bad news than for good.

use std::time::{Duration, Instant};

/// After this time without news, a little more than a third of the old value is left.
const DECAY: Duration = Duration::from_secs(10);

/// A moving average that jumps to a slow answer at once, follows fast ones slowly, and fades
/// without any: an endpoint that was slow once is tried again.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeakEwma {
    last: Option<(f64, Instant)>,
}

impl PeakEwma {
    /// An answer took so long.
    pub fn observe(&mut self, took: Duration, now: Instant) {
        let took = took.as_secs_f64();
        let value = match self.last {
            Some((value, at)) if took < value => {
                let kept = kept(at, now);
                took * (1.0 - kept) + value * kept
            }
            _ => took,
        };
        self.last = Some((value, now));
    }

    /// The latency now, in seconds; `None` if there was no answer yet.
    #[must_use]
    pub fn get(&self, now: Instant) -> Option<f64> {
        self.last.map(|(value, at)| value * kept(at, now))
    }
}

fn kept(at: Instant, now: Instant) -> f64 {
    let passed = now.saturating_duration_since(at);
    (-passed.as_secs_f64() / DECAY.as_secs_f64()).exp()
}
