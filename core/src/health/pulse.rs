//! When one side of a connection is sent a sign of life, and when it is given up.
//!
//! ```text
//! heard ──nothing sent, or nothing heard, for `every`──▶ asked ──`silence` without a word──▶ given up
//!   ▲                                                     │
//!   └─────────────────────anything heard──────────────────┘
//! ```
//!
//! Whoever was asked and is silent for all of `silence` is not there, whatever else it owes. A side
//! that the protocol has no sign for is never asked: its silence counts from when it was heard last.

use crate::codec::Vigil;
use std::time::{Duration, Instant};

/// The times of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// After how long it is asked, if it can be.
    every: Option<Duration>,
    silence: Option<Duration>,
    /// When bytes were sent to it last.
    sent: Instant,
    /// When bytes came from it last.
    heard: Instant,
    /// When it was asked first since then.
    asked: Option<Instant>,
    /// Before then it is not asked again.
    pause: Instant,
    signs: u32,
    /// The answer to a sign, where that is the same message, is still to come.
    echo: Echo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    /// Signs are answered by something else.
    Never,
    /// Each sign that was sent has come back.
    Heard,
    /// One has not.
    Due,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing, before [`poll_timeout`](Pulse::poll_timeout).
    Wait,
    /// Send it a sign of life, the so many-eth one, from 0.
    Send(u32),
    /// It is not there: end the connection.
    GiveUp,
}

/// Whether a sign of life would be of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Yes.
    Free,
    /// No: it would wait behind other replies that are due, which show as well that their sender is
    /// there, in their time.
    Taken,
}

impl Pulse {
    /// A connection that was just opened.
    #[must_use]
    pub fn new(vigil: &Vigil, now: Instant) -> Self {
        Self {
            every: vigil.sign.as_ref().map(|_| vigil.every),
            silence: vigil.silence,
            sent: now,
            heard: now,
            asked: None,
            pause: now,
            signs: 0,
            echo: if vigil.echoes {
                Echo::Heard
            } else {
                Echo::Never
            },
        }
    }

    /// Bytes were sent to it.
    pub const fn handle_sent(&mut self, now: Instant) {
        self.sent = now;
    }

    /// Bytes came from it, or are not waited for.
    pub const fn handle_heard(&mut self, now: Instant) {
        self.heard = now;
        self.asked = None;
    }

    /// Whether a sign of life that came is but the answer to one that was sent. Were it answered in
    /// its turn, that would never end.
    pub fn takes_echo(&mut self) -> bool {
        let due = self.echo == Echo::Due;
        if due {
            self.echo = Echo::Heard;
        }
        due
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let asks = self.asks_at();
        let gives_up = self.gives_up_at();
        [asks, gives_up].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, turn: Turn, now: Instant) -> Beat {
        if let Some(at) = self.gives_up_at().filter(|at| *at <= now) {
            if !self.overslept(at, now) {
                return Beat::GiveUp;
            }
            // What it has said meanwhile may be there, and nobody has looked.
            self.handle_heard(now);
        }
        if self.asks_at().is_none_or(|at| at > now) {
            return Beat::Wait;
        }
        self.pause = now;
        match turn {
            Turn::Taken => Beat::Wait,
            Turn::Free => {
                self.asked.get_or_insert(now);
                let nth = self.signs;
                self.signs = nth.wrapping_add(1);
                if self.echo == Echo::Heard {
                    self.echo = Echo::Due;
                }
                Beat::Send(nth)
            }
        }
    }

    fn asks_at(&self) -> Option<Instant> {
        let since = self.sent.min(self.heard).max(self.pause);
        self.every.map(|every| since + every)
    }

    fn gives_up_at(&self) -> Option<Instant> {
        let silence = self.silence?;
        match self.every {
            Some(every) => self.asked.map(|at| at + silence.saturating_sub(every)),
            None => Some(self.heard + silence),
        }
    }

    /// Whether so much more time has passed than was waited for that the process did not run.
    fn overslept(&self, due: Instant, now: Instant) -> bool {
        let silence = self.silence.unwrap_or_default();
        now.saturating_duration_since(due) > silence / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Kind, Message, OperationId, Record};

    const EVERY: Duration = Duration::from_secs(10);
    const SILENCE: Duration = Duration::from_secs(30);

    fn pulse(asks: bool, silence: Option<Duration>, now: Instant) -> Pulse {
        let sign = Message::new(Kind::Event, OperationId(0), Record::new());
        let vigil = Vigil {
            every: EVERY,
            sign: asks.then_some(sign),
            silence,
            echoes: false,
        };
        Pulse::new(&vigil, now)
    }

    /// What becomes of a connection on which nothing happens, looked at when that is due.
    fn alone(pulse: &mut Pulse, turn: Turn, until: Instant) -> Vec<(Instant, Beat)> {
        let mut all = Vec::new();
        while let Some(at) = pulse.poll_timeout().filter(|at| *at <= until) {
            let beat = pulse.handle_timeout(turn, at);
            all.push((at, beat));
            match beat {
                Beat::GiveUp => break,
                Beat::Send(_) => pulse.handle_sent(at),
                Beat::Wait => {}
            }
        }
        all
    }

