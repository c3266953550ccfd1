//! Endpoints that come and go.
//!
//! An endpoint has a place among the others, by index, and keeps it. One that is gone gets nothing
//! new; its place is free for another once its last connection is.

use super::endpoint::Endpoint;
use super::scope::Scope;
use super::{Found, Pool, PoolEvent, Rank};
use crate::balance::{Balancer, Seat, key_of};
use crate::health::Standing;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

impl Pool {
    /// The endpoints of an upstream that is looked for are these from now on, each once. Those that
    /// are new begin with a small share, unless there was none; on those that are gone what is in
    /// flight is finished.
    pub fn follow(&mut self, found: &[Found], now: Instant) {
        let is_first = self.endpoints.iter().all(Endpoint::is_gone);
        for index in 0..self.endpoints.len() {
            let kept = self.endpoints[index].address();
            let kept = kept.is_some_and(|address| found.iter().any(|f| f.address == address));
            if !kept && !self.endpoints[index].is_gone() {
                self.dismiss(index);
            }
        }
        for found in found {
            self.admit(*found, is_first, now);
        }
        self.rank();
        self.settle(now);
    }

    /// Where the endpoint of this index is, if it was looked for.
    #[must_use]
    pub fn address(&self, index: usize) -> Option<SocketAddr> {
        self.endpoints.get(index)?.address()
    }

    /// The index of the endpoint there, if there is one.
    #[must_use]
    pub fn index_of(&self, address: SocketAddr) -> Option<usize> {
        let there = |e: &Endpoint| e.address() == Some(address) && !e.is_gone();
        self.endpoints.iter().position(there)
    }

    fn dismiss(&mut self, index: usize) {
        for id in self.endpoints[index].dismiss() {
            self.events.push_back(PoolEvent::Retire(id));
        }
        self.events.push_back(PoolEvent::Left(index));
    }

    fn admit(&mut self, found: Found, is_first: bool, now: Instant) {
        let known = |e: &Endpoint| e.address() == Some(found.address);
        let index = match self.endpoints.iter().position(known) {
            Some(index) if !self.endpoints[index].is_gone() => {
                self.endpoints[index].set_rank(found.rank);
                return;
            }
            Some(index) => index,
            None => self.place_for(found),
        };
        let endpoint = &mut self.endpoints[index];
        endpoint.welcome(found.rank);
        if !is_first {
            endpoint.health().handle_reached(now);
        }
        // Who hears of it takes it for healthy until told otherwise.
        self.told[index] = Standing::Healthy;
        self.events.push_back(PoolEvent::Arrived(index));
    }

    fn place_for(&mut self, found: Found) -> usize {
        let health = self.policy.health;
        if let Some(index) = self.endpoints.iter().position(Endpoint::is_vacant) {
            self.endpoints[index].replace(found, health);
            return index;
        }
        let index = self.endpoints.len();
        let endpoint = Endpoint::found(index, found, health);
        self.told.push(Standing::Healthy);
        self.endpoints.push(endpoint);
        index
    }

    /// Levels of priority, and the policy's state, anew.
    fn rank(&mut self) {
        let live = self.endpoints.iter().filter(|e| !e.is_gone());
        self.levels = live.map(Endpoint::priority).collect();
        self.levels.sort_unstable();
        self.levels.dedup();
        let seats: Vec<Seat> = self.endpoints.iter().map(seat).collect();
        self.balancer = Balancer::seated(self.policy.balance, &seats);
        self.scope = Scope::of(&self.endpoints, &self.levels, self.policy.panic);
    }
}

/// A key goes to the same address in each gateway, whatever its place is.
fn seat(endpoint: &Endpoint) -> Seat {
    let Rank { weight, .. } = endpoint.rank();
    Seat {
        weight: if endpoint.is_gone() { 0 } else { weight.max(1) },
        identity: endpoint.address().map_or(0, identity),
    }
}

fn identity(address: SocketAddr) -> u64 {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend(address.port().to_be_bytes());
    key_of(&bytes)
}
