//! Keys of upstreams: endpoints that are looked for by DNS.

use super::{Fallback, Key, Kind};
use std::ops::RangeInclusive;
use std::time::Duration;

const UP_TO_A_DAY: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(86_400);

pub(crate) static DISCOVERY: Key = Key::table(
    "upstreams.*.discovery",
    "With this table, the name in the upstream's one `url` is looked up, again and again, and each address is an endpoint of its own. Those that are new get their share slowly (`slow-start`), what is in flight on those that are gone is finished. When a look-up fails or finds nothing, the last good set stays. The start waits for the first answer for up to `limits.connect`.",
);
pub(crate) static RECORDS: Key = Key::new(
    "upstreams.*.discovery.records",
    Kind::Choice(&["address", "service"]),
    Fallback::Derived("\"address\""),
    "What is looked up. `address`: A and AAAA, with the port of the `url`. `service`: SRV (RFC 2782), such as of `tcp://_redis._tcp.example.com`: ports, priorities and weights are those of the records, and the name for TLS and HTTP is what follows the labels that begin with `_`.",
);
pub(crate) static SERVERS: Key = Key::new(
    "upstreams.*.discovery.servers",
    Kind::Texts("the address of a name server, such as \"10.0.0.53:53\""),
    Fallback::Derived("those of /etc/resolv.conf, with its search domains, and /etc/hosts"),
    "Who is asked.",
);
pub(crate) static LEAST: Key = Key::new(
    "upstreams.*.discovery.least",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Derived("\"1s\", or `most` if that is less"),
    "The shortest time between two look-ups, however short a record's TTL is; after failures, the first pause, which doubles with each in a row.",
);
pub(crate) static MOST: Key = Key::new(
    "upstreams.*.discovery.most",
    Kind::Duration(UP_TO_A_DAY),
    Fallback::Derived("\"1m\", or `least` if that is more"),
    "The longest, however long a record's TTL is.",
);
pub(crate) static ENDPOINTS: Key = Key::new(
    "upstreams.*.discovery.endpoints",
    Kind::Count(1..=1024),
    Fallback::Derived("64"),
    "So many endpoints are used at most, those of the lowest priority first. It multiplies what `check` counts for each.",
);

pub(crate) static KEYS: &[&Key] = &[&DISCOVERY, &RECORDS, &SERVERS, &LEAST, &MOST, &ENDPOINTS];
