//! Connects: as many as those who wait need, a few at a time, with pauses after failures.

use super::endpoint::Endpoint;
use super::{Pool, PoolEvent};
use std::time::{Duration, Instant};

/// For how long after an exchange asked for a place lost endpoints are looked for. Later, the
/// next exchange does it.
const WANTED: Duration = Duration::from_secs(30);

impl Pool {
    pub(super) fn note_demand(&mut self, now: Instant) {
        self.wanted_until = Some(now + WANTED);
    }

    /// Each endpoint gets its first connection as soon as there is work, so that all share it.
    pub(super) fn connect_first(&mut self, now: Instant) {
        self.dial(now, |pool, index| pool.endpoints[index].is_unconnected());
    }

    /// While somebody waits, each endpoint may open more connections.
    pub(super) fn connect_more(&mut self, now: Instant) {
        while !self.waiting.is_empty() && self.dial(now, Self::has_room_for_more) {}
    }

    /// Endpoints that were lost are looked for, so that the next exchange finds them.
    pub(super) fn redial(&mut self, now: Instant) {
        self.dial(now, |pool, index| pool.is_missed(index, now));
    }

    /// When the next connect is due that waits for the end of a pause.
    pub(super) fn next_dial(&self) -> Option<Instant> {
        let now = self.now?;
        let due = |index: &usize| {
            let wanted = !self.waiting.is_empty() && self.has_room_for_more(*index);
            self.scope.reaches(&self.endpoints[*index]) && (wanted || self.is_missed(*index, now))
        };
        (0..self.endpoints.len())
            .filter(due)
            .filter_map(|index| self.endpoints[index].not_before())
            .min()
    }

    /// Opens one connection to each endpoint where it is due, and tells whether there was any.
    fn dial(&mut self, now: Instant, due: impl Fn(&Self, usize) -> bool) -> bool {
        let before = self.events.len();
        for index in 0..self.endpoints.len() {
            let endpoint = &self.endpoints[index];
            if due(self, index) && endpoint.may_connect(now) && self.scope.reaches(endpoint) {
                let id = self.endpoints[index].connect();
                self.events.push_back(PoolEvent::Connect(id));
                self.tell(index);
            }
        }
        self.events.len() > before
    }

    /// A second connection serves nobody while a trial is all that an endpoint gets.
    fn has_room_for_more(&self, index: usize) -> bool {
        let endpoint = &self.endpoints[index];
        let useful = self.scope.has(endpoint) || endpoint.is_unconnected();
        useful && endpoint.may_grow(self.limits.connections) && self.is_short_of(endpoint)
    }

    /// Whether those who wait need more connections than are being made. Each endpoint may have one on its way in any
    /// case, so that none that hangs keeps them from the others.
    fn is_short_of(&self, endpoint: &Endpoint) -> bool {
        let coming = self.endpoints.iter().map(Endpoint::coming);
        !endpoint.is_connecting() || coming.fold(0, usize::saturating_add) < self.waiting.len()
    }

    /// Whether it is looked for without being asked for, at the end of its pause at the earliest.
    fn is_missed(&self, index: usize, now: Instant) -> bool {
        let endpoint = &self.endpoints[index];
        let at = endpoint.not_before().map_or(now, |at| at.max(now));
        endpoint.is_lost() && self.wanted_until.is_some_and(|until| at <= until)
    }
}
