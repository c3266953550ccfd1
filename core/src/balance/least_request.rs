//! To the endpoint with the fewest exchanges for its weight; among equals in turn.

use super::Candidate;
use super::round_robin::RoundRobin;

#[derive(Debug)]
pub(super) struct LeastRequest(RoundRobin);

impl LeastRequest {
    pub(super) fn new(endpoints: usize) -> Self {
        Self(RoundRobin::new(endpoints))
    }

    pub(super) fn pick(&mut self, candidates: &[Candidate]) -> Option<usize> {
        let load = |c: &Candidate| c.in_flight as f64 / c.weight;
        let least = candidates.iter().map(load).min_by(f64::total_cmp)?;
        self.0.pick(candidates.iter().filter(|c| load(c) <= least))
    }
}
