//! Keys of routes.

use super::{Fallback, Key, Kind};
use std::time::Duration;

const TEMPLATE: &str = "a template: text in which `{expression}` is replaced";
const TARGET: Kind = Kind::Text("a template of a path and a query, such as \"/v1/orders/{id}\"");

const SETTINGS: Kind = Kind::Free(
    "a table of fields and their values; strings are templates, lists and tables hold more values",
);

pub(crate) static ROUTES: Key = Key::new(
    "routes[]",
    Kind::Tables,
    Fallback::Absent,
    "Which message goes where; the first that takes a message has it.",
);
pub(crate) static NAME: Key = Key::new(
    "routes[].name",
    Kind::Text("a name"),
    Fallback::Derived("# and the route's number, from 1"),
    "The name that logs and metrics use.",
);
pub(crate) static FROM: Key = Key::new(
    "routes[].from",
    Kind::Texts("the name of a listener"),
    Fallback::Required,
    "The listeners whose messages it takes.",
);
pub(crate) static OPERATION: Key = Key::new(
    "routes[].operation",
    Kind::Text(
        "the name of an operation of the listeners' protocol; of HTTP a method and a path, such as \"POST /v1/orders/{id}\"",
    ),
    Fallback::Derived("every request and event"),
    "Which messages it takes. Of HTTP: methods (`GET`, `GET|HEAD`, `*`) and a path, in which `{name}` takes one segment and `{name...}` at its end the rest.",
);
pub(crate) static WHEN: Key = Key::new(
    "routes[].when",
    Kind::Text("an expression over the message's fields"),
    Fallback::Derived("true"),
    "A condition beside the operation.",
);
pub(crate) static TO: Key = Key::new(
    "routes[].to",
    Kind::Text("the name of an upstream"),
    Fallback::Required,
    "Where it sends.",
);
pub(crate) static TIMEOUT: Key = Key::new(
    "routes[].timeout",
    Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400)),
    Fallback::Derived("the upstream's"),
    "How long a whole exchange may take, from the request's first byte on; where a payload of HTTP is handed on as it comes, from the last of it that was.",
);
pub(crate) static FIRST_BYTE_TIMEOUT: Key = Key::new(
    "routes[].first-byte-timeout",
    Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400)),
    Fallback::Derived("the upstream's"),
    "How long a try may take until its answer begins, from when it was sent.",
);
pub(crate) static TRY_TIMEOUT: Key = Key::new(
    "routes[].try-timeout",
    Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400)),
    Fallback::Derived("the upstream's"),
    "The same until its answer is there; where a body is handed on as it comes, until that begins.",
);
pub(crate) static EVENTS: Key = Key::new(
    "routes[].events",
    Kind::Flag,
    Fallback::Derived("false"),
    "For clients of HTTP and an upstream of messages: the client gets what the upstream says from then on, as server-sent events (`text/event-stream`): each message that a reply rule names, as that rule's `json` or `body`. Each such client has a connection upstream of its own, which begins with the message of `request`, until either side ends. `timeout` bounds the time until it is there.",
);
pub(crate) static RECONNECT: Key = Key::new(
    "routes[].reconnect",
    Kind::Duration(Duration::from_millis(1)..=Duration::from_secs(86_400)),
    Fallback::Derived("whatever the client does by itself"),
    "For `events`: how long a client is to wait before it comes back after its connection was lost (`retry:`). It then says the `id` of the last event that it had, if there was one, which is `headers['last-event-id']` in the rules of `request`.",
);
pub(crate) static REQUEST: Key = Key::table(
    "routes[].request",
    "The HTTP request that a message becomes, or the message of the upstream's protocol.",
);
pub(crate) static GET: Key = Key::new(
    "routes[].request.get",
    TARGET,
    Fallback::Absent,
    "Sends GET to this target.",
);
pub(crate) static POST: Key = Key::new(
    "routes[].request.post",
    TARGET,
    Fallback::Absent,
    "Sends POST to this target.",
);
pub(crate) static PUT: Key = Key::new(
    "routes[].request.put",
    TARGET,
    Fallback::Absent,
    "Sends PUT to this target.",
);
pub(crate) static PATCH: Key = Key::new(
    "routes[].request.patch",
    TARGET,
    Fallback::Absent,
    "Sends PATCH to this target.",
);
pub(crate) static DELETE: Key = Key::new(
    "routes[].request.delete",
    TARGET,
    Fallback::Absent,
    "Sends DELETE to this target.",
);
pub(crate) static HEAD: Key = Key::new(
    "routes[].request.head",
    TARGET,
    Fallback::Absent,
    "Sends HEAD to this target.",
);
pub(crate) static HEADERS: Key = Key::new(
    "routes[].request.headers",
    Kind::Free("a table of header names and templates of their values"),
    Fallback::Absent,
    "Headers of the request. Where it is handed on from HTTP to HTTP, without `get` and the like: header fields that take the place of those of their names that the client sent; one whose value is a single `{expression}` with nothing in it is left out.",
);
pub(crate) static ADD_HEADERS: Key = Key::new(
    "routes[].request.add-headers",
    Kind::Free("a table of header names and templates of their values"),
    Fallback::Absent,
    "Of a request that is handed on: header fields that come beside those of their names.",
);
pub(crate) static REMOVE_HEADERS: Key = Key::new(
    "routes[].request.remove-headers",
    Kind::Texts("the name of a header"),
    Fallback::Absent,
    "Of a request that is handed on: header fields that end here.",
);
pub(crate) static JSON: Key = Key::new(
    "routes[].request.json",
    Kind::Free("any TOML value, with templates in its strings"),
    Fallback::Absent,
    "The request's body as JSON. A string that is one `{expression}` and nothing else keeps its type.",
);
pub(crate) static BODY: Key = Key::new(
    "routes[].request.body",
    Kind::Text(TEMPLATE),
    Fallback::Absent,
    "The request's body as text or bytes; `{bytes}` is the message itself.",
);
pub(crate) static REQUEST_SEND: Key = Key::new(
    "routes[].request.send",
    Kind::Text("the name of a request or an event of the upstream's `protocol`"),
    Fallback::Absent,
    "Sends a message of this operation to an upstream of a binary protocol.",
);
pub(crate) static REQUEST_SET: Key = Key::new(
    "routes[].request.set",
    SETTINGS,
    Fallback::Absent,
    "The fields of that message. An id that ties its reply to it is set by itself; several fields that do are set here.",
);
pub(crate) static REPLY: Key = Key::new(
    "routes[].reply[]",
    Kind::Tables,
    Fallback::Derived("the protocol's own way to refuse"),
    "How answers and failures become replies; the first that matches has it.",
);
pub(crate) static ON: Key = Key::new(
    "routes[].reply[].on",
    Kind::Text(
        "\"200\", \"2xx\", an operation of the upstream's protocol, \"timeout\", \"unreachable\", \"bad-reply\", \"overload\", … or \"*\"",
    ),
    Fallback::Required,
    "Which outcomes it takes.",
);
pub(crate) static REPLY_WHEN: Key = Key::new(
    "routes[].reply[].when",
    Kind::Text(
        "an expression over `status`, `json`, `headers` or the reply's fields, `error.kind`, `request`",
    ),
    Fallback::Derived("true"),
    "A condition on top.",
);
pub(crate) static SEND: Key = Key::new(
    "routes[].reply[].send",
    Kind::Text("the name of an operation of the protocol"),
    Fallback::Derived("the protocol's own way to refuse"),
    "The operation of the reply.",
);
pub(crate) static SET: Key = Key::new(
    "routes[].reply[].set",
    SETTINGS,
    Fallback::Absent,
    "The fields of the reply. What ties it to its request is set by itself.",
);
pub(crate) static BYTES: Key = Key::new(
    "routes[].reply[].bytes",
    Kind::Text("one `{expression}` of bytes, such as \"{body}\""),
    Fallback::Absent,
    "Instead of `send`: bytes that are a whole message of the protocol. They are read and checked first.",
);

