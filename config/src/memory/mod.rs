//! The most memory that the limits of a plan allow.

mod levers;
mod rooms;
mod values;

pub use levers::{Largest, Lever};

use crate::keys::size;
use crate::plan::{
    Endpoint, EndpointKind, HTTP2_WINDOW, ListenerPlan, Plan, QUIC_SEND_WINDOW, QUIC_STREAM_WINDOW,
    RouteAction, RoutePlan, Service, Sharing, UpstreamPlan, WEBSOCKET_WINDOW,
};
use std::fmt;
use std::sync::Arc;

/// What one connection costs beside its buffers: its state, its task, its socket's bookkeeping.
const CONNECTION: u64 = 2 << 10;
/// What one HTTP/2 connection costs beside the bodies: header tables, frames being read and written.
const HTTP2_CONNECTION: u64 = 128 << 10;
/// What a relay holds of bytes that it has read and not written, in one direction: one read.
const RELAY_BUFFER: u64 = 64 << 10;
/// What TLS holds beside the bytes that it carries: records that are read in part, and those that wait to
/// be written.
const TLS: u64 = 128 << 10;
/// What waits for a client of events, and what is read for it at a time.
const EVENTS: u64 = 68 << 10;
/// What WebSocket holds: the head of a request, then less than that; by HTTP/2 a window that is full, in a block
/// that grew by doubling, and what waits for the client. A connection of HTTP/2 that carries nothing holds more.
const WEBSOCKET: u64 = max(2 * WEBSOCKET_WINDOW as u64 + (24 << 10), HTTP2_CONNECTION);
/// What a stream of QUIC holds beside them: its window, and once and a half as much for the packets that
/// bytes out of order came in, at which they are copied together.
const QUIC_STREAM: u64 = QUIC_STREAM_WINDOW as u64 * 5 / 2;
/// What a QUIC connection costs beside its streams: what is to be sent, its state and its tables.
const QUIC_CONNECTION: u64 = QUIC_SEND_WINDOW as u64 + (128 << 10);
/// What a relay costs beside its buffers.
const RELAY: u64 = 4 << 10;
/// How much larger a frame may become as an HTTP request: each byte of a text as `\u00XX` in JSON
/// or three characters in a path.
const TRANSLATED: u64 = 6;
/// What there is of a body that is handed on as it comes.
const PASSING: u64 = 64 << 10;

/// The most memory that peers can make a gateway use, by the limits. The program itself is not
/// in it, nor what the operating system's sockets hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What makes up the sum.
    pub lines: Vec<MemoryLine>,
    /// Those that are most of it, three at most, the largest first.
    pub largest: Vec<Largest>,
}

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryLine {
    /// Whose it is, such as "listener `pos`".
    pub of: String,
    /// What it holds.
    pub what: &'static str,
    /// How it comes about, with the limits' values.
    pub formula: String,
    /// How much, in bytes.
    pub bytes: u64,
}

impl Memory {
    /// The sum of all lines, in bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        sum(&self.lines)
    }
}

fn sum(lines: &[MemoryLine]) -> u64 {
    let add = |sum: u64, line: &MemoryLine| sum.saturating_add(line.bytes);
    lines.iter().fold(0, add)
}

/// One line each, and the sum.
impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(
                f,
                "{:>10}  {}: {} = {}",
                about(line.bytes),
                line.of,
                line.what,
                line.formula
            )?;
        }
        write!(
            f,
            "{:>10}  in the worst case, by the limits",
            about(self.total())
        )?;
        let largest = |largest: &Largest| largest.tell(self, f);
        self.largest.iter().try_for_each(largest)
    }
}

/// A number of bytes in three digits or so.
fn about(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(unit));
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

