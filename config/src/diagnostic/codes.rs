//! The codes of this crate, each with its explanation: there is no way to have one without the
//! other.

use gatewright_core::expr::codes::Code;

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $text:literal;)+) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")] pub const $name: &str = $code;)+

        /// All codes of this crate.
        pub(crate) const ALL: &[Code] = &[$(Code { code: $code, title: $title, explanation: $text }),+];
    };
}

codes! {
    SYNTAX = "GW1001", "not TOML",
        "The file is not valid TOML 1.0, so its meaning is unknown from there on. Frequent causes: a string \
         without its closing quote, a list without its closing bracket, a key that stands twice, a table that is \
         opened twice. Errors that may only be consequences of this one are not shown until it is mended.";
    WRONG_TYPE = "GW1002", "a value of another type",
        "The key exists, but it takes another kind of value: `timeout = 5` where a duration such as `\"5s\"` is \
         due, or text where a number is due. `gatewright explain KEY` shows what a key takes.";
    UNKNOWN_KEY = "GW1003", "unknown key",
        "No key of this name exists at this place. Unknown keys are errors, because a key that is ignored is a \
         limit or a rule that somebody believes in and that is not there.";
    MISSING_KEY = "GW1004", "missing key",
        "The table lacks a key that has no default: there is no value that would be right for everybody.";
    BAD_DURATION = "GW1005", "not a duration",
        "A duration is a whole number and a unit, in one string: `\"800ms\"`, `\"30s\"`, `\"5m\"`, `\"1h\"`, `\"1d\"`.";
    BAD_SIZE = "GW1006", "not a size",
        "A size is a number of bytes: a plain integer (`65536`), or a whole number and a unit in one string: \
         `\"512B\"`, `\"64KiB\"`, `\"1MiB\"`, `\"1GiB\"`. The units of powers of ten (kB, MB) do not exist here: too \
         many people mean different things by them.";
    OUT_OF_RANGE = "GW1007", "out of range",
        "The value has the right form, but it lies outside of what makes sense or what the protocol allows. \
         There is no value for `unlimited`: everything that a peer can fill has a bound.";
    BAD_ADDRESS = "GW1008", "not an address to listen on",
        "A listener's `bind` is `tcp://IP:PORT`, such as `tcp://0.0.0.0:7700`, `tcp://127.0.0.1:7700` or \
         `tcp://[::]:7700`, or `ws://IP:PORT/PATH` for WebSocket, which with `tls` is what clients call `wss://`; the admin address, and that of a name server, is `IP:PORT`. Host names are not looked up: which interface they \
         mean may change between two starts. Port 0 takes a free port.";
    BAD_URL = "GW1009", "not the URL of an upstream",
        "An upstream's `url` is `h2c://HOST[:PORT]` (HTTP/2 over plain TCP, port 80 if none is given), \
         `https://HOST[:PORT]` (HTTP/2 over TLS, port 443), `http://HOST[:PORT]` (HTTP/1.1 over plain TCP, port 80), `tcp://HOST:PORT`, `tls://HOST:PORT`, `quic://HOST:PORT` or `unix:///PATH` (streams \
         of bytes) or `mock:` (the built-in upstream: `mock:`, `mock:503`, \
         `mock:200?delay=50ms&body=hello%20world`). A path does not belong into it: each route has its own target. \
         `mock:` is the only URL of its upstream.";
    BAD_CHOICE = "GW1010", "none of the possible values",
        "The key takes one of a few words. `gatewright explain KEY` lists them.";
    UNKNOWN_NAME = "GW1011", "a name that does not exist",
        "A listener names a protocol, a route names its listeners and its upstream; this name is none that the \
         file declares. Protocols are declared as `[protocols.NAME]` or linked into the program.";
    DUPLICATE = "GW1012", "the same twice",
        "Two listeners cannot have one address, nor can a listener and the admin listener; `0.0.0.0` takes a port of \
         all addresses, `[::]` does of those of IPv4, too. Two routes cannot have one name: metrics and logs could not \
         tell them apart. Of several files in a folder only one can say what a listener, an upstream, a protocol or a \
         setting is; routes go on from file to file, in the order of the files' names.";
    UNUSED = "GW1013", "not used",
        "Nothing refers to this part of the file: a listener that no route names refuses every message, an \
         upstream that no route sends to is never connected, a protocol that nobody speaks is only checked, a `balance-key` matters only to `balance = \"hash\"`, `eject.errors` only to an upstream with a `protocol` or of `http://`, `limits.handshake` only to a listener with `tls` or WebSocket, `websocket` only to one whose `bind` is `ws://`, `limits.body` only to one of HTTP, a `try-timeout` only if the whole `timeout` is longer, times of requests, `retry` and most `limits` of an upstream only where its connections carry requests, `retry.on` with \"timeout\" only where tries have times. It is a warning; `check --deny-warnings` makes it an \
         error.";
    BAD_VARIABLE = "GW1014", "an environment variable that is not there",
        "`${NAME}` in an address or a path stands for an environment variable, `${NAME:-text}` for the same with \
         a text to take if it is not set. This one is not set and has no such text, or its form is wrong.";
    EXACTLY_ONE = "GW1015", "keys that exclude each other",
        "A route's request has exactly one of `get`, `post`, `put`, `patch`, `delete` and `head`, and at most one \
         of `json` and `body`; or it has `send`, and nothing of those. An upstream's `health` has one of `path`, `send` and `connect = true`. \
         A protocol has a `definition` or a `codec`. A listener's `tls` has `cert` and `key`, or `certificates`.";
    NOT_LOOPBACK = "GW1016", "an admin address that others can reach",
        "The admin listener has no authentication: it must be on the loopback interface, such as \
         `127.0.0.1:9901` or `[::1]:9901`.";
    BAD_NAME = "GW1017", "a name that cannot be used",
        "Names of listeners, upstreams, protocols and routes appear in logs, in metrics and on command lines. They \
         consist of letters, digits, `-`, `_` and `.`, at most 64 of them. `raw` stands for no protocol at all and cannot \
         be the name of one.";
    EMPTY = "GW1018", "empty",
        "The list or text needs at least one element or character: an upstream without a URL cannot be reached, a \
         route from no listener is never taken.";
    NO_JSON = "GW1019", "a value that JSON does not have",
        "`request.json` becomes a JSON document, which has no dates and neither `inf` nor `nan`. Write a date as \
         text.";
    MISMATCH = "GW1020", "parts that do not fit together",
        "Each part is right by itself, but not beside the other. A listener with `protocol = \"raw\"` relays bytes: its \
         routes go to `tcp://`, `tls://`, `quic://` or `unix://` upstreams, without `request`, `reply` and `timeout`, and limits of \
         messages do not apply to it. A listener with any other protocol has messages, which become HTTP/2 requests for \
         `h2c://` or `https://` upstreams and, with `request.send`, messages for upstreams that say their `protocol`; to an \
         upstream of their own protocol they go as they are without `request` and `reply`, but for header fields of HTTP. URLs of both kinds need an upstream each, and `https://` needs `h2` among the \
         names of `alpn`. Clients of an upstream with `sharing = \"bound\"` pass by all other routes of their listener. `discovery` looks for the one name in an upstream's one URL. Probes with a `path` are for HTTP, those that `send` a message for upstreams that say their `protocol`. WebSocket carries any protocol but HTTP. `events` are for clients of HTTP, and made of what an upstream with a `protocol` says.";
    BAD_SHARE = "GW1021", "not a share",
        "A share is a whole number of hundredths with a per cent sign, in one string: `\"10%\"`.";
    NO_DEFINITIONS = "GW1022", "a program that reads no definitions",
        "The configuration names the definition of a protocol, but the program that loads it was built with linked-in \
         codecs only. The program `gatewright` and `Gateway::builder()` of its library read definitions.";
    BAD_FILTER = "GW1023", "not a filter of log events",
        "`log.filter` is a level (off, error, warn, info, debug, trace), or several directives with commas and without \
         blanks: a level for all, and `TARGET=LEVEL` for a module and those in it, such as `\"warn,gatewright=debug\"`. \
         The longest target counts.";
    UNREADABLE = "GW4001", "the file cannot be read",
        "The operating system does not give the configuration or definition: it does not exist, is a folder, or belongs \
         to somebody else. Or it is larger than such a file may be, or not UTF-8.";
    MISSING_FILE = "GW4002", "a file that is not there",
        "The configuration names a file that does not exist or cannot be read by this user. Paths are relative to \
         the folder of the configuration file.";
    NOT_BOUND = "GW4003", "the address cannot be bound",
        "The operating system refuses to listen there: another program (or another gateway) has the port, the \
         address belongs to no interface of this machine, or the port is below 1024 and the user may not have it.";
    OMITTED = "GW4004", "more findings than are shown",
        "A definition has more errors or warnings than anybody reads at once: the first 200 of each are shown, the rest is \
         counted. Mend some of them, and the next run shows others.";
    BAD_PEM = "GW4005", "a file that TLS cannot use",
        "A `cert`, `ca` or `client-ca` is a file in PEM with at least one certificate, a `key` one with a private key, and a \
         `key` belongs to the first certificate of its `cert`. `check` reads them as `run` does; whoever runs it has to be \
         allowed to read them.";
    NO_TLS = "GW4006", "TLS that this system cannot speak",
        "Servers are verified with the system's authorities where `tls.ca` names no others, and this system has none (many \
         containers have them in a package `ca-certificates`), or it lacks something else that TLS needs. `run` would not \
         start here. For `check` it is a warning, because another machine may be meant to run the configuration; \
         `check --deny-warnings` makes it an error.";
    BAD_TEST_MESSAGE = "GW5001", "not a message of the protocol",
        "A test's `send` or `expect` names an operation or a field that the listener's protocol does not have, or \
         gives a field a value that does not fit it; or a request is longer than the listener's `limits.frame` and `limits.body` allow. `gatewright encode` takes the same form and says the same.";
    EXPECTS_NOTHING = "GW5002", "a test that expects nothing",
        "A test needs `upstream`, `expect` or both: without them nothing that the gateway does could make it fail.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_there_once() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
