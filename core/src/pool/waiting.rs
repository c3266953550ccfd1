//! Those who wait for a place: bounded, fair among clients, first come first served for each.

use super::Ask;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

/// Names one exchange that waits; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// All waits are equally long, so tickets expire in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    live: BTreeMap<Ticket, Waiter>,
    turns: VecDeque<u64>,
    lines: HashMap<u64, VecDeque<Ticket>>,
    queued: usize,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    ask: Ask,
    deadline: Instant,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn push(&mut self, ask: Ask, deadline: Instant) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.live.insert(ticket, Waiter { ask, deadline });
        let line = self.lines.entry(ask.client).or_insert_with(|| {
            self.turns.push_back(ask.client);
            VecDeque::new()
        });
        line.push_back(ticket);
        self.queued += 1;
        ticket
    }

    /// The next in turn. One who left the line costs its client no turn.
    pub(super) fn pop(&mut self) -> Option<(Ticket, Ask)> {
        while let Some(client) = self.turns.pop_front() {
            let Some(line) = self.lines.get_mut(&client) else {
                continue;
            };
            let before = line.len();
            let live = &mut self.live;
            let next = std::iter::from_fn(|| line.pop_front())
                .find_map(|ticket| Some((ticket, live.remove(&ticket)?.ask)));
            self.queued -= before - line.len();
            if line.is_empty() {
                self.lines.remove(&client);
            } else {
                self.turns.push_back(client);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        self.live.remove(&ticket);
        if self.queued > 64 && self.queued > 2 * self.live.len() {
            self.compact();
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.live.values().next().map(|waiter| waiter.deadline)
    }

    pub(super) fn pop_expired(&mut self, now: Instant) -> Option<Ticket> {
        let ticket = self
            .live
            .first_key_value()
            .filter(|(_, waiter)| waiter.deadline <= now)
            .map(|(ticket, _)| *ticket)?;
        self.remove(ticket);
        Some(ticket)
    }

    /// Drops the places of those who left the line.
    fn compact(&mut self) {
        let live = &self.live;
        self.lines.retain(|_, line| {
            line.retain(|ticket| live.contains_key(ticket));
            !line.is_empty()
        });
        self.turns.retain(|client| self.lines.contains_key(client));
        self.queued = self.live.len();
    }
}
