//! The connections that the limits of a plan allow.

use crate::plan::{
    Endpoint, EndpointKind, ListenerPlan, Plan, RouteAction, RoutePlan, Sharing, UpstreamPlan,
};
use gatewright_core::codec::Needs;
use gatewright_core::message::OperationId;
use std::collections::BTreeSet;

impl Plan {
    /// The most connections of clients and to upstreams at a time, over all workers.
    #[must_use]
    pub fn most_connections(&self) -> usize {
        let clients = self.listeners.iter().map(|listener| {
            let own = self.owned(listener).next().is_some();
            (listener.limits.connections).saturating_mul(1 + usize::from(own))
        });
        let upstreams = self.upstreams.iter().map(|upstream| {
            let each = of_each_worker(upstream);
            each.saturating_mul(self.workers.get())
        });
        clients.chain(upstreams).fold(0, usize::saturating_add)
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

/// Connections of one worker to an upstream, probes among them, but for those that are its clients' own.
fn of_each_worker(upstream: &UpstreamPlan) -> usize {
    let quic = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Quic(_));
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
    let each = match upstream.endpoints.iter().any(quic) {
        // They are streams of one.
        true => 1,
        false => each,
    };
    let probes = usize::from(upstream.check.is_some());
    each.saturating_add(probes)
        .saturating_mul(upstream.most_endpoints())
}
