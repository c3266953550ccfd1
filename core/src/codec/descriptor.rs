//! What a protocol tells about itself: operations, fields, capabilities.

use super::{
    Capabilities, CorrelationKind, Grade, Grading, Heartbeat, HttpShape, Needs, Retry, Schema,
    StructDef, StructId,
};
use crate::message::{Correlation, Kind, Message, OperationId, Record, Slot, Value};
use std::borrow::Cow;
use std::time::Duration;

/// One operation: the name of what a message asks or answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The name that routes match on.
    pub name: Cow<'static, str>,
    /// What such a message is to its conversation.
    pub kind: Kind,
    /// The structure of its fields.
    pub record: StructId,
    /// The field that carries the correlation id, if a field does.
    pub id: Option<Slot>,
    /// Whether it may be sent again after it may have been carried out.
    pub retry: Retry,
    /// What it asks of the connection it is sent on.
    pub needs: Needs,
    /// Of replies: which of them are errors. Without it, none is.
    pub grading: Option<Grading>,
    /// Whether it opens a client's session: see [`Admission`](super::Admission).
    pub opens: bool,
    /// How long its reply may take at most, however long the route allows.
    pub timeout: Option<Duration>,
}

impl Operation {
    /// An operation with no correlation field, sent again only if it was not sent, on any
    /// connection.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, record: StructId) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind,
            record,
            id: None,
            retry: Retry::IfUnsent,
            needs: Needs::Nothing,
            grading: None,
            opens: false,
            timeout: None,
        }
    }

    /// The same operation, its correlation id in `slot`.
    #[must_use]
    pub const fn id(mut self, slot: Slot) -> Self {
        self.id = Some(slot);
        self
    }

    /// The same operation, safe to send twice.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.retry = Retry::Idempotent;
        self
    }

    /// The same operation, which opens a client's session.
    #[must_use]
    pub const fn opening(mut self) -> Self {
        self.opens = true;
        self
    }

    /// The same operation, which asks this of the connection it is sent on.
    #[must_use]
    pub const fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// The same operation, some of whose messages are errors.
    #[must_use]
    pub fn graded(mut self, grading: Grading) -> Self {
        self.grading = Some(grading);
        self
    }
}

/// A protocol's own description.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor {
    /// The protocol's name.
    pub name: Cow<'static, str>,
    /// Structures and enums.
    pub schema: Schema,
    /// Operations, by [`OperationId`].
    pub operations: Vec<Operation>,
    /// What the protocol can do.
    pub capabilities: Capabilities,
    /// How the two sides of a connection show each other that they are there, if they do.
    pub heartbeat: Option<Heartbeat>,
    /// Where its messages keep what HTTP has, if they are HTTP's.
    pub http: Option<HttpShape>,
}

impl Descriptor {
    /// The operation of that index. Ids come from this descriptor, so it is there.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> &Operation {
        &self.operations[usize::from(id.0)]
    }

    /// The operation of that name.
    #[must_use]
    pub fn operation_named(&self, name: &str) -> Option<OperationId> {
        let index = self.operations.iter().position(|o| o.name == name)?;
        u16::try_from(index).ok().map(OperationId)
    }

    /// The structure of an operation's fields.
    #[must_use]
    pub fn record(&self, id: OperationId) -> &StructDef {
        self.schema.structure(self.operation(id).record)
    }

    /// A message of an operation from its fields; the correlation is read from the field that
    /// carries it.
    #[must_use]
    pub fn message(&self, id: OperationId, fields: Record) -> Message {
        let operation = self.operation(id);
        let correlation = operation
            .id
            .and_then(|slot| fields.get(slot.index()))
            .and_then(Value::as_int)
            .and_then(|n| u64::try_from(n).ok())
            .map_or(Correlation::None, Correlation::Id);
        Message::new(operation.kind, id, fields).with_correlation(correlation)
    }

    /// Gives the message another correlation, in the field that carries it too. The original
    /// frame is kept: codecs patch the id into it.
    pub fn correlate(&self, message: &mut Message, correlation: Correlation) {
        let slot = self.operation(message.operation()).id;
        message.set_correlation(correlation, slot);
    }

    /// How a reply says that its request went.
    #[must_use]
    pub fn grade(&self, reply: &Message) -> Grade {
        let grading = self.operation(reply.operation()).grading.as_ref();
        grading.map_or(Grade::Fine, |grading| {
            grading.of(reply.field(grading.field))
        })
    }

    /// Whether `id` fits the protocol's correlation field.
    #[must_use]
    pub const fn id_fits(&self, id: u64) -> bool {
        match self.capabilities.correlation {
            CorrelationKind::Id { bits } => bits >= 64 || id >> bits == 0,
            CorrelationKind::Fifo | CorrelationKind::Key | CorrelationKind::None => false,
        }
    }
}
