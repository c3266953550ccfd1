//! All chance of a run: SplitMix64 over its seed.

use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

/// The output function of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
pub(super) const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    pub(super) const fn jitter(&mut self) -> u32 {
        (self.draw() >> 32) as u32
    }

    /// From 0 up to but without `end`, which is not 0.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    pub(super) const fn permille(&mut self, share: u32) -> bool {
        self.below(1000) < share as u64
    }

    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// From nothing to so many milliseconds, in steps of a microsecond.
    pub(super) const fn up_to_ms(&mut self, ms: u64) -> Duration {
        Duration::from_micros(self.below(ms * 1000 + 1))
    }
}
