//! Messages that rules make: an operation, and values for its fields that are checked against
//! them, at load by their types and by themselves when they are computed.

mod fields;
mod fit;
mod values;

use super::SetSpec;
use super::codes::{NOT_A_REPLY, NOT_SENT, UNKNOWN_REPLY, UNWRITABLE};
use super::load::Findings;
use crate::codec::{CorrelationKind, Descriptor, EncodeProblem, Event, Protocol, Side};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Env, EvalError, RuleError, Scope, Source};
use crate::message::{Correlation, Kind, Message, OperationId};
use bytes::BytesMut;
use fields::Fields;
use std::sync::Arc;
pub(super) use values::Making;

/// What a message is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It goes upstream.
    Request,
    /// It goes to the client.
    Reply,
}

/// A message as typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'s> {
    pub(super) purpose: Purpose,
    pub(super) send: &'s Source,
    pub(super) set: &'s [(Source, SetSpec)],
}

/// A compiled message.
#[derive(Clone, Debug)]
pub(super) struct Composition {
    operation: OperationId,
    fields: Fields,
}

impl Composition {
    /// Checks and compiles a message of `protocol` with the values that `scope` has.
    pub(super) fn compile(
        typed: Typed<'_>,
        protocol: &Arc<dyn Protocol>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Option<Self> {
        let operation = findings.take(typed.find_operation(protocol.descriptor()))?;
        let before = findings.errors.len();
        let fields = Fields::compile(typed, operation, protocol.descriptor(), scope, findings);
        let composition = Self { operation, fields };
        if findings.errors.len() == before {
            findings.take(composition.try_to_write(typed, protocol))?;
        }
        Some(composition)
    }

    pub(super) const fn operation(&self) -> OperationId {
        self.operation
    }

    /// The message, its correlation not yet given.
    pub(super) fn build(&self, env: &dyn Env) -> Result<Message, EvalError> {
        let fields = self.fields.build(env)?;
        let kind = self.fields.descriptor().operation(self.operation).kind;
        Ok(Message::new(kind, self.operation, fields))
    }

    /// A message of constants is written once at load: what its codec refuses would fail each
    /// time.
    fn try_to_write(
        &self,
        typed: Typed<'_>,
        protocol: &Arc<dyn Protocol>,
    ) -> Result<(), RuleError> {
        let Some(fields) = self.fields.constant() else {
            return Ok(());
        };
        let descriptor = protocol.descriptor();
        let correlation = match descriptor.capabilities.correlation {
            CorrelationKind::Id { .. } => Correlation::Id(1),
            CorrelationKind::Fifo | CorrelationKind::None => Correlation::None,
            // Nobody knows here what a key looks like.
            CorrelationKind::Key => return Ok(()),
        };
        let kind = descriptor.operation(self.operation).kind;
        let mut message = Message::new(kind, self.operation, fields);
        descriptor.correlate(&mut message, correlation);
        let longest = descriptor.capabilities.max_frame;
        let mut codec = Arc::clone(protocol).codec(typed.purpose.writer(), longest);
        let written = codec.encode(&Event::Head(message), &mut BytesMut::new());
        let written = match written {
            // It has a request when it counts.
            Err(error) if *error.problem() == EncodeProblem::NoRequest => Ok(()),
            written => written,
        };
        written.map_err(|error| {
            // The field may be an element's: `questions[0].name`.
            let field = error.field().split(['[', '.']).next().unwrap_or_default();
            let culprit = typed.set.iter().find(|(name, _)| name.text() == field);
            let span = culprit.map_or_else(|| typed.send.span(), |(_, value)| value.span());
            let what = typed.purpose.describe();
            let message = format!("the {what} cannot be written: {error}");
            RuleError::new(UNWRITABLE, span.clone(), message)
        })
    }
}

impl Typed<'_> {
    fn find_operation(&self, descriptor: &Descriptor) -> Result<OperationId, RuleError> {
        let send = self.send;
        let names = || {
            let operations = descriptor.operations.iter();
            let fitting = operations.filter(|o| self.purpose.takes(o.kind));
            fitting.map(|o| o.name.as_ref())
        };
        let error = |code, message: String| {
            let mut error = RuleError::new(code, send.span().clone(), message);
            error.help = did_you_mean(send.text(), names()).or_else(|| {
                let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                let (some, rest) = names.split_at(names.len().min(SHOWN));
                let more = if rest.is_empty() { "" } else { ", …" };
                let group = self.purpose.group();
                (!names.is_empty()).then(|| format!("its {group} are {}{more}", some.join(", ")))
            });
            error
        };
        let Some(operation) = descriptor.operation_named(send.text()) else {
            let name = send.text().escape_debug();
            let message = format!("protocol `{}` has no operation `{name}`", descriptor.name);
            return Err(error(UNKNOWN_REPLY, message));
        };
        if self.purpose.takes(descriptor.operation(operation).kind) {
            return Ok(operation);
        }
        Err(match self.purpose {
            Purpose::Reply => {
                let message = format!("operation `{}` is no reply", send.text());
                error(NOT_A_REPLY, message)
            }
            Purpose::Request => {
                let message = format!("operation `{}` is a reply", send.text());
                error(NOT_SENT, message)
            }
        })
    }
}

/// So many operations are listed where none is near: some protocols have hundreds.
const SHOWN: usize = 12;

impl Purpose {
    const fn takes(self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Reply, Kind::Reply) | (Self::Request, Kind::Request | Kind::Event) => true,
            (Self::Reply, Kind::Request | Kind::Event) | (Self::Request, Kind::Reply) => false,
        }
    }

    /// Which end of a connection writes it.
    const fn writer(self) -> Side {
        match self {
            Self::Reply => Side::Server,
            Self::Request => Side::Client,
        }
    }

    const fn describe(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Request => "request",
        }
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Reply => "replies",
            Self::Request => "requests and events",
        }
    }
}
