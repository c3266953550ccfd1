//! Keys of the gateway as a whole.

use super::{Fallback, Key, Kind};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) static GATEWAY: Key = Key::table("gateway", "The process as a whole.");
pub(crate) static WORKERS: Key = Key::new(
    "gateway.workers",
    Kind::Count(1..=1024),
    Fallback::Derived("the number of processor cores"),
    "Threads that carry messages, each with a runtime and upstream connections of its own.",
);
pub(crate) static GATHER: Key = Key::new(
    "gateway.gather",
    Kind::Duration(Duration::ZERO..=Duration::from_millis(1)),
    Fallback::Value("\"50us\""),
    "How long a worker that awaits several answers on connections that requests share pauses before it looks for more, so that they are read and written together: more messages for less CPU. Where answers take long, up to a quarter of that and four times as long as said here. `0us` for no pause.",
);
pub(crate) static IN_FLIGHT: Key = Key::new(
    "gateway.in-flight",
    Kind::Size(1 << 20..=1 << 40),
    Fallback::Value("\"1GiB\""),
    "Bytes of requests that wait for their replies, over all workers, each of which has an even part: their frames, the values of those lists in them that rules look at, and their bodies where those are read whole, from their first byte on; 64KiB of each that is handed on as it comes. What has no room is refused as an overload, and a stream of HTTP/2 whose body has none so that it may be tried again. Answers that cannot leave, as others are due before them or their client takes none, have as much room of their own, beside `send-buffer` of each client: without any, those are put out who are late (`send-time`), else who asks for room: a client that takes none is disconnected, of HTTP/2 the stream ends, and what waits for others is an internal fault; behind what was refused at once its connection ends. A request that is the only one of its worker has room, however long its listener lets it be.",
)
.memory("as much, and what the rules make of it");
pub(crate) static DRAIN: Key = Key::table("gateway.drain", "How a stop is spread over time.");
pub(crate) static DRAIN_DEADLINE: Key = Key::new(
    "gateway.drain.deadline",
    Kind::Duration(Duration::ZERO..=DAY),
    Fallback::Value("\"30s\""),
    "How long requests in flight may still take after the signal to stop.",
);
pub(crate) static DRAIN_SPREAD: Key = Key::new(
    "gateway.drain.spread",
    Kind::Duration(Duration::ZERO..=DAY),
    Fallback::Value("\"5s\""),
    "Over which time idle connections are closed, so that their clients do not all come back at once elsewhere.",
);

pub(crate) static LOG: Key = Key::table("log", "What is logged, to standard error.");
pub(crate) static LOG_FILTER: Key = Key::new(
    "log.filter",
    Kind::Text("a level, or directives such as \"info,gatewright=debug\""),
    Fallback::Value("\"info\""),
    "Which events are logged: a level (off, error, warn, info, debug, trace), and other levels for modules, the longest name first. A release has none finer than `debug`, unless it is built without the feature `no-traces`.",
);
pub(crate) static LOG_FORMAT: Key = Key::new(
    "log.format",
    Kind::Choice(&["text", "json"]),
    Fallback::Value("\"text\""),
    "For people, or one JSON object a line for programs.",
);
pub(crate) static LOG_MESSAGES: Key = Key::new(
    "log.messages",
    Kind::Flag,
    Fallback::Value("false"),
    "Whether each message is one line. Fields marked as secret are never in it.",
);

pub(crate) static ADMIN: Key = Key::table("admin", "Metrics and health for operators.");
pub(crate) static ADMIN_HTTP: Key = Key::new(
    "admin.http",
    Kind::Expanded("a loopback address and a port, such as \"127.0.0.1:9901\""),
    Fallback::Absent,
    "Where `/metrics`, `/healthz` and `/readyz` are served; without it they are not.",
);

pub(crate) static PROTOCOLS: Key = Key::new(
    "protocols",
    Kind::Named,
    Fallback::Absent,
    "Protocols by names of one's own: definitions, and codecs that are linked in. Those can also be named directly.",
);
pub(crate) static PROTOCOL: Key = Key::table(
    "protocols.*",
    "One protocol: a `definition` or a `codec`, one of them.",
);
pub(crate) static PROTOCOL_CODEC: Key = Key::new(
    "protocols.*.codec",
    Kind::Text("the name of a codec that is linked in, such as \"dns\""),
    Fallback::Absent,
    "The codec that reads and writes it.",
);
pub(crate) static PROTOCOL_DEFINITION: Key = Key::new(
    "protocols.*.definition",
    Kind::Expanded("the path of a .ksy file, relative to the configuration's folder"),
    Fallback::Absent,
    "The definition that says how it is laid out and how its messages become traffic. Metrics and logs call the protocol by the definition's own `meta/id`.",
);
pub(crate) static PROTOCOL_IMPORTS: Key = Key::new(
    "protocols.*.imports",
    Kind::ExpandedTexts("the path of a folder, relative to the configuration's folder"),
    Fallback::Absent,
    "Where the definition's imports that begin with `/` are searched, in this order. Others are relative to the file that imports them.",
);

pub(crate) static KEYS: &[&Key] = &[
    &GATEWAY,
    &WORKERS,
    &GATHER,
    &IN_FLIGHT,
    &DRAIN,
    &DRAIN_DEADLINE,
    &DRAIN_SPREAD,
    &LOG,
    &LOG_FILTER,
    &LOG_FORMAT,
    &LOG_MESSAGES,
    &ADMIN,
    &ADMIN_HTTP,
    &PROTOCOLS,
    &PROTOCOL,
    &PROTOCOL_CODEC,
    &PROTOCOL_DEFINITION,
    &PROTOCOL_IMPORTS,
];
