//! A section compiled: what of it the engine needs for each message, by index.

use super::check::Edge;
use super::checksum::Algorithm;
use super::spec::{Codec, Scale};
use crate::framing::{ByteOrder, Framer};
use crate::ksy::files::FileId;
use crate::ksy::model::{EnumIndex, Ty, TypeId};
use crate::ksy::plan::Code;
pub use gatewright_core::message::Kind;
use gatewright_core::message::Value;
use std::num::NonZeroUsize;
use std::time::Duration;

/// A protocol: how its messages are found, told apart and tied to each other.
///
/// Expressions of the two directions run on the structure at the top of the message; null stands
/// for what is absent (see `Machine::operation_of` and its neighbours).
#[derive(Debug)]
pub struct SectionPlan {
    /// The file that it stands in.
    pub file: FileId,
    /// The longest frame, in bytes.
    pub max_frame: NonZeroUsize,
    /// What clients send.
    pub request: DirectionPlan,
    /// What servers send.
    pub reply: DirectionPlan,
    /// What ties replies to requests.
    pub correlation: CorrelationPlan,
    /// What the value of [`DirectionPlan::operation`] is.
    pub told_by: ToldBy,
    /// All operations, by [`OperationIndex`].
    pub operations: Vec<OperationPlan>,
    /// The answer to a request that cannot be served.
    pub reject: Option<RejectPlan>,
    /// The sign of life.
    pub heartbeat: Option<HeartbeatPlan>,
    /// What opens a session: nothing else passes before one of these succeeded.
    pub open: Vec<OperationIndex>,
    /// What ends a session.
    pub close: Vec<OperationIndex>,
    /// What says that no more requests are taken.
    pub drain: Option<OwnPlan>,
}

impl SectionPlan {
    /// The operation of a value of [`DirectionPlan::operation`].
    #[must_use]
    pub fn operation(&self, value: &Value) -> Option<OperationIndex> {
        let at = match (self.told_by, value) {
            (ToldBy::Enum(_), Value::Int(number)) => self
                .operations
                .binary_search_by_key(&Some(*number), |operation| operation.number)
                .ok(),
            (ToldBy::Text, Value::Str(name)) => self
                .operations
                .iter()
                .position(|operation| *operation.name == **name),
            _ => None,
        };
        at.map(OperationIndex)
    }

    /// An operation. Indexes come from this plan, so it is there.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "indexes are handed out by this plan"
    )]
    pub fn op(&self, index: OperationIndex) -> &OperationPlan {
        &self.operations[index.0]
    }
}

/// An operation's index in its [`SectionPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationIndex(pub usize);

/// What goes one way.
#[derive(Debug)]
pub struct DirectionPlan {
    /// The structure at the top of a message.
    pub root: TypeId,
    /// What is passed for its parameters. In replies they run on the structure at the top of the
    /// request that is answered; constants need none.
    pub arguments: Vec<Code>,
    /// How frames are found.
    pub framer: Framer,
    /// Which operation it is: a number of the enum or a text, as [`SectionPlan::told_by`] says.
    pub operation: Code,
    /// What it is: one of the texts `request`, `reply` and `event`. Without it the direction
    /// tells.
    pub kind: Option<Code>,
    /// What ties a reply to its request: each of these, in order. Empty if nothing does.
    pub id: Vec<IdPlan>,
    /// Whether it is a failure; only of what servers send.
    pub error: Option<Code>,
    /// Its checksums.
    pub checks: Vec<CheckPlan>,
}

/// A part of what ties a reply to its request.
#[derive(Debug)]
pub struct IdPlan {
    /// Its value.
    pub code: Code,
    /// Its type: an integer, text, bytes, an enum or a truth value.
    pub ty: Ty,
}

/// What ties replies to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorrelationPlan {
    /// What a reply repeats of its request.
    Id,
    /// Their order.
    Fifo,
    /// There are no replies.
    None,
}

/// What tells operations apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldBy {
    /// Numbers of this enum. [`SectionPlan::operations`] are in the order of their numbers.
    Enum(EnumIndex),
    /// Texts.
    Text,
}

/// The kinds as definitions write them.
pub const KINDS: [(&str, Kind); 3] = [
    ("request", Kind::Request),
    ("reply", Kind::Reply),
    ("event", Kind::Event),
];

/// The kind that a text names.
#[must_use]
pub fn kind_named(text: &str) -> Option<Kind> {
    let found = KINDS.iter().find(|(name, _)| *name == text);
    found.map(|(_, kind)| *kind)
}

/// Which kinds a message may be of, as far as its definition tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// It may be a request.
    pub request: bool,
    /// It may be a reply.
    pub reply: bool,
    /// It may be an event.
    pub event: bool,
}

impl Kinds {
    /// The same and one more.
    #[must_use]
    pub const fn with(mut self, kind: Kind) -> Self {
        match kind {
            Kind::Request => self.request = true,
            Kind::Reply => self.reply = true,
            Kind::Event => self.event = true,
        }
        self
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            request: self.request || other.request,
            reply: self.reply || other.reply,
            event: self.event || other.event,
        }
    }

    /// The kind, if it is always the same.
    #[must_use]
    pub const fn only(self) -> Option<Kind> {
        match (self.request, self.reply, self.event) {
            (true, false, false) => Some(Kind::Request),
            (false, true, false) => Some(Kind::Reply),
            (false, false, true) => Some(Kind::Event),
            _ => None,
        }
    }
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationPlan {
    /// Its name.
    pub name: String,
    /// Its number, if it has a label's name.
    pub number: Option<i128>,
    /// What it may be if a client sends it.
    pub from_client: Kinds,
    /// What it may be if a server sends it.
    pub from_server: Kinds,
    /// Whether it may be carried out twice.
    pub idempotent: bool,
    /// Whether nobody waits for an answer.
    pub one_way: bool,
    /// How long an answer may take, if that is said.
    pub timeout: Option<Duration>,
}

