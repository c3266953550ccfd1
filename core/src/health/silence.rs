//! Whether a server that owes answers is there at all.
//!
//! ```text
//! idle ──a request──▶ waiting ──silence──▶ asked ──silence──▶ given up
//!   ▲                  │   ▲                 │
//!   └──nothing due─────┘   └──anything heard─┘
//! ```

use std::time::{Duration, Instant};

/// What was noticed of a connection since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Nothing is due.
    Idle,
    /// Something came, and something is due still.
    Heard,
    /// Something is due, and nothing came.
    Silence,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, before [`poll_timeout`](Silence::poll_timeout).
    Wait,
    /// Ask the server whether it is there, as protocols have it (HTTP/2: PING).
    Ask,
    /// It is not: end the connection.
    GiveUp,
}

/// The silence of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    limit: Duration,
    since: Option<Instant>,
    asked: Option<Instant>,
}

impl Silence {
    /// After `limit` the server is asked, after as long again it is given up.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            asked: None,
        }
    }

    /// Notes what was noticed by now.
    pub fn handle(&mut self, sign: Sign, now: Instant) -> Step {
        match sign {
            Sign::Idle => (self.since, self.asked) = (None, None),
            Sign::Heard => (self.since, self.asked) = (Some(now), None),
            Sign::Silence => {
                let since = *self.since.get_or_insert(now);
                match self.asked {
                    Some(asked) if asked + self.limit <= now => return Step::GiveUp,
                    None if since + self.limit <= now => {
                        self.asked = Some(now);
                        return Step::Ask;
                    }
                    Some(_) | None => {}
                }
            }
        }
        Step::Wait
    }

    /// When to look again at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.asked.or(self.since).map(|since| since + self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[test]
    fn a_silent_server_is_asked_once_and_then_given_up() {
        let now = Instant::now();
        let mut silence = Silence::new(LIMIT);
        assert_eq!(silence.poll_timeout(), None);
        assert_eq!(silence.handle(Sign::Silence, now), Step::Wait);
        assert_eq!(silence.poll_timeout(), Some(now + LIMIT));
        let early = now + LIMIT / 2;
        assert_eq!(silence.handle(Sign::Silence, early), Step::Wait);
        assert_eq!(silence.handle(Sign::Silence, now + LIMIT), Step::Ask);
        assert_eq!(silence.poll_timeout(), Some(now + 2 * LIMIT));
        assert_eq!(silence.handle(Sign::Silence, now + LIMIT), Step::Wait);
        assert_eq!(silence.handle(Sign::Silence, now + 2 * LIMIT), Step::GiveUp);
    }

    #[test]
    fn anything_heard_starts_anew_and_who_owes_nothing_may_be_silent() {
        let now = Instant::now();
        let mut silence = Silence::new(LIMIT);
        silence.handle(Sign::Silence, now);
        silence.handle(Sign::Silence, now + LIMIT);
        let heard = now + LIMIT + LIMIT / 2;
        assert_eq!(silence.handle(Sign::Heard, heard), Step::Wait);
        assert_eq!(silence.poll_timeout(), Some(heard + LIMIT));
        assert_eq!(silence.handle(Sign::Silence, now + 2 * LIMIT), Step::Wait);
        assert_eq!(silence.handle(Sign::Silence, heard + LIMIT), Step::Ask);
        assert_eq!(silence.handle(Sign::Idle, heard + 2 * LIMIT), Step::Wait);
        assert_eq!(silence.poll_timeout(), None);
        let later = heard + 99 * LIMIT;
        assert_eq!(silence.handle(Sign::Silence, later), Step::Wait);
        assert_eq!(silence.poll_timeout(), Some(later + LIMIT));
    }
}
