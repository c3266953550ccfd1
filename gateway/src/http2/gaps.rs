//! Requests that the library kept to itself, or broke off.

use h2::StreamId;

/// So many may be missing; then the connection had better be another one. The library ends it over twice as
/// many, with all that is in flight there.
const MOST: u32 = 512;

/// Requests of one client that the library refused as malformed, too many or too long. They show as gaps
/// between the ids of those that it gave (RFC 9113, 5.1.1): each is the next odd number. Those that turned out to be
/// malformed after that are added. A server in front of us may have many clients on one connection, and one of
/// them is enough to make such requests. A run of more than [`MOST`] of them with no good one in it is not
/// seen before the library ends the connection: it tells nothing of what it refuses, nor of
/// what breaks behind an answer that has begun.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    last: Option<u32>,
    missing: u32,
}

impl Gaps {
    /// The library gave this one.
    pub(crate) fn handle(&mut self, id: StreamId) {
        self.note(id.into());
    }

    /// The library reset one that it had given.
    pub(crate) const fn handle_broken(&mut self) {
        self.missing = self.missing.saturating_add(1);
    }

    fn note(&mut self, id: u32) {
        let first = self.last.map_or(1, |last| last.saturating_add(2));
        let gap = id.saturating_sub(first) / 2;
        // Of more of them the library would have ended the connection: the client passed ids over, as it may.
        if gap <= 2 * MOST {
            self.missing = self.missing.saturating_add(gap);
        }
        self.last = Some(id);
    }

    /// Whether the connection is to end once what is in flight is over.
    pub(crate) const fn are_too_many(&self) -> bool {
        self.missing >= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_between_two_ids_counts() {
        let mut gaps = Gaps::default();
        gaps.note(1);
        gaps.note(3);
        assert_eq!(gaps.missing, 0);
        gaps.note(9);
        assert_eq!(gaps.missing, 2, "5 and 7");
        let mut later = Gaps::default();
        later.note(5);
        assert_eq!(later.missing, 2, "1 and 3");
        later.note(5 + 2 * MOST);
        assert!(later.are_too_many());
        let mut broken = Gaps::default();
        broken.note(1 + 2 * (MOST - 1));
        assert!(!broken.are_too_many());
        broken.handle_broken();
        assert!(broken.are_too_many());
        let mut passed_over = Gaps::default();
        passed_over.note(i32::MAX.unsigned_abs());
        assert!(!passed_over.are_too_many());
    }
}
