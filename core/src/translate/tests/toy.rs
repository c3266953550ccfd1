//! A protocol for tests, and routes written in a few words.
//!
//! ```text
//! +--------+-----------+--------+----------------------------+
//! | length | operation |  seq   | pay_rsp: status, code …    |
//! |   1    |     1     |   4    | others: text               |
//! +--------+-----------+--------+----------------------------+
//! ```

use crate::codec::*;
use crate::expr::{RuleError, Source, Span};
use crate::fault::{Fault, FaultClass};
use crate::message::{Kind, Message, OperationId, Record, Slot, Value};
use crate::translate::*;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub(crate) const PAY: OperationId = OperationId(0);
pub(crate) const PING: OperationId = OperationId(1);
pub(crate) const PAY_RSP: OperationId = OperationId(2);
pub(crate) const NOTICE: OperationId = OperationId(3);

pub(crate) mod pay {
    use super::Slot;
    pub(crate) const MERCHANT: Slot = Slot(1);
    pub(crate) const RATE: Slot = Slot(5);
    pub(crate) const BLOB: Slot = Slot(7);
}

#[derive(Debug)]
pub(crate) struct Toy(Arc<Descriptor>);

fn descriptor() -> Descriptor {
    let colour = Type::Enum(EnumId(0));
    let text = |name, max_len| FieldDef::new(name, Type::Str { max_len });
    let pay = vec![
        FieldDef::new("seq", Type::U32).at("body.seq"),
        text("merchant", 4000),
        text("pan", 19).secret(),
        FieldDef::new("amount", Type::U32).at("body.msg.amount"),
        FieldDef::new("colour", colour.clone()),
        FieldDef::new("rate", Type::Float),
        text("note", 100).optional(),
        FieldDef::new("blob", Type::BYTES),
        FieldDef::new("items", Type::List(Box::new(Type::Struct(StructId(4))))),
        FieldDef::new("limits", Type::List(Box::new(Type::U8))),
    ];
    let ping = vec![
        FieldDef::new("amount", Type::U32).at("body.amount"),
        FieldDef::new("seq", Type::U32).at("body.seq"),
        text("merchant", 9),
        FieldDef::new("urgent", Type::Int { min: 0, max: 1 }).optional(),
    ];
    let pay_rsp = vec![
        FieldDef::new("seq", Type::U32),
        FieldDef::new("status", Type::U8).at("body.msg.status"),
        text("code", 6).or("------"),
        FieldDef::new("colour", colour).or(1_u8),
        FieldDef::new("extra", Type::Bytes { max_len: 4 }).optional(),
        FieldDef::new("rate", Type::Float).optional(),
        FieldDef::new("done", Type::Bool).optional(),
    ];
    let item = vec![text("name", 9), FieldDef::new("raw", Type::BYTES)];
    let record = |name, fields| StructDef { name, fields };
    Descriptor {
        name: "toy".into(),
        schema: Schema {
            structs: vec![
                record("pay".into(), pay),
                record("ping".into(), ping),
                record("pay_rsp".into(), pay_rsp),
                record("notice".into(), vec![text("text", 9)]),
                record("item".into(), item),
            ],
            enums: vec![EnumDef {
                name: "colour".into(),
                labels: vec![(1, "red".into()), (2, "green".into())],
            }],
        },
        operations: vec![
            Operation::new("pay", Kind::Request, StructId(0)).id(Slot(0)),
            Operation::new("ping", Kind::Request, StructId(1)).id(Slot(1)),
            Operation::new("pay_rsp", Kind::Reply, StructId(2)).id(Slot(0)),
            Operation::new("notice", Kind::Event, StructId(3)),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Id { bits: 32 },
            reply_order: ReplyOrder::Any,
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

pub(crate) fn toy() -> Arc<dyn Protocol> {
    Arc::new(Toy(Arc::new(descriptor())))
}

impl FrameProtocol for Toy {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.0
    }

    fn delimit(&self, buf: &[u8], _max_frame: usize) -> Result<Delimited, DecodeError> {
        let Some(length) = buf.first() else {
            return Ok(Delimited::need(1));
        };
        Ok(Delimited::at(
            NonZeroUsize::MIN.saturating_add(usize::from(*length)),
            buf.len(),
        ))
    }

    fn decode(&self, mut frame: Bytes, _side: Side) -> Result<Message, DecodeError> {
        let whole = frame.clone();
        if frame.len() < 7 {
            return Err(DecodeError::new(Cause::TooShort, 0, "7 bytes", "fewer"));
        }
        frame.advance(1);
        let operation = OperationId(u16::from(frame.get_u8()));
        let seq = Value::from(frame.get_u32());
        let rest = Value::from(frame.get_u8());
        let mut fields = vec![seq, rest];
        fields.resize(self.0.record(operation).fields.len(), Value::Null);
        Ok(self.0.message(operation, fields).with_frame(whole))
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let body: Bytes = if message.operation() == PAY_RSP {
            let code = message.field(Slot(2)).as_str().unwrap_or_default();
            if !code.is_ascii() {
                return Err(EncodeError::new("code", EncodeProblem::Charset));
            }
            let status = message
                .field(Slot(1))
                .as_int()
                .and_then(|n| u8::try_from(n).ok());
            let status =
                status.ok_or_else(|| EncodeError::new("status", EncodeProblem::OutOfRange))?;
            [&[status], code.as_bytes()].concat().into()
        } else {
            message
                .field(Slot(1))
                .as_str()
                .unwrap_or_default()
                .to_owned()
                .into()
        };
        out.put_u8(
            u8::try_from(body.len() + 5)
                .map_err(|_| EncodeError::new("", EncodeProblem::OutOfRange))?,
        );
        out.put_u8(message.operation().0.to_be_bytes()[1]);
        out.put_u32(
            message
                .field(Slot(0))
                .as_int()
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or_default(),
        );
        out.put(body);
        Ok(())
    }

    /// The status tells the tests which fault it was.
    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let status: u8 = match fault.class() {
            FaultClass::Timeout => 191,
            FaultClass::BadReply => 192,
            FaultClass::Status(_) => 193,
            _ => 199,
        };
        let mut fields: Record = vec![Value::Null; 7];
        fields[1] = Value::from(status);
        let mut reply = Message::new(Kind::Reply, PAY_RSP, fields);
        self.0.correlate(&mut reply, request.correlation.clone());
        Some(reply)
    }

    fn unframed(&self, frame: &Bytes) -> Bytes {
        frame.slice(1..)
    }

    fn framed(&self, message: Bytes) -> Result<Bytes, EncodeError> {
        let length = u8::try_from(message.len())
            .map_err(|_| EncodeError::new("", EncodeProblem::OutOfRange))?;
        Ok([&[length], &*message].concat().into())
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        peer: Arc::new(peer()),
        client: [192, 0, 2, 7].into(),
        trace: 0xabc,
        carriage: Carriage::default(),
    }
}

pub(crate) fn peer() -> Peer {
    Peer {
        address: ([192, 0, 2, 7], 4711).into(),
        identity: Some(Arc::new(Identity {
            server_name: Some("pay.example".into()),
            certificate: Some(Certificate {
                subject: Some("CN=till 7,O=Shop".into()),
                dns: Some("till.example".into()),
                uri: None,
                sha256: "00ff".into(),
            }),
        })),
        connection: 12,
        listener: "pos-tls".into(),
    }
}

/// A payment of 1250 by merchant `M1`.
pub(crate) fn payment() -> Message {
    let item = |name: &str| Value::Record(vec![Value::from(name), Value::Bytes(Bytes::new())]);
    let fields = vec![
        Value::Int(7),
        Value::from("M1"),
        Value::from("4111"),
        Value::Int(1250),
        Value::Int(2),
        Value::Float(0.5),
        Value::Null,
        Value::Bytes(Bytes::from_static(b"\x00\xff")),
        Value::List(vec![item("a"), item("b")]),
        Value::List(vec![Value::Int(1), Value::Int(2)]),
    ];
    descriptor().message(PAY, fields)
}

pub(crate) fn ping(amount: u32) -> Message {
    descriptor().message(
        PING,
        vec![Value::from(amount), Value::Int(9), Value::from("M2")],
    )
}

/// The file that a test's routes stand in, so that spans can be checked by what they mark.
#[derive(Default)]
pub(crate) struct File {
    text: String,
}

impl File {
    pub(crate) fn source(&mut self, text: &str) -> Source {
        let start = self.text.len();
        self.text.push_str(text);
        self.text.push('\n');
        Source::verbatim(text, start)
    }

    fn span(&mut self, text: &str) -> Span {
        self.source(text).span().clone()
    }

    /// The code of an error and what it marks.
    pub(crate) fn shown<'f>(&'f self, error: &RuleError) -> (&'static str, &'f str) {
        (error.code, &self.text[error.span.clone()])
    }

    /// A route that sends `POST target`, with no reply rules.
    pub(crate) fn route(&mut self, operation: &str, target: &str) -> RouteSpec {
        let operation = (!operation.is_empty()).then(|| self.source(operation));
        let target = self.source(target);
        let request = RequestSpec::Http(HttpSpec {
            method: http::Method::POST,
            target,
            headers: Vec::new(),
            body: BodySpec::Empty,
        });
        RouteSpec {
            name: None,
            operation,
            when: None,
            request: Some(request),
            replies: Vec::new(),
            events: None,
            reconnect: None,
            span: self.span("[[routes]]"),
        }
    }

    /// A reply rule: `on`, `on if when`; what it sends; `field=value` with quotes for templates.
    pub(crate) fn reply(&mut self, on: &str, send: &str, set: &[(&str, &str)]) -> ReplySpec {
        let (on, when) = on
            .split_once(" if ")
            .map_or((on, None), |(on, when)| (on, Some(when)));
        ReplySpec {
            span: self.span("{ on }"),
            on: self.source(on),
            when: when.map(|when| self.source(when)),
            send: (!send.is_empty()).then(|| self.source(send)),
            set: set
                .iter()
                .map(|(name, value)| (self.source(name), self.setting(value)))
                .collect(),
            bytes: None,
            response: None,
            amend: None,
            label: LabelSpec::default(),
        }
    }

    fn setting(&mut self, value: &str) -> SetSpec {
        if let Some(text) = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
            return SetSpec::Template(self.source(text));
        }
        let span = self.span(value);
        match value {
            "true" | "false" => SetSpec::Bool(value == "true", span),
            _ => match value.parse() {
                Ok(n) => SetSpec::Int(n, span),
                Err(_) => SetSpec::Float(value.parse().expect("a number"), span),
            },
        }
    }
}

/// What a route of this file sends.
pub(crate) fn http(spec: &mut RouteSpec) -> &mut HttpSpec {
    match &mut spec.request {
        Some(RequestSpec::Http(http)) => http,
        Some(RequestSpec::Message(_) | RequestSpec::Amended(_)) | None => {
            panic!("no HTTP request")
        }
    }
}

/// Compiles a route that has no errors.
pub(crate) fn compiled(spec: &RouteSpec) -> Translation {
    Translation::compile(spec, &toy()).expect("no errors").0
}
