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

use crate::observe::{ListenerMetrics, RelayMetrics};
use crate::upstream::{Owner, Upstream};
use gatewright_config::plan::{ListenerLimits, RoutePlan};
use gatewright_core::message::Message;
use gatewright_core::relay::Raw;
use gatewright_core::route::Table;
use gatewright_core::translate::Facts;
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
}

impl RelayListener {
    pub(crate) fn new(
        name: Arc<str>,
        limits: ListenerLimits,
        table: Table,
        routes: Vec<Rc<RelayRoute>>,
        metrics: RelayMetrics,
    ) -> Self {
        let by_name = table.reads(Raw::CONNECT, Raw::SNI);
        let peeks = by_name || routes.iter().any(|route| route.goes_by_sni());
        Self {
            name,
            limits,
            table,
            routes,
            peeks,
            metrics,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn limits(&self) -> &ListenerLimits {
        &self.limits
    }

    pub(crate) const fn metrics(&self) -> &ListenerMetrics {
        &self.metrics.listener
    }

    fn route(&self, opening: &Message, facts: &Facts) -> Option<&Rc<RelayRoute>> {
        let index = self.table.pick(opening, facts)?;
        self.routes.get(index)
    }
}

impl RelayRoute {
    pub(crate) const fn new(plan: Arc<RoutePlan>, upstream: Rc<Upstream>) -> Self {
        Self { plan, upstream }
    }

    /// Who wants a connection for what begins with this message.
    pub(crate) fn owner(&self, message: &Message, facts: &Facts) -> Owner {
        Owner {
            client: facts.peer.connection,
            key: self.upstream.key_of(&self.plan, message, facts),
        }
    }

    /// Whether an endpoint is chosen by the name that a TLS client asks for.
    fn goes_by_sni(&self) -> bool {
        let key = self.plan.balance_key.as_ref();
        self.upstream.goes_by_key() && key.is_some_and(|key| key.reads(Raw::CONNECT, Raw::SNI))
    }
}