    #[test]
    fn a_silent_side_is_asked_each_time_and_then_given_up() {
        let now = Instant::now();
        let mut pulse = pulse(true, Some(SILENCE), now);
        assert_eq!(
            pulse.handle_timeout(Turn::Free, now + EVERY / 2),
            Beat::Wait
        );
        let beats = alone(&mut pulse, Turn::Free, now + 9 * EVERY);
        let expected = [
            (now + EVERY, Beat::Send(0)),
            (now + 2 * EVERY, Beat::Send(1)),
            (now + 3 * EVERY, Beat::GiveUp),
        ];
        assert_eq!(beats, expected);
    }

    #[test]
    fn an_answer_starts_anew() {
        let now = Instant::now();
        let mut pulse = pulse(true, Some(SILENCE), now);
        for nth in 0..9 {
            let at = pulse.poll_timeout().unwrap();
            assert_eq!(at, now + (nth + 1) * EVERY);
            assert_eq!(pulse.handle_timeout(Turn::Free, at), Beat::Send(nth));
            pulse.handle_sent(at);
            pulse.handle_heard(at);
        }
    }

    #[test]
    fn a_sign_that_comes_back_is_no_other_one() {
        let now = Instant::now();
        let mut plain = pulse(true, None, now);
        plain.handle_timeout(Turn::Free, now + EVERY);
        assert!(!plain.takes_echo(), "signs are answered by something else");
        let mut echoed = Pulse {
            echo: Echo::Heard,
            ..plain
        };
        assert!(!echoed.takes_echo(), "nothing was sent");
        echoed.handle_timeout(Turn::Free, now + 2 * EVERY);
        assert!(echoed.takes_echo());
        assert!(!echoed.takes_echo(), "once");
    }

    /// MQTT's keep alive: what is sent counts, not what comes.
    #[test]
    fn a_side_that_only_talks_is_sent_signs_and_one_that_only_listens_is_asked() {
        let now = Instant::now();
        let mut talks = pulse(true, Some(SILENCE), now);
        talks.handle_heard(now + EVERY - Duration::from_secs(1));
        assert_eq!(talks.handle_timeout(Turn::Free, now + EVERY), Beat::Send(0));
        let mut listens = pulse(true, Some(SILENCE), now);
        listens.handle_sent(now + EVERY - Duration::from_secs(1));
        assert_eq!(
            listens.handle_timeout(Turn::Free, now + EVERY),
            Beat::Send(0)
        );
        listens.handle_sent(now + 3 * EVERY - Duration::from_secs(1));
        assert_eq!(
            listens.handle_timeout(Turn::Free, now + 3 * EVERY),
            Beat::GiveUp
        );
    }

    #[test]
    fn traffic_both_ways_needs_no_signs() {
        let now = Instant::now();
        let mut pulse = pulse(true, Some(SILENCE), now);
        for second in 1..100 {
            let at = now + Duration::from_secs(second);
            pulse.handle_sent(at);
            pulse.handle_heard(at);
            assert_eq!(pulse.handle_timeout(Turn::Free, at), Beat::Wait);
        }
    }

    #[test]
    fn who_owes_replies_in_order_is_not_asked_and_not_given_up() {
        let now = Instant::now();
        let mut pulse = pulse(true, Some(SILENCE), now);
        let beats = alone(&mut pulse, Turn::Taken, now + 9 * EVERY);
        assert_eq!(beats.len(), 9, "it is looked at once a time");
        assert!(beats.iter().all(|(_, beat)| *beat == Beat::Wait));
    }

    #[test]
    fn who_owes_no_sign_may_be_silent() {
        let now = Instant::now();
        let mut asked = pulse(true, None, now);
        let beats = alone(&mut asked, Turn::Free, now + 9 * EVERY);
        assert!(
            (0..9)
                .map(Beat::Send)
                .eq(beats.iter().map(|(_, beat)| *beat))
        );
        let never = pulse(false, None, now);
        assert_eq!(never.poll_timeout(), None);
    }

    #[test]
    fn who_cannot_be_asked_is_given_up_for_its_silence() {
        let now = Instant::now();
        let mut pulse = pulse(false, Some(SILENCE), now);
        pulse.handle_heard(now + EVERY);
        let beats = alone(&mut pulse, Turn::Free, now + 9 * EVERY);
        assert_eq!(beats, [(now + EVERY + SILENCE, Beat::GiveUp)]);
    }

    /// A process that was stopped finds the answers when it reads again.
    #[test]
    fn who_overslept_gives_nobody_up() {
        let now = Instant::now();
        let mut pulse = pulse(false, Some(SILENCE), now);
        let late = now + 2 * SILENCE;
        assert_eq!(pulse.handle_timeout(Turn::Free, late), Beat::Wait);
        assert_eq!(pulse.poll_timeout(), Some(late + SILENCE));
        assert_eq!(
            pulse.handle_timeout(Turn::Free, late + SILENCE),
            Beat::GiveUp
        );
    }
}
