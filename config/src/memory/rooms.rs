//! What the rooms bound that all listeners share: that of requests in flight, be they whole or not, and that of answers
//! that cannot leave.

use super::{MemoryLine, PASSING, TRANSLATED, about, values, wide};
use crate::keys::size;
use crate::plan::{
    HTTP2_BODIES, ListenerPlan, Plan, RouteAction, RoutePlan, Service, Sharing, UpstreamPlan,
};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a frame is there that goes to an upstream of its own protocol: for the refusal that may
/// be due, and to be written.
const FORWARDED: u64 = 2;

/// What the clients of one listener may hold in a room.
struct Claim {
    of: String,
    what: &'static str,
    /// By the limits of the listener and its upstreams, and that in words.
    held: u64,
    words: String,
    /// What there is for each byte that counts in the room.
    copies: u64,
    /// What one of them counts there. A worker that has one only has room for it.
    each: u64,
}

impl Plan {
    /// Requests of each listener that speaks messages, in their order; and bodies of those that collect them.
    pub(super) fn in_flight_lines(&self) -> (Vec<MemoryLine>, Vec<MemoryLine>) {
        let listeners = || self.listeners.iter();
        let speaking = listeners().filter(|listener| listener.service == Service::Messages);
        let mut claims: Vec<Claim> = speaking.map(|listener| self.requests(listener)).collect();
        let requests = claims.len();
        claims.extend(listeners().filter_map(bodies));
        let mut lines = self.share_out(claims);
        let bodies = lines.split_off(requests);
        (lines, bodies)
    }

    /// Answers that wait for others, or that clients do not take beyond `send-buffer`: no more requests are read then,
    /// but those in flight are answered all the same.
    pub(super) fn untaken_lines(&self) -> Vec<MemoryLine> {
        let listeners = self.listeners.iter();
        self.share_out(listeners.filter_map(|plan| self.untaken(plan)).collect())
    }

    /// The worst case of a room, by claim: the room is filled first with what holds most for each byte of it.
    fn share_out(&self, claims: Vec<Claim>) -> Vec<MemoryLine> {
        let longest = claims.iter().map(|claim| claim.each).max().unwrap_or(0);
        let room = wide(self.in_flight).max(self.workers().saturating_mul(longest));
        let mut order: Vec<usize> = (0..claims.len()).collect();
        order.sort_by_key(|at| claims.get(*at).map(|claim| Reverse(claim.copies)));
        let mut lefts = vec![0; claims.len()];
        let mut left = room;
        for at in order {
            if let (Some(claim), Some(found)) = (claims.get(at), lefts.get_mut(at)) {
                *found = left;
                left = left.saturating_sub(claim.held / claim.copies);
            }
        }
        let claims = claims.into_iter().zip(lefts);
        let line = |(claim, left): (Claim, u64)| claim.line(left, room);
        claims.map(line).collect()
    }

    /// What one worker may hold of answers that cannot leave: as much as of requests, and the longest one in any case.
    #[must_use]
    pub fn untaken_of_each(&self) -> usize {
        let routes = |listener: &ListenerPlan| {
            let answers = listener.routes.iter();
            let answers = answers.map(|route| self.answer_untaken(listener, route).0);
            answers.max()
        };
        let longest = self.listeners.iter().filter_map(routes).max();
        let longest = usize::try_from(longest.unwrap_or(0)).unwrap_or(usize::MAX);
        self.in_flight_of_each().max(longest)
    }

    fn untaken(&self, listener: &ListenerPlan) -> Option<Claim> {
        let limits = &listener.limits;
        let of_route = |route: &Arc<RoutePlan>| self.answer_untaken(listener, route);
        let answers = || listener.routes.iter().map(of_route);
        let each = answers().map(|(bytes, _)| bytes).max()?;
        let with_values = |(bytes, values): (u64, u64)| bytes.saturating_mul(1 + values);
        let most = answers().map(with_values).max()?;
        let asked = wide(limits.connections).saturating_mul(wide(limits.in_flight));
        (most > 0).then(|| Claim {
            of: format!("listener `{}`", listener.name),
            what: "answers that wait for others or for their clients",
            held: asked.saturating_mul(most),
            words: format!(
                "{} connections × {} in-flight × {}",
                limits.connections,
                limits.in_flight,
                size(most),
            ),
            copies: 1,
            each,
        })
    }

    /// What there may be of an answer of a route that cannot leave, and bytes of values for each byte of it.
    fn answer_untaken(&self, listener: &ListenerPlan, route: &RoutePlan) -> (u64, u64) {
        let http = listener.protocol.descriptor().http.is_some();
        let Some(upstream) = self.upstreams.get(route.upstream) else {
            return (0, 0);
        };
        let limits = &upstream.limits;
        match &route.action {
            // What it is made of may be a part of it.
            RouteAction::Translate(_) => {
                let bytes = wide(limits.body.max(listener.limits.frame));
                (bytes, values::of_json(listener))
            }
            RouteAction::Convert(_) if http => {
                let bytes = TRANSLATED.saturating_mul(wide(limits.frame));
                (bytes, values::of_replies(self, route.upstream))
            }
            RouteAction::Convert(_) => {
                let bytes = wide(limits.frame.max(listener.limits.frame));
                // Lists of the request may go back to the client, too.
                let replies = values::of_replies(self, route.upstream);
                (bytes, replies.max(values::of_requests(listener)))
            }
            RouteAction::Forward => {
                let values = values::of_replies(self, route.upstream);
                (wide(limits.frame), values)
            }
            // On its way to the client, and as much of it that the library of HTTP/2 has taken.
            RouteAction::Proxy(_) => (2 * PASSING, 0),
            RouteAction::Relay => (0, 0),
        }
    }

