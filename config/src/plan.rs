//! The valid configuration. It stops at the builder: each part of the gateway takes its own
//! small value from here.

use gatewright_core::codec::{HttpShape, Protocol};
use gatewright_core::discovery::DiscoveryPolicy;
use gatewright_core::expr::Span;
use gatewright_core::health::ErrorReplies;
use gatewright_core::limit::TryLimits;
use gatewright_core::message::Message;
use gatewright_core::pool::{Lifetime, PoolPolicy, Rank};
use gatewright_core::retry::RetryPolicy;
use gatewright_core::route::Table;
use gatewright_core::translate::{
    BalanceKey, Carriage, Conversion, Forwarding, Network, OriginFields, Proxy, Question,
    RouteSpec, Translation, client,
};
use http::HeaderName;
use http::uri::PathAndQuery;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a gateway needs to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Threads that carry messages, each with a runtime and pools of its own.
    pub workers: NonZeroUsize,
    /// How long a busy worker lets events gather before it looks for them; zero for not at all.
    pub gather: Duration,
    /// Bytes of requests that wait for their replies, over all workers.
    pub in_flight: usize,
    /// How a stop is spread over time.
    pub drain: DrainPlan,
    /// What is logged.
    pub log: LogPlan,
    /// Where metrics and health are served, if anywhere.
    pub admin: Option<SocketAddr>,
    /// The protocols that have names of their own here. Parts that speak them hold them, too.
    pub protocols: Vec<ProtocolPlan>,
    /// Where clients come in.
    pub listeners: Vec<ListenerPlan>,
    /// Whom messages go to; routes name them by index.
    pub upstreams: Vec<UpstreamPlan>,
}

impl Plan {
    /// What one worker may hold of [`in_flight`](Self::in_flight).
    #[must_use]
    pub fn in_flight_of_each(&self) -> usize {
        self.in_flight / self.workers
    }
}

/// How a stop is spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainPlan {
    /// How long requests in flight may still take.
    pub deadline: Duration,
    /// Over which time idle connections are closed.
    pub spread: Duration,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlan {
    /// A filter as `tracing-subscriber` takes it, such as `info` or `gatewright=debug`.
    pub filter: String,
    /// For people or for programs.
    pub format: LogFormat,
    /// Whether each message is one line.
    pub messages: bool,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A protocol that the configuration declares.
#[derive(Clone, Debug)]
pub struct ProtocolPlan {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The protocol.
    pub protocol: Arc<dyn Protocol>,
    /// Where it is written, unless it is linked in.
    pub definition: Option<DefinitionPlan>,
}

/// Where a protocol is written. Paths start where the process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionPlan {
    /// Its first file.
    pub file: PathBuf,
    /// Where imports are searched that begin with `/`.
    pub folders: Vec<PathBuf>,
}

/// What becomes of the bytes that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// They are read as messages.
    Messages,
    /// They are carried to an upstream as they are.
    Relay,
}

/// One place where clients come in.
#[derive(Clone, Debug)]
pub struct ListenerPlan {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The TCP address to bind.
    pub bind: SocketAddr,
    /// What becomes of what clients send.
    pub service: Service,
    /// What is spoken there.
    pub protocol: Arc<dyn Protocol>,
    /// How TLS is spoken there, if it is.
    pub tls: Option<ListenerTls>,
    /// How WebSocket carries it, if that does.
    pub websocket: Option<WebSocketPlan>,
    /// What servers of HTTP are told of where its clients' requests came from.
    pub forwarding: ForwardingPlan,
    /// What a client may use up.
    pub limits: ListenerLimits,
    /// Which message goes where: indexes into `routes`.
    pub table: Table,
    /// The routes of this listener, in their order.
    pub routes: Vec<Arc<RoutePlan>>,
}

/// What servers of HTTP are told of where a listener's requests came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardingPlan {
    /// Clients that are proxies, and believed in what they say of that.
    pub trusted: Arc<[Network]>,
    /// By which fields they are told.
    pub fields: OriginFields,
}

