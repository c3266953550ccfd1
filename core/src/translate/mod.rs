//! Rules both ways, compiled at load; total: every outcome has a native answer.
//!
//! ```text
//! message ─▶ request rules ─▶ HTTP request ─▶ …upstream… ─▶ outcome ─▶ reply rules ─▶ message
//!            target, headers,                               status,    first match
//!            JSON or bytes                                  fault
//! ```
//!
//! Where the upstream speaks a binary protocol, too, the request is a message of that protocol, and
//! the outcome its reply ([`Conversion`]).
//!
//! What rules can name: in a request, the message's fields, `bytes` (the message without its
//! transport's framing), `peer.ip`, `peer.port`, `client.ip`, `conn.id`, `listener`, `trace.id`, and of a client of TLS
//! `peer.sni`, `peer.cert.subject`, `peer.cert.dns`, `peer.cert.uri`, `peer.cert.sha256`; in a reply, the same facts, `request.<field>`, `status` (0 if there was no answer), `error.kind` (empty if
//! there was one) and of the answer `headers["x"]`, `json.a.b[0]` and `body`, or the fields of the
//! message that the rule is for. Where the listener speaks HTTP, a request has `method`, `host`,
//! `path`, `path.name`, `query.name`, `headers["x"]`, `json.a.b[0]` and `body` instead of fields,
//! and a reply is a status with headers and a payload.
//!
//! Values cannot break out of their places: in a path or query they are percent-encoded, in JSON
//! escaped, and a header refuses what it cannot hold. Fields of messages have a type, and codecs
//! write them in their own framing.

mod amend;
mod client;
pub mod codes;
mod compose;
mod conversion;
mod dated;
mod exchange;
pub mod feed;
mod forwarded;
mod forwards;
pub mod grpc;
mod headers;
mod identity;
mod json;
mod key;
mod keyed;
mod load;
mod network;
mod payload;
mod proxy;
mod question;
mod reply;
mod request;
pub(crate) mod scope;
mod spec;
mod target;
mod told;
mod traceparent;

pub use client::client;
pub use conversion::Conversion;
pub use dated::{dated, is_undated};
pub use exchange::{Carriage, Facts, HttpAnswer, HttpRequest, Outcome, Peer};
pub use forwarded::{Forwarding, OriginFields};
pub use headers::header_name;
pub use identity::{Certificate, Identity};
pub use key::BalanceKey;
pub use network::{Network, NotANetwork};
pub use proxy::{Proxy, each_pair, header_map, trailer_fields};
pub use question::{Question, QuestionSpec};
pub use reply::{misdirected, not_allowed, not_forwarded};
pub use spec::{
    AmendSpec, BodySpec, HeadersSpec, HttpSpec, JsonSpec, LabelSpec, MessageSpec, ReplySpec,
    RequestSpec, ResponseSpec, RouteSpec, SetSpec,
};
pub use told::told;
pub use traceparent::traceparent;

pub(crate) use json::Paths;
pub(crate) use load::Findings;

use crate::codec::Protocol;
use crate::expr::{EvalError, RuleError, Span};
use crate::fault::Fault;
use crate::message::{Message, OperationId, Slot};
use reply::Replies;
use request::Request;
use scope::{Answers, MessageScope, Places, ReadJson, Subject};
use std::sync::Arc;

/// The compiled rules of a route that leads to HTTP. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Translation {
    rules: Arc<Rules<Request>>,
}

/// Rules that make an `R` of a message, and a reply of what came of it.
#[derive(Debug)]
struct Rules<R> {
    protocol: Arc<dyn Protocol>,
    /// What the variables of the request's fields and facts mean, in both directions.
    places: Places,
    request: R,
    replies: Replies,
}

