//! Each law finds the flaw that it is there for, in a protocol that has no other.

mod ordered;

use super::*;
use crate::codec::{
    Admission, Capabilities, Cause, CorrelationKind, DecodeError, Delimited, Descriptor, Drain,
    EncodeError, EncodeProblem, FieldDef, FrameProtocol, Grade, Grading, HalfClose, Operation,
    Rejected, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use crate::fault::Fault;
use crate::message::{Correlation, OperationId, Slot, Value};
use bytes::{BufMut, Bytes, BytesMut};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    AsksForTooMuch,
    ClaimsBeyondTheBuffer,
    StatesANeedThatIsNone,
    PointsBeyondTheFrame,
    EndsWhereTheBytesEnd,
    ForgetsABit,
    RefusesWhatItRead,
    WritesTheSizeWrong,
    KeepsTheOldId,
    ChangesMoreThanTheId,
    AnswersAnybody,
    AnswersWithARequest,
}

/// `size` (of the rest) · `id` · `kind` (0 asks, 1 answers) · as many bytes as are left.
#[derive(Debug)]
struct Toy {
    descriptor: Arc<Descriptor>,
    flaw: Flaw,
}

const MAX: usize = 1 + 32;

fn toy(flaw: Flaw) -> Arc<dyn Protocol> {
    let fields = vec![
        FieldDef::new("id", Type::U8),
        FieldDef::new("data", Type::Bytes { max_len: 30 }),
    ];
    let descriptor = Descriptor {
        name: "toy".into(),
        schema: Schema {
            structs: vec![StructDef {
                name: "toy".into(),
                fields,
            }],
            enums: vec![],
        },
        operations: vec![
            Operation::new("ask", Kind::Request, StructId(0)).id(Slot(0)),
            Operation::new("answer", Kind::Reply, StructId(0)).id(Slot(0)),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Id { bits: 8 },
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: MAX,
        },
        heartbeat: None,
        http: None,
    };
    Arc::new(Toy {
        descriptor: Arc::new(descriptor),
        flaw,
    })
}

impl FrameProtocol for Toy {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
        let Some(size) = buf.first().map(|size| usize::from(*size)) else {
            return Ok(Delimited::need(
                if self.flaw == Flaw::StatesANeedThatIsNone {
                    20
                } else {
                    3
                },
            ));
        };
        let total = size + 1;
        if total > max_frame && self.flaw != Flaw::AsksForTooMuch {
            return Err(DecodeError::new(Cause::TooLong, 0, "less", "more"));
        }
        if size < 2 {
            return Err(DecodeError::new(Cause::TooShort, 0, "more", "less"));
        }
        let total = match self.flaw {
            Flaw::ClaimsBeyondTheBuffer if buf.len() < total => {
                return Ok(Delimited::Frame(total.try_into().unwrap()));
            }
            Flaw::EndsWhereTheBytesEnd if buf.len() < 4 => return Ok(Delimited::need(1)),
            Flaw::EndsWhereTheBytesEnd => total.min(buf.len()),
            _ => total,
        };
        Ok(Delimited::at(total.try_into().unwrap(), buf.len()))
    }

    fn decode(&self, frame: Bytes, side: Side) -> Result<Message, DecodeError> {
        let [_, id, kind, data @ ..] = &frame[..] else {
            return Err(DecodeError::new(
                Cause::Truncated,
                frame.len(),
                "more",
                "less",
            ));
        };
        let answering = |error: DecodeError| error.answering(None, Correlation::Id(u64::from(*id)));
        if u8::from(side == Side::Client) != *kind {
            let at = if self.flaw == Flaw::PointsBeyondTheFrame {
                99
            } else {
                2
            };
            return Err(answering(DecodeError::new(
                Cause::WrongDirection,
                at,
                "another kind",
                "this",
            )));
        }
        let data = Bytes::copy_from_slice(data);
        let fields = vec![(*id).into(), data.into()];
        let message = self
            .descriptor
            .message(OperationId(u16::from(*kind)), fields);
        Ok(if self.flaw == Flaw::ForgetsABit {
            message
        } else {
            message.with_frame(frame)
        })
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        let refused = || EncodeError::new("data", EncodeProblem::OutOfRange);
        let mut id =
            u8::try_from(message.field(Slot(0)).as_int().unwrap()).map_err(|_| refused())?;
        let mut data = message.field(Slot(1)).as_bytes().unwrap().to_vec();
        if data.len() > 30 || (self.flaw == Flaw::RefusesWhatItRead && data == b"no") {
            return Err(refused());
        }
        let size = u8::try_from(data.len() + 2).map_err(|_| refused())?;
        match (self.flaw, data.first_mut(), message.frame()) {
            (Flaw::ForgetsABit, Some(first), _) => *first &= 0x7f,
            (Flaw::ChangesMoreThanTheId, Some(first), Some(frame)) if frame[1] != id => *first = 0,
            (Flaw::KeepsTheOldId, _, Some(frame)) => id = frame[1],
            _ => {}
        }
        out.put_u8(
            if self.flaw == Flaw::WritesTheSizeWrong && message.frame().is_none() {
                size + 1
            } else {
                size
            },
        );
        out.put_u8(id);
        out.put_u8(u8::try_from(message.operation().0).unwrap());
        out.put_slice(&data);
        Ok(())
    }

    fn reject(&self, request: &Rejected<'_>, _: &Fault) -> Option<Message> {
        let Correlation::Id(id) = request.correlation else {
            return None;
        };
        let id = if self.flaw == Flaw::AnswersAnybody {
            0
        } else {
            id
        };
        let operation = OperationId(u16::from(self.flaw != Flaw::AnswersWithARequest));
        Some(
            self.descriptor
                .message(operation, vec![id.into(), Bytes::new().into()]),
        )
    }
}

