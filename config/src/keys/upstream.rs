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
    Kind::ExpandedTextsOrTables(
        "\"http://HOST[:PORT]\", \"h2c://HOST[:PORT]\", \"https://HOST[:PORT]\", \"tcp://HOST:PORT\", \"tls://HOST:PORT\", \"quic://HOST:PORT\", \"unix:///PATH\" or \"mock:\"",
    ),
    Fallback::Required,
    "Where it is to be found. `h2c` and `https` are HTTP/2; `tcp`, `tls`, `quic` and `unix` are streams of bytes, for `raw` listeners and protocols of one's own; those of `quic` share one QUIC connection of each worker to each endpoint, and need `tls.alpn`. `mock:` is built in: it tells the request back as JSON; `mock:503` and `mock:200?delay=50ms&body=hello` say what to answer.",
);
pub(crate) static PROTOCOL: Key = Key::new(
    "upstreams.*.protocol",
    Kind::Text("the name of a [protocols.NAME] or of a codec that is linked in"),
    Fallback::Absent,
    "What a stream of bytes (`tcp`, `tls`, `quic`, `unix`) carries, where messages are sent to it; `http://` carries `http` by itself.",
);
pub(crate) static SHARING: Key = Key::new(
    "upstreams.*.sharing",
    Kind::Choice(&["shared", "exclusive", "bound"]),
    Fallback::Derived(
        "`shared` where the protocol has numbers for its requests or keeps their order",
    ),
    "Whether the clients of a worker share its connections to a stream of bytes (`shared`), each request has one of its own until it is answered (`exclusive`), or each client from its first message on until it leaves (`bound`): for protocols in which servers keep something for each connection that the gateway does not know of. Messages of bound clients pass unread, so that all routes of their listener have to lead to upstreams with `bound`, without `request`.",
);
pub(crate) static TIMEOUT: Key = Key::new(
    "upstreams.*.timeout",
    TIMES,
    Fallback::Value("\"10s\""),
    "How long a whole exchange may take, from the request's first byte on; where a payload of HTTP is handed on as it comes, from the last of it that was. A route may set its own.",
);
pub(crate) static FIRST_BYTE_TIMEOUT: Key = Key::new(
    "upstreams.*.first-byte-timeout",
    TIMES,
    Fallback::Absent,
    "How long a try may take until its answer begins, from when it was sent; a wait for a place on a connection does not count. Of a protocol of messages, until its reply is there, which is read whole; of HTTP, until the head is. A payload that is handed on as it comes: from the last of it that was. Not for `events`, relays, and clients that are bound. A route may set its own.",
);
pub(crate) static TRY_TIMEOUT: Key = Key::new(
    "upstreams.*.try-timeout",
    TIMES,
    Fallback::Absent,
    "The same until its answer is there; where a body is handed on as it comes, until that begins. What takes longer is given up, is a `timeout` to reply rules and a failure of its endpoint, and is tried again if `retry.on` has `timeout`. With `deadline-header`, an upstream is told no more time than that.",
);
pub(crate) static MAX_AGE: Key = Key::new(
    "upstreams.*.max-age",
    Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(30 * 86_400)),
    Fallback::Absent,
    "For how long a connection is given anything new, up to a fifth shorter by chance. What is in flight then is finished, on that connection. Not for relays, nor for connections that are their clients' own.",
);
pub(crate) static MAX_REQUESTS: Key = Key::new(
    "upstreams.*.max-requests",
    Kind::Count(1..=1_000_000_000),
    Fallback::Absent,
    "The same by the requests that a connection was given, up to a fifth fewer by chance. Those that come together may go beyond it together.",
);
pub(crate) static DEADLINE_HEADER: Key = Key::new(
    "upstreams.*.deadline-header",
    Kind::Text("the name of a header"),
    Fallback::Absent,
    "A header of each request to an upstream of HTTP/2 (`h2c`, `https`) that tells how much time is left for the answer, in whole milliseconds: such as \"x-envoy-expected-rq-timeout-ms\". That of \"grpc-timeout\" is written as gRPC has it. It replaces one that a route sets.",
);
pub(crate) static TRACEPARENT: Key = Key::new(
    "upstreams.*.traceparent",
    Kind::Flag,
    Fallback::Value("true"),
    "Whether requests of HTTP tell in a `traceparent` where they stand in their trace (W3C Trace Context). `false`: they do not, for servers of others, whom that is nothing to. What a client says of its trace ends here in either case.",
);
pub(crate) static TLS: Key = Key::table(
    "upstreams.*.tls",
    "How TLS is spoken to `https`, `tls` and `quic` endpoints; to the last of them, version 1.3 only.",
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
pub(crate) static TLS_CERT: Key = Key::new(
    "upstreams.*.tls.cert",
    Kind::Expanded("the path of a PEM file, relative to the configuration's folder"),
    Fallback::Absent,
    "The certificate to show to a server that asks for one, and those that lead from it to an authority. Needs `key`.",
);
pub(crate) static TLS_KEY: Key = Key::new(
    "upstreams.*.tls.key",
    Kind::Expanded("the path of a PEM file, relative to the configuration's folder"),
    Fallback::Absent,
    "The private key of `cert`.",
);
pub(crate) static TLS_ALPN: Key = Key::new(
    "upstreams.*.tls.alpn",
    Kind::Texts("the name of a protocol, such as \"h2\""),
    Fallback::Derived("\"h2\" for https://, none for tls://; quic:// needs it"),
    "The protocols to offer by ALPN, the preferred one first. A server that answers with none of them is taken all the same, but by https:// only with `h2`, and by quic:// never: there a connection needs an agreed protocol (RFC 9001, 8.1).",
);
pub(crate) static LIMITS: Key = Key::table(
    "upstreams.*.limits",
    "What it may use up. There is no way to say \"no limit\".",
);
pub(crate) static CONNECTIONS: Key = Key::new(
    "upstreams.*.limits.connections",
    Kind::Count(1..=1024),
    Fallback::Value("4"),
    "Connections of each worker to each endpoint. A further one is opened once the others have no stream left. `http://`, where each carries one request at a time, has 256 if nothing is said. A relay has a connection of its own for each client instead. On `quic` these are streams of one QUIC connection, of which the server may allow fewer.",
)
.memory("multiplies streams");
pub(crate) static DEDICATED: Key = Key::new(
    "upstreams.*.limits.dedicated",
    Kind::Count(1..=65_536),
    Fallback::Value("64"),
    "Beside shared ones, connections of each worker to each endpoint for requests that need one of their own until they are answered, such as those that may block.",
)
.memory("a frame each (being read)");
pub(crate) static STREAMS: Key = Key::new(
    "upstreams.*.limits.streams",
    Kind::Count(1..=65_536),
    Fallback::Value("256"),
    "Requests in flight on one connection, if the server allows as many. On a stream of bytes that clients share: clients with anything in flight.",
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
    "The longest body of an answer; a longer one is a bad reply. One that is handed on to a client of HTTP as it comes may be of any length.",
)
.memory("one for each request in flight");
pub(crate) static WINDOW: Key = Key::new(
    "upstreams.*.limits.window",
    Kind::Size(64 << 10..=16 << 20),
    Fallback::Value("\"256KiB\""),
    "Of HTTP/2, what a server may send of one answer before it is read (RFC 9113, 5.2). It bounds what an answer carries in a round trip: 256KiB are 25 MiB/s at 10 ms. A connection has as much for each of its `streams`, so that answers that nobody reads stop no others.",
)
.memory("one for each request in flight on HTTP/2, beside what is collected of its answer");
pub(crate) static FRAME: Key = Key::new(
    "upstreams.*.limits.frame",
    Kind::Size(1..=1 << 30),
    Fallback::Value("\"1MiB\""),
    "The longest frame that is read from a stream of bytes. Never above what its protocol allows. A longer reply fails its request, and its bytes are passed over, where its beginning tells how long it is (dns; strings of resp), up to 64MiB; elsewhere it ends the connection.",
)
.memory("one for each connection (being read), and one for each reply that waits for its client");
pub(crate) static QUARANTINE: Key = Key::new(
    "upstreams.*.limits.quarantine",
    TIMES,
    Fallback::Value("\"10s\""),
    "How long the place of a request that was given up stays taken while its late reply may still come. Then its number may be used again; where replies follow the order of requests, the connection is closed. Nor is anything more sent on a connection on which no reply at all came in that time.",
)
.memory("none of its own");
pub(crate) static CONNECT: Key = Key::new(
    "upstreams.*.limits.connect",
    TIMES,
    Fallback::Value("\"2s\""),
    "How long a connection may take until it is usable: name look-up, TCP, TLS, QUIC and HTTP/2 handshakes, and on `quic` the wait until the server allows one more stream.",
)
.memory("none");
pub(crate) static SILENCE: Key = Key::new(
    "upstreams.*.limits.silence",
    TIMES,
    Fallback::Value("\"5s\""),
    "On a connection of HTTP/2 with requests in flight on which nothing comes for so long, the server is asked by a PING whether it is there. If nothing comes for as long again, the connection is lost, and the requests on it with it.",
)
.memory("none");
pub(crate) static IDLE: Key = Key::new(
    "upstreams.*.limits.idle",
    TIMES,
    Fallback::Value("\"60s\""),
    "After which a connection without requests is closed. Choose less than the server's own. A relay goes by the listener's `idle`. A QUIC connection without streams is closed after this time, at most twice as long; while it is there, a ping every 3 s keeps it, and 10 s of silence end it.",
)
.memory("none");

pub(crate) static KEYS: &[&Key] = &[
    &UPSTREAMS,
    &UPSTREAM,
    &URL,
    &PROTOCOL,
    &SHARING,
    &TIMEOUT,
    &FIRST_BYTE_TIMEOUT,
    &TRY_TIMEOUT,
    &MAX_AGE,
    &MAX_REQUESTS,
    &DEADLINE_HEADER,
    &TRACEPARENT,
    &TLS,
    &TLS_CA,
    &TLS_SERVER_NAME,
    &TLS_CERT,
    &TLS_KEY,
    &TLS_ALPN,
    &LIMITS,
    &CONNECTIONS,
    &DEDICATED,
    &STREAMS,
    &QUEUE,
    &QUEUE_WAIT,
    &BODY,
    &WINDOW,
    &FRAME,
    &QUARANTINE,
    &CONNECT,
    &SILENCE,
    &IDLE,
];
