//! The codes of errors in routes, for diagnostics and `explain`.

use crate::expr::codes::codes;

codes! {
    UNKNOWN_OPERATION = "GW2101", "there is no such operation",
        "A route's `operation` names a request or an event of the protocol that its listeners speak. \
        Names are case-sensitive. Where the listeners speak HTTP it is a method and a path.";
    NOT_A_REQUEST = "GW2102", "the operation is a reply",
        "A route takes what clients send: requests and events. Replies are made by the rules in `reply`.";
    NO_REQUESTS = "GW2103", "there is nothing to take",
        "A route without `operation` takes every request of the protocol, and this protocol has none: its \
        messages are events. Name the event.";
    SHADOWED = "GW2104", "the route is never taken",
        "A warning. The first route that takes a message gets it, and earlier routes without `when` take \
        every message of this one. Put the special case first, or give the earlier route a `when`.";
    CONTRADICTION = "GW2105", "the condition never holds",
        "A warning. The comparisons of one field exclude each other, or all values that the field can have: \
        `amount > 10 and amount < 5`, or `amount < 0` for an unsigned field.";
    PATTERN = "GW2106", "the method and path cannot be read",
        "Where the listeners speak HTTP, `operation` is a method and the pattern of a path: `GET /v1/orders/{id}`. Several \
        methods are `GET|HEAD`, all are `*`. `{name}` takes one segment that is not empty, and `{name...}` at the end the \
        rest of the path; rules call them `path.name`. All other segments are compared as they are, percent-decoded; a \
        slash at the end counts. Requests for paths with a segment `.` or `..`, or with bytes that are no UTF-8, are not \
        taken by any route, and `{name...}` takes no encoded slash and no empty segment before the last (`//`); a route \
        without `operation` takes both.";
}
