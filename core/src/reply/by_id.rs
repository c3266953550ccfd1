//! Replies that carry the id of their request.

use super::{Answers, Entry, InUse};
use crate::message::Correlation;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct ById<T> {
    /// Keyed by what peers choose, so the hash has a secret key.
    places: HashMap<Correlation, Place<T>>,
    /// The entries that were given up, oldest first; some may have had their reply since.
    pub(super) marks: VecDeque<(Instant, Entry)>,
    next_sequence: u64,
    next_id: u64,
    /// The largest id.
    largest: u64,
}

#[derive(Debug)]
struct Place<T> {
    sequence: u64,
    /// `None` once the request was given up.
    owner: Option<T>,
}

impl<T> ById<T> {
    pub(super) fn new(bits: u8) -> Self {
        Self {
            places: HashMap::new(),
            marks: VecDeque::new(),
            next_sequence: 0,
            next_id: 1,
            largest: u64::MAX
                .checked_shr(64 - u32::from(bits.min(64)))
                .unwrap_or(0),
        }
    }

    pub(super) fn free_id(&mut self) -> Option<u64> {
        // A HashMap holds fewer entries than there are 64-bit numbers.
        if self.places.len() as u64 >= self.largest {
            return None;
        }
        while self.places.contains_key(&Correlation::Id(self.next_id)) {
            self.advance();
        }
        let id = self.next_id;
        self.advance();
        Some(id)
    }

    const fn advance(&mut self) {
        // Zero is no id in some protocols (MQTT 3.1.1, 2.3.1), so none is given out.
        self.next_id = if self.next_id >= self.largest {
            1
        } else {
            self.next_id + 1
        };
    }

    pub(super) fn is_taken(&self, correlation: &Correlation) -> bool {
        self.places.contains_key(correlation)
    }

    pub(super) fn sent(&mut self, correlation: &Correlation, owner: T) -> Result<Entry, InUse> {
        if self.is_taken(correlation) {
            return Err(InUse);
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let owner = Some(owner);
        self.places
            .insert(correlation.clone(), Place { sequence, owner });
        Ok(Entry {
            sequence,
            correlation: correlation.clone(),
        })
    }

    pub(super) fn received(&mut self, correlation: &Correlation) -> Answers<T> {
        match self.places.remove(correlation) {
            Some(Place {
                owner: Some(owner), ..
            }) => Answers::Request(owner),
            Some(Place { owner: None, .. }) => Answers::Late,
            None => Answers::Unknown,
        }
    }

    pub(super) fn abandon(&mut self, entry: &Entry, now: Instant) -> Option<T> {
        let place = self.places.get_mut(&entry.correlation)?;
        if place.sequence != entry.sequence {
            return None;
        }
        let owner = place.owner.take()?;
        self.marks.push_back((now, entry.clone()));
        self.forget_answered_marks();
        Some(owner)
    }

    pub(super) fn marked_since(&self) -> Option<Instant> {
        self.marks.front().map(|(since, _)| *since)
    }

    /// Frees the ids of marks that have stood for so long.
    pub(super) fn release(&mut self, quarantine: Duration, now: Instant) {
        while let Some((since, _)) = self.marks.front()
            && *since + quarantine <= now
        {
            if let Some((_, entry)) = self.marks.pop_front()
                && self.stands(&entry)
            {
                self.places.remove(&entry.correlation);
            }
        }
    }

    /// Whether the entry is in its place still.
    fn stands(&self, entry: &Entry) -> bool {
        let place = self.places.get(&entry.correlation);
        place.is_some_and(|place| place.sequence == entry.sequence)
    }

    /// Keeps the list of marks no longer than twice the places, or 64.
    fn forget_answered_marks(&mut self) {
        if self.marks.len() > 64 && self.marks.len() > 2 * self.places.len() {
            let places = &self.places;
            self.marks.retain(|(_, entry)| {
                let place = places.get(&entry.correlation);
                place.is_some_and(|place| place.sequence == entry.sequence)
            });
        }
    }

    pub(super) fn drain(&mut self) -> Vec<T> {
        self.marks.clear();
        self.places
            .drain()
            .filter_map(|(_, place)| place.owner)
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}
