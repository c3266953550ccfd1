//! The exchanges of one stream, by slot.

use crate::message::Correlation;
use std::collections::VecDeque;
use std::time::Instant;

/// Names one exchange of one session. A slot is used again, a key never is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeKey {
    slot: u32,
    sequence: u32,
}

impl ExchangeKey {
    /// The slot: small, and unique among the exchanges that are open.
    #[must_use]
    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

#[derive(Debug)]
pub(super) struct Slots<R> {
    entries: Vec<Option<Entry<R>>>,
    /// By slot: the tag of the id that is there or was there last.
    tags: Vec<u32>,
    free: Vec<u32>,
    order: VecDeque<u32>,
    /// The requests of all entries.
    weight: usize,
}

#[derive(Debug)]
struct Entry<R> {
    sequence: u32,
    id: Correlation,
    deadline: Instant,
    /// How many requests it stands for.
    weight: u32,
    /// What came of its reply before its turn.
    parked: Vec<R>,
    /// Its reply is complete, or none is due.
    done: bool,
}

impl<R> Default for Slots<R> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            tags: Vec::new(),
            free: Vec::new(),
            order: VecDeque::new(),
            weight: 0,
        }
    }
}

impl<R> Slots<R> {
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests wait for their replies.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    pub(super) const fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Forgets all but its memory.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.tags.clear();
        self.free.clear();
        self.order.clear();
        self.weight = 0;
    }

    pub(super) fn has_id(&self, id: &Correlation) -> bool {
        // Nearly every id is new. Tags rule it out without a look at the entries.
        let tag = tag(id);
        let mut blocks = self.tags.chunks(BLOCK);
        blocks.any(|block| has_tag(block, tag))
            && self.entries.iter().flatten().any(|entry| entry.id == *id)
    }

    /// Opens an exchange. The `sequence` makes its key unlike that of any other in its slot.
    pub(super) fn open(
        &mut self,
        sequence: u32,
        id: Correlation,
        deadline: Instant,
        weight: u32,
    ) -> ExchangeKey {
        let tag = tag(&id);
        let entry = Some(Entry {
            sequence,
            id,
            deadline,
            weight,
            parked: Vec::new(),
            done: false,
        });
        self.weight += weight as usize;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                self.tags[slot as usize] = tag;
                slot
            }
            None => {
                self.entries.push(entry);
                self.tags.push(tag);
                u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
            }
        };
        ExchangeKey { slot, sequence }
    }

    /// Whether the exchange still waits for its reply.
    pub(super) fn is_open(&self, key: ExchangeKey) -> bool {
        let entry = self.entries.get(key.slot()).and_then(Option::as_ref);
        entry.is_some_and(|entry| entry.sequence == key.sequence && !entry.done)
    }

    pub(super) fn close(&mut self, key: ExchangeKey) {
        if self.is_open(key) {
            self.remove(key.slot);
        }
    }

    fn remove(&mut self, slot: u32) -> Option<Entry<R>> {
        let entry = self.entries.get_mut(slot as usize)?.take()?;
        self.weight -= entry.weight as usize;
        self.free.push(slot);
        Some(entry)
    }

    /// Keeps a reply, or a part of it, until its turn. Order is that of opening.
    pub(super) fn park(&mut self, key: ExchangeKey, reply: R) {
        if let Some(Some(entry)) = self.entries.get_mut(key.slot()) {
            entry.parked.push(reply);
        }
    }

    /// Notes that nothing more comes of an exchange's reply.
    pub(super) fn finish(&mut self, key: ExchangeKey) {
        if let Some(Some(entry)) = self.entries.get_mut(key.slot()) {
            entry.done = true;
        }
    }

    /// Whether it is this exchange's turn.
    pub(super) fn is_head(&self, key: ExchangeKey) -> bool {
        self.order.front() == Some(&key.slot)
    }

    /// Notes that replies leave in the order of opening, and that `key` is the latest.
    pub(super) fn line_up(&mut self, key: ExchangeKey) {
        self.order.push_back(key.slot);
    }

    /// Forgets the exchanges that were opened behind this one.
    pub(super) fn cut_behind(&mut self, key: ExchangeKey) {
        if let Some(place) = self.order.iter().position(|slot| *slot == key.slot) {
            for slot in self.order.split_off(place + 1) {
                self.remove(slot);
            }
        }
    }

    /// Moves into `ready` what came for the oldest exchange, and for the next where that is all.
    pub(super) fn pop_parked(&mut self, ready: &mut VecDeque<R>) {
        while let Some(slot) = self.order.front().copied()
            && let Some(Some(head)) = self.entries.get_mut(slot as usize)
        {
            ready.extend(head.parked.drain(..));
            if !head.done {
                return;
            }
            self.order.pop_front();
            self.remove(slot);
        }
    }

    /// Gives an exchange until then.
    pub(super) fn postpone(&mut self, key: ExchangeKey, deadline: Instant) {
        if self.is_open(key)
            && let Some(Some(entry)) = self.entries.get_mut(key.slot())
        {
            entry.deadline = deadline;
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.waiting().map(|(_, entry)| entry.deadline).min()
    }

    pub(super) fn expired(&self, now: Instant) -> Vec<ExchangeKey> {
        self.waiting()
            .filter(|(_, entry)| entry.deadline <= now)
            .filter_map(|(slot, entry)| {
                Some(ExchangeKey {
                    slot: u32::try_from(slot).ok()?,
                    sequence: entry.sequence,
                })
            })
            .collect()
    }

    fn waiting(&self) -> impl Iterator<Item = (usize, &Entry<R>)> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter_map(|(slot, entry)| Some((slot, entry.as_ref()?)))
            .filter(|(_, entry)| !entry.done)
    }
}

/// As many tags as are compared at a time.
const BLOCK: usize = 16;

/// Without an early exit the compiler makes vector instructions of this.
fn has_tag(block: &[u32], tag: u32) -> bool {
    block.iter().fold(false, |any, other| any | (*other == tag))
}

/// Equal for equal ids, and as a rule for no others. Of a key the end differs most.
fn tag(id: &Correlation) -> u32 {
    match id {
        Correlation::None => 0,
        Correlation::Id(n) => (*n ^ (*n >> 32)) as u32,
        Correlation::Key(key) => (key.iter().rev().take(8))
            .fold(0, |tag: u32, byte| tag.rotate_left(5) ^ u32::from(*byte)),
    }
}
