//! How fast small pieces of payloads go to a peer that counts them.

use std::time::{Duration, Instant};

/// A piece of so many bytes is not small. In HTTP/2 it is a DATA frame, whose receiver keeps about as much beside it:
/// the h2 library holds 256 bytes less its length against each frame that is shorter, does not end its stream and
/// was not read yet, and ends the connection when these make up half of its window, or 25,600: a hundred frames of a byte.
pub const SMALL_PIECE: usize = 256;

/// So many go at once, a third of what such a peer bears.
const AT_ONCE: u32 = 32;
/// After so long, one more may.
const EACH: Duration = Duration::from_millis(4);
/// No piece waits longer for others of its stream: it is what a display needs for a picture.
const LONGEST: Duration = Duration::from_millis(16);

/// How many small pieces may go on one connection at once, of all its streams. No peer tells how many it has read;
/// what stands for that is time, and each piece that the peer sends itself.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    full_at: Instant,
}

impl Allowance {
    /// All of it.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// The peer sent a piece: who answers each with one never waits.
    pub fn handle_piece(&mut self) {
        // A clock that has just begun has no time before.
        self.full_at = self.full_at.checked_sub(EACH).unwrap_or(self.full_at);
    }

    /// Takes one, if there is one left.
    fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + EACH;
        let left = full_at <= now + EACH * AT_ONCE;
        if left {
            self.full_at = full_at;
        }
        left
    }
}

/// When the next small piece of one stream may go. Its last one need not ask: no peer counts it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last: Option<Instant>,
}

impl Pace {
    /// Whether all that is here, a small piece, may go now; it has gone then. The first one may, and so may one for
    /// which there is an allowance, or for which the stream has waited. What comes until then goes with it.
    ///
    /// # Errors
    /// When it may, at the latest.
    pub fn handle_small(&mut self, allowance: &mut Allowance, now: Instant) -> Result<(), Instant> {
        let allowed = allowance.take(now);
        match self.last.map(|last| last + LONGEST) {
            Some(until) if !allowed && now < until => Err(until),
            _ => {
                self.last = Some(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// A peer as the h2 library is one, that reads each frame so long after it came.
    struct Guard {
        lag: Duration,
        unread: VecDeque<(Instant, usize)>,
        most: usize,
    }

    impl Guard {
        fn new(lag: Duration) -> Self {
            Self {
                lag,
                unread: VecDeque::new(),
                most: 0,
            }
        }

        fn handle_frame(&mut self, length: usize, now: Instant) {
            self.unread.retain(|(came, _)| *came + self.lag > now);
            if let Some(overhead) = SMALL_PIECE.checked_sub(length) {
                self.unread.push_back((now, overhead));
            }
            let held: usize = self.unread.iter().map(|(_, overhead)| overhead).sum();
            self.most = self.most.max(held);
        }
    }

    /// One stream with a trickle on it.
    #[derive(Default)]
    struct Trickle {
        pace: Pace,
        held: usize,
        since: Option<Instant>,
    }

    impl Trickle {
        /// A byte more, after which all that may go does. How long the oldest of that has waited.
        fn handle_byte(
            &mut self,
            allowance: &mut Allowance,
            guard: &mut Guard,
            now: Instant,
        ) -> Duration {
            self.held += 1;
            let waited = now - *self.since.get_or_insert(now);
            if self.held >= SMALL_PIECE || self.pace.handle_small(allowance, now).is_ok() {
                guard.handle_frame(self.held, now);
                self.held = 0;
                self.since = None;
            }
            waited
        }
    }

    /// So many streams on one connection get a byte each, again and again. The overhead that the peer held at
    /// most, and the longest wait.
    fn trickle(streams: usize, every: Duration, lag: Duration) -> (usize, Duration) {
        let begin = Instant::now();
        let (mut allowance, mut guard) = (Allowance::new(begin), Guard::new(lag));
        let mut streams: Vec<_> = (0..streams).map(|_| Trickle::default()).collect();
        let mut longest = Duration::ZERO;
        for round in 0..20_000 {
            let now = begin + every * round;
            for stream in &mut streams {
                let waited = stream.handle_byte(&mut allowance, &mut guard, now);
                longest = longest.max(waited);
            }
        }
        (guard.most, longest)
    }

    #[test]
    fn no_trickle_is_more_than_a_guard_bears_and_no_byte_waits_for_long() {
        for (streams, lag) in [(1, ms(200)), (4, ms(100)), (16, ms(30))] {
            for every in [10, 100, 1_000, 3_000, 20_000].map(Duration::from_micros) {
                let (overhead, longest) = trickle(streams, every, lag);
                assert!(
                    overhead < 25_600,
                    "{streams} streams, a byte every {every:?}: {overhead}"
                );
                // A byte that comes finds the one before it overdue by as much as it is late itself.
                assert!(longest <= LONGEST + every, "{longest:?}");
            }
        }
    }

    #[test]
    fn pieces_that_come_now_and_then_go_at_once() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        let mut paces = [Pace::default(); 300];
        for round in 0..1_000 {
            for pace in &mut paces {
                let gone = pace.handle_small(&mut allowance, begin + ms(50) * round);
                assert_eq!(gone, Ok(()), "more streams than there is an allowance for");
            }
        }
        let (_, longest) = trickle(1, ms(5), Duration::ZERO);
        assert_eq!(longest, Duration::ZERO);
    }

    #[test]
    fn who_answers_each_piece_with_one_never_waits() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        let mut pace = Pace::default();
        for round in 0..100_000 {
            let now = begin + Duration::from_micros(20) * round;
            allowance.handle_piece();
            assert_eq!(pace.handle_small(&mut allowance, now), Ok(()));
        }
    }

    #[test]
    fn what_may_not_go_is_told_when_it_may() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        let mut pace = Pace::default();
        let burst = (0..100).take_while(|_| pace.handle_small(&mut allowance, begin).is_ok());
        assert_eq!(burst.count(), AT_ONCE as usize);
        assert_eq!(
            pace.handle_small(&mut allowance, begin + ms(1)),
            Err(begin + LONGEST)
        );
        assert_eq!(pace.handle_small(&mut allowance, begin + EACH), Ok(()));
        let mut another = Pace::default();
        assert_eq!(another.handle_small(&mut allowance, begin + EACH), Ok(()));
        allowance.handle_piece();
        assert_eq!(another.handle_small(&mut allowance, begin + EACH), Ok(()));
    }
}