impl Translation {
    /// Compiles a route's rules, but for its `when`, against the protocol of its messages. The
    /// list beside the translation holds warnings.
    ///
    /// # Errors
    /// All errors of the route, each with its place.
    pub fn compile(
        spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        let mut findings = Findings::default();
        let request = |scope: &mut MessageScope<'_>, findings: &mut Findings| match &spec.request {
            Some(RequestSpec::Http(request)) => Request::compile(request, scope, findings),
            Some(RequestSpec::Message(request)) => findings.refuse(misplaced(request)),
            Some(RequestSpec::Amended(_)) | None => findings.refuse(no_request(spec.span.clone())),
        };
        let rules = Rules::compile(spec, protocol, Answers::Http, request, &mut findings);
        findings.finish(rules.map(|rules| Self {
            rules: Arc::new(rules),
        }))
    }

    /// The HTTP request of a message.
    ///
    /// # Errors
    /// If a value may not stand where the rules put it. Nothing was sent then.
    pub fn request(&self, message: &Message, facts: &Facts) -> Result<HttpRequest, Fault> {
        let json = ReadJson::new(self.rules.places.json());
        let env = self
            .rules
            .places
            .env(&self.rules.protocol, message, facts, &json);
        self.rules.request.write(&env)
    }

    /// Whether the rules look at a field of an operation.
    #[must_use]
    pub fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        self.rules.places.read(operation, slot)
    }

    /// The native answer to `request`: that of the first rule that takes the outcome, or else
    /// the protocol's own way to refuse. `None` if the protocol has none: the connection is to
    /// be closed.
    ///
    /// An answer for which a rule's `when` or values cannot be computed (its body is not JSON, a
    /// number does not fit its field) is a bad reply: the rules are asked once more, with that
    /// fault. Whoever finds that the codec cannot write the reply (text with characters that the
    /// field's encoding lacks) does the same: it asks again with [`FaultClass::BadReply`].
    ///
    /// Nobody waits for the answer to an event, so this is not to be called for one.
    ///
    /// [`FaultClass::BadReply`]: crate::fault::FaultClass::BadReply
    #[must_use]
    pub fn reply(
        &self,
        request: &Message,
        outcome: &Outcome<'_>,
        facts: &Facts,
    ) -> Option<Message> {
        self.rules.reply(request, outcome, facts)
    }
}

/// The error of a route that lacks what its messages are to become.
#[must_use]
pub fn no_request(route: Span) -> RuleError {
    RuleError::new(codes::NO_REQUEST, route, "the route has no request")
        .help("one of get, post, put, patch, delete, head, such as `request.post = \"/v1/orders\"`")
}

/// The error of a message for an upstream that takes HTTP.
fn misplaced(request: &MessageSpec) -> RuleError {
    let message = "a message is for an upstream of a binary protocol";
    RuleError::new(codes::NOT_SENT, request.send.span().clone(), message).help(
        "its `url` begins with `tcp://`, `tls://` or `unix://`, and `protocol` says what it speaks",
    )
}

impl<R> Rules<R> {
    fn compile(
        spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
        answers: Answers<'_>,
        request: impl FnOnce(&mut MessageScope<'_>, &mut Findings) -> Option<R>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let descriptor = protocol.descriptor();
        let subject = findings
            .take(Subject::of(spec, descriptor))
            .unwrap_or(Subject::Unknown);
        let mut scope = MessageScope::new(descriptor, subject);
        let request = request(&mut scope, findings);
        let (replies, places) = Replies::compile(spec, protocol, scope, answers, findings);
        Some(Self {
            protocol: Arc::clone(protocol),
            places,
            request: request?,
            replies,
        })
    }

    fn reply(&self, request: &Message, outcome: &Outcome<'_>, facts: &Facts) -> Option<Message> {
        let json = ReadJson::new(self.places.json());
        self.replies.reply(
            self.places.env(&self.protocol, request, facts, &json),
            outcome,
        )
    }

    /// What the rule for an upstream's message makes of it.
    fn event(
        &self,
        request: &Message,
        event: &Message,
        facts: &Facts,
    ) -> Result<Option<reply::Told>, EvalError> {
        let json = ReadJson::new(self.places.json());
        self.replies.event(
            self.places.env(&self.protocol, request, facts, &json),
            event,
        )
    }
}

#[cfg(test)]
pub(crate) mod tests;
