//! What the `-gateway` keys say, before it is known what their names mean.

use crate::framing::{Counts, Delimiter};
use crate::ksy::files::FileId;
use crate::ksy::spec::At;
use bytes::Bytes;
pub use gatewright_core::codec::Scale;
use gatewright_core::expr::{Source, Span};
use std::num::NonZeroUsize;
use std::time::Duration;

/// The section at the top of a definition, or in a file beside it.
#[derive(Clone, Debug)]
pub struct SectionSpec {
    /// The file that it stands in.
    pub file: FileId,
    /// All of it.
    pub span: Span,
    /// `frame`.
    pub frame: Option<FrameSpec>,
    /// `root`.
    pub root: RootSpec,
    /// `kind`.
    pub kind: Option<Source>,
    /// `operation`.
    pub operation: Option<Source>,
    /// `id`, one or several.
    pub id: Vec<Source>,
    /// The place of `order: fifo`.
    pub fifo: Option<Span>,
    /// `reply/id`, where it is not where a request has it.
    pub reply_id: Vec<Source>,
    /// `error`.
    pub error: Option<Source>,
    /// `reject`.
    pub reject: Option<RejectSpec>,
    /// `checks`.
    pub checks: Vec<CheckSpec>,
    /// `heartbeat`.
    pub heartbeat: Option<HeartbeatSpec>,
    /// `session`.
    pub session: SessionSpec,
    /// `drain`.
    pub drain: Option<DrainSpec>,
}

/// `root`: what is at the top of a message.
#[derive(Clone, Debug)]
pub enum RootSpec {
    /// The file's own type.
    Top,
    /// One type for both directions.
    Both(RootName),
    /// A type for each direction; `None` if one could not be read.
    Each {
        /// What clients send.
        request: Option<RootName>,
        /// What servers send.
        reply: Option<RootName>,
    },
}

/// The name of a type at the top of a message.
#[derive(Clone, Debug)]
pub struct RootName {
    /// The parts of its name.
    pub path: Vec<String>,
    /// What is passed for its parameters: constants, or parts of `request` in a reply.
    pub arguments: Vec<Source>,
    /// Its place.
    pub span: Span,
}

/// `frame`.
#[derive(Clone, Debug)]
pub struct FrameSpec {
    /// Its place.
    pub span: Span,
    /// How frames are found; `None` if that could not be read.
    pub form: Option<FrameForm>,
    /// `max`: the longest frame in bytes.
    pub max: Option<At<NonZeroUsize>>,
}

/// How frames are found.
#[derive(Clone, Debug)]
pub enum FrameForm {
    /// `auto: true`: it follows from the definition.
    Auto,
    /// `length`.
    Length(LengthSpec),
    /// `delimiter`.
    Delimiter(Delimiter),
    /// `fixed`: so many bytes.
    Fixed(At<NonZeroUsize>),
    /// `datagram: true`.
    Datagram,
}

/// `length`.
#[derive(Clone, Debug)]
pub struct LengthSpec {
    /// `at`.
    pub at: Option<usize>,
    /// `after`.
    pub after: Option<Bytes>,
    /// `type`.
    pub number: At<LengthNumber>,
    /// `until`.
    pub until: Option<Bytes>,
    /// `counts`.
    pub counts: Counts,
    /// `add`.
    pub add: i64,
}

/// `type` of a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthNumber {
    /// `u1` to `u8`, `b24`; the order of bytes is the definition's if none is said.
    Binary {
        /// How many bytes.
        width: u8,
        /// In which order.
        order: Option<crate::framing::ByteOrder>,
    },
    /// `varint`.
    Varint,
    /// `ascii(n)`: so many digits.
    Ascii(u8),
    /// `ascii`, up to what `until` says.
    Text,
    /// `bcd(n)`: so many bytes.
    Bcd(u8),
}

/// `reject`.
#[derive(Clone, Debug)]
pub struct RejectSpec {
    /// `operation`: a name, or an expression that uses `request`.
    pub operation: RejectOperationSpec,
    /// `set`.
    pub set: Vec<(At<String>, Source)>,
}

/// `operation` of an answer that rejects.
#[derive(Clone, Debug)]
pub enum RejectOperationSpec {
    /// Always this.
    Named(At<String>),
    /// What this says.
    Told(Source),
}

/// An entry of `checks`.
#[derive(Clone, Debug)]
pub struct CheckSpec {
    /// `field`.
    pub field: At<String>,
    /// `algorithm`.
    pub algorithm: At<String>,
    /// The first field of `over`.
    pub from: At<String>,
    /// The last field of `over`.
    pub to: At<String>,
}

/// `heartbeat`.
#[derive(Clone, Debug)]
pub struct HeartbeatSpec {
    /// `operation`.
    pub operation: At<String>,
    /// `every`.
    pub every: Option<Duration>,
    /// `silence`.
    pub silence: Option<At<Duration>>,
    /// `answer`.
    pub answer: AnswerSpec,
    /// `set`, by name.
    pub set: Vec<(At<String>, Source)>,
}

/// `drain`.
#[derive(Clone, Debug)]
pub struct DrainSpec {
    /// `operation`, or all of it.
    pub operation: At<String>,
    /// `set`, by name.
    pub set: Vec<(At<String>, Source)>,
}

/// `answer` of a heartbeat.
#[derive(Clone, Debug)]
pub enum AnswerSpec {
    /// `false`: the gateway passes it on.
    PassedOn,
    /// `true`: with the same operation.
    Same,
    /// With this operation.
    With(At<String>),
}

/// `session`.
#[derive(Clone, Debug, Default)]
pub struct SessionSpec {
    /// `open`.
    pub open: Vec<At<String>>,
    /// `close`.
    pub close: Vec<At<String>>,
}

/// `-gateway` of a field or an instance.
#[derive(Clone, Debug, Default)]
pub struct OptionsSpec {
    /// `json`.
    pub json: Vec<At<String>>,
    /// `codec`.
    pub codec: Option<At<Codec>>,
    /// `scale`.
    pub scale: Option<At<Scale>>,
    /// `default`.
    pub default: Option<crate::ksy::yaml::Node>,
    /// `derive`.
    pub derive: Option<Source>,
    /// `secret`.
    pub secret: bool,
}

/// How a number or a text is written where Kaitai sees only bytes, text or a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Two decimal digits a byte.
    Bcd,
    /// Text in EBCDIC.
    Ebcdic,
    /// Seven bits a byte, the lowest first.
    Varint,
    /// Signs in the lowest bit.
    Zigzag,
    /// Decimal digits as text.
    Ascii,
}

/// `-gateway` of a value of an enum.
#[derive(Clone, Debug, Default)]
pub struct TraitsSpec {
    /// `idempotent`.
    pub idempotent: bool,
    /// `one-way`.
    pub one_way: bool,
    /// `timeout`.
    pub timeout: Option<Duration>,
}
