//! Keys of upstreams.

use super::{Fallback, Key, Kind};
use std::time::Duration;

const TIMES: Kind = Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400));

pub(crate) static UPSTREAMS: Key = Key::new(
    "upstreams",
    Kind::Named,
    Fallback::Absent,
    "Whom messages go to, by name.",
);
pub(crate) static UPSTREAM: Key =
    Key::table("upstreams.*", "One service behind one or more endpoints.");
pub(crate) static URL: Key = Key::new(
    "upstreams.*.url",
    Kind::ExpandedTextsOrTables("\"h2c://HOST[:PORT]\", \"https://HOST[:PORT]\" or \"mock:\""),
    Fallback::Required,
    "Where it is to be found. `mock:` is built in: it tells the request back as JSON; `mock:503` and `mock:200?delay=50ms&body=hello` say what to answer.",
);
pub(crate) static TIMEOUT: Key = Key::new(
    "upstreams.*.timeout",
    TIMES,
    Fallback::Value("\"10s\""),
    "How long a whole exchange may take, from the request's first byte on. A route may set its own.",
);
pub(crate) static TLS: Key = Key::table(
    "upstreams.*.tls",
    "How the certificates of `https` endpoints are verified.",
);
pub(crate) static TLS_CA: Key = Key::new(
    "upstreams.*.tls.ca",
    Kind::Expanded("the path of a PEM file, relative to the configuration's folder"),
    Fallback::Derived("the system's authorities"),
    "The authorities to trust.",
);
pub(crate) static TLS_SERVER_NAME: Key = Key::new(
    "upstreams.*.tls.server-name",
    Kind::Expanded("a host name or an IP address"),
    Fallback::Derived("the host of the url"),
    "The name to verify and to send as SNI.",
);
pub(crate) static LIMITS: Key = Key::table(
    "upstreams.*.limits",
    "What it may use up. There is no way to say \"no limit\".",
);
pub(crate) static CONNECTIONS: Key = Key::new(
    "upstreams.*.limits.connections",
    Kind::Count(1..=1024),
    Fallback::Value("4"),
    "Connections of each worker to each endpoint. A further one is opened once the others have no stream left.",
)
.memory("multiplies streams");
pub(crate) static STREAMS: Key = Key::new(
    "upstreams.*.limits.streams",
    Kind::Count(1..=65_536),
    Fallback::Value("256"),
    "Requests in flight on one connection, if the server allows as many.",
)
.memory("an answer's body each");
pub(crate) static QUEUE: Key = Key::new(
    "upstreams.*.limits.queue",
    Kind::Count(1..=1_000_000),
    Fallback::Value("1024"),
    "Requests of each worker that wait for a place on a connection. A full queue is an overload.",
)
.memory("a request each: the frame and what the rules made of it");
pub(crate) static QUEUE_WAIT: Key = Key::new(
    "upstreams.*.limits.queue-wait",
    TIMES,
    Fallback::Value("\"1s\""),
    "The longest wait there; it counts against the timeout too.",
)
.memory("none of its own: it bounds how long a queued request is held");
pub(crate) static BODY: Key = Key::new(
    "upstreams.*.limits.body",
    Kind::Size(1..=1 << 30),
    Fallback::Value("\"1MiB\""),
    "The longest body of an answer; a longer one is a bad reply.",
)
.memory("one for each request in flight");
pub(crate) static CONNECT: Key = Key::new(
    "upstreams.*.limits.connect",
    TIMES,
    Fallback::Value("\"2s\""),
    "How long a connection may take until it is usable: TCP, TLS and HTTP/2 handshakes.",
)
.memory("none");
pub(crate) static IDLE: Key = Key::new(
    "upstreams.*.limits.idle",
    TIMES,
    Fallback::Value("\"60s\""),
    "After which a connection without requests is closed. Choose less than the server's own.",
)
.memory("none");

pub(crate) static KEYS: &[&Key] = &[
    &UPSTREAMS,
    &UPSTREAM,
    &URL,
    &TIMEOUT,
    &TLS,
    &TLS_CA,
    &TLS_SERVER_NAME,
    &LIMITS,
    &CONNECTIONS,
    &STREAMS,
    &QUEUE,
    &QUEUE_WAIT,
    &BODY,
    &CONNECT,
    &IDLE,
];
