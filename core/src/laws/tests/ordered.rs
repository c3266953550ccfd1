//! A protocol without ids, whose events only servers send and whose frames can be counted.

use super::*;
use crate::codec::{ConnCodec, Event, Needs, Protocol, Scanned};

/// A kind, and a byte that means nothing.
const FRAME: usize = 2;
const ASK: u8 = 0;
const LOGIN: u8 = 1;
const ANSWER: u8 = 2;
const NEWS: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Count {
    /// As it should be.
    Right,
    /// A login, too.
    Logins,
    /// News, too.
    News,
    /// A byte more than the frames have.
    MoreBytes,
    /// Half a frame for a whole one.
    Halves,
    /// More than were asked for.
    More,
}

#[derive(Debug)]
struct Ordered {
    descriptor: Arc<Descriptor>,
    count: Count,
}

fn ordered(count: Count) -> Arc<dyn Protocol> {
    let operation = |name, kind| Operation::new(name, kind, StructId(0));
    let descriptor = Descriptor {
        name: "ordered".into(),
        schema: Schema {
            structs: vec![StructDef {
                name: "frame".into(),
                fields: vec![FieldDef::new("byte", Type::U8)],
            }],
            enums: vec![],
        },
        operations: vec![
            operation("ask", Kind::Request),
            operation("login", Kind::Request).needs(Needs::Replay),
            operation("answer", Kind::Reply),
            operation("news", Kind::Event),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Fifo,
            reply_order: ReplyOrder::OfRequests,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: FRAME,
        },
        heartbeat: None,
        http: None,
    };
    Arc::new(Ordered {
        descriptor: Arc::new(descriptor),
        count,
    })
}

impl Protocol for Ordered {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, side: Side, _: usize) -> Box<dyn ConnCodec> {
        Box::new(OrderedCodec {
            ordered: self,
            side,
        })
    }

    fn reject(&self, _: &Rejected<'_>, _: &Fault) -> Option<Message> {
        Some(
            self.descriptor
                .message(OperationId(ANSWER.into()), vec![0_u8.into()]),
        )
    }
}

#[derive(Debug)]
struct OrderedCodec {
    ordered: Arc<Ordered>,
    side: Side,
}

const fn sender(kind: u8) -> Side {
    match kind {
        ASK | LOGIN => Side::Client,
        _ => Side::Server,
    }
}

impl ConnCodec for OrderedCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        match buf.first() {
            Some(kind) if *kind > NEWS || sender(*kind) == self.side => Err(DecodeError::new(
                Cause::WrongDirection,
                0,
                "another kind",
                "this",
            )),
            _ => Ok(Delimited::at(FRAME.try_into().unwrap(), buf.len())),
        }
    }

    fn scan(&mut self, buf: &[u8], most: usize) -> Result<Scanned, DecodeError> {
        let count = self.ordered.count;
        let passes = |frame: &&[u8]| match (frame[0], count) {
            (ASK, _) => self.side == Side::Server,
            (ANSWER, _) => self.side == Side::Client,
            (LOGIN, Count::Logins) => self.side == Side::Server,
            (NEWS, Count::News) => self.side == Side::Client,
            _ => false,
        };
        let most = if count == Count::More {
            usize::MAX
        } else {
            most
        };
        let whole = buf.chunks_exact(FRAME).take_while(passes).take(most);
        let frames = whole.count();
        let bytes = frames * FRAME;
        Ok(match count {
            Count::MoreBytes if frames > 0 => Scanned {
                frames,
                bytes: bytes + 1,
            },
            Count::Halves if buf.len() == 1 && buf[0] < 2 => Scanned {
                frames: 1,
                bytes: 1,
            },
            _ => Scanned { frames, bytes },
        })
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        let [kind @ ASK..=NEWS, byte] = frame[..] else {
            return Err(DecodeError::new(Cause::Truncated, 0, "a frame", "less"));
        };
        let fields = vec![byte.into()];
        let message = self
            .ordered
            .descriptor
            .message(OperationId(kind.into()), fields);
        Ok(Event::Head(message.with_frame(frame)))
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let Some(message) = event.message() else {
            return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
        };
        let kind = u8::try_from(message.operation().0).unwrap();
        if sender(kind) != self.side {
            return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
        }
        let byte = message
            .field(Slot(0))
            .as_int()
            .and_then(|n| u8::try_from(n).ok());
        out.put_u8(kind);
        out.put_u8(byte.ok_or_else(|| EncodeError::new("byte", EncodeProblem::OutOfRange))?);
        Ok(())
    }
}

const REQUESTS: &[u8] = &[ASK, 1, ASK, 2, LOGIN, 3, ASK, 4, ASK];
const REPLIES: &[u8] = &[ANSWER, 1, ANSWER, 2, NEWS, 3, ANSWER, 4];

#[test]
fn right_counts_pass() {
    let ordered = ordered(Count::Right);
    check_descriptor(ordered.descriptor()).unwrap();
    for input in [REQUESTS, REPLIES] {
        check_input(&ordered, input).unwrap();
    }
}

#[test]
fn wrong_counts_are_found() {
    for (count, input) in [
        (Count::Logins, REQUESTS),
        (Count::News, REPLIES),
        (Count::MoreBytes, REQUESTS),
        (Count::Halves, REQUESTS),
        (Count::More, REPLIES),
    ] {
        let found = check_input(&ordered(count), input).err();
        let found = found.unwrap_or_else(|| panic!("{count:?} stays hidden"));
        assert_eq!(found.law(), "scanned", "{count:?}: {found}");
    }
}

#[test]
fn events_are_read_where_they_are_sent_to() {
    let ordered = ordered(Count::Right);
    let news = ordered
        .descriptor()
        .message(OperationId(NEWS.into()), vec![7_u8.into()]);
    check_message(&ordered, &news).unwrap();
    assert_eq!(
        written(&ordered, Side::Server, &news).unwrap_err().law(),
        "written"
    );
}

#[test]
fn only_requests_need_something_of_a_connection() {
    let mut descriptor = Descriptor::clone(ordered(Count::Right).descriptor());
    descriptor.operations[usize::from(ANSWER)].needs = Needs::Exclusive;
    assert_eq!(
        check_descriptor(&descriptor).unwrap_err().to_string(),
        "check_descriptor: `answer` needs a connection and is no request"
    );
}
