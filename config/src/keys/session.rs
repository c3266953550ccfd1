//! Keys of upstreams: what each connection begins with.

use super::endpoints::CONSTANTS;
use super::{Fallback, Key, Kind};

pub(crate) static SESSION: Key = Key::table(
    "upstreams.*.session",
    "What the gateway says of its own accord on each connection that carries messages of a `protocol`.",
);
pub(crate) static OPEN: Key = Key::new(
    "upstreams.*.session.open",
    Kind::TableOrTables("a table with an operation to `send`"),
    Fallback::Absent,
    "Messages that each new connection begins with, such as a login, 16 at most: one after the other, each once the reply to the one before is as it has to be. Nothing else is sent before that, and a reply that is not is a connection that cannot be made. It goes for connections of all kinds, those that are a client's own and those of probes that send a message included.",
);
pub(crate) static OPEN_SEND: Key = Key::new(
    "upstreams.*.session.open.send",
    Kind::Text("an operation of the upstream's protocol"),
    Fallback::Required,
    "What is sent. Without a reply due, what comes next is sent at once.",
);
pub(crate) static OPEN_SET: Key = Key::new(
    "upstreams.*.session.open.set",
    Kind::Free(CONSTANTS),
    Fallback::Absent,
    "Values of its fields. They do not reach any log.",
);
pub(crate) static OPEN_EXPECT: Key = Key::new(
    "upstreams.*.session.open.expect",
    Kind::Text("a reply of the upstream's protocol"),
    Fallback::Derived("any reply that the protocol does not call an error"),
    "Which reply it has to be.",
);
pub(crate) static OPEN_WHEN: Key = Key::new(
    "upstreams.*.session.open.when",
    Kind::Text("a condition on the fields of the reply, such as \"status == 0\""),
    Fallback::Absent,
    "What has to hold for that reply.",
);

pub(crate) static KEYS: &[&Key] = &[
    &SESSION,
    &OPEN,
    &OPEN_SEND,
    &OPEN_SET,
    &OPEN_EXPECT,
    &OPEN_WHEN,
];
