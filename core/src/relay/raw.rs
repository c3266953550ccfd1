//! `raw`, the protocol of a connection whose bytes nobody reads.
//!
//! It has one message, the opening of a connection, so that the routing table, conditions and
//! checks work as they do for other protocols. The message has no bytes: there is nothing to
//! read or write, and no codec reads or writes it.

use crate::codec::{
    Admission, Capabilities, Cause, ConnCodec, CorrelationKind, DecodeError, Delimited, Descriptor,
    Drain, EncodeError, EncodeProblem, Event, FieldDef, HalfClose, Operation, Protocol, Rejected,
    ReplyOrder, Schema, Side, StructDef, StructId, Type, Unasked,
};
use crate::fault::Fault;
use crate::message::{Kind, Message, OperationId, Slot, Value};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use std::sync::Arc;

/// The longest name that DNS allows, in text (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 253;

/// `raw`, the protocol of a connection whose bytes nobody reads. Its one message is the opening.
#[derive(Debug)]
pub struct Raw {
    descriptor: Arc<Descriptor>,
}

impl Raw {
    /// The name that configurations use.
    pub const NAME: &'static str = "raw";
    /// The opening's field with the server's name that a TLS client asks for.
    pub const SNI: Slot = Slot(0);

    /// The opening of a connection.
    pub const CONNECT: OperationId = OperationId(0);

    /// The protocol, with a descriptor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            descriptor: Arc::new(descriptor()),
        }
    }

    /// The opening of a connection; `sni` is the server's name that its TLS client asks for, if
    /// it is one and does.
    #[must_use]
    pub fn connect(sni: Option<ByteString>) -> Message {
        let sni = sni.map_or(Value::Null, Value::Str);
        Message::new(Kind::Request, Self::CONNECT, vec![sni])
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Raw {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, _: Side, _: usize) -> Box<dyn ConnCodec> {
        Box::new(NoCodec)
    }

    fn reject(&self, _: &Rejected<'_>, _: &Fault) -> Option<Message> {
        None
    }
}

/// There are no frames.
#[derive(Debug)]
struct NoCodec;

fn no_frame() -> DecodeError {
    DecodeError::new(Cause::UnknownOperation, 0, "no message", "bytes to relay")
}

impl ConnCodec for NoCodec {
    fn delimit(&mut self, _: &[u8]) -> Result<Delimited, DecodeError> {
        Err(no_frame())
    }

    fn decode(&mut self, _: Bytes) -> Result<Event, DecodeError> {
        Err(no_frame())
    }

    fn encode(&mut self, _: &Event, _: &mut BytesMut) -> Result<(), EncodeError> {
        Err(EncodeError::new("", EncodeProblem::NotInProtocol))
    }
}

fn descriptor() -> Descriptor {
    let name = Type::Str {
        max_len: LONGEST_NAME,
    };
    let sni = FieldDef::new("sni", name)
        .optional()
        .doc("the server's name that a TLS client asks for, in lower case");
    Descriptor {
        name: Raw::NAME.into(),
        schema: Schema {
            structs: vec![StructDef {
                name: "connect".into(),
                fields: vec![sni],
            }],
            enums: Vec::new(),
        },
        operations: vec![Operation::new("connect", Kind::Request, StructId(0))],
        capabilities: Capabilities {
            correlation: CorrelationKind::None,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::Close,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: usize::MAX,
        },
        heartbeat: None,
        http: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opening_is_what_the_descriptor_says() {
        let raw = Raw::new();
        let message = Raw::connect(Some("a.example".into()));
        let record = raw.descriptor.record(message.operation());
        assert_eq!(record.fields.len(), message.fields().len());
        assert_eq!(record.field("sni").map(|(slot, _)| slot), Some(Raw::SNI));
        assert_eq!(message.field(Raw::SNI).as_str(), Some("a.example"));
        assert!(Raw::connect(None).field(Raw::SNI).is_null());
    }

    #[test]
    fn there_is_nothing_to_read_or_write() {
        let mut codec = Arc::new(Raw::new()).codec(Side::Server, usize::MAX);
        let mut out = BytesMut::new();
        assert!(codec.delimit(b"x").is_err());
        assert!(codec.decode(Bytes::from_static(b"x")).is_err());
        let event = Event::Head(Raw::connect(None));
        assert!(codec.encode(&event, &mut out).is_err());
        assert!(out.is_empty());
    }
}
