//! Many deadlines behind one timer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A set of deadlines, each with a value to get back once it has passed.
///
/// Inserting a deadline that is later than all others costs O(1), removing one O(1); a removed
/// deadline's place in the queue is given back in bulk, so that the queue never has more than
/// twice as many places as there are live entries, or 64. Memory: about 24 bytes plus the value
/// an entry.
#[derive(Debug)]
pub struct Deadlines<T> {
    queue: BinaryHeap<Reverse<(Instant, Deadline)>>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// Names one entry of a [`Deadlines`]; an entry that is gone has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    slot: u32,
    generation: u32,
}

impl<T> Default for Deadlines<T> {
    fn default() -> Self {
        Self {
            queue: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Deadlines<T> {
    /// Adds a deadline.
    pub fn insert(&mut self, at: Instant, value: T) -> Deadline {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let entry = &mut self.slots[slot as usize];
        entry.value = Some(value);
        let name = Deadline {
            slot,
            generation: entry.generation,
        };
        self.queue.push(Reverse((at, name)));
        name
    }

    /// Takes a deadline out before it has passed.
    pub fn remove(&mut self, name: Deadline) -> Option<T> {
        let value = self.release(name)?;
        self.compact();
        Some(value)
    }

    /// The earliest deadline.
    pub fn next_deadline(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, name))) = self.queue.peek() {
            if is_live(&self.slots, *name) {
                return Some(*at);
            }
            self.queue.pop();
        }
        None
    }

    /// One entry whose deadline has passed, earliest first.
    pub fn pop_expired(&mut self, now: Instant) -> Option<T> {
        if self.next_deadline()? > now {
            return None;
        }
        let Reverse((_, name)) = self.queue.pop()?;
        let value = self.release(name)?;
        self.compact();
        Some(value)
    }

    /// All values, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }

    /// How many deadlines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the places of removed entries once they are most of the queue.
    fn compact(&mut self) {
        if self.queue.len() > 64 && self.queue.len() > 2 * self.len() {
            let slots = &self.slots;
            self.queue
                .retain(|Reverse((_, name))| is_live(slots, *name));
        }
    }

    fn release(&mut self, name: Deadline) -> Option<T> {
        let slot = self
            .slots
            .get_mut(name.slot as usize)
            .filter(|slot| slot.generation == name.generation)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(name.slot);
        Some(value)
    }
}

fn is_live<T>(slots: &[Slot<T>], name: Deadline) -> bool {
    slots
        .get(name.slot as usize)
        .is_some_and(|slot| slot.generation == name.generation && slot.value.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn entries_expire_in_order_and_removed_ones_never() {
        let start = Instant::now();
        let mut set = Deadlines::default();
        set.insert(at(start, 30), 'c');
        let b = set.insert(at(start, 20), 'b');
        set.insert(at(start, 10), 'a');
        assert_eq!(set.remove(b), Some('b'));
        assert_eq!(set.remove(b), None);
        assert_eq!(set.next_deadline(), Some(at(start, 10)));
        assert_eq!(set.pop_expired(at(start, 9)), None);
        assert_eq!(set.pop_expired(at(start, 30)), Some('a'));
        assert_eq!(set.pop_expired(at(start, 30)), Some('c'));
        assert_eq!(set.pop_expired(at(start, 99)), None);
        assert!(set.is_empty());
    }

    #[test]
    fn a_reused_slot_does_not_answer_to_its_old_name() {
        let start = Instant::now();
        let mut set = Deadlines::default();
        let old = set.insert(at(start, 10), 1);
        set.remove(old);
        set.insert(at(start, 20), 2);
        assert_eq!(set.remove(old), None);
        assert_eq!(set.pop_expired(at(start, 10)), None);
        assert_eq!(set.pop_expired(at(start, 20)), Some(2));
    }

    #[test]
    fn removed_entries_do_not_pile_up() {
        let start = Instant::now();
        let mut set = Deadlines::default();
        set.insert(at(start, 1), 0);
        for n in 0..100_000 {
            let name = set.insert(at(start, 1_000 + n), n);
            set.remove(name);
            assert!(set.queue.len() <= 65);
        }
    }

    #[test]
    fn removed_entries_do_not_outlive_those_that_expire() {
        let start = Instant::now();
        let mut set = Deadlines::default();
        let late: Vec<_> = (0..499).map(|n| set.insert(at(start, 1_000), n)).collect();
        for n in 0..501 {
            set.insert(at(start, n), n);
        }
        for name in late {
            set.remove(name);
        }
        while set.pop_expired(at(start, 500)).is_some() {
            assert!(set.queue.len() <= 64.max(2 * set.len()));
        }
    }
}
