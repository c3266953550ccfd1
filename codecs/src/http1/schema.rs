//! Operations and fields.

use super::MAX_FRAME;
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, FieldDef, Grade, Grading,
    HalfClose, HttpShape, Operation, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use gatewright_core::message::{Kind, OperationId, Slot, Value};

pub(super) const REQUEST: OperationId = OperationId(0);
pub(super) const RESPONSE: OperationId = OperationId(1);

pub(super) const METHOD: Slot = Slot(0);
pub(super) const TARGET: Slot = Slot(1);
pub(super) const AUTHORITY: Slot = Slot(2);
pub(super) const REQUEST_HEADERS: Slot = Slot(3);
pub(super) const STATUS: Slot = Slot(0);
pub(super) const RESPONSE_HEADERS: Slot = Slot(1);

const HEADER: StructId = StructId(2);

pub(super) fn descriptor() -> Descriptor {
    Descriptor {
        name: "http".into(),
        schema: Schema {
            structs: vec![request(), response(), header()],
            enums: Vec::new(),
        },
        operations: vec![
            Operation::new("request", Kind::Request, StructId(0)),
            Operation::new("response", Kind::Reply, StructId(1)).graded(grading()),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Fifo,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: MAX_FRAME,
        },
        heartbeat: None,
        http: Some(HttpShape {
            request: REQUEST,
            method: METHOD,
            target: TARGET,
            authority: AUTHORITY,
            request_headers: REQUEST_HEADERS,
            response: RESPONSE,
            status: STATUS,
            response_headers: RESPONSE_HEADERS,
        }),
    }
}

/// Statuses by which a server says that it cannot do its part: RFC 9110, 15.6. Others of the fives say
/// that it will not.
fn grading() -> Grading {
    let failed = [500_u16, 502, 503, 504];
    Grading {
        field: STATUS,
        listed: failed.map(|status| (status.into(), Grade::Failed)).into(),
        others: Grade::Fine,
    }
}

fn request() -> StructDef {
    StructDef {
        name: "request".into(),
        fields: vec![
            FieldDef::new("method", Type::STR).doc("GET, POST or any other, with regard to case"),
            FieldDef::new("target", Type::STR).doc("a path and perhaps a query, or `*`"),
            FieldDef::new("authority", Type::STR)
                .optional()
                .doc("whom it asks: the field Host"),
            headers(),
        ],
    }
}

fn response() -> StructDef {
    let status = Type::Int { min: 100, max: 999 };
    StructDef {
        name: "response".into(),
        fields: vec![
            FieldDef::new("status", status).doc("200 and the like"),
            headers(),
        ],
    }
}

fn headers() -> FieldDef {
    FieldDef::new("headers", Type::List(Box::new(Type::Struct(HEADER))))
        .or(Value::List(Vec::new()))
        .doc("fields in their order, without those of one hop")
}

/// Values are secrets, all of them: cookies and credentials are among them.
fn header() -> StructDef {
    StructDef {
        name: "header".into(),
        fields: vec![
            FieldDef::new("name", Type::STR).doc("compared without regard to case"),
            FieldDef::new("value", Type::STR).secret().doc("text"),
        ],
    }
}
