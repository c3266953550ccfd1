//! What a request is known by, and the one answer that each server has to it.

use crate::rng::{Rng, mix};

/// Never used twice in a run. What is answered follows from it and the server alone.
pub(crate) type Nonce = u128;

/// Servers are told apart by a number below this.
pub(crate) const SERVERS: u8 = 64;

/// How often a request may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Idempotent,
    Once,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// As this connection knows it; nothing where replies come in order.
    pub(crate) id: u32,
    pub(crate) nonce: Nonce,
    pub(crate) class: Class,
}

/// The nonce of a client's request in one part of a run.
pub(crate) const fn nonce(part: u64, client: u32, seq: u32) -> Nonce {
    let which = (client as u64) << 32 | seq as u64;
    let high = mix(part ^ mix(which));
    let low = mix(which.wrapping_add(mix(part.wrapping_add(0x5eed))));
    (high as u128) << 64 | low as u128
}

const fn seed(nonce: Nonce, server: u8) -> u64 {
    mix((nonce >> 64) as u64 ^ mix(nonce as u64 ^ (server as u64) << 56))
}

/// The answer as any bytes: some few, now and then some thousand.
pub(crate) fn body(nonce: Nonce, server: u8, out: &mut Vec<u8>) {
    let mut rng = Rng::seeded(seed(nonce, server));
    let length = match rng.below(64) {
        0 => 1 + rng.below(6_000),
        _ => 1 + rng.below(60),
    };
    let end = out.len() + length;
    while out.len() < end {
        out.extend_from_slice(&rng.next().to_le_bytes());
    }
    out.truncate(end);
}

const LETTERS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+*";

/// The answer as six letters.
pub(crate) fn code(nonce: Nonce, server: u8) -> [u8; 6] {
    let number = seed(nonce, server);
    std::array::from_fn(|at| LETTERS[(number >> (6 * at)) as usize % 64])
}

/// By what answers are compared where keeping their bytes would be too much.
pub(crate) fn digest(answer: &[u8]) -> u64 {
    answer.iter().fold(answer.len() as u64, |digest, byte| {
        mix(digest ^ u64::from(*byte))
    })
}