    /// Requests that the upstreams of a listener take in at a time, over all workers.
    fn capacity(&self, listener: &ListenerPlan) -> u64 {
        let reached: BTreeSet<usize> = listener.routes.iter().map(|route| route.upstream).collect();
        let upstreams = reached
            .into_iter()
            .filter_map(|index| self.upstreams.get(index));
        upstreams.fold(0, |sum, upstream| {
            // On streams of bytes it is clients that have places, with all that they have in flight.
            let each = match &upstream.speaks {
                Some(_) => wide(listener.limits.in_flight),
                None => 1,
            };
            let taken = self.workers().saturating_mul(places(upstream));
            sum.saturating_add(taken.saturating_mul(each))
        })
    }

    fn requests(&self, listener: &ListenerPlan) -> Claim {
        let limits = &listener.limits;
        let asked = wide(limits.connections).saturating_mul(wide(limits.in_flight));
        let taken = self.capacity(listener).min(asked);
        let translates = |route: &Arc<RoutePlan>| route.translation().is_some();
        let copies = if listener.routes.iter().any(translates) {
            1 + TRANSLATED
        } else {
            FORWARDED
        };
        // They fill the room, too.
        let values = values::of_requests(listener);
        let frame = format!("{} frame", size(wide(limits.frame)));
        let (body, frame) = match listener.protocol.descriptor().http {
            Some(_) if passes_on(listener) => {
                let passing = format!("({frame} + {} of its body)", size(PASSING));
                (PASSING, passing)
            }
            Some(_) => {
                let body = wide(limits.body);
                (body, format!("({frame} + {} body)", size(body)))
            }
            None => (0, frame),
        };
        let each = wide(limits.frame).saturating_add(body);
        Claim {
            of: format!("listener `{}`", listener.name),
            what: "requests in flight, each a frame and what the rules make of it",
            held: taken.saturating_mul(each).saturating_mul(copies + values),
            words: format!(
                "min({} connections × {} in-flight, {taken} that its upstreams take) × {frame} × {}",
                limits.connections,
                limits.in_flight,
                copies + values,
            ),
            copies,
            each: each.saturating_mul(1 + values),
        }
    }
}

impl Claim {
    /// With so much left of the room for it.
    fn line(self, left: u64, room: u64) -> MemoryLine {
        let of_room = match left < room {
            true => format!("{} left of in-flight", about(left)),
            false => format!("{} in-flight", size(room)),
        };
        let copies = match self.copies {
            1 => String::new(),
            copies => format!(" × {copies}"),
        };
        MemoryLine {
            of: self.of,
            what: self.what,
            formula: format!("min({}, {of_room} of the gateway{copies})", self.words),
            bytes: self.held.min(left.saturating_mul(self.copies)),
        }
    }
}

/// What clients of HTTP hold of bodies that are not whole.
fn bodies(listener: &ListenerPlan) -> Option<Claim> {
    if listener.protocol.descriptor().http.is_none() || passes_on(listener) {
        return None;
    }
    let limits = &listener.limits;
    let bodies = wide(limits.connections).saturating_mul(wide(HTTP2_BODIES));
    let each = wide(limits.body);
    Some(Claim {
        of: format!("listener `{}`", listener.name),
        what: "bodies that are not whole",
        held: bodies.saturating_mul(each),
        words: format!(
            "{} connections × {HTTP2_BODIES} × {} body",
            limits.connections,
            size(each),
        ),
        copies: 1,
        each,
    })
}

/// Whether all of a listener's requests are handed on as they come, and nobody looks at their bodies.
fn passes_on(listener: &ListenerPlan) -> bool {
    let mut routes = listener.routes.iter();
    !listener.table.weighs_payload() && !routes.any(|route| route.weighs_payload())
}

/// Places at an upstream, and in the queue for them, of one worker: of requests, or of clients where it is
/// a stream of bytes. The built-in one counts as one endpoint.
fn places(upstream: &UpstreamPlan) -> u64 {
    let limits = &upstream.limits;
    let endpoints = wide(upstream.most_endpoints());
    let streams = match upstream.speaks.as_ref().map(|speech| speech.sharing) {
        None | Some(Sharing::Shared) => wide(limits.streams),
        Some(Sharing::Exclusive | Sharing::Bound) => 1,
    };
    let on = |connections: usize| wide(connections).saturating_mul(endpoints);
    let own = on(limits.connections)
        .saturating_mul(streams)
        .saturating_add(wide(limits.queue));
    let exclusive = upstream.exclusive().map(|plan| plan.limits);
    let exclusive = exclusive.map_or(0, |limits| {
        on(limits.connections).saturating_add(wide(limits.queue))
    });
    own.saturating_add(exclusive)
}
