//! Keys of WebSocket on listeners.

use super::{Fallback, Key, Kind};

pub(crate) static WEBSOCKET: Key = Key::table(
    "listeners.*.websocket",
    "Whom a listener lets in whose `bind` is `ws://`. What binary messages carry is one stream of bytes, that of the `protocol`: frames may span messages, and several may be in one. Each write of the gateway is one message, and holds whole replies; only payloads that follow their message come in messages of their own.",
);
pub(crate) static ORIGINS: Key = Key::new(
    "listeners.*.websocket.origins",
    Kind::Texts("an origin such as \"https://shop.example\", or \"*\" for any"),
    Fallback::Derived(
        "none: clients that say where their page comes from, as all browsers do, are refused",
    ),
    "The pages that may connect (RFC 6455, 10.2). A client that says no origin is no browser, and let in.",
);
pub(crate) static SUBPROTOCOLS: Key = Key::new(
    "listeners.*.websocket.subprotocols",
    Kind::Texts("the name of a subprotocol, such as \"mqtt\""),
    Fallback::Derived("none: whatever is offered, none is agreed on"),
    "The subprotocols to agree on (RFC 6455, 1.9), the preferred one first. A client that offers none of them is refused.",
);

pub(crate) static KEYS: &[&Key] = &[&WEBSOCKET, &ORIGINS, &SUBPROTOCOLS];
