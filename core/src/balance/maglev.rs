//! The same key to the same endpoint (Eisenbud et al.: Maglev, NSDI 2016, section 3.4).

use super::dice::{Dice, mix};
use super::{Candidate, Seat};

/// Sizes of the table, both prime: a key's steps visit each of its places. The larger one is for
/// more than 50 endpoints, so that each has about 100 places or more. Two bytes a place.
const SIZES: [usize; 2] = [5_003, 65_537];

/// The table is made once, from all endpoints. A key whose endpoint cannot take it steps on
/// through the table, so keys of other endpoints stay where they are, and it comes back.
#[derive(Debug)]
pub(super) struct Maglev {
    places: Vec<u16>,
    weights: Vec<u32>,
}

impl Maglev {
    pub(super) fn new(seats: &[Seat]) -> Self {
        let taken = seats.iter().filter(|seat| seat.weight > 0).count();
        let size = SIZES[usize::from(taken > 50)];
        Self {
            places: fill(seats, size),
            weights: seats.iter().map(|seat| seat.weight).collect(),
        }
    }

    pub(super) fn pick(&self, candidates: &[Candidate], key: u64) -> Option<usize> {
        let mut spare = None;
        for place in steps(key, self.places.len()) {
            let endpoint = usize::from(self.places[place]);
            let Some(candidate) = candidates.iter().find(|c| c.endpoint == endpoint) else {
                continue;
            };
            if self.admits(candidate, key) {
                return Some(endpoint);
            }
            spare = spare.or(Some(endpoint));
        }
        spare.or_else(|| candidates.first().map(|c| c.endpoint))
    }

    /// Whether the key is among those that a slow start has reached.
    fn admits(&self, candidate: &Candidate, key: u64) -> bool {
        let whole = f64::from(self.weights[candidate.endpoint]);
        candidate.weight >= whole || {
            let share = Dice::new(key ^ candidate.endpoint as u64).share();
            share * whole < candidate.weight
        }
    }
}

/// All places of a table, in an order that the key decides.
fn steps(key: u64, size: usize) -> impl Iterator<Item = usize> {
    let size = size as u64;
    let first = key % size;
    let step = mix(key ^ 0x5bd1_e995) % (size - 1) + 1;
    (0..size).map(move |n| ((first + n * step) % size) as usize)
}

/// Each endpoint in turn takes the next free place of its own order, the heaviest in each
/// round, the others as often as their weights say.
fn fill(seats: &[Seat], size: usize) -> Vec<u16> {
    const FREE: u16 = u16::MAX;
    let heaviest = seats.iter().map(|seat| seat.weight).max().unwrap_or(0);
    let mut places = vec![FREE; size];
    let seated = seats.iter().take(usize::from(FREE));
    let mut orders: Vec<_> = seated.map(|seat| steps(mix(seat.identity), size)).collect();
    let mut due = vec![0_u64; orders.len()];
    // By identity, so that the table does not depend on the order in which endpoints came.
    let mut turns: Vec<usize> = (0..orders.len()).collect();
    turns.sort_by_key(|endpoint| seats[*endpoint].identity);
    let mut left = if heaviest == 0 { 0 } else { size };
    while left > 0 {
        for endpoint in turns.iter().copied() {
            let weight = seats[endpoint].weight;
            due[endpoint] += u64::from(weight);
            if weight == 0 || due[endpoint] < u64::from(heaviest) || left == 0 {
                continue;
            }
            due[endpoint] -= u64::from(heaviest);
            if let Some(place) = orders[endpoint].find(|place| places[*place] == FREE) {
                places[place] = endpoint as u16;
                left -= 1;
            }
        }
    }
    places
}

/// A key's number. The same in each gateway and each release: FNV-1a, then spread.
#[must_use]
pub fn key_of(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash)
}
