//! A protocol for tests whose messages are those of HTTP.

use super::toy::{File, facts};
use crate::codec::*;
use crate::fault::{Fault, FaultClass};
use crate::message::{Body, Kind, Message, OperationId, Slot, Value};
use crate::translate::*;
use bytes::{Bytes, BytesMut};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub(crate) const SHAPE: HttpShape = HttpShape {
    request: OperationId(0),
    method: Slot(0),
    target: Slot(1),
    authority: Slot(2),
    request_headers: Slot(3),
    response: OperationId(1),
    status: Slot(0),
    response_headers: Slot(1),
};

/// A response with these header fields.
pub(crate) fn answered(headers: Value) -> Message {
    Message::new(
        Kind::Reply,
        SHAPE.response,
        vec![Value::from(200_u16), headers],
    )
}

#[derive(Debug)]
struct Web(Arc<Descriptor>);

fn descriptor() -> Descriptor {
    let text = |name| FieldDef::new(name, Type::STR);
    let headers = || FieldDef::new("headers", Type::List(Box::new(Type::Struct(StructId(2)))));
    let (min, max) = (100, 999);
    let record = |name: &'static str, fields| StructDef {
        name: name.into(),
        fields,
    };
    let request = vec![
        text("method"),
        text("target"),
        text("authority").optional(),
        headers(),
    ];
    let response = vec![FieldDef::new("status", Type::Int { min, max }), headers()];
    Descriptor {
        name: "web".into(),
        schema: Schema {
            structs: vec![
                record("request", request),
                record("response", response),
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
            max_frame: 256,
        },
        heartbeat: None,
        http: Some(SHAPE),
    }
}

pub(crate) fn web() -> Arc<dyn Protocol> {
    Arc::new(Web(Arc::new(descriptor())))
}

/// Its messages are made and looked at here, and never become bytes.
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

    /// Without headers, so that it is told from what rules make.
    fn reject(&self, _request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let status: u16 = match fault.class() {
            FaultClass::BadRequest => 400,
            FaultClass::Timeout => 504,
            FaultClass::BadReply => 502,
            FaultClass::Status(_) => 599,
            _ => 500,
        };
        let fields = vec![Value::from(status), Value::Null];
        Some(Message::new(Kind::Reply, SHAPE.response, fields))
    }
}

/// A request in a few words: `POST /path`, headers, a body.
pub(crate) fn asked(line: &str, headers: &[(&str, &str)], body: &str) -> Message {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let header =
        |(name, value): &(&str, &str)| Value::Record(vec![(*name).into(), (*value).into()]);
    let fields = vec![
        method.into(),
        target.into(),
        Value::from("API.example:8080"),
        Value::List(headers.iter().map(header).collect()),
    ];
    let body = match body {
        "" => Body::Empty,
        body => Body::Whole(Bytes::copy_from_slice(body.as_bytes())),
    };
    Message::new(Kind::Request, SHAPE.request, fields).with_body(body)
}

/// A response as status, headers in their order, and payload.
pub(crate) type Shown = (i128, Vec<(String, String)>, Bytes);

pub(crate) fn shown(reply: &Message) -> Shown {
    assert_eq!(reply.operation(), SHAPE.response);
    let status = reply.field(SHAPE.status).as_int().expect("a status");
    let headers = reply.field(SHAPE.response_headers).as_list();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let pair = |header: &Value| {
        let record = header.as_record().expect("a header");
        (text(&record[0]), text(&record[1]))
    };
    let headers = headers.unwrap_or_default().iter().map(pair).collect();
    (status, headers, reply.body().whole().expect("a body"))
}

/// A response of rules.
pub(crate) fn response(
    file: &mut File,
    on: &str,
    status: SetSpec,
    headers: &[(&str, &str)],
    body: BodySpec,
) -> ReplySpec {
    let mut source = |text: &str| file.source(text);
    let headers = headers
        .iter()
        .map(|(name, value)| (source(name), source(value)));
    let headers = headers.collect();
    let span = file.source("status").span().clone();
    let mut reply = file.reply(on, "", &[]);
    reply.response = Some(ResponseSpec {
        status: Some(status),
        headers,
        body,
        span,
    });
    reply
}

/// What one template makes of a request: text, as the only member of the JSON that goes upstream.
pub(crate) fn made(operation: &str, template: &str, request: &Message) -> Result<String, Fault> {
    let mut file = File::default();
    let mut spec = file.route(operation, "/");
    super::toy::http(&mut spec).body = BodySpec::Json(JsonSpec::Template(file.source(template)));
    let compiled = Translation::compile(&spec, &web());
    let (rules, _) = compiled.unwrap_or_else(|errors| panic!("{template}: {errors:#?}"));
    let made = rules.request(request, &facts())?;
    let body = made.body.whole().expect("a body");
    Ok(String::from_utf8(body.to_vec()).expect("text"))
}
