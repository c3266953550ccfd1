//! The time of each try: mirrors gateway/src/dispatch/trial.rs and `give_up_if_late` of exchange.rs there.

use super::client::{Exchange, InFlight, Way};
use super::http::Answer;
use super::{ClientId, Task, World, say};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::limit::{Late, Stage};
use std::time::Instant;

impl World {
    /// When the try of an exchange is over, if it has a time of its own and was sent.
    fn try_ends(&self, exchange: &Exchange) -> Option<(Instant, Late)> {
        let (since, stage) = match exchange.way {
            Way::Http(stream) => self.streams[&stream].progress()?,
            Way::Native(call) => (self.calls[&call].sent?.1, Stage::Sent),
        };
        self.setting.tries.deadline(since, stage)
    }

    /// Ends a try that has exceeded its time.
    pub(super) fn give_up_if_late(&mut self, exchange: &Exchange) -> Option<Result<Answer, Fault>> {
        let (at, late) = self.try_ends(exchange)?;
        if at > self.now {
            return None;
        }
        let nonce = exchange.request.nonce;
        say!(self, "a try of {nonce} takes too long: {late:?}");
        self.requests.late(nonce, self.setting.tries, self.now);
        match exchange.way {
            Way::Http(stream) => self.blame_stream(stream),
            Way::Native(call) => self.blame_call(call),
        }
        Some(Err(Fault::sent(FaultClass::Timeout, late.detail())))
    }

    fn tries_of(&self, id: ClientId) -> impl Iterator<Item = Instant> + '_ {
        let in_flight = self.clients[&id].exchanges();
        in_flight.filter_map(|in_flight| match in_flight {
            InFlight::Exchange(exchange) => Some(self.try_ends(exchange)?.0),
            InFlight::Batch(_) => None,
        })
    }

    /// When the next try is over.
    pub(super) fn next_late(&self) -> Option<Instant> {
        if self.setting.tries.is_none() {
            return None;
        }
        let clients = self.clients.keys();
        clients.filter_map(|id| self.tries_of(*id).min()).min()
    }

    /// Wakes whoever has a try that is over.
    pub(super) fn wake_late(&mut self) {
        if self.setting.tries.is_none() {
            return;
        }
        let now = self.now;
        let clients = self.clients.keys().copied();
        let late: Vec<ClientId> = clients
            .filter(|id| self.tries_of(*id).any(|at| at <= now))
            .collect();
        late.into_iter().for_each(|id| self.wake(Task::Client(id)));
    }
}
