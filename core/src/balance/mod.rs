//! Which of several endpoints gets the next exchange: one file a policy, one table of names.
//!
//! A policy sees [`Candidate`]s only: endpoints that are healthy enough and have room. Chance is
//! an argument, so the same calls give the same choices.

mod dice;
mod latency;
mod least_request;
mod maglev;
mod p2c;
mod round_robin;

pub use latency::PeakEwma;
pub use maglev::key_of;

use least_request::LeastRequest;
use maglev::Maglev;
use round_robin::RoundRobin;

/// How exchanges are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// In turn.
    RoundRobin,
    /// To the one with the fewest exchanges in flight.
    LeastRequest,
    /// To the better of two, by latency and exchanges in flight.
    P2c,
    /// By a key: the same one goes to the same endpoint.
    Hash,
}

impl Policy {
    /// All policies, by the names that configurations use.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("round-robin", Self::RoundRobin),
        ("least-request", Self::LeastRequest),
        ("p2c", Self::P2c),
        ("hash", Self::Hash),
    ];

    /// The policy of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut rows = Self::NAMES.into_iter();
        rows.find(|row| row.0 == name).map(|row| row.1)
    }
}

/// One endpoint that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its index.
    pub endpoint: usize,
    /// Its share beside those of the others, above 0; less than configured during a slow start.
    pub weight: f64,
    /// Exchanges that it has.
    pub in_flight: usize,
    /// Its [latency](PeakEwma) in seconds, if any answer came.
    pub latency: Option<f64>,
}

/// An endpoint as its place in a policy's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its share; 0 for none.
    pub weight: u32,
    /// What keys go by: the same endpoint gets the same keys whatever its index is.
    pub identity: u64,
}

/// The state of one policy over the endpoints of one upstream.
#[derive(Debug)]
pub struct Balancer(Kind);

#[derive(Debug)]
enum Kind {
    RoundRobin(RoundRobin),
    LeastRequest(LeastRequest),
    P2c,
    Hash(Maglev),
}

impl Balancer {
    /// A policy over endpoints of these weights.
    #[must_use]
    pub fn new(policy: Policy, weights: &[u32]) -> Self {
        let seat = |(weight, identity): (&u32, u64)| Seat {
            weight: (*weight).max(1),
            identity,
        };
        let seats: Vec<Seat> = weights.iter().zip(1..).map(seat).collect();
        Self::seated(policy, &seats)
    }

    /// A policy over endpoints with an identity of their own.
    #[must_use]
    pub fn seated(policy: Policy, seats: &[Seat]) -> Self {
        Self(match policy {
            Policy::RoundRobin => Kind::RoundRobin(RoundRobin::new(seats.len())),
            Policy::LeastRequest => Kind::LeastRequest(LeastRequest::new(seats.len())),
            Policy::P2c => Kind::P2c,
            Policy::Hash => Kind::Hash(Maglev::new(seats)),
        })
    }

    /// The endpoint of one candidate; `None` only if there is none. `key` is what
    /// [`Policy::Hash`] goes by, `chance` any random number.
    pub fn pick(&mut self, candidates: &[Candidate], key: u64, chance: u64) -> Option<usize> {
        if let [] | [_] = candidates {
            return candidates.first().map(|only| only.endpoint);
        }
        match &mut self.0 {
            Kind::RoundRobin(state) => state.pick(candidates.iter()),
            Kind::LeastRequest(state) => state.pick(candidates),
            Kind::P2c => p2c::pick(candidates, chance),
            Kind::Hash(table) => table.pick(candidates, key),
        }
    }
}

#[cfg(test)]
mod tests;
