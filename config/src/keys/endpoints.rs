//! Keys of upstreams: which of several endpoints, which are healthy, what is tried again.

use super::{Fallback, Key, Kind};
use std::ops::RangeInclusive;
use std::time::Duration;

const UP_TO_A_DAY: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(86_400);
const IN_A_ROW: RangeInclusive<u64> = 1..=1000;
const ANY_SHARE: RangeInclusive<u64> = 0..=100;

/// What fields of the gateway's own messages get.
pub(super) const CONSTANTS: &str = "a table of fields and their values: texts, in which ${VARIABLE} and ${VARIABLE:-default} are replaced, numbers, truth values, and lists and tables of such";

pub(crate) static URL_URL: Key = Key::new(
    "upstreams.*.url.url",
    Kind::Expanded("\"h2c://HOST[:PORT]\", \"https://HOST[:PORT]\" or \"mock:\""),
    Fallback::Required,
    "Where this endpoint is to be found.",
);
pub(crate) static WEIGHT: Key = Key::new(
    "upstreams.*.url.weight",
    Kind::Count(1..=1000),
    Fallback::Value("1"),
    "Its share of the requests beside the weights of the others of its priority.",
);
pub(crate) static PRIORITY: Key = Key::new(
    "upstreams.*.url.priority",
    Kind::Count(0..=100),
    Fallback::Value("0"),
    "Its level: the lowest number is used, and the next one only while too few endpoints of those before are healthy (see `panic`).",
);
pub(crate) static BALANCE: Key = Key::new(
    "upstreams.*.balance",
    Kind::Choice(&["round-robin", "least-request", "p2c", "hash"]),
    Fallback::Value("\"least-request\""),
    "Which endpoint gets a request: the next in turn; the one with the fewest in flight; the better of two by latency (a peak-sensitive, fading average up to the answer's first byte) and requests in flight; or always the same for one key (Maglev). All go by weights. One without a free place is passed over. For relays, and for clients that are bound, it is their connections that are spread.",
);
pub(crate) static BALANCE_KEY: Key = Key::new(
    "upstreams.*.balance-key",
    Kind::Text("a text with {expressions} over the message"),
    Fallback::Derived("the client's IP address"),
    "What `balance = \"hash\"` goes by, such as \"{merchant}\". A message for which it has no value goes by the client's IP address.",
);
pub(crate) static PANIC: Key = Key::new(
    "upstreams.*.panic",
    Kind::Share(ANY_SHARE),
    Fallback::Value("\"50%\""),
    "A level of priority is used while this share of its endpoints is healthy. If no level has as much, all endpoints are used as if they were healthy: when most look bad, it may be the gateway that sees badly. With \"0%\" a level is used while any endpoint is healthy, and without one requests are refused at once as unreachable: an open circuit.",
);
pub(crate) static SLOW_START: Key = Key::new(
    "upstreams.*.slow-start",
    Kind::Duration(Duration::ZERO..=Duration::from_secs(3600)),
    Fallback::Value("\"10s\""),
    "How long an endpoint that has recovered takes from a tenth of its share to all of it.",
);
pub(crate) static EJECT: Key = Key::table(
    "upstreams.*.eject",
    "When an endpoint is left out for what its exchanges did: statuses 500, 502, 503 and 504, resets, timeouts, answers that break off or are too long. Never for 4xx, a request that was not sent, or a fault of the gateway. Afterwards it gets one request at a time until one ends well. This is the circuit breaker: with share = \"100%\" and panic = \"0%\" it opens for the whole upstream.",
);
pub(crate) static EJECT_FAILURES: Key = Key::new(
    "upstreams.*.eject.failures",
    Kind::Count(IN_A_ROW),
    Fallback::Value("5"),
    "Failures in a row. All requests of a connection that was lost are one.",
);
pub(crate) static EJECT_RATIO: Key = Key::new(
    "upstreams.*.eject.ratio",
    Kind::Share(1..=100),
    Fallback::Value("\"50%\""),
    "The share of failures in the window, if it has 20 requests or more.",
);
pub(crate) static EJECT_WINDOW: Key = Key::new(
    "upstreams.*.eject.window",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Value("\"10s\""),
    "How far back the ratio looks.",
);
pub(crate) static EJECT_TIME: Key = Key::new(
    "upstreams.*.eject.time",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Value("\"5s\""),
    "The first ejection, up to a quarter longer by chance. Each further one is twice as long; being well for as long as the last one forgives one.",
);
pub(crate) static EJECT_LONGEST: Key = Key::new(
    "upstreams.*.eject.longest",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Value("\"5m\""),
    "The longest ejection, but for chance.",
);
pub(crate) static EJECT_ERRORS: Key = Key::new(
    "upstreams.*.eject.errors",
    Kind::Choice(&["none", "server", "any"]),
    Fallback::Derived("\"server\" where the protocol is HTTP, else \"none\""),
    "Which replies are failures that the upstream's `protocol` calls errors: none; those by which a server says that it cannot do its part, such as resp's LOADING, MASTERDOWN, CLUSTERDOWN and BUSY, dns' SERVFAIL, pos' 91 and 96 or the statuses above; or any. Clients can provoke some of them: a name whose own servers are broken is a SERVFAIL. Not seen are those to a client that is bound to a connection of its own.",
);
pub(crate) static EJECT_SHARE: Key = Key::new(
    "upstreams.*.eject.share",
    Kind::Share(ANY_SHARE),
    Fallback::Value("\"50%\""),
    "How many of the endpoints may be ejected at a time, rounded down; \"0%\" ejects none. One that cannot be connected to is not used either, and not counted here.",
);
pub(crate) static HEALTH: Key = Key::table(
    "upstreams.*.health",
    "Probes of each endpoint by each worker, over connections of their own. Without this table there are none. A probe connects, asks for a `path` (HTTP), or sends a message of the upstream's protocol (`send`).",
);
pub(crate) static HEALTH_PATH: Key = Key::new(
    "upstreams.*.health.path",
    Kind::Text("a path, such as \"/healthz\""),
    Fallback::Absent,
    "A GET of it has to be answered with a 2xx. Where HTTP/1.1 is spoken, it asks the host of the first URL.",
);
pub(crate) static HEALTH_CONNECT: Key = Key::new(
    "upstreams.*.health.connect",
    Kind::Flag,
    Fallback::Derived("true if there is neither `path` nor `send`"),
    "A connection that becomes usable is enough; on `quic`, a handshake.",
);
pub(crate) static HEALTH_SEND: Key = Key::new(
    "upstreams.*.health.send",
    Kind::Text("a request of the upstream's protocol"),
    Fallback::Absent,
    "It is sent, and has to be answered as `expect` and `when` say.",
);
pub(crate) static HEALTH_SET: Key = Key::new(
    "upstreams.*.health.set",
    Kind::Free(CONSTANTS),
    Fallback::Absent,
    "Values of the fields of that request.",
);
pub(crate) static HEALTH_EXPECT: Key = Key::new(
    "upstreams.*.health.expect",
    Kind::Text("a reply of the upstream's protocol"),
    Fallback::Derived("any reply that the protocol does not call an error"),
    "Which reply it has to be.",
);
pub(crate) static HEALTH_WHEN: Key = Key::new(
    "upstreams.*.health.when",
    Kind::Text("a condition on the fields of the reply, such as \"status == 0\""),
    Fallback::Absent,
    "What has to hold for that reply.",
);
pub(crate) static HEALTH_EVERY: Key = Key::new(
    "upstreams.*.health.every",
    Kind::Duration(Duration::from_millis(10)..=Duration::from_secs(86_400)),
    Fallback::Derived("\"2s\" if there are probes"),
    "The time between two probes, up to a tenth shorter or longer by chance.",
);
pub(crate) static HEALTH_TIMEOUT: Key = Key::new(
    "upstreams.*.health.timeout",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Derived("\"1s\" if there are probes"),
    "How long a probe may take, its connection included.",
);
pub(crate) static HEALTH_FALL: Key = Key::new(
    "upstreams.*.health.fall",
    Kind::Count(IN_A_ROW),
    Fallback::Derived("3 if there are probes"),
    "Failed probes in a row after which an endpoint is left out.",
);
pub(crate) static HEALTH_RISE: Key = Key::new(
    "upstreams.*.health.rise",
    Kind::Count(IN_A_ROW),
    Fallback::Derived("2 if there are probes"),
    "Passed probes in a row after which it is used again.",
);
pub(crate) static RETRY: Key = Key::table(
    "upstreams.*.retry",
    "What is tried again: at another endpoint if there is one, within the exchange's timeout.",
);
pub(crate) static RETRY_ATTEMPTS: Key = Key::new(
    "upstreams.*.retry.attempts",
    Kind::Count(1..=10),
    Fallback::Value("3"),
    "How often a request is tried at most, the first time included.",
);
pub(crate) static RETRY_ON: Key = Key::new(
    "upstreams.*.retry.on",
    Kind::Texts("\"connect\", \"reset\", \"timeout\", or a status such as \"503\" or \"5xx\""),
    Fallback::Value("[\"connect\"]"),
    "After what. `connect`: the request was certainly not carried out (no connection, one that was gone before its use, a refused stream, a stream above a GOAWAY's last); or it is idempotent, and a connection of `http://` that had served others ended under it without a byte of an answer, for which there is one more try, ten in a second whatever the budget. `timeout`: it took longer than `first-byte-timeout` or `try-timeout`. `reset`, `timeout` and statuses: only for operations that the protocol calls idempotent, and requests of HTTP that are handed on with such a method (GET, HEAD, OPTIONS, TRACE, PUT, DELETE; RFC 9110, 9.2.2) whose body, if any, is here whole.",
);
pub(crate) static RETRY_BUDGET: Key = Key::new(
    "upstreams.*.retry.budget",
    Kind::Share(ANY_SHARE),
    Fallback::Value("\"10%\""),
    "Retries that the upstream notices, as a share of the requests of the same second, on each worker. There is no number that is always allowed: with \"10%\", fewer than ten requests in a second have none, but for what `connect` allows where a connection ended under an idempotent request. What never reached the upstream, or was below the notice of a connection that it closed in good order, does not count.",
);

pub(crate) static KEYS: &[&Key] = &[
    &URL_URL,
    &WEIGHT,
    &PRIORITY,
    &BALANCE,
    &BALANCE_KEY,
    &PANIC,
    &SLOW_START,
    &EJECT,
    &EJECT_FAILURES,
    &EJECT_RATIO,
    &EJECT_WINDOW,
    &EJECT_TIME,
    &EJECT_LONGEST,
    &EJECT_ERRORS,
    &EJECT_SHARE,
    &HEALTH,
    &HEALTH_PATH,
    &HEALTH_CONNECT,
    &HEALTH_SEND,
    &HEALTH_SET,
    &HEALTH_EXPECT,
    &HEALTH_WHEN,
    &HEALTH_EVERY,
    &HEALTH_TIMEOUT,
    &HEALTH_FALL,
    &HEALTH_RISE,
    &RETRY,
    &RETRY_ATTEMPTS,
    &RETRY_ON,
    &RETRY_BUDGET,
];