impl ForwardingPlan {
    /// The same for the requests of one client.
    #[must_use]
    pub fn of(&self, peer: IpAddr) -> Forwarding {
        Forwarding {
            fields: self.fields,
            trusted: self.trusted.iter().any(|network| network.has(peer)),
        }
    }
}

impl ForwardingPlan {
    /// Whose request it is that came from `peer` in `carriage`.
    #[must_use]
    pub fn client(
        &self,
        request: &Message,
        shape: Option<&HttpShape>,
        peer: IpAddr,
        carriage: Carriage,
    ) -> IpAddr {
        match shape {
            Some(shape) if carriage.forwarding.trusted => {
                client(request, shape, peer, &self.trusted, self.fields)
            }
            Some(_) | None => peer.to_canonical(),
        }
    }
}

/// What the clients of one listener may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at a time, over all workers.
    pub connections: usize,
    /// Those of one address.
    pub connections_per_address: usize,
    /// The longest frame, in bytes.
    pub frame: usize,
    /// Requests of one connection that wait for their replies.
    pub in_flight: usize,
    /// Bytes of replies that one connection may have waiting to be written.
    pub send_buffer: usize,
    /// The longest body of a request, in bytes, where bodies follow their messages.
    pub body: usize,
    /// From the first byte of a frame, or of a message whose body follows, to its last.
    pub frame_time: Duration,
    /// For TLS's handshake, and for WebSocket's.
    pub handshake: Duration,
    /// Without any frame, and with nothing in flight.
    pub idle: Duration,
    /// How long a client may take none of the bytes that wait for it.
    pub send_time: Duration,
}

/// How clients come by WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketPlan {
    /// The path that they ask for.
    pub path: Arc<str>,
    /// The pages that may connect.
    pub origins: Origins,
    /// The subprotocols to agree on, the preferred one first. With any, one has to be.
    pub subprotocols: Vec<Arc<str>>,
}

/// The pages whose scripts may connect: RFC 6454.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All.
    Any,
    /// These.
    Listed(Vec<Arc<str>>),
}

/// How TLS is spoken to the clients of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTls {
    /// What clients are shown: the first one that is for the name that they ask for, else the
    /// first of all. Never empty.
    pub certificates: Vec<IdentityPlan>,
    /// What clients have to show, if anything.
    pub clients: Option<ClientsPlan>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// The protocols to agree on by ALPN (RFC 7301), the preferred one first.
    pub alpn: Vec<Arc<str>>,
}

/// What clients have to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientsPlan {
    /// A PEM file of the authorities that their certificates have to lead to.
    pub ca: PemFile,
    /// Whether they need one.
    pub auth: ClientAuth,
}

/// Whether clients need a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Those without one are refused.
    Required,
    /// Those without one are let in.
    Optional,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// One route.
#[derive(Clone, Debug)]
pub struct RoutePlan {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// The upstream, by index into [`Plan::upstreams`].
    pub upstream: usize,
    /// Its rules as typed, for whoever describes them.
    pub spec: Arc<RouteSpec>,
    /// What it does with what it takes.
    pub action: RouteAction,
    /// How long a whole exchange may take, from the request's first byte on; where a payload is handed
    /// on as it comes, from the last of it that was.
    pub timeout: Duration,
    /// How long each try of it may take.
    pub tries: TryLimits,
    /// What its upstream chooses an endpoint by, if by a key of the message.
    pub balance_key: Option<BalanceKey>,
}

/// What a route does with what it takes.
#[derive(Clone, Debug)]
pub enum RouteAction {
    /// Messages become HTTP requests, by rules both ways.
    Translate(Translation),
    /// Messages become messages of the upstream's protocol, by rules both ways.
    Convert(Conversion),
    /// Messages go to an upstream of the same protocol as they are.
    Forward,
    /// HTTP requests go to an upstream of HTTP, of any version, and their answers come back.
    Proxy(Proxy),
    /// The bytes of a connection are carried as they are.
    Relay,
}

