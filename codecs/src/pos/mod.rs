//! `pos`: payment terminals ask a host to authorise an amount.
//!
//! ```text
//!  0      2      4      5          9
//! +------+------+------+----------+----------------------------------------+
//! | AC4D | len  | kind | seq      | what the kind says                     |
//! +------+------+------+----------+----------------------------------------+
//!                |<- len bytes: the body --------------------------------->|
//!
//!   kind 0x01, auth_req: merchant 15 · pan 19 · amount 4 · currency 2      (len 45)
//!   kind 0x81, auth_rsp: status 1 · code 6                                 (len 12)
//! ```
//!
//! Numbers are big-endian. Texts are ASCII of a fixed width; `merchant` and `pan` are padded
//! with spaces on the right, which are no part of the value: a value that ends in a space is
//! refused when written, because it would not be read back. `code` has exactly six characters.
//! `seq` ties a reply, which may come in any order, to its request.

mod delimit;
mod emit;
mod parse;
#[cfg(test)]
mod tests;

use crate::Sample;
use crate::builtin::corpus;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, DecodeError, Delimited, Descriptor, Drain,
    EncodeError, FieldDef, FrameProtocol, Grade, Grading, HalfClose, Operation, Rejected,
    ReplyOrder, Schema, Side, StructDef, StructId, Type, Unasked,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Kind, Message, OperationId, Slot, Value};
use std::sync::Arc;

const MAGIC: [u8; 2] = [0xAC, 0x4D];
const LEN_AT: usize = 2;
const KIND_AT: usize = 4;
const SEQ_AT: usize = 5;
const BODY_AT: usize = 9;
const MERCHANT_LEN: usize = 15;
const PAN_LEN: usize = 19;
const CODE_LEN: usize = 6;
const PAD: u8 = b' ';
const NO_CODE: &str = "------";
const CURRENCIES: std::ops::RangeInclusive<u16> = 1..=999;
const MAX_FRAME: usize = 64 * 1024;

const SEQ: Slot = Slot(0);
const MERCHANT: Slot = Slot(1);
const PAN: Slot = Slot(2);
const AMOUNT: Slot = Slot(3);
const CURRENCY: Slot = Slot(4);
const STATUS: Slot = Slot(1);
const CODE: Slot = Slot(2);

/// Status of a request that was not answered in time.
const TIMED_OUT: u8 = 91;
/// Status of a request that could not be served for any other reason.
const MALFUNCTION: u8 = 96;

/// Frames as terminals and hosts send them, and as they must not.
pub(crate) const CORPUS: &[Sample] = corpus![
    "auth_req.hex",
    "auth_req_widest.hex",
    "auth_rsp.hex",
    "bad_charset.hex",
    "bad_currency.hex",
    "bad_kind.hex",
    "bad_length.hex",
    "bad_magic.hex",
    "bad_tls_hello.hex",
    "bad_truncated.hex",
    "pipelined.hex",
];

/// What a kind byte stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    AuthReq,
    AuthRsp,
}

impl Body {
    const fn of_kind(kind: u8) -> Option<Self> {
        match kind {
            0x01 => Some(Self::AuthReq),
            0x81 => Some(Self::AuthRsp),
            _ => None,
        }
    }

    const fn of_operation(id: OperationId) -> Option<Self> {
        match id.0 {
            0 => Some(Self::AuthReq),
            1 => Some(Self::AuthRsp),
            _ => None,
        }
    }

    const fn kind(self) -> u8 {
        match self {
            Self::AuthReq => 0x01,
            Self::AuthRsp => 0x81,
        }
    }

    const fn operation(self) -> OperationId {
        match self {
            Self::AuthReq => OperationId(0),
            Self::AuthRsp => OperationId(1),
        }
    }

    /// What the length field says, which the kind leaves no choice about.
    const fn len(self) -> u16 {
        match self {
            Self::AuthReq => 45,
            Self::AuthRsp => 12,
        }
    }

    /// Which side reads it.
    const fn reader(self) -> Side {
        match self {
            Self::AuthReq => Side::Server,
            Self::AuthRsp => Side::Client,
        }
    }
}

/// The protocol; see the [module](self).
#[derive(Debug)]
pub struct Pos {
    descriptor: Arc<Descriptor>,
}

impl Pos {
    /// The protocol, with a descriptor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            descriptor: Arc::new(descriptor()),
        }
    }
}

impl Default for Pos {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameProtocol for Pos {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
        delimit::delimit(buf, max_frame)
    }

    fn decode(&self, frame: Bytes, side: Side) -> Result<Message, DecodeError> {
        parse::parse(frame, side)
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        emit::emit(message, out)
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let Correlation::Id(seq) = request.correlation else {
            return None;
        };
        let status = if fault.class() == FaultClass::Timeout {
            TIMED_OUT
        } else {
            MALFUNCTION
        };
        let fields = vec![
            seq.into(),
            status.into(),
            Value::Str(ByteString::from_static(NO_CODE)),
        ];
        Some(self.descriptor.message(Body::AuthRsp.operation(), fields))
    }
}

fn descriptor() -> Descriptor {
    Descriptor {
        name: "pos".into(),
        schema: Schema {
            structs: vec![auth_req(), auth_rsp()],
            enums: Vec::new(),
        },
        operations: vec![
            Operation::new("auth_req", Kind::Request, StructId(0)).id(SEQ),
            Operation::new("auth_rsp", Kind::Reply, StructId(1))
                .id(SEQ)
                .graded(grading()),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Id { bits: 32 },
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: MAX_FRAME,
        },
        heartbeat: None,
        http: None,
    }
}

/// A payment that is declined is no error: somebody has decided.
fn grading() -> Grading {
    Grading {
        field: STATUS,
        listed: [TIMED_OUT, MALFUNCTION]
            .map(|status| (status.into(), Grade::Failed))
            .into(),
        others: Grade::Fine,
    }
}

fn auth_req() -> StructDef {
    let currency = Type::Int {
        min: i128::from(*CURRENCIES.start()),
        max: i128::from(*CURRENCIES.end()),
    };
    StructDef {
        name: "auth_req".into(),
        fields: vec![
            FieldDef::new("seq", Type::U32).doc("ties the reply to the request"),
            FieldDef::new(
                "merchant",
                Type::Str {
                    max_len: MERCHANT_LEN,
                },
            )
            .doc("who is paid"),
            FieldDef::new("pan", Type::Str { max_len: PAN_LEN })
                .secret()
                .doc("the card's number"),
            FieldDef::new("amount", Type::U32).doc("minor units"),
            FieldDef::new("currency", currency).doc("ISO 4217, numeric"),
        ],
    }
}

fn auth_rsp() -> StructDef {
    StructDef {
        name: "auth_rsp".into(),
        fields: vec![
            FieldDef::new("seq", Type::U32).doc("that of the request"),
            FieldDef::new("status", Type::U8).doc("0 approved, else the reason why not"),
            FieldDef::new("code", Type::Str { max_len: CODE_LEN })
                .or(ByteString::from_static(NO_CODE))
                .doc("approval code, exactly 6 characters"),
        ],
    }
}
