//! Keys of listeners.

use super::{Fallback, Key, Kind};
use std::time::Duration;

const TIMES: Kind = Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400));

pub(crate) static LISTENERS: Key = Key::new(
    "listeners",
    Kind::Named,
    Fallback::Absent,
    "Where clients come in, by name.",
);
pub(crate) static LISTENER: Key = Key::table("listeners.*", "One place where clients come in.");
pub(crate) static BIND: Key = Key::new(
    "listeners.*.bind",
    Kind::Expanded("\"tcp://IP:PORT\", or \"ws://IP:PORT/PATH\""),
    Fallback::Required,
    "The address to listen on; port 0 takes a free one. With `ws://`, clients come by WebSocket, at that path, over HTTP/1.1 (RFC 6455) or HTTP/2 (RFC 8441); with `tls` beside it, that is what they call `wss://`.",
);
pub(crate) static PROTOCOL: Key = Key::new(
    "listeners.*.protocol",
    Kind::Text("the name of a [protocols.NAME], of a codec that is linked in, or \"raw\""),
    Fallback::Required,
    "What its clients speak. With `raw` nobody reads it: the bytes of each connection are relayed to an upstream as they are.",
);
pub(crate) static LIMITS: Key = Key::table(
    "listeners.*.limits",
    "What its clients may use up. There is no way to say \"no limit\".",
);
pub(crate) static CONNECTIONS: Key = Key::new(
    "listeners.*.limits.connections",
    Kind::Count(1..=10_000_000),
    Fallback::Value("10_000"),
    "Connections at a time, over all workers. More wait in the system's queue.",
)
.memory("multiplies all that one connection may hold: a partial frame and send-buffer");
pub(crate) static CONNECTIONS_PER_ADDRESS: Key = Key::new(
    "listeners.*.limits.connections-per-address",
    Kind::Count(1..=10_000_000),
    Fallback::Value("10_000_000"),
    "Connections of one address at a time, over all workers: of an IPv4 address, or of the IPv6 addresses that have their first 64 bits in common. A further one is closed at once. Clients behind one proxy or one translated address count as one.",
)
.memory("none beyond the connection's");
pub(crate) static FRAME: Key = Key::new(
    "listeners.*.limits.frame",
    Kind::Size(1..=1 << 30),
    Fallback::Value("\"64KiB\""),
    "The longest frame that is read. Never above what the protocol itself allows; the default follows the protocol down. Not for `raw`.",
)
.memory("one for each connection (being read), and one for each request in flight");
pub(crate) static IN_FLIGHT: Key = Key::new(
    "listeners.*.limits.in-flight",
    Kind::Count(1..=65_536),
    Fallback::Value("256"),
    "Requests of one connection that wait for their replies. At the limit the connection is not read. Not for `raw`.",
)
.memory("a frame each, but over all connections no more requests than the upstreams take; and an answer each, while there is room");
pub(crate) static SEND_BUFFER: Key = Key::new(
    "listeners.*.limits.send-buffer",
    Kind::Size(1..=1 << 30),
    Fallback::Value("\"256KiB\""),
    "Bytes of replies that one connection may have waiting to be written. At the limit the connection is not read. Not for `raw`, which holds 64KiB each way at most.",
)
.memory("as much for each connection");
pub(crate) static BODY: Key = Key::new(
    "listeners.*.limits.body",
    Kind::Size(1..=1 << 30),
    Fallback::Value("\"1MiB\""),
    "The longest body of a request that is read whole, because rules look at it: for protocols that carry HTTP. What is handed on as it comes has no limit, but room for 64KiB at a time. Other protocols have bodies within the frame.",
)
.memory("one for each request in flight; and, being read, four for each connection, over all streams of HTTP/2");
pub(crate) static FRAME_TIME: Key = Key::new(
    "listeners.*.limits.frame-time",
    TIMES,
    Fallback::Value("\"10s\""),
    "From the first byte of a frame to its last, the body of a request of HTTP included; then the connection is closed (a stream of HTTP/2 is reset). For `raw`: how long a client may take to say its TLS server name, if a route looks at `sni`.",
)
.memory("none of its own: it bounds how long a partial frame is held");
pub(crate) static HANDSHAKE: Key = Key::new(
    "listeners.*.limits.handshake",
    TIMES,
    Fallback::Value("\"10s\""),
    "How long a client may take for the handshake of TLS, and then for that of WebSocket. It has one of the `connections` meanwhile.",
)
.memory("none of its own: it bounds how long a handshake is held");
pub(crate) static IDLE: Key = Key::new(
    "listeners.*.limits.idle",
    TIMES,
    Fallback::Value("\"5m\""),
    "How long a connection may stand without any frame and with nothing in flight; pings of WebSocket are none. For `raw`: without a byte in either direction.",
)
.memory("none of its own: it bounds how long an idle connection is held");
pub(crate) static SEND_TIME: Key = Key::new(
    "listeners.*.limits.send-time",
    TIMES,
    Fallback::Value("\"30s\""),
    "How long a client may take none of the bytes that wait for it; then it is disconnected. Who for four times as long has not taken as much as waits for it, beyond `send-buffer` or behind another answer, is put out once there is no room for others' answers (`gateway.in-flight`). For `raw`: either side.",
)
.memory("none of its own: it bounds how long a full send-buffer is held");

pub(crate) static KEYS: &[&Key] = &[
    &LISTENERS,
    &LISTENER,
    &BIND,
    &PROTOCOL,
    &LIMITS,
    &CONNECTIONS,
    &CONNECTIONS_PER_ADDRESS,
    &FRAME,
    &IN_FLIGHT,
    &SEND_BUFFER,
    &BODY,
    &FRAME_TIME,
    &HANDSHAKE,
    &IDLE,
    &SEND_TIME,
];
