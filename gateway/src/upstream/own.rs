//! Connections that are somebody's own: a relay's, or a client's that is bound.

use super::dial::is_our_own;
use super::native::Begun;
use super::{Stream, Upstream};
use crate::clock;
use gatewright_config::plan::RoutePlan;
use gatewright_core::message::Message;
use gatewright_core::pool::{Ask, OwnState};
use gatewright_core::translate::{BalanceKey, Facts};
use std::rc::Rc;

/// How a connection of somebody's own begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// With what its client says: its bytes are relayed.
    Bare,
    /// As each connection that carries messages of the upstream's protocol.
    AsEach,
}

/// Who wants a connection of its own, and where it had better be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) client: u64,
    /// What a hash goes by.
    pub(crate) key: u64,
}

/// A connection of somebody's own. It counts at its endpoint until it is dropped.
#[derive(Debug)]
pub(crate) struct OwnConnection {
    pub(crate) stream: Stream,
    /// What came from the server already.
    pub(crate) early: Vec<u8>,
    pub(crate) place: OwnPlace,
}

/// What such a connection counts.
#[derive(Debug)]
pub(crate) struct OwnPlace {
    upstream: Rc<Upstream>,
    endpoint: usize,
    state: OwnState,
}

impl Upstream {
    /// What a route's messages or connections choose an endpoint by, if they do by a key.
    pub(crate) fn key_of(&self, route: &RoutePlan, message: &Message, facts: &Facts) -> u64 {
        match &route.balance_key {
            _ if !self.goes_by_key() => 0,
            Some(key) => key.of(message, facts),
            None => BalanceKey::of_client(facts),
        }
    }

    /// A connection of somebody's own: to the endpoint that the policy says, or to another one if
    /// that cannot be reached.
    pub(crate) async fn connect_own(
        self: &Rc<Self>,
        owner: Owner,
        beginning: Beginning,
    ) -> Option<OwnConnection> {
        let mut avoid = None;
        for _ in 0..self.known_endpoints().len().min(self.attempts() as usize) {
            let place = self.place_own(owner, avoid)?;
            let dialled = match beginning {
                Beginning::Bare => self.dial(place.endpoint).await.map(Begun::from),
                Beginning::AsEach => self.dial_bound(place.endpoint).await,
            };
            match dialled {
                Ok(Begun { stream, early }) => {
                    let place = place.usable();
                    return Some(OwnConnection {
                        stream,
                        early,
                        place,
                    });
                }
                // No other endpoint would be reached either.
                Err(error) if is_our_own(&error) => return None,
                Err(_) => avoid = Some(place.failed()),
            }
        }
        None
    }

    fn place_own(self: &Rc<Self>, owner: Owner, avoid: Option<usize>) -> Option<OwnPlace> {
        let ask = Ask {
            client: owner.client,
            key: owner.key,
            chance: self.random(),
            avoid,
        };
        let acquired = {
            let pool = &mut self.state.borrow_mut().pool;
            pool.acquire_own(ask, clock::now())
        };
        self.act();
        Some(OwnPlace {
            upstream: Rc::clone(self),
            endpoint: acquired.ok()?,
            state: OwnState::Connecting,
        })
    }
}

impl OwnPlace {
    fn usable(mut self) -> Self {
        self.upstream.metrics.connected();
        let endpoint = self.endpoint;
        self.upstream
            .change_pool(|pool| pool.handle_own_usable(endpoint, clock::now()));
        self.state = OwnState::Usable;
        self
    }

    /// Says at which endpoint.
    fn failed(self) -> usize {
        let (endpoint, jitter) = (self.endpoint, self.upstream.jitter());
        let upstream = Rc::clone(&self.upstream);
        // What follows from it is decided once it does not count any more.
        drop(self);
        upstream.change_pool(|pool| pool.handle_own_failed(endpoint, jitter, clock::now()));
        endpoint
    }
}

impl Drop for OwnPlace {
    fn drop(&mut self) {
        if self.state == OwnState::Usable {
            self.upstream.metrics.disconnected();
        }
        let pool = &mut self.upstream.state.borrow_mut().pool;
        pool.release_own(self.endpoint, self.state);
    }
}