pub(crate) static STATUS: Key = Key::new(
    "routes[].reply[].status",
    Kind::Free("a number from 200 to 599, or a template of one"),
    Fallback::Derived("the protocol's own way to refuse"),
    "To clients that speak HTTP: the status of the response.",
);
pub(crate) static REPLY_HEADERS: Key = Key::new(
    "routes[].reply[].headers",
    Kind::Free("a table of header names and templates of their values"),
    Fallback::Absent,
    "To clients that speak HTTP: headers of the response. Where answers are handed on, header fields that take the place of those of their names in an answer, or in the gateway's own refusal.",
);
pub(crate) static REPLY_ADD_HEADERS: Key = Key::new(
    "routes[].reply[].add-headers",
    Kind::Free("a table of header names and templates of their values"),
    Fallback::Absent,
    "Of an answer that is handed on: header fields that come beside those of their names, such as another `set-cookie`.",
);
pub(crate) static REPLY_REMOVE_HEADERS: Key = Key::new(
    "routes[].reply[].remove-headers",
    Kind::Texts("the name of a header"),
    Fallback::Absent,
    "Of an answer that is handed on: header fields that end here.",
);
pub(crate) static REPLY_JSON: Key = Key::new(
    "routes[].reply[].json",
    Kind::Free("any TOML value, with templates in its strings"),
    Fallback::Absent,
    "To clients that speak HTTP: the response's body as JSON. A string that is one `{expression}` and nothing else keeps its type.",
);
pub(crate) static REPLY_BODY: Key = Key::new(
    "routes[].reply[].body",
    Kind::Text(TEMPLATE),
    Fallback::Absent,
    "To clients that speak HTTP: the response's body as text or bytes.",
);

pub(crate) static EVENT: Key = Key::new(
    "routes[].reply[].event",
    Kind::Text(TEMPLATE),
    Fallback::Derived(
        "the name of the operation that the upstream says, also where this is empty or more than a line",
    ),
    "For `events`: the name of the event.",
);
pub(crate) static EVENT_ID: Key = Key::new(
    "routes[].reply[].id",
    Kind::Text(TEMPLATE),
    Fallback::Derived("none, also where this is empty or more than a line"),
    "For `events`: the id of the event. A client that comes back says that of the last one it had as `last-event-id`.",
);

pub(crate) static KEYS: &[&Key] = &[
    &ROUTES,
    &NAME,
    &FROM,
    &OPERATION,
    &WHEN,
    &TO,
    &TIMEOUT,
    &FIRST_BYTE_TIMEOUT,
    &TRY_TIMEOUT,
    &EVENTS,
    &RECONNECT,
    &REQUEST,
    &GET,
    &POST,
    &PUT,
    &PATCH,
    &DELETE,
    &HEAD,
    &HEADERS,
    &ADD_HEADERS,
    &REMOVE_HEADERS,
    &JSON,
    &BODY,
    &REQUEST_SEND,
    &REQUEST_SET,
    &REPLY,
    &ON,
    &REPLY_WHEN,
    &SEND,
    &SET,
    &BYTES,
    &STATUS,
    &REPLY_HEADERS,
    &REPLY_ADD_HEADERS,
    &REPLY_REMOVE_HEADERS,
    &REPLY_JSON,
    &REPLY_BODY,
    &EVENT,
    &EVENT_ID,
];