/// The answer to a request that cannot be served.
#[derive(Debug)]
pub struct RejectPlan {
    /// Its operation.
    pub operation: RejectOperation,
    /// Its fields. They run on the request, as far as it could be read, and on a fault:
    /// `Machine::rejected` passes it.
    pub set: Vec<SetPlan>,
}

/// The operation of an answer that rejects.
#[derive(Debug)]
pub enum RejectOperation {
    /// Always this.
    Named(OperationIndex),
    /// What this gives on the request, as [`DirectionPlan::operation`] does on a message.
    Told(Code),
}

/// A field of an answer.
#[derive(Debug)]
pub struct SetPlan {
    /// Its name, as rules write it.
    pub name: String,
    /// The place of the name in the section's file.
    pub span: gatewright_core::expr::Span,
    /// Its value.
    pub code: Code,
    /// The type of the value.
    pub ty: Ty,
}

/// A message that the gateway sends of its own accord.
#[derive(Clone, Debug)]
pub struct OwnPlan {
    /// What it is.
    pub operation: OperationIndex,
    /// Where it is named, in the section's file.
    pub span: gatewright_core::expr::Span,
    /// Values of its fields, by their names.
    pub set: Vec<(String, Value)>,
}

/// A sign of life.
#[derive(Clone, Debug)]
pub struct HeartbeatPlan {
    /// The message.
    pub sign: OwnPlan,
    /// How often the gateway sends one where nothing else goes.
    pub every: Option<Duration>,
    /// How long a side may say nothing, if that is said.
    pub silence: Option<Duration>,
    /// With what the gateway answers one; `None` if it passes it on.
    pub answer: Option<OperationIndex>,
}

/// A checksum, by places in the frame without its marks and escapes.
#[derive(Debug)]
pub struct CheckPlan {
    /// The field's name, for messages.
    pub name: String,
    /// How it is computed.
    pub algorithm: &'static Algorithm,
    /// Where it stands.
    pub at: Edge,
    /// How many bytes it has.
    pub width: usize,
    /// How it is written.
    pub written: Written,
    /// Where what it covers begins.
    pub from: Edge,
    /// Where what it covers ends.
    pub to: Edge,
}

/// How a checksum is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// As a number.
    Binary(ByteOrder),
    /// As decimal digits, with zeros in front.
    Digits,
}

/// What is said of fields, by structure and slot.
#[derive(Debug, Default)]
pub struct OptionsPlan {
    pub(super) fields: Vec<((TypeId, usize), FieldOptions)>,
}

impl OptionsPlan {
    /// What is said of a field.
    #[must_use]
    pub fn of(&self, ty: TypeId, slot: usize) -> Option<&FieldOptions> {
        let at = self
            .fields
            .binary_search_by_key(&(ty, slot), |(key, _)| *key)
            .ok()?;
        self.fields.get(at).map(|(_, options)| options)
    }

    /// Whether nobody may see the value of a field.
    pub(super) fn is_secret(&self, (ty, slot): (TypeId, usize)) -> bool {
        self.of(ty, slot).is_some_and(|said| said.secret)
    }

    /// Lets nobody see the value of a field. Says whether somebody could before.
    pub(super) fn hide(&mut self, key: (TypeId, usize)) -> bool {
        let at = match self.fields.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(at) => at,
            Err(at) => {
                self.fields.insert(at, (key, FieldOptions::default()));
                at
            }
        };
        match self.fields.get_mut(at) {
            Some((_, options)) => !std::mem::replace(&mut options.secret, true),
            None => false,
        }
    }

    /// All fields of which something is said, in the order of their structures and slots.
    pub fn all(&self) -> impl Iterator<Item = (TypeId, usize, &FieldOptions)> {
        let fields = self.fields.iter();
        fields.map(|((ty, slot), options)| (*ty, *slot, options))
    }
}

/// What is said of a field.
#[derive(Debug, Default)]
pub struct FieldOptions {
    /// Its name in JSON, if it has another there.
    pub name: Option<String>,
    /// Its form in JSON.
    pub form: JsonForm,
    /// How its value is written.
    pub codec: Option<Codec>,
    /// What its number is multiplied with for people.
    pub scale: Option<Scale>,
    /// Its value where none is given, as a value of its type: numbers for enums.
    pub default: Option<Value>,
    /// Its value where none is given, computed on its structure.
    pub derive: Option<Code>,
    /// Whether nobody may see its value.
    pub secret: bool,
}

/// The form of a value in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonForm {
    /// That of its type.
    #[default]
    Usual,
    /// None: it is left out.
    Hidden,
    /// Bytes as hexadecimal digits.
    Hex,
    /// Bytes in base64.
    Base64,
    /// Bytes as text in UTF-8.
    Text,
    /// A number, where an enum's label would be usual.
    Number,
    /// A number as text.
    String,
}
