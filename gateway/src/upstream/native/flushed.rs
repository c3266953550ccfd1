//! Which requests a server can have read.

use std::collections::VecDeque;
use std::num::NonZeroU32;

/// The requests of a connection by what of them was written.
#[derive(Debug, Default)]
pub(super) struct Flushed {
    /// Those of which a byte waits still: where each ends in all bytes ever, and its replies.
    waiting: VecDeque<(u64, u32)>,
    queued: u64,
    written: u64,
    /// Replies to those that are written whole.
    due: u32,
}

impl Flushed {
    /// Notes bytes that are to be written, and the replies that they have.
    pub(super) fn queue(&mut self, bytes: usize, replies: Option<NonZeroU32>) {
        self.queued += bytes as u64;
        let replies = replies.map_or(0, NonZeroU32::get);
        self.waiting.push_back((self.queued, replies));
    }

    /// Notes that so many bytes were written.
    pub(super) fn write(&mut self, bytes: usize) {
        self.written += bytes as u64;
        while let Some((end, replies)) = self.waiting.front()
            && *end <= self.written
        {
            self.due = self.due.saturating_add(*replies);
            self.waiting.pop_front();
        }
    }

    /// How many replies may come.
    pub(super) const fn due(&self) -> u32 {
        self.due
    }

    /// Takes replies that came; `false` if so many cannot be replies to what was written.
    pub(super) fn take(&mut self, replies: u32) -> bool {
        let left = self.due.checked_sub(replies);
        self.due = left.unwrap_or(self.due);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_due_only_to_requests_that_are_written_whole() {
        let mut flushed = Flushed::default();
        let two = NonZeroU32::new(2);
        flushed.queue(10, two);
        flushed.queue(5, None);
        flushed.queue(10, Some(NonZeroU32::MIN));
        flushed.write(9);
        assert!(!flushed.take(1));
        flushed.write(1);
        assert_eq!(flushed.due(), 2);
        assert!(!flushed.take(3));
        assert!(flushed.take(1));
        flushed.write(14);
        assert_eq!(flushed.due(), 1, "the next one lacks its last byte");
        flushed.write(1);
        assert!(flushed.take(2));
    }
}