impl RoutePlan {
    /// The rules to HTTP and back, if it has any.
    #[must_use]
    pub const fn translation(&self) -> Option<&Translation> {
        match &self.action {
            RouteAction::Translate(translation) => Some(translation),
            RouteAction::Convert(_)
            | RouteAction::Forward
            | RouteAction::Proxy(_)
            | RouteAction::Relay => None,
        }
    }

    /// The rules to another binary protocol and back, if it has any.
    #[must_use]
    pub const fn conversion(&self) -> Option<&Conversion> {
        match &self.action {
            RouteAction::Convert(conversion) => Some(conversion),
            RouteAction::Translate(_)
            | RouteAction::Forward
            | RouteAction::Proxy(_)
            | RouteAction::Relay => None,
        }
    }

    /// Whether a payload has to be here whole: it is not handed on, or what is done with it or the choice of an
    /// endpoint depends on it.
    #[must_use]
    pub fn weighs_payload(&self) -> bool {
        let key = self.balance_key.as_ref();
        let handed_on = match &self.action {
            RouteAction::Proxy(proxy) => !proxy.weighs_payload(),
            RouteAction::Translate(_)
            | RouteAction::Convert(_)
            | RouteAction::Forward
            | RouteAction::Relay => false,
        };
        !handed_on || key.is_some_and(BalanceKey::weighs_payload)
    }
}

impl RouteAction {
    /// Whether messages go upstream as messages, as they are or not: one connection carries
    /// those of many clients then, and is read whether a client takes its replies or not.
    #[must_use]
    pub const fn sends_messages(&self) -> bool {
        match self {
            Self::Convert(_) | Self::Forward => true,
            Self::Translate(_) | Self::Proxy(_) | Self::Relay => false,
        }
    }
}

/// One upstream: a service behind one or more endpoints.
#[derive(Clone, Debug)]
pub struct UpstreamPlan {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// Where it is to be found; never empty. One, if its endpoints are looked for.
    pub endpoints: Vec<Endpoint>,
    /// How endpoints are looked for, if they are.
    pub discovery: Option<DiscoveryPlan>,
    /// What a stream of bytes carries, if messages are sent to it.
    pub speaks: Option<Speech>,
    /// The weight and the priority of each of them.
    pub ranks: Vec<Rank>,
    /// How one of them is chosen.
    pub policy: PoolPolicy,
    /// How they are probed, if they are.
    pub check: Option<CheckPlan>,
    /// Which of their error replies speak against them.
    pub errors: ErrorReplies,
    /// For how long a connection is given anything new.
    pub lifetime: Lifetime,
    /// The header that tells how much time is left for the answer, if one does.
    pub deadline_header: Option<HeaderName>,
    /// Whether requests of HTTP tell where they stand in their trace.
    pub traceparent: bool,
    /// What is tried again.
    pub retry: RetryPolicy,
    /// What it may use up.
    pub limits: UpstreamLimits,
    /// For `https`, `tls` and `quic` endpoints.
    pub tls: UpstreamTls,
}

impl UpstreamPlan {
    /// How many endpoints there may be at a time.
    #[must_use]
    pub fn most_endpoints(&self) -> usize {
        match &self.discovery {
            Some(discovery) => discovery.policy.endpoints,
            None => self.endpoints.len(),
        }
    }

    /// The same upstream for requests that need a connection of their own, if its connections
    /// are shared otherwise.
    #[must_use]
    pub fn exclusive(&self) -> Option<Self> {
        let speech = self.speaks.as_ref()?;
        (speech.sharing == Sharing::Shared).then(|| {
            let mut plan = self.clone();
            plan.limits.connections = self.limits.dedicated;
            plan.speaks = Some(Speech {
                sharing: Sharing::Exclusive,
                ..speech.clone()
            });
            plan
        })
    }
}

/// What the connections to an upstream carry, where it is a protocol of one's own.
#[derive(Clone, Debug)]
pub struct Speech {
    /// The protocol.
    pub protocol: Arc<dyn Protocol>,
    /// Who uses a connection at a time.
    pub sharing: Sharing,
    /// What each of them begins with, one after the other; 16 at most.
    pub opening: Arc<[Question]>,
}

