//! The protocol itself.
//!
//! ```text
//! u32 length of what follows | u16 opcode | u32 correlation id | payload
//! ```
//! Requests and replies look alike; numbers are big-endian.

use bytes::{BufMut, Bytes, BytesMut};
use gatewright_codecs::framing::fixed::{be_u16, be_u32};
use gatewright_codecs::framing::{LengthField, Width};
use gatewright_core::codec::{
    Admission, Capabilities, Cause, CorrelationKind, DecodeError, Delimited, Descriptor, Drain,
    EncodeError, EncodeProblem, FieldDef, FrameProtocol, HalfClose, Operation, ReplyOrder, Schema,
    Side, StructDef, StructId, Type, Unasked,
};
use gatewright_core::message::{Kind, Message, OperationId, Slot, Value};
use nom::{IResult, Parser};
use std::sync::Arc;

const LENGTH: usize = 4;
const HEADER: usize = 10;

/// A protocol of one's own: a type that knows its description.
#[derive(Debug)]
pub(crate) struct W5(Arc<Descriptor>);

impl W5 {
    pub(crate) fn new() -> Self {
        let fields = vec![
            FieldDef::new("id", Type::U32),
            FieldDef::new("opcode", Type::U16),
            FieldDef::new("payload", Type::BYTES).or(Bytes::new()),
        ];
        let frame = StructDef {
            name: "frame".into(),
            fields,
        };
        let operation = |name, kind| Operation::new(name, kind, StructId(0)).id(Slot(0));
        Self(Arc::new(Descriptor {
            name: "w5".into(),
            schema: Schema {
                structs: vec![frame],
                enums: vec![],
            },
            operations: vec![
                operation("call", Kind::Request),
                operation("answer", Kind::Reply),
            ],
            capabilities: Capabilities {
                correlation: CorrelationKind::Id { bits: 32 },
                reply_order: ReplyOrder::Any,
                half_close: HalfClose::FinishesReplies,
                drain: Drain::MessageBoundary,
                unasked: Unasked::Nothing,
                admission: Admission::AtOnce,
                max_frame: 16 << 20,
            },
            heartbeat: None,
            http: None,
        }))
    }
}

impl FrameProtocol for W5 {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.0
    }

    fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
        LengthField::new(0, Width::U32)
            .shortest(HEADER)
            .delimit(buf, max_frame)
    }

    fn decode(&self, frame: Bytes, side: Side) -> Result<Message, DecodeError> {
        let header: IResult<&[u8], (u32, u16, u32)> = (be_u32, be_u16, be_u32).parse(&frame);
        let Ok((_, (_, opcode, id))) = header else {
            return Err(DecodeError::new(
                Cause::TooShort,
                0,
                "a header of 10 bytes",
                "fewer",
            ));
        };
        let operation = OperationId(u16::from(side == Side::Client));
        let fields = vec![id.into(), opcode.into(), frame.slice(HEADER..).into()];
        Ok(self.0.message(operation, fields).with_frame(frame))
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let [Value::Int(id), Value::Int(opcode), Value::Bytes(payload)] = &message.fields()[..]
        else {
            return Err(EncodeError::new("", EncodeProblem::WrongType));
        };
        let fits = |field| move |_| EncodeError::new(field, EncodeProblem::OutOfRange);
        out.put_u32(u32::try_from(payload.len() + HEADER - LENGTH).map_err(fits("payload"))?);
        out.put_u16(u16::try_from(*opcode).map_err(fits("opcode"))?);
        out.put_u32(u32::try_from(*id).map_err(fits("id"))?);
        out.put_slice(payload);
        Ok(())
    }
}
