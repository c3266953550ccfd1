//! The connections that the limits of a plan allow, and their sockets.

use crate::plan::{
    Endpoint, EndpointKind, ListenerPlan, Plan, RouteAction, RoutePlan, Sharing, UpstreamPlan,
};
use gatewright_core::codec::Needs;
use gatewright_core::message::OperationId;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Plan {
    /// The most sockets that connections of clients and to upstreams take at a time, over all workers. Those of
    /// QUIC take one a worker, all together.
    #[must_use]
    pub fn most_sockets(&self) -> usize {
        let clients = self.listeners.iter().map(|listener| {
            let relays = self.owned(listener).any(has_sockets);
            let feeds = match self.fed(listener).any(has_sockets) {
                true => listener.limits.in_flight,
                false => 0,
            };
            let each = 1 + usize::from(relays) + feeds;
            listener.limits.connections.saturating_mul(each)
        });
        let quic = |upstream: &UpstreamPlan| upstream.endpoints.iter().any(is_quic);
        let datagrams = usize::from(self.upstreams.iter().any(quic));
        let upstreams = self.upstreams.iter().map(of_each_worker);
        let workers = upstreams.chain([datagrams]);
        let workers = workers.map(|each| each.saturating_mul(self.workers.get()));
        clients.chain(workers).fold(0, usize::saturating_add)
    }

    /// The upstreams whose events clients of a listener may ask for: each that does has a connection of its own.
    pub(crate) fn fed(&self, listener: &ListenerPlan) -> impl Iterator<Item = &UpstreamPlan> {
        let has_events = |route: &&Arc<RoutePlan>| route.spec.events.is_some();
        let routes = listener.routes.iter().filter(has_events);
        routes.filter_map(|route| self.upstreams.get(route.upstream))
    }

    /// The upstreams to which clients of a listener may have connections of their own, which are relays then:
    /// all clients, or those whose requests need that.
    pub(crate) fn owned<'p>(
        &'p self,
        listener: &'p ListenerPlan,
    ) -> impl Iterator<Item = &'p UpstreamPlan> {
        let bound = routes_that_bind(listener);
        let routes = listener.routes.iter().enumerate();
        routes.filter_map(move |(index, route)| {
            let upstream = self.upstreams.get(route.upstream)?;
            owns(route, upstream, bound.contains(&index)).then_some(upstream)
        })
    }
}

/// Whether clients of a route may have connections of their own; `binds` if it takes what needs that where
/// clients share them.
fn owns(route: &RoutePlan, upstream: &UpstreamPlan, binds: bool) -> bool {
    let sharing = upstream.speaks.as_ref().map(|speech| speech.sharing);
    match (&route.action, sharing) {
        (RouteAction::Relay, _) | (RouteAction::Forward, Some(Sharing::Bound)) => true,
        (RouteAction::Forward, Some(Sharing::Shared)) => binds,
        (RouteAction::Forward, Some(Sharing::Exclusive) | None)
        | (RouteAction::Translate(_) | RouteAction::Convert(_) | RouteAction::Proxy(_), _) => false,
    }
}

/// The routes that may take what binds a client to its connection.
fn routes_that_bind(listener: &ListenerPlan) -> BTreeSet<usize> {
    let operations = (0..)
        .map(OperationId)
        .zip(&listener.protocol.descriptor().operations);
    let binding = operations.filter(|(_, operation)| match operation.needs {
        Needs::Bound | Needs::Replay => true,
        Needs::Nothing | Needs::Exclusive => false,
    });
    binding
        .flat_map(|(id, _)| listener.table.routes_of(id))
        .collect()
}

const fn is_quic(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Quic(_))
}

/// Whether connections to any of an upstream's endpoints have sockets of their own.
fn has_sockets(upstream: &UpstreamPlan) -> bool {
    !upstream.endpoints.iter().all(is_quic)
}

/// How many endpoints there may be of an upstream whose connections have sockets of their own.
fn with_sockets(upstream: &UpstreamPlan) -> usize {
    let quic = upstream.endpoints.iter().filter(|e| is_quic(e)).count();
    match &upstream.discovery {
        // All that are found are as the one that is looked for.
        Some(_) if quic > 0 => 0,
        Some(_) | None => upstream.most_endpoints().saturating_sub(quic),
    }
}

/// Sockets of one worker for connections to an upstream, probes among them, but for those that are its clients' own.
fn of_each_worker(upstream: &UpstreamPlan) -> usize {
    let kind = upstream.endpoints.first().map(Endpoint::kind);
    let sharing = upstream.speaks.as_ref().map(|speech| speech.sharing);
    let own = match (kind, sharing) {
        (Some(EndpointKind::Http), _) | (_, Some(Sharing::Shared | Sharing::Exclusive)) => {
            upstream.limits.connections
        }
        (_, Some(Sharing::Bound) | None) => 0,
    };
    let exclusive = upstream.exclusive().map(|plan| plan.limits.connections);
    let each = own.saturating_add(exclusive.unwrap_or(0));
    let probes = usize::from(upstream.check.is_some());
    each.saturating_add(probes)
        .saturating_mul(with_sockets(upstream))
}
