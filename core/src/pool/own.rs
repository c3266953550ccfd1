//! Connections that are somebody's own: the pool chooses their endpoints and counts them; nobody
//! gets a place on them.

use super::endpoint::Endpoint;
use super::{Ask, Pool, Refusal};
use crate::health::Standing;
use std::time::Instant;

/// How many of an endpoint's connections are somebody's own. They may be very many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) connecting: usize,
    pub(super) usable: usize,
}

/// How far a connection of somebody's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnState {
    /// It is being made.
    Connecting,
    /// It is usable.
    Usable,
}

impl Pool {
    /// The endpoint, by the policy, for a connection of somebody's own. Until its end it counts as
    /// one exchange there. [`handle_own_usable`](Self::handle_own_usable) tells that it was made,
    /// [`release_own`](Self::release_own) its end; if it was never made, and not because nobody
    /// wanted it any more, [`handle_own_failed`](Self::handle_own_failed) follows.
    ///
    /// # Errors
    /// If all endpoints are out.
    pub fn acquire_own(&mut self, ask: Ask, now: Instant) -> Result<usize, Refusal> {
        self.refresh(now);
        self.find_for_own(now, |endpoint| endpoint.may_connect(now));
        // Where all were tried in vain a moment ago, somebody who has nowhere else to go tries
        // again.
        if self.candidates.is_empty() {
            self.find_for_own(now, |_| true);
        }
        if self.candidates.len() > 1 {
            self.candidates.retain(|c| Some(c.endpoint) != ask.avoid);
        }
        let picked = self.balancer.pick(&self.candidates, ask.key, ask.chance);
        let index = picked.ok_or(Refusal::Unreachable)?;
        self.endpoints[index].owned().connecting += 1;
        Ok(index)
    }

    fn find_for_own(&mut self, now: Instant, wanted: impl Fn(&Endpoint) -> bool) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let found = self.endpoints.iter();
        let found = found.filter(|e| self.may_have_own(e) && wanted(e));
        candidates.extend(found.map(|e| e.candidate(now)));
        self.candidates = candidates;
    }

    /// One that was lost is tried by whoever comes first once its pause is over, one that is on
    /// trial by anybody: how it does on such a connection is not known here.
    fn may_have_own(&self, endpoint: &Endpoint) -> bool {
        let tried = endpoint.is_lost() || endpoint.standing() == Standing::Probing;
        self.scope.has(endpoint) || (tried && self.scope.reaches(endpoint))
    }

    /// A connection of somebody's own to the endpoint is usable.
    pub fn handle_own_usable(&mut self, endpoint: usize, now: Instant) {
        self.endpoints[endpoint].reach_own(now);
        self.settle(now);
    }

    /// One that was released could not be made; `jitter` as in
    /// [`handle_connect_failed`](Self::handle_connect_failed).
    pub fn handle_own_failed(&mut self, endpoint: usize, jitter: u32, now: Instant) {
        self.endpoints[endpoint].back_off(jitter, now);
        self.settle(now);
    }

    /// It has ended, or nobody wants it any more.
    pub fn release_own(&mut self, endpoint: usize, state: OwnState) {
        let owned = self.endpoints[endpoint].owned();
        let count = match state {
            OwnState::Connecting => &mut owned.connecting,
            OwnState::Usable => &mut owned.usable,
        };
        *count = count.saturating_sub(1);
    }
}
