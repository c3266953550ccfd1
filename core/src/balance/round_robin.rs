//! In turn, by weight.

use super::Candidate;

/// Start-time fair queueing: each turn moves an endpoint's next one by the inverse of its weight,
/// and the endpoint whose turn is first gets the exchange. One that was away does not make up
/// for the turns that it missed.
#[derive(Debug)]
pub(super) struct RoundRobin {
    /// When each endpoint's next turn is, in turns of an endpoint of weight 1.
    turns: Vec<f64>,
    time: f64,
}

impl RoundRobin {
    pub(super) fn new(endpoints: usize) -> Self {
        Self {
            turns: vec![0.0; endpoints],
            time: 0.0,
        }
    }

    pub(super) fn pick<'c>(
        &mut self,
        candidates: impl Iterator<Item = &'c Candidate>,
    ) -> Option<usize> {
        let turn = |c: &Candidate| self.turns[c.endpoint].max(self.time);
        let first = candidates.min_by(|a, b| turn(a).total_cmp(&turn(b)))?;
        self.time = turn(first);
        self.turns[first.endpoint] = self.time + 1.0 / first.weight;
        Some(first.endpoint)
    }
}
