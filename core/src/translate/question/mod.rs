//! Messages that the gateway sends of its own accord, to learn whether an endpoint is well or to
//! open a connection, and what their replies have to be.

mod constants;
mod expectation;

use super::codes::{NOT_SENT, ONE_WAY, UNWRITABLE};
use super::compose::{Composition, Purpose, Typed};
use super::{Findings, SetSpec};
use crate::codec::{CorrelationKind, Protocol};
use crate::expr::{RuleError, Source, Span};
use crate::message::{Correlation, Kind, Message};
use constants::Constants;
use expectation::Expectation;
use std::fmt;
use std::sync::Arc;

/// A question as typed.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionSpec {
    /// The operation that is sent.
    pub send: Source,
    /// Values of its fields, without names in them.
    pub set: Vec<(Source, SetSpec)>,
    /// The operation of the reply; any that is no error if none is named.
    pub expect: Option<Source>,
    /// A condition on the fields of that reply.
    pub when: Option<Source>,
    /// All of it in the file.
    pub span: Span,
}

/// A compiled question. Cheap to clone. What it says is not in its `Debug`: it may be a password.
#[derive(Clone)]
pub struct Question {
    protocol: Arc<dyn Protocol>,
    message: Arc<Message>,
    expectation: Arc<Expectation>,
}

impl Question {
    /// Checks and compiles a question to servers of `protocol`.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn compile(
        spec: &QuestionSpec,
        protocol: &Arc<dyn Protocol>,
    ) -> Result<Self, Vec<RuleError>> {
        let mut findings = Findings::default();
        let message = message(spec, protocol, &mut findings);
        let expectation = Expectation::compile(spec, protocol, &mut findings);
        if let Some(message) = &message {
            findings.errors.extend(unaskable(spec, protocol, message));
        }
        let question = message.zip(expectation).map(|(message, expectation)| Self {
            protocol: Arc::clone(protocol),
            message: Arc::new(message),
            expectation: Arc::new(expectation),
        });
        findings.finish(question).map(|(question, _)| question)
    }

    /// The protocol that it is asked in.
    #[must_use]
    pub const fn protocol(&self) -> &Arc<dyn Protocol> {
        &self.protocol
    }

    /// The message, with an id if its protocol has any: the first ones of a connection are free,
    /// so `nth` questions need no ledger.
    #[must_use]
    pub fn message(&self, nth: u8) -> Message {
        let mut message = Message::clone(&self.message);
        let descriptor = self.protocol.descriptor();
        if let CorrelationKind::Id { .. } = descriptor.capabilities.correlation {
            descriptor.correlate(&mut message, Correlation::Id(nth.into()));
        }
        message
    }

    /// Whether a reply is due.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        is_answered(&self.protocol, &self.message)
    }

    /// Whether this reply is what it has to be.
    #[must_use]
    pub fn is_met_by(&self, reply: &Message) -> bool {
        self.expectation.is_met_by(reply, &self.protocol)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.message.operation();
        let descriptor = self.protocol.descriptor();
        f.debug_struct("Question")
            .field("send", &descriptor.operation(operation).name)
            .finish_non_exhaustive()
    }
}

/// All of it is known at load.
fn message(
    spec: &QuestionSpec,
    protocol: &Arc<dyn Protocol>,
    findings: &mut Findings,
) -> Option<Message> {
    let typed = Typed {
        purpose: Purpose::Request,
        send: &spec.send,
        set: &spec.set,
    };
    let mut scope = Constants::new(protocol.descriptor());
    let composed = Composition::compile(typed, protocol, &mut scope, findings)?;
    let built = composed.build(&Constants::new(protocol.descriptor()));
    findings.take(built.map_err(|error| {
        let message = format!("the message cannot be made: {}", error.detail());
        RuleError::new(UNWRITABLE, spec.send.span().clone(), message)
    }))
}

fn is_answered(protocol: &Arc<dyn Protocol>, message: &Message) -> bool {
    let correlation = protocol.descriptor().capabilities.correlation;
    message.kind() == Kind::Request && correlation != CorrelationKind::None
}

/// Why this cannot be asked.
fn unaskable(
    spec: &QuestionSpec,
    protocol: &Arc<dyn Protocol>,
    message: &Message,
) -> Option<RuleError> {
    let descriptor = protocol.descriptor();
    let name = &descriptor.name;
    if !is_answered(protocol, message) {
        let rule = spec.expect.as_ref().or(spec.when.as_ref())?;
        let text = format!("`{}` has no reply", spec.send.text());
        return Some(RuleError::new(ONE_WAY, rule.span().clone(), text).help("leave it away"));
    }
    (descriptor.capabilities.correlation == CorrelationKind::Key).then(|| {
        let text =
            format!("the replies of `{name}` are told apart by keys, of which a connection has none of its own");
        RuleError::new(NOT_SENT, spec.send.span().clone(), text)
    })
}
