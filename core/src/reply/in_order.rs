//! Replies that follow the order of the requests.

use super::{Answers, Entry, Front};
use crate::message::Correlation;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Instant;

#[derive(Debug)]
pub(super) struct InOrder<T> {
    queue: VecDeque<Place<T>>,
    /// The sequence number of the first place.
    first: u64,
}

#[derive(Debug)]
struct Place<T> {
    owner: Owner<T>,
    replies: NonZeroU32,
}

#[derive(Debug)]
enum Owner<T> {
    Waits(T),
    GaveUp(Instant),
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            first: 0,
        }
    }
}

impl<T> InOrder<T> {
    pub(super) fn sent(&mut self, replies: NonZeroU32, owner: T) -> Entry {
        let sequence = self.first + self.queue.len() as u64;
        let owner = Owner::Waits(owner);
        self.queue.push_back(Place { owner, replies });
        Entry {
            sequence,
            correlation: Correlation::None,
        }
    }

    pub(super) fn front(&self) -> Option<Front<'_, T>> {
        let place = self.queue.front()?;
        let owner = match &place.owner {
            Owner::Waits(owner) => Some(owner),
            Owner::GaveUp(_) => None,
        };
        Some(Front {
            owner,
            replies: place.replies,
        })
    }

    pub(super) fn received(&mut self, now: Instant) -> Answers<T> {
        let Some(front) = self.front() else {
            return Answers::Unknown;
        };
        let (waits, replies) = (front.owner.is_some(), front.replies);
        match self.received_many(1, now) {
            Some(owner) => Answers::Request(owner),
            None if waits && replies > NonZeroU32::MIN => Answers::Part,
            None => Answers::Late,
        }
    }

    pub(super) fn received_many(&mut self, replies: u32, now: Instant) -> Option<T> {
        let place = self.queue.front_mut()?;
        let left = NonZeroU32::new(place.replies.get().saturating_sub(replies));
        let answered = match left {
            Some(left) => {
                place.replies = left;
                None
            }
            None => {
                self.first += 1;
                self.queue.pop_front()
            }
        };
        // Nothing before this could have answered a mark that is in front now.
        if let Some(Place {
            owner: Owner::GaveUp(since),
            ..
        }) = self.queue.front_mut()
        {
            *since = now.max(*since);
        }
        match answered?.owner {
            Owner::Waits(owner) => Some(owner),
            Owner::GaveUp(_) => None,
        }
    }

    pub(super) fn abandon(&mut self, sequence: u64, now: Instant) -> Option<T> {
        let index = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        let place = self.queue.get_mut(index)?;
        match std::mem::replace(&mut place.owner, Owner::GaveUp(now)) {
            Owner::Waits(owner) => Some(owner),
            Owner::GaveUp(since) => {
                place.owner = Owner::GaveUp(since);
                None
            }
        }
    }

    /// Since when the first place has been a mark to which no reply came.
    pub(super) fn marked_since(&self) -> Option<Instant> {
        match self.queue.front()?.owner {
            Owner::GaveUp(since) => Some(since),
            Owner::Waits(_) => None,
        }
    }

    pub(super) fn drain(&mut self) -> Vec<T> {
        self.first += self.queue.len() as u64;
        let places = self.queue.drain(..);
        places
            .filter_map(|place| match place.owner {
                Owner::Waits(owner) => Some(owner),
                Owner::GaveUp(_) => None,
            })
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
