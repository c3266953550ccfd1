//! The codes of errors in request and reply rules, for diagnostics and `explain`.

use crate::expr::codes::codes;

codes! {
    TARGET = "GW2201", "the path or query cannot be used",
        "The text of a path starts with `/` and, like that of a query, has only the characters that \
        RFC 3986 allows there: letters, digits, `-._~!$&'()*+,;=:@/`, and %XX for everything else. \
        It has no fragment (`#`) and no segment `.` or `..`. Values in `{...}` are percent-encoded \
        when they are put in; the text around them is sent as it stands.";
    METHOD = "GW2202", "the method cannot be used",
        "CONNECT asks a proxy for a tunnel and has no path: no rule can send it.";
    HEADER_NAME = "GW2203", "the header cannot be set",
        "A header's name is a token of letters, digits and !#$%&'*+-.^_`|~. What frames, routes or \
        traces the request is written by the gateway alone and cannot be set by a rule: connection, \
        content-length, host, keep-alive, proxy-connection, te, traceparent, trailer, \
        transfer-encoding, upgrade and everything that starts with a colon. In requests that are handed on, it writes \
        expect, forwarded, grpc-timeout, max-forwards, via and x-forwarded-for, -host and -proto, too: `forwarded` of the listener says how \
        servers are told where a request came from.";
    HEADER_VALUE = "GW2204", "the header's value cannot be sent",
        "A header's value is visible ASCII with single spaces or more between, but neither at the \
        start nor at the end. Control characters are never sent. Put other text through base64() \
        or hex().";
    JSON_VALUE = "GW2205", "the value has no JSON form",
        "JSON has no bytes. Wrap them in base64(x) or hex(x), or read them as text with \
        x.to_s(\"UTF-8\"). The same holds for bytes inside of a list or a structure.";
    TWICE = "GW2206", "given twice",
        "One header, one member of a JSON object and one field of a reply have one value each. \
        Names of headers are the same whether upper or lower case.";
    NOT_SHARED = "GW2207", "not every request has this field",
        "A route without `operation` takes every request of the protocol, so it can use only the \
        fields that all of them have, with the same type. Name the operation, or write a route for \
        each.";
    NEEDS_REQUEST = "GW2208", "a field of the request needs `request.`",
        "In a reply rule a bare name is not a field of the message that came in: write \
        `request.amount`. The answer is reached through status, headers[\"x\"], json.a.b, body and \
        error.kind, or through the names of its fields if it is a message.";
    ON = "GW2209", "the outcome is unknown",
        "`on` is a status such as \"200\", a class such as \"2xx\" or, where the upstream speaks a binary \
        protocol, the operation of its reply; \"timeout\" (no answer in time), \
        \"unreachable\" (no connection, or it broke), \"bad-reply\" (an answer that cannot be understood \
        or translated), \"overload\" (a limit is reached), \"bad-request\", \"draining\", \"internal\", \
        \"unrouted\", or \"*\" for all of them. To HTTP, a request that does not fit its rules is answered with 400 \
        unless a rule names \"bad-request\": `*` leaves it to the protocol, but for rules that only change header fields.";
    FORM = "GW2210", "a reply rule sends one thing",
        "A reply is an operation of the protocol with values for its fields (`send`, `set`), or a whole \
        message that the answer holds (`bytes = \"{body}\"`), not both. A rule with neither leaves the \
        reply to the protocol: its own way to refuse.";
    UNKNOWN_REPLY = "GW2211", "there is no such operation",
        "`send` of a reply rule names an operation of the protocol of the request, `request.send` one of \
        the protocol that the upstream speaks.";
    NOT_A_REPLY = "GW2212", "the operation is no reply",
        "`send` names an operation that answers a request; this one asks for something or stands alone.";
    UNKNOWN_FIELD = "GW2213", "the message has no such field",
        "`set` gives values to the fields of the operation that `send` names.";
    SET_TYPE = "GW2214", "the value is of another type than the field",
        "`\"{expr}\"` keeps the expression's type and everything else in quotes is text; nothing is \
        converted silently. Convert with string(x), int(x), .to_i, unbase64(x) or unhex(x). A whole number \
        may be given to a float, and a label or a number to an enum.";
    SET_RANGE = "GW2215", "the value does not fit the field",
        "The field's type has a range or a greatest length, and the value is beyond it for every message.";
    MISSING = "GW2216", "a field of the message has no value",
        "The field has no default, so each rule that sends this operation must set it.";
    SET_ID = "GW2217", "the correlation id cannot be set",
        "The field that ties a reply to its request always gets the id of the request that is answered. A \
        message that goes upstream gets an id that is free on its connection.";
    ONE_WAY = "GW2218", "the operation has no reply",
        "An event is one-way: nobody waits for an answer, so reply rules would never be used.";
    BYTES = "GW2219", "not bytes",
        "`bytes` of a reply rule is one expression of type bytes, such as \"{body}\" or \
        \"{unbase64(json.message)}\": a whole message of the protocol, without the framing that a stream \
        transport adds.";
    UNWRITABLE = "GW2220", "the message cannot be written",
        "All values of this message are constants, and the protocol's codec refuses to write them.";
    NO_REST = "GW2221", "some outcomes have no reply rule",
        "A warning. Outcomes that no rule takes get the protocol's own refusal, or the connection is closed if \
        it has none. A last rule with on = \"*\" says what the client is to see.";
    NEVER = "GW2222", "the reply rule is never used",
        "A warning. The first rule that takes an outcome is used; an earlier rule without `when` takes all \
        outcomes of this one.";
    NO_REQUEST = "GW2223", "the route has no request",
        "A message goes upstream as what `request` says: one of `get`, `post`, `put`, `patch`, `delete` and \
        `head` with a path, or `send` with an operation where the upstream speaks a binary protocol. Messages go \
        as they are to an upstream of their own protocol. Only routes of `raw` listeners have none: their bytes are relayed as they are.";
    NOT_SENT = "GW2224", "the operation cannot be sent by a rule",
        "`request.send` names a request or an event of the protocol that the upstream speaks. Not an operation that changes \
        what its connection does from then on, for whoever uses it next. Probes and the opening of a session also send no request of \
        a protocol that tells replies apart by keys.";
    NOTHING_COMES = "GW2225", "nothing comes back",
        "A warning. The operation of `request.send` is one-way, so no reply will be there for this rule. Once it is sent, the \
        rules for `*` say what the client is to see: `error.kind` is empty then.";
    EXPECT = "GW2226", "no such reply to wait for",
        "`expect` names the operation of the reply that a probe, or the opening of a connection, has to get, and `when` is a \
        condition on the fields of that reply. Without both, any reply does that the protocol does not call an error.";
    COMPUTED = "GW2227", "the field is computed",
        "The protocol's definition computes the field from others (a value instance), so a rule cannot set it. Rules may \
        read it like any other field.";
    RESPONSE = "GW2228", "replies of another kind",
        "Clients that speak HTTP get a response: `status`, perhaps `headers`, and `json` or `body`. Clients of other \
        protocols get a message: `send` with `set`, or `bytes`. A rule with none of them leaves the reply to the \
        protocol. A status is from 200 to 599, and there is no body where HTTP has none (204, 205, 304).";
    HANDED_ON = "GW2229", "answers that are handed on",
        "A route from HTTP to HTTP without `request.get` and the like hands requests and answers on. Its rules change header \
        fields: `headers` take the place of those of their names, `add-headers` come beside them, and those in \
        `remove-headers` end here. A reply rule there says nothing else, and cannot read `body` or `json` of the answer, \
        which passes as it comes. Elsewhere rules make requests and responses, in which there is nothing to remove.";
}
