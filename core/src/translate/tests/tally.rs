//! A second protocol for tests, whose replies follow the order of the requests.

use crate::codec::*;
use crate::fault::Fault;
use crate::message::{Correlation, Kind, Message, OperationId, Slot};
use bytes::{BufMut, Bytes, BytesMut};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub(super) const ASK: OperationId = OperationId(0);
pub(super) const TOLD: OperationId = OperationId(1);
pub(super) const SORRY: OperationId = OperationId(2);
pub(super) const NOTE: OperationId = OperationId(3);

#[derive(Debug)]
pub(super) struct Tally(Arc<Descriptor>);

fn descriptor(correlation: CorrelationKind) -> Descriptor {
    let text = |name, max_len| FieldDef::new(name, Type::Str { max_len });
    let mood = Type::Enum(EnumId(0));
    let record = |name: &'static str, fields| StructDef {
        name: name.into(),
        fields,
    };
    let ask = vec![
        text("key", 8),
        FieldDef::new("mood", mood.clone()).or(1_u8),
        FieldDef::new("tags", Type::List(Box::new(Type::Struct(StructId(4))))).or(no_tags()),
        FieldDef::new("level", Type::U8).optional(),
    ];
    let told = vec![
        FieldDef::new("status", Type::U16),
        text("text", 100).optional(),
        FieldDef::new("mood", mood).optional(),
        FieldDef::new("raw", Type::BYTES).optional(),
    ];
    let tag = vec![text("name", 4), FieldDef::new("weight", Type::U8).or(1_u8)];
    let operation = Operation::new;
    Descriptor {
        name: "tally".into(),
        schema: Schema {
            structs: vec![
                record("ask", ask),
                record("told", told),
                record("sorry", vec![text("reason", 100)]),
                record("note", vec![text("text", 9)]),
                record("tag", tag),
            ],
            enums: vec![EnumDef {
                name: "mood".into(),
                labels: vec![(1, "calm".into()), (2, "cross".into())],
            }],
        },
        operations: vec![
            operation("ask", Kind::Request, StructId(0)).idempotent(),
            operation("told", Kind::Reply, StructId(1)),
            operation("sorry", Kind::Reply, StructId(2)).graded(Grading {
                field: Slot(0),
                listed: Vec::new(),
                others: Grade::Refused,
            }),
            operation("note", Kind::Event, StructId(3)),
            operation("hold", Kind::Request, StructId(3)).needs(Needs::Bound),
            operation("wait", Kind::Request, StructId(3)).needs(Needs::Exclusive),
        ],
        capabilities: Capabilities {
            correlation,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: 256,
        },
        heartbeat: None,
        http: None,
    }
}

fn no_tags() -> crate::message::Value {
    crate::message::Value::List(Vec::new())
}

pub(super) fn tally() -> Arc<dyn Protocol> {
    Arc::new(Tally(Arc::new(descriptor(CorrelationKind::Fifo))))
}

/// The same, but that its replies name the key of their request.
pub(super) fn keyed() -> Arc<dyn Protocol> {
    Arc::new(Tally(Arc::new(descriptor(CorrelationKind::Key))))
}

/// Of what is written, only the first text matters, and no more is read: with keys, that is one.
impl FrameProtocol for Tally {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.0
    }

    fn delimit(&self, buf: &[u8], _max_frame: usize) -> Result<Delimited, DecodeError> {
        Ok(Delimited::at(NonZeroUsize::MIN, buf.len()))
    }

    fn decode(&self, frame: Bytes, _side: Side) -> Result<Message, DecodeError> {
        if self.0.capabilities.correlation != CorrelationKind::Key {
            return Err(DecodeError::new(Cause::TooShort, 0, "nothing", "a frame"));
        }
        let message = Message::new(Kind::Request, ASK, Vec::new());
        Ok(match frame.is_empty() {
            true => message,
            false => message.with_correlation(Correlation::Key(frame.as_ref().into())),
        })
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let text = message.field(Slot(0)).as_str().unwrap_or_default();
        if !text.is_ascii() {
            return Err(EncodeError::new("key", EncodeProblem::Charset));
        }
        out.put(text.as_bytes());
        Ok(())
    }

    fn reject(&self, _request: &Rejected<'_>, _fault: &Fault) -> Option<Message> {
        None
    }
}
