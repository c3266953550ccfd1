//! Stands in for a codec of HTTP: what its messages consist of, without their bytes.

use bytes::{Bytes, BytesMut};
use gatewright_core::codec::*;
use gatewright_core::message::{Kind, Message, OperationId, Slot};
use std::num::NonZeroUsize;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Web(Arc<Descriptor>);

impl Web {
    pub(crate) fn shared() -> Arc<dyn Protocol> {
        Arc::new(Self(Arc::new(descriptor())))
    }
}

fn descriptor() -> Descriptor {
    let text = |name| FieldDef::new(name, Type::STR);
    let headers = || FieldDef::new("headers", Type::List(Box::new(Type::Struct(StructId(2)))));
    let record = |name: &'static str, fields| StructDef {
        name: name.into(),
        fields,
    };
    let status = FieldDef::new("status", Type::Int { min: 100, max: 999 });
    let request = vec![text("method"), text("target"), text("authority"), headers()];
    Descriptor {
        name: "web".into(),
        schema: Schema {
            structs: vec![
                record("request", request),
                record("response", vec![status, headers()]),
                record("header", vec![text("name"), text("value")]),
            ],
            enums: Vec::new(),
        },
        operations: vec![
            Operation::new("request", Kind::Request, StructId(0)),
            Operation::new("response", Kind::Reply, StructId(1)),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Fifo,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: 65_536,
        },
        heartbeat: None,
        http: Some(HttpShape {
            request: OperationId(0),
            method: Slot(0),
            target: Slot(1),
            authority: Slot(2),
            request_headers: Slot(3),
            response: OperationId(1),
            status: Slot(0),
            response_headers: Slot(1),
        }),
    }
}

impl FrameProtocol for Web {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.0
    }

    fn delimit(&self, buf: &[u8], _max_frame: usize) -> Result<Delimited, DecodeError> {
        Ok(Delimited::at(NonZeroUsize::MIN, buf.len()))
    }

    fn decode(&self, _frame: Bytes, _side: Side) -> Result<Message, DecodeError> {
        Err(DecodeError::new(Cause::TooShort, 0, "nothing", "a frame"))
    }

    fn encode(&self, _message: &Message, _out: &mut BytesMut) -> Result<(), EncodeError> {
        Err(EncodeError::new("", EncodeProblem::NotInProtocol))
    }
}