/// Who uses a connection to an upstream at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// All clients of a worker: replies are told apart by their numbers or by their order.
    Shared,
    /// One request, until it is answered.
    Exclusive,
    /// One client, from its first message on.
    Bound,
}

/// One address of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// HTTP/2 over plain TCP, by prior knowledge.
    H2c(Authority),
    /// HTTP/2 over TLS, by ALPN.
    Https(Authority),
    /// HTTP/1.1 over plain TCP.
    Http(Authority),
    /// A stream of bytes over plain TCP.
    Tcp(Authority),
    /// A stream of bytes over TLS.
    Tls(Authority),
    /// A stream of bytes over a Unix domain socket, by its path.
    Unix(PathBuf),
    /// A stream of bytes over a QUIC connection.
    Quic(Authority),
    /// The built-in upstream.
    Mock(MockPlan),
}

/// What an endpoint is spoken to in. All endpoints of an upstream are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// HTTP/2.
    Http,
    /// Bytes, which may be those of HTTP/1.1.
    Stream,
    /// The built-in upstream.
    Mock,
}

impl Endpoint {
    /// Its host and port, if it has any.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        match self {
            Self::H2c(authority)
            | Self::Https(authority)
            | Self::Http(authority)
            | Self::Tcp(authority)
            | Self::Tls(authority)
            | Self::Quic(authority) => Some(authority),
            Self::Unix(_) | Self::Mock(_) => None,
        }
    }

    /// The same at an address where its host was found.
    #[must_use]
    pub fn found(&self, address: SocketAddr) -> Self {
        match self {
            Self::H2c(authority) => Self::H2c(authority.found(address)),
            Self::Https(authority) => Self::Https(authority.found(address)),
            Self::Http(authority) => Self::Http(authority.found(address)),
            Self::Tcp(authority) => Self::Tcp(authority.found(address)),
            Self::Tls(authority) => Self::Tls(authority.found(address)),
            Self::Quic(authority) => Self::Quic(authority.found(address)),
            Self::Unix(_) | Self::Mock(_) => self.clone(),
        }
    }

    /// Whether its connections are encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Https(_) | Self::Tls(_) | Self::Quic(_))
    }

    /// What it is spoken to in.
    #[must_use]
    pub const fn kind(&self) -> EndpointKind {
        match self {
            Self::H2c(_) | Self::Https(_) => EndpointKind::Http,
            Self::Http(_) | Self::Tcp(_) | Self::Tls(_) | Self::Unix(_) | Self::Quic(_) => {
                EndpointKind::Stream
            }
            Self::Mock(_) => EndpointKind::Mock,
        }
    }
}

/// Bytes that a server may send on one QUIC stream before they are read. It bounds what one stream
/// carries in a round trip: at 10 ms, 25 MiB/s.
pub const QUIC_STREAM_WINDOW: u32 = 256 << 10;
/// Bytes that wait on one QUIC connection to be sent or acknowledged, over all of its streams:
/// what a link of 6.4 Gbit/s needs at 10 ms.
pub const QUIC_SEND_WINDOW: u32 = 8 << 20;

/// Bytes of bodies that a client of HTTP/2 may send on one connection before they are read. Bodies are
/// read at once.
pub const HTTP2_WINDOW: u32 = 1 << 20;
/// Clients of WebSocket that one connection of HTTP/2 may carry at a time.
pub const WEBSOCKET_STREAMS: u32 = 100;
/// Bytes that each of them may send before they are read.
pub const WEBSOCKET_WINDOW: u32 = 32 << 10;
/// Bodies of the longest kind that the streams of one connection may hold before they are whole.
/// Whoever goes beyond it is refused, and may try again.
pub const HTTP2_BODIES: usize = 4;

/// How endpoints are probed.
#[derive(Clone, Debug)]
pub struct CheckPlan {
    /// What a probe does.
    pub check: Check,
    /// The time between two probes of an endpoint.
    pub every: Duration,
    /// How long one may take.
    pub timeout: Duration,
}

