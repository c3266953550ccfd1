//! Connections whose bytes are carried as they are, between a client and an upstream.
//!
//! A pair of connections is one task. It reads through its worker's buffer and writes at once;
//! what the other side does not take is kept, and not read on before it is taken. So an idle
//! pair has no buffer, and a stuck one no more than one read each way.

mod bound;
mod ends;
mod flow;
mod opening;
mod pair;
mod pipe;
mod task;

pub(crate) use bound::{Binding, Bound};
pub(crate) use pipe::Pipes;
pub(crate) use task::Relay;

use crate::observe::RelayMetrics;
use crate::upstream::{Stream, Upstream};
use gatewright_config::plan::{ListenerLimits, RoutePlan};
use gatewright_core::message::Message;
use gatewright_core::relay::Raw;
use gatewright_core::route::Table;
use gatewright_core::translate::Facts;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// What the connections of one raw listener share on one worker.
#[derive(Debug)]
pub(crate) struct RelayListener {
    name: Arc<str>,
    limits: ListenerLimits,
    table: Table,
    routes: Vec<Rc<RelayRoute>>,
    /// Whether a route needs the name that a TLS client asks for. Otherwise nobody waits for a
    /// client's first byte: in many protocols the server speaks first.
    peeks: bool,
    metrics: RelayMetrics,
}

/// One route of a raw listener.
#[derive(Debug)]
pub(crate) struct RelayRoute {
    plan: Arc<RoutePlan>,
    upstream: Rc<Upstream>,
    /// The endpoint that is tried first next time.
    next: Cell<usize>,
}

impl RelayListener {
    pub(crate) fn new(
        name: Arc<str>,
        limits: ListenerLimits,
        table: Table,
        routes: Vec<Rc<RelayRoute>>,
        metrics: RelayMetrics,
    ) -> Self {
        let peeks = table.reads(Raw::CONNECT, Raw::SNI);
        Self {
            name,
            limits,
            table,
            routes,
            peeks,
            metrics,
        }
    }

    fn route(&self, opening: &Message, facts: &Facts) -> Option<&Rc<RelayRoute>> {
        let index = self.table.pick(opening, facts)?;
        self.routes.get(index)
    }
}

impl RelayRoute {
    pub(crate) const fn new(plan: Arc<RoutePlan>, upstream: Rc<Upstream>) -> Self {
        Self {
            plan,
            upstream,
            next: Cell::new(0),
        }
    }

    /// A connection to an endpoint: to the next one in turn, or to one after it if that cannot
    /// be reached.
    async fn connect(&self) -> Option<Stream> {
        let endpoints = self.upstream.endpoints();
        let attempts = endpoints.min(self.upstream.attempts() as usize);
        let first = self.next.get();
        self.next.set((first + 1) % endpoints.max(1));
        for attempt in 0..attempts {
            let endpoint = (first + attempt) % endpoints;
            let dialled = if self.plan.action.sends_messages() {
                self.upstream.dial_bound(endpoint).await
            } else {
                self.upstream.dial(endpoint).await
            };
            if dialled.is_some() {
                return dialled;
            }
        }
        None
    }
}
