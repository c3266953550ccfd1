//! Messages of one binary protocol as messages of another, and the replies back.

use super::codes::{NOT_SENT, NOTHING_COMES};
use super::compose::{Composition, Purpose, Typed};
use super::keyed::keyed;
use super::load::{Findings, bad_request};
use super::reply::Told;
use super::scope::{Answers, MessageScope, ReadJson};
use super::{Facts, MessageSpec, Outcome, RequestSpec, RouteSpec, Rules, feed, no_request};
use crate::codec::{CorrelationKind, Descriptor, Needs, Operation, Protocol};
use crate::expr::{EvalError, RuleError};
use crate::fault::{Fault, FaultClass};
use crate::message::{Correlation, Kind, Message, OperationId, Slot};
use bytes::Bytes;
use std::sync::Arc;

/// The compiled rules of a route that leads to an upstream of a binary protocol, which may be that
/// of the listener. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Conversion {
    rules: Arc<Rules<Request>>,
    /// Whether the client gets all that the upstream says.
    events: bool,
}

/// What goes upstream.
#[derive(Debug)]
struct Request {
    protocol: Arc<dyn Protocol>,
    message: Composition,
}

impl Conversion {
    /// Compiles a route's rules, but for its `when`, against the protocol of its messages and that
    /// of its upstream. The list beside the conversion holds warnings.
    ///
    /// # Errors
    /// All errors of the route, each with its place.
    pub fn compile(
        spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
        upstream: &Arc<dyn Protocol>,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        let mut findings = Findings::default();
        let answers = Answers::of(spec, upstream.descriptor());
        let request = |scope: &mut MessageScope<'_>, findings: &mut Findings| match &spec.request {
            Some(RequestSpec::Message(request)) => {
                Request::compile(spec, request, upstream, scope, findings)
            }
            Some(RequestSpec::Http(_) | RequestSpec::Amended(_)) | None => {
                findings.refuse(no_request(spec.span.clone()))
            }
        };
        let rules = Rules::compile(spec, protocol, answers, request, &mut findings);
        if let Some(rules) = &rules
            && !rules.request.is_answered()
            && spec.events.is_none()
        {
            findings
                .warnings
                .extend(unanswered(spec, upstream.descriptor()));
        }
        findings.finish(rules.map(|rules| Self {
            rules: Arc::new(rules),
            events: spec.events.is_some(),
        }))
    }

    /// The message that goes upstream. If its protocol has ids, it has one that means nothing: the
    /// connection gives its own. If it has keys, they are what the rules make of them.
    ///
    /// # Errors
    /// If a value does not fit the field that the rules put it in. Nothing was sent then.
    pub fn request(&self, message: &Message, facts: &Facts) -> Result<Message, Fault> {
        let json = ReadJson::new(self.rules.places.json());
        let env = self
            .rules
            .places
            .env(&self.rules.protocol, message, facts, &json);
        let request = &self.rules.request;
        let mut message = (request.message.build(&env)).map_err(|error| bad_request(&error))?;
        let descriptor = request.protocol.descriptor();
        match descriptor.capabilities.correlation {
            CorrelationKind::Id { .. } => {
                descriptor.correlate(&mut message, Correlation::Id(0));
                Ok(message)
            }
            CorrelationKind::Key if request.is_answered() => keyed(message, &request.protocol),
            CorrelationKind::Key | CorrelationKind::Fifo | CorrelationKind::None => Ok(message),
        }
    }

    /// Whether the rules look at a field of one of the client's operations.
    #[must_use]
    pub fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        self.rules.places.read(operation, slot)
    }

    /// Whether the rules look at this field of replies, or of what else the upstream says.
    #[must_use]
    pub fn reads_of_replies(&self, slot: Slot) -> bool {
        self.rules.replies.read(slot)
    }

    /// The reply to `request`, by the same rules as
    /// [`Translation::reply`](super::Translation::reply): total, and asked again with a bad reply.
    #[must_use]
    pub fn reply(
        &self,
        request: &Message,
        outcome: &Outcome<'_>,
        facts: &Facts,
    ) -> Option<Message> {
        self.rules.reply(request, outcome, facts)
    }

    /// Whether the client gets what the upstream says from then on, as events, instead of one reply.
    #[must_use]
    pub const fn has_events(&self) -> bool {
        self.events
    }

    /// What the client gets of a message of the upstream's, as [`feed`] has it; nothing if no rule is for it.
    ///
    /// # Errors
    /// If a rule is and has no value for it.
    pub fn event(
        &self,
        request: &Message,
        event: &Message,
        facts: &Facts,
    ) -> Result<Option<Bytes>, Fault> {
        let made = self.rules.event(request, event, facts);
        let bad = |error: EvalError| Fault::sent(FaultClass::BadReply, error.detail().to_owned());
        let Some(Told { data, label }) = made.map_err(bad)? else {
            return Ok(None);
        };
        let name = &self
            .upstream()
            .descriptor()
            .operation(event.operation())
            .name;
        let data = data.body().whole().unwrap_or_default();
        Ok(Some(feed::event(name, &label, &data)))
    }

    /// Whether the upstream has to answer what is sent.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.rules.request.is_answered()
    }

    /// The upstream's protocol.
    #[must_use]
    pub fn upstream(&self) -> &Arc<dyn Protocol> {
        &self.rules.request.protocol
    }

    /// The operation that goes upstream: what it needs of a connection, and whether it may be sent
    /// again.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.rules.request.operation()
    }
}

impl Request {
    fn compile(
        route: &RouteSpec,
        spec: &MessageSpec,
        upstream: &Arc<dyn Protocol>,
        scope: &mut MessageScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let typed = Typed {
            purpose: Purpose::Request,
            send: &spec.send,
            set: &spec.set,
        };
        let request = Self {
            message: Composition::compile(typed, upstream, scope, findings)?,
            protocol: Arc::clone(upstream),
        };
        if route.events.is_none() {
            findings.take(request.can_be_sent(spec))?;
        }
        Some(request)
    }

    fn operation(&self) -> &Operation {
        let descriptor = self.protocol.descriptor();
        descriptor.operation(self.message.operation())
    }

    /// Whether a reply is due.
    fn is_answered(&self) -> bool {
        let correlation = self.protocol.descriptor().capabilities.correlation;
        self.operation().kind == Kind::Request && correlation != CorrelationKind::None
    }

    fn can_be_sent(&self, spec: &MessageSpec) -> Result<(), RuleError> {
        let span = spec.send.span().clone();
        let error = |message: String| Err(RuleError::new(NOT_SENT, span, message));
        let operation = self.operation();
        match operation.needs {
            Needs::Bound | Needs::Replay => error(format!(
                "`{}` changes what its connection does, which others use too",
                operation.name
            )),
            Needs::Nothing | Needs::Exclusive => Ok(()),
        }
    }
}

/// Warnings about rules for replies that never come.
fn unanswered(spec: &RouteSpec, upstream: &Descriptor) -> Vec<RuleError> {
    let rules = spec.replies.iter();
    let for_reply = rules.filter(|rule| upstream.operation_named(rule.on.text()).is_some());
    let warn = |rule: &super::ReplySpec| {
        let message = "no reply to this message is due";
        RuleError::new(NOTHING_COMES, rule.on.span().clone(), message)
            .help("a rule for `*` says what the client gets once it is sent")
    };
    for_reply.map(warn).collect()
}