const INPUT: &[u8] =
    b"\x03\x07\0\x80\x05\x08\0abc\x04\x09\0no\x03\x07\x01\xff\x04\x07\x01\xffx\x06\x05";

#[test]
fn a_protocol_without_flaws_passes() {
    let toy = toy(Flaw::None);
    check_descriptor(toy.descriptor()).unwrap();
    check_input(&toy, INPUT).unwrap();
    check_input(&toy, b"\x20\x07\0\x80").unwrap();
    check_input(&toy, b"\x21").unwrap();
    check_input(&toy, b"").unwrap();
    let message = toy.descriptor().message(
        OperationId(0),
        vec![7_u8.into(), Bytes::from_static(b"x").into()],
    );
    check_message(&toy, &message).unwrap();
    check_json(&toy, &serde_json::json!({"ask": {"id": 7, "data": "AA=="}})).unwrap();
}

#[test]
fn each_flaw_is_found() {
    let check = |flaw, input: &[u8], law: &str| {
        let found = check_input(&toy(flaw), input)
            .err()
            .unwrap_or_else(|| panic!("{flaw:?} stays hidden"));
        assert_eq!(found.law(), law, "{flaw:?}: {found}");
    };
    check(Flaw::AsksForTooMuch, b"\xff\0", "Reading");
    check(Flaw::ClaimsBeyondTheBuffer, b"\x05\x07\0", "Reading");
    check(Flaw::StatesANeedThatIsNone, INPUT, "Reading");
    check(Flaw::PointsBeyondTheFrame, INPUT, "Reading");
    check(Flaw::EndsWhereTheBytesEnd, b"\x05\x07\0abc", "any_chunking");
    check(Flaw::ForgetsABit, INPUT, "rewritten");
    check(Flaw::RefusesWhatItRead, INPUT, "rewritten");
    check(Flaw::WritesTheSizeWrong, INPUT, "written");
    check(Flaw::KeepsTheOldId, INPUT, "patched");
    check(Flaw::ChangesMoreThanTheId, INPUT, "patched");
    check(Flaw::AnswersAnybody, INPUT, "rejections");
    check(Flaw::AnswersWithARequest, INPUT, "rejections");
}

#[test]
fn a_prefix_that_is_a_message_is_found() {
    let found = prefixes(
        &toy(Flaw::EndsWhereTheBytesEnd),
        Side::Server,
        b"\x05\x07\0abc",
    )
    .unwrap_err();
    assert_eq!(found.law(), "prefixes");
}

#[test]
fn a_message_that_cannot_be_written_is_found() {
    let toy = toy(Flaw::None);
    let message = |data: &'static [u8]| {
        toy.descriptor().message(
            OperationId(0),
            vec![7_u8.into(), Bytes::from_static(data).into()],
        )
    };
    assert_eq!(
        check_message(&toy, &message(&[0; 31])).unwrap_err().law(),
        "shown"
    );
    assert_eq!(
        written(&toy, Side::Server, &message(&[0; 31]))
            .unwrap_err()
            .law(),
        "written"
    );
    let wrong_side = written(&toy, Side::Client, &message(b"x")).unwrap_err();
    assert_eq!(wrong_side.law(), "written");
}

#[test]
fn a_descriptor_that_means_nothing_is_found() {
    let check = |change: &dyn Fn(&mut Descriptor), detail: &str| {
        let mut descriptor = Descriptor::clone(toy(Flaw::None).descriptor());
        change(&mut descriptor);
        assert_eq!(
            check_descriptor(&descriptor).unwrap_err().to_string(),
            format!("check_descriptor: {detail}")
        );
    };
    let first = |d: &mut Descriptor, ty| d.schema.structs[0].fields[0].ty = ty;
    check(
        &|d| d.operations[1].name = "ask".into(),
        "operations: `ask` stands twice",
    );
    check(
        &|d| d.operations[1].record = StructId(9),
        "`answer` has no structure",
    );
    check(
        &|d| d.operations[1].id = Some(Slot(1)),
        "the id of `answer` is no integer field",
    );
    check(
        &|d| d.schema.structs[0].fields[1].name = "id".into(),
        "toy: `id` stands twice",
    );
    check(
        &|d| first(d, Type::Int { min: 0, max: 254 }),
        "the id of `ask` does not hold 255",
    );
    check(
        &|d| first(d, Type::Struct(StructId(1))),
        "toy.id: no such structure",
    );
    check(
        &|d| first(d, Type::List(Box::new(Type::Int { min: 1, max: 0 }))),
        "toy.id: no integer fits",
    );
    let default = FieldDef::new("x", Type::U8).or(Value::Int(256));
    check(
        &|d| d.schema.structs[0].fields.push(default.clone()),
        "toy.x: the default is of another type",
    );
    let graded = |field, value: Value| Grading {
        field: Slot(field),
        listed: vec![(value, Grade::Failed)],
        others: Grade::Fine,
    };
    check(
        &|d| d.operations[0].grading = Some(graded(0, Value::Int(1))),
        "`ask` is graded and is no reply",
    );
    check(
        &|d| d.operations[1].grading = Some(graded(9, Value::Int(1))),
        "`answer` is graded by no field",
    );
    check(
        &|d| d.operations[1].grading = Some(graded(0, Value::Int(256))),
        "`answer` is graded by values that `id` has not",
    );
    check(
        &|d| d.capabilities.correlation = CorrelationKind::Fifo,
        "`ask` has an id, the protocol has none",
    );
}
