//! Places: which connection the next exchange gets.

use super::endpoint::Endpoint;
use super::{Ask, ConnId, Pool, PoolEvent};

impl Pool {
    pub(super) fn take_place(&mut self, ask: &Ask) -> Option<ConnId> {
        // Most upstreams have one endpoint, and that leaves no choice.
        let index = match self.endpoints.as_slice() {
            [only] if self.scope.has(only) || only.wants_trial() && self.scope.reaches(only) => 0,
            [_] => return None,
            _ => self.choose(ask)?,
        };
        let endpoint = &mut self.endpoints[index];
        let id = endpoint.best()?;
        endpoint.occupy(id);
        Some(id)
    }

    /// A trial goes first: no policy could keep an endpoint from recovering.
    fn choose(&mut self, ask: &Ask) -> Option<usize> {
        let trial = self.endpoints.iter().position(|e| self.is_trial_due(e));
        if trial.is_some() && trial != ask.avoid {
            return trial;
        }
        let now = self.now?;
        let open = self
            .endpoints
            .iter()
            .filter(|e| has_room(e) && self.scope.has(e));
        self.candidates.clear();
        self.candidates.extend(open.map(|e| e.candidate(now)));
        if self.candidates.len() > 1 {
            self.candidates.retain(|c| Some(c.endpoint) != ask.avoid);
        }
        let picked = self.balancer.pick(&self.candidates, ask.key, ask.chance);
        picked.or(trial)
    }

    pub(super) fn grant(&mut self) {
        while !self.waiting.is_empty() && self.has_place() {
            let Some((ticket, ask)) = self.waiting.pop() else {
                return;
            };
            if let Some(id) = self.take_place(&ask) {
                self.events.push_back(PoolEvent::Grant(ticket, id));
            }
        }
    }

    /// Whether [`take_place`](Self::take_place) finds one, whatever is asked.
    fn has_place(&self) -> bool {
        let mut endpoints = self.endpoints.iter();
        self.now.is_some()
            && endpoints.any(|e| self.is_trial_due(e) || (has_room(e) && self.scope.has(e)))
    }

    fn is_trial_due(&self, endpoint: &Endpoint) -> bool {
        endpoint.wants_trial() && self.scope.reaches(endpoint) && has_room(endpoint)
    }
}

fn has_room(endpoint: &Endpoint) -> bool {
    endpoint.best().is_some()
}
