//! The better of two (Mitzenmacher: The power of two choices, 2001), by Finagle's peak EWMA.

use super::Candidate;
use super::dice::Dice;

/// Draws two by weight, and goes from the first to the second the more likely the cheaper the
/// second is. Equally good endpoints so get their weights' shares; to go whenever the second is
/// cheaper at all would give a quiet upstream's traffic to whoever was a microsecond faster.
pub(super) fn pick(candidates: &[Candidate], chance: u64) -> Option<usize> {
    let mut dice = Dice::new(chance);
    let first = draw(candidates, None, &mut dice)?;
    let Some(second) = draw(candidates, Some(first.endpoint), &mut dice) else {
        return Some(first.endpoint);
    };
    let (stay, go) = (cost(first), cost(second));
    let better = go < stay && dice.share() >= (go / stay).powi(2);
    Some(if better { second } else { first }.endpoint)
}

fn draw<'c>(
    candidates: &'c [Candidate],
    without: Option<usize>,
    dice: &mut Dice,
) -> Option<&'c Candidate> {
    let drawn = || candidates.iter().filter(|c| Some(c.endpoint) != without);
    let mut left = dice.share() * drawn().map(|c| c.weight).sum::<f64>();
    let hit = drawn().find(|c| {
        left -= c.weight;
        left < 0.0
    });
    // Sums of floats may miss the end by a little.
    hit.or_else(|| drawn().next_back())
}

/// What one more exchange there would wait. An endpoint of which nothing is known gets one
/// exchange to make itself known, not all of them.
fn cost(candidate: &Candidate) -> f64 {
    match candidate.latency {
        Some(latency) => latency * (candidate.in_flight as f64 / candidate.weight + 1.0),
        None if candidate.in_flight == 0 => 0.0,
        None => f64::INFINITY,
    }
}
