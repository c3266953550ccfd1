//! What a reply makes of the request that it answers.

use crate::outcome::Outcome;
use crate::request::{Nonce, digest};
use crate::wire::{Said, What, Wire};

/// The outcome of the request with this nonce. `expected` is kept for its capacity.
pub(super) fn judged(
    wire: &dyn Wire,
    nonce: Nonce,
    said: &Said<'_>,
    expected: &mut Vec<u8>,
) -> Outcome {
    let mine = said.echo.is_none_or(|echo| echo == nonce);
    match &said.what {
        What::Failed(failure) if mine => Outcome::Failed(*failure),
        What::Failed(_) => Outcome::Wrong(0),
        What::Answer { server, answer } => {
            expected.clear();
            wire.answer(nonce, *server, expected);
            match mine && **answer == expected[..] {
                true => Outcome::Ok,
                false => Outcome::Wrong(digest(answer)),
            }
        }
    }
}
