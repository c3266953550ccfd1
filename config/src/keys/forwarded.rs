//! Keys of what servers are told of where a request came from.

use super::{Fallback, Key, Kind};

pub(crate) static FORWARDED: Key = Key::table(
    "listeners.*.forwarded",
    "What servers of HTTP are told of where a request came from that is handed on to them. `via` is told beside it.",
);
pub(crate) static TRUSTED: Key = Key::new(
    "listeners.*.forwarded.trusted",
    Kind::Texts("a network or an address, such as \"10.0.0.0/8\" or \"2001:db8::1\""),
    Fallback::Absent,
    "Where proxies of yours are. What these clients say in the `fields` is kept: their own address is added to it as one more hop. What any other says there is dropped. `client.ip` is the last address there that is in none of these networks, the first one if all are: whose request it is. Where what was said cannot be read, it is who said it. `peer.ip` is who sent it in either case.",
);
pub(crate) static FIELDS: Key = Key::new(
    "listeners.*.forwarded.fields",
    Kind::Choice(&["x-forwarded", "forwarded", "both", "none"]),
    Fallback::Value("\"x-forwarded\""),
    "By which fields: `x-forwarded-for`, `x-forwarded-proto` and `x-forwarded-host`, or `forwarded` (RFC 7239). Those that are not said end here; with `none` all do, but for `via`: for servers that it is nothing to where a request came from. `client.ip` goes by the same ones; with `both`, by either, and where they do not agree it is `peer.ip`, the proxy: a client can bring that about if the proxy writes only one of them.",
);

pub(crate) static KEYS: &[&Key] = &[&FORWARDED, &TRUSTED, &FIELDS];