impl Plan {
    /// The most memory that peers can make the gateway use, part by part.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let lines = self.memory_lines();
        let largest = levers::largest(self, &lines);
        Memory { lines, largest }
    }

    fn memory_lines(&self) -> Vec<MemoryLine> {
        let (requests, bodies) = self.in_flight_lines();
        let mut requests = requests.into_iter();
        let mut lines = Vec::new();
        for listener in &self.listeners {
            match listener.service {
                Service::Messages => {
                    lines.push(self.connections(listener));
                    lines.extend(requests.next());
                    lines.extend(self.events(listener));
                }
                Service::Relay => lines.extend(self.relays(listener)),
            }
        }
        for (at, upstream) in self.upstreams.iter().enumerate() {
            let answers = self.answers(upstream);
            lines.extend(answers.or_else(|| self.replies(at, upstream)));
        }
        lines.extend(self.upstreams.iter().filter_map(|plan| self.quic(plan)));
        lines.extend(bodies);
        lines.extend(self.untaken_lines());
        lines
    }

    /// Relays, each with what could not be written yet in both directions.
    fn relays(&self, listener: &ListenerPlan) -> Option<MemoryLine> {
        let (each, words) = self.relay(listener)?;
        let connections = listener.limits.connections;
        Some(MemoryLine {
            of: format!("listener `{}`", listener.name),
            what: "relays, each with bytes to be written both ways",
            formula: format!("{connections} connections × ({words})"),
            bytes: wide(connections).saturating_mul(each),
        })
    }

    /// What a client of a listener holds who has a connection of its own upstream, and that in words; nothing
    /// where none has.
    fn relay(&self, listener: &ListenerPlan) -> Option<(u64, String)> {
        let upstream = self.owned(listener).map(carrier_of).max()?;
        let carrier = upstream + tls(listener) + websocket(listener);
        let words = format!(
            "2 × {} buffer + {} TLS, QUIC or WebSocket + {}",
            size(RELAY_BUFFER),
            size(carrier),
            size(RELAY),
        );
        Some((2 * RELAY_BUFFER + carrier + RELAY, words))
    }

    /// Connections of clients that speak messages. A client that takes no replies from an upstream
    /// of messages is disconnected when one more does not fit.
    fn connections(&self, listener: &ListenerPlan) -> MemoryLine {
        let limits = &listener.limits;
        let reply = self.forwarded(listener).map(|plan| plan.limits.frame).max();
        let reply = wide(reply.unwrap_or(0));
        let mut more = match reply {
            0 => String::new(),
            reply => format!(" + {} frame of a reply", size(reply)),
        };
        let tls = tls(listener);
        if tls > 0 {
            more += &format!(" + {} TLS", size(tls));
        }
        let websocket = websocket(listener);
        if websocket > 0 {
            more += &format!(" + {} WebSocket", size(websocket));
        }
        let http = listener.protocol.descriptor().http.is_some();
        let http2 = if http {
            u64::from(HTTP2_WINDOW) + HTTP2_CONNECTION
        } else {
            0
        };
        if http {
            more += &format!(" + {} HTTP/2", size(http2));
        }
        let each = wide(limits.frame)
            .saturating_add(wide(limits.send_buffer))
            .saturating_add(reply)
            .saturating_add(tls)
            .saturating_add(websocket)
            .saturating_add(http2)
            .saturating_add(CONNECTION);
        let parts = format!(
            "{} frame + {} send-buffer{more} + {}",
            size(wide(limits.frame)),
            size(wide(limits.send_buffer)),
            size(CONNECTION),
        );
        let (each, parts) = match self.relay(listener) {
            Some((relay, words)) => (max(each, relay), format!("max({parts}, {words})")),
            None => (each, format!("({parts})")),
        };
        MemoryLine {
            of: format!("listener `{}`", listener.name),
            what: "connections, each a frame being read and replies being written",
            formula: format!("{} connections × {parts}", limits.connections),
            bytes: wide(limits.connections).saturating_mul(each),
        }
    }

    /// The upstreams that take a listener's messages as messages.
    fn forwarded(&self, listener: &ListenerPlan) -> impl Iterator<Item = &UpstreamPlan> {
        let forward = |route: &&Arc<RoutePlan>| route.action.sends_messages();
        let routes = listener.routes.iter().filter(forward);
        routes.filter_map(|route| self.upstreams.get(route.upstream))
    }

    /// Events on their way to clients, each of whom has a connection upstream of its own.
    fn events(&self, listener: &ListenerPlan) -> Option<MemoryLine> {
        let limits = &listener.limits;
        let frame = wide(self.fed(listener).map(|plan| plan.limits.frame).max()?);
        let connection = CONNECTION + self.fed(listener).map(carrier_of).max()?;
        let each = EVENTS.saturating_add(frame).saturating_add(connection);
        Some(MemoryLine {
            of: format!("listener `{}`", listener.name),
            what: "events, each client's that wait and one being read",
            formula: format!(
                "{} connections × {} in-flight × ({} + {} frame + {})",
                limits.connections,
                limits.in_flight,
                size(EVENTS),
                size(frame),
                size(connection),
            ),
            bytes: wide(limits.connections)
                .saturating_mul(wide(limits.in_flight))
                .saturating_mul(each),
        })
    }

    fn answers(&self, upstream: &UpstreamPlan) -> Option<MemoryLine> {
        let limits = &upstream.limits;
        let endpoints = http_endpoints(upstream);
        let connections = wide(limits.connections).saturating_mul(endpoints);
        let (answer, room) = self.answer(upstream);
        let connection = HTTP2_CONNECTION + carrier_of(upstream);
        let each = wide(limits.streams)
            .saturating_mul(answer)
            .saturating_add(connection);
        (endpoints > 0).then(|| MemoryLine {
            of: format!("upstream `{}`", upstream.name),
            what: "answers that are being read",
            formula: format!(
                "{} workers × {endpoints} endpoints × {} connections × ({} streams × ({} window + {room}) + {})",
                self.workers,
                limits.connections,
                limits.streams,
                size(wide(limits.window)),
                size(connection),
            ),
            bytes: self
                .workers()
                .saturating_mul(connections)
                .saturating_mul(each),
        })
    }

    /// What there is of an answer of HTTP/2, and that in words but for its window: it is collected
    /// before a rule sees it, and handed on as it comes where there is none.
    fn answer(&self, upstream: &UpstreamPlan) -> (u64, String) {
        let of_it = |route: &&Arc<RoutePlan>| {
            let upstream =
                self.upstreams.get(route.upstream).map(|plan| &plan.name) == Some(&upstream.name);
            upstream && !matches!(route.action, RouteAction::Proxy(_))
        };
        let mut routes = self.listeners.iter().flat_map(|listener| &listener.routes);
        let (held, what) = match routes.find(of_it) {
            Some(_) => (wide(upstream.limits.body), "body"),
            None => (PASSING, "of its body"),
        };
        let each = wide(upstream.limits.window).saturating_add(held);
        (each, format!("{} {what}", size(held)))
    }

    fn replies(&self, at: usize, upstream: &UpstreamPlan) -> Option<MemoryLine> {
        // Those that are clients' own are relays.
        let speech = upstream.speaks.as_ref()?;
        if speech.sharing == Sharing::Bound {
            return None;
        }
        let limits = &upstream.limits;
        let endpoints = wide(upstream.most_endpoints());
        let mut connection = CONNECTION + carrier_of(upstream);
        if speech.protocol.descriptor().http.is_some() {
            connection += PASSING;
        }
        // Its values are there until it has reached its exchange.
        let values = values::of_replies(self, at);
        let each = (wide(limits.frame).saturating_mul(1 + values)).saturating_add(connection);
        let with_values = match values {
            0 => String::new(),
            values => format!(" × {}", 1 + values),
        };
        let exclusive = upstream.exclusive().map(|plan| plan.limits.connections);
        let connections = limits.connections.saturating_add(exclusive.unwrap_or(0));
        Some(MemoryLine {
            of: format!("upstream `{}`", upstream.name),
            what: "connections, each a reply being read",
            formula: format!(
                "{} workers × {endpoints} endpoints × {connections} connections × ({} frame{with_values} + {})",
                self.workers,
                size(wide(limits.frame)),
                size(connection),
            ),
            bytes: self
                .workers()
                .saturating_mul(wide(connections))
                .saturating_mul(endpoints)
                .saturating_mul(each),
        })
    }

    fn quic(&self, upstream: &UpstreamPlan) -> Option<MemoryLine> {
        let quic = |endpoint: &&Endpoint| matches!(endpoint, Endpoint::Quic(_));
        let endpoints = wide(upstream.endpoints.iter().filter(quic).count())
            .saturating_mul(looked_for(upstream));
        (endpoints > 0).then(|| MemoryLine {
            of: format!("upstream `{}`", upstream.name),
            what: "QUIC connections, each with bytes to be sent",
            formula: format!(
                "{} workers × {endpoints} endpoints × {}",
                self.workers,
                size(QUIC_CONNECTION),
            ),
            bytes: self
                .workers()
                .saturating_mul(endpoints)
                .saturating_mul(QUIC_CONNECTION),
        })
    }

    fn workers(&self) -> u64 {
        wide(self.workers.get())
    }
}

