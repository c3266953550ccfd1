//! How often something happened lately, in constant memory.

use std::time::{Duration, Instant};

/// Counts over the last `N` ticks, the current one included: at least the last `N - 1` ticks of
/// time, at most `N`.
#[derive(Clone, Debug)]
pub struct Window<const N: usize> {
    /// In microseconds, at least one: a message counts in several windows, and a division of
    /// 128 bits costs as much as all the rest.
    tick: u64,
    origin: Option<Instant>,
    /// The current tick, counted from the origin.
    current: u64,
    /// When it ends: before that there is nothing to count but what happens.
    ends: Option<Instant>,
    counts: [u32; N],
    sum: u64,
}

impl<const N: usize> Window<N> {
    /// An empty one.
    #[must_use]
    pub const fn new(tick: Duration) -> Self {
        let tick = micros(tick);
        Self {
            tick: if tick == 0 { 1 } else { tick },
            origin: None,
            current: 0,
            ends: None,
            counts: [0; N],
            sum: 0,
        }
    }

    /// It happened once more.
    pub fn add(&mut self, now: Instant) {
        self.advance(now);
        let count = &mut self.counts[(self.current % N as u64) as usize];
        *count = count.saturating_add(1);
        self.sum += 1;
    }

    /// How often it happened.
    pub fn sum(&mut self, now: Instant) -> u64 {
        self.advance(now);
        self.sum
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.counts = [0; N];
        self.sum = 0;
    }

    #[inline]
    fn advance(&mut self, now: Instant) {
        if self.ends.is_none_or(|ends| now >= ends) {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: Instant) {
        let origin = *self.origin.get_or_insert(now);
        let tick = micros(now.saturating_duration_since(origin)) / self.tick;
        // Time that goes backwards is taken for time that stands still.
        for _ in self.current..tick.min(self.current.saturating_add(N as u64)) {
            self.current += 1;
            let count = &mut self.counts[(self.current % N as u64) as usize];
            self.sum -= u64::from(std::mem::take(count));
        }
        self.current = self.current.max(tick);
        let ends = (self.current.saturating_add(1)).saturating_mul(self.tick);
        self.ends = origin.checked_add(Duration::from_micros(ends));
    }
}

/// Whole microseconds.
const fn micros(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(1_000_000);
    seconds.saturating_add(time.subsec_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted_until_its_tick_is_the_last_but_n() {
        let start = Instant::now();
        let at = |micros| start + Duration::from_micros(micros);
        let mut window = Window::<3>::new(Duration::from_micros(10));
        window.add(at(0));
        window.add(at(9));
        window.add(at(10));
        assert_eq!(window.sum(at(29)), 3);
        assert_eq!(window.sum(at(30)), 1, "the first tick is over");
        assert_eq!(window.sum(at(5)), 1, "time does not go back");
        window.add(at(30));
        assert_eq!(window.sum(at(40)), 1);
        assert_eq!(window.sum(at(60)), 0);
    }
}