/// What a probe does.
#[derive(Clone, Debug)]
pub enum Check {
    /// It connects.
    Connect,
    /// It connects and asks for this path; the answer has to be a 2xx.
    Get(PathAndQuery),
    /// It connects and asks this.
    Ask(Question),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// A name or an address, without brackets.
    pub host: Arc<str>,
    /// The TCP or UDP port.
    pub port: u16,
    /// Where it was found, if it was looked for.
    pub address: Option<SocketAddr>,
}

impl Authority {
    /// The host without the labels of a service (RFC 2782): what certificates and requests name.
    #[must_use]
    pub fn domain(&self) -> &str {
        let mut domain = &*self.host;
        while domain.starts_with('_') {
            domain = domain.split_once('.').map_or("", |(_, rest)| rest);
        }
        domain
    }

    /// The same at an address where it was found.
    #[must_use]
    pub fn found(&self, address: SocketAddr) -> Self {
        Self {
            host: self.domain().into(),
            port: address.port(),
            address: Some(address),
        }
    }
}

/// How the endpoints of an upstream are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryPlan {
    /// What is looked up.
    pub records: Records,
    /// Who is asked; the system's name servers if this is empty.
    pub servers: Vec<SocketAddr>,
    /// When, and how many are kept.
    pub policy: DiscoveryPolicy,
}

/// Which records of DNS tell endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// A and AAAA.
    Address,
    /// SRV.
    Service,
}

/// What the built-in upstream answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockPlan {
    /// The status of each answer.
    pub status: u16,
    /// How long each answer takes.
    pub delay: Duration,
    /// The body of each answer; without one, the request is told back as JSON.
    pub body: Option<Arc<str>>,
}

/// What one upstream may use up, per worker where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamLimits {
    /// Connections to each endpoint.
    pub connections: usize,
    /// Connections to each endpoint for requests that need one of their own.
    pub dedicated: usize,
    /// Requests in flight on one connection, if the server allows as many.
    pub streams: usize,
    /// Requests that wait for a place on a connection.
    pub queue: usize,
    /// The longest wait there.
    pub queue_wait: Duration,
    /// The longest body of an answer, in bytes.
    pub body: usize,
    /// Bytes that a server of HTTP/2 may send of one answer before they are read.
    pub window: usize,
    /// The longest frame that is read from a stream of bytes.
    pub frame: usize,
    /// How long the place of a request that was given up stays taken.
    pub quarantine: Duration,
    /// To a usable connection: TCP, TLS, QUIC and HTTP/2 handshakes.
    pub connect: Duration,
    /// After which a server of HTTP/2 that owes answers and says nothing is asked whether it is
    /// there; after as long again it is given up.
    pub silence: Duration,
    /// After which a connection without requests is closed.
    pub idle: Duration,
}

/// How TLS is spoken to `https`, `tls` and `quic` endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamTls {
    /// A PEM file of the authorities to trust instead of the system's.
    pub ca: Option<PemFile>,
    /// The name to verify and to send as SNI instead of the endpoint's host.
    pub server_name: Option<Arc<str>>,
    /// What to show to a server that asks who we are.
    pub identity: Option<IdentityPlan>,
    /// The protocols to offer by ALPN (RFC 7301), the preferred one first.
    pub alpn: Vec<Arc<str>>,
}

/// A certificate and its key, in PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPlan {
    /// The certificate, and those that lead from it to an authority.
    pub cert: PemFile,
    /// Its private key.
    pub key: PemFile,
}

/// A file in PEM, and what tells people of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFile {
    /// Where it is. The values of variables are in it, which may be secrets.
    pub path: PathBuf,
    /// How messages show it.
    pub shown: String,
    /// Where the configuration names it, if it does.
    pub typed: Option<Span>,
}

impl From<PathBuf> for PemFile {
    /// One that somebody names here and now, outside of a configuration.
    fn from(path: PathBuf) -> Self {
        Self {
            shown: path.display().to_string(),
            path,
            typed: None,
        }
    }
}