/// What TLS with a client of a listener holds, if it is spoken there.
fn tls(listener: &ListenerPlan) -> u64 {
    listener.tls.as_ref().map_or(0, |_| TLS)
}

const fn max(one: u64, other: u64) -> u64 {
    if one > other { one } else { other }
}

/// What WebSocket with a client of a listener holds, if it is spoken there.
fn websocket(listener: &ListenerPlan) -> u64 {
    listener.websocket.as_ref().map_or(0, |_| WEBSOCKET)
}

/// How many endpoints one URL stands for.
fn looked_for(upstream: &UpstreamPlan) -> u64 {
    let discovery = upstream.discovery.as_ref();
    discovery.map_or(1, |discovery| wide(discovery.policy.endpoints))
}

/// What carries the bytes of a connection to an upstream holds, at whatever endpoint that is most.
fn carrier_of(upstream: &UpstreamPlan) -> u64 {
    upstream.endpoints.iter().map(carrier).max().unwrap_or(0)
}

/// What TLS or QUIC holds of a connection to an endpoint, beside what its user does.
const fn carrier(endpoint: &Endpoint) -> u64 {
    match endpoint {
        Endpoint::Https(_) | Endpoint::Tls(_) => TLS,
        Endpoint::Quic(_) => QUIC_STREAM,
        Endpoint::H2c(_)
        | Endpoint::Http(_)
        | Endpoint::Tcp(_)
        | Endpoint::Unix(_)
        | Endpoint::Mock(_) => 0,
    }
}

fn http_endpoints(upstream: &UpstreamPlan) -> u64 {
    let http = upstream
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.kind() == EndpointKind::Http);
    wide(http.count()).saturating_mul(looked_for(upstream))
}

/// Widening: no platform has more than 64 bits here.
const fn wide(n: usize) -> u64 {
    n as u64
}
