//! One frame, read as one of the sides would have sent it.

use super::From;
use super::reader::Failure;
use crate::cli::hex;
use bytes::Bytes;
use gatewright_codecs::ksy::plan::Plan;
use gatewright_codecs::ksy::read::{Limits, Machine, ReadError, Val};
use gatewright_codecs::ksy::section::plan::{DirectionPlan, SectionPlan};
use gatewright_codecs::ksy::view::typed_error;
use gatewright_core::message::{Kind, Value};

/// Where a frame stands in a recording.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Whether its message has other places than it.
    pub(super) is_escaped: bool,
}

impl Frame {
    pub(super) const fn end(self) -> usize {
        self.offset.saturating_add(self.length)
    }
}

/// How far reading came.
#[derive(Debug)]
enum Read {
    /// To the end.
    Good,
    /// Not to the end.
    Failed(ReadError),
    /// To the end of a message that cannot be right.
    Wrong(String),
}

/// A frame as one side sent it.
#[derive(Debug)]
pub(super) struct Attempt<'d> {
    pub(super) from: From,
    pub(super) frame: Frame,
    pub(super) machine: Machine<'d>,
    direction: &'d DirectionPlan,
    read: Read,
    /// Which of the requests that wait it answers, if it was read with something of that.
    pub(super) answers: Option<usize>,
}

impl<'d> Attempt<'d> {
    pub(super) fn new(
        plan: &'d Plan,
        direction: &'d DirectionPlan,
        from: From,
        frame: Frame,
        message: Bytes,
        arguments: &[Val],
    ) -> Self {
        let sums = wrong_sums(direction, &message);
        let mut machine = Machine::new(plan, message, Limits::FILE).traced();
        let read = machine.read(direction.root, arguments);
        let read = match read.and_then(|_| machine.ends()) {
            Err(error) => Read::Failed(error),
            Ok(()) => match sums.or_else(|| other_side(&mut machine, direction, from)) {
                Some(wrong) => Read::Wrong(wrong),
                None => Read::Good,
            },
        };
        Self {
            from,
            frame,
            machine,
            direction,
            read,
            answers: None,
        }
    }

    pub(super) const fn is_good(&self) -> bool {
        matches!(self.read, Read::Good)
    }

    /// Whether all of the message was read, be it right or not.
    pub(super) const fn was_read(&self) -> bool {
        !matches!(self.read, Read::Failed(_))
    }

    /// How much could be read.
    pub(super) fn reach(&self) -> usize {
        match &self.read {
            Read::Good | Read::Wrong(_) => self.frame.length,
            Read::Failed(error) => error.offset().unwrap_or_default(),
        }
    }

    /// What ties it to its request or reply.
    pub(super) fn id(&mut self) -> Vec<Value> {
        match self.machine.id_of(self.direction) {
            Ok(Some(parts)) => parts.into_vec(),
            Ok(None) | Err(_) => Vec::new(),
        }
    }

    /// What it is, and where: `auth_req (request, id 7) at byte 0, 49 bytes`.
    pub(super) fn title(&mut self, section: &'d SectionPlan) -> String {
        let operation = self.machine.operation_of(section, self.direction);
        let operation = match operation {
            Ok(Some(index)) => section.op(index).name.as_str(),
            Ok(None) | Err(_) => "unknown",
        };
        let kind = match self.machine.kind_of(self.direction) {
            Ok(Some(Kind::Request)) => "request",
            Ok(Some(Kind::Reply)) => "reply",
            Ok(Some(Kind::Event)) => "event",
            Ok(None) | Err(_) => match self.from {
                From::Client => "request",
                From::Server => "reply",
            },
        };
        let id: Vec<String> = self.id().iter().map(shown).collect();
        let id = match id.join(" ") {
            none if none.is_empty() => none,
            id => format!(", id {id}"),
        };
        let Frame { offset, length, .. } = self.frame;
        format!("{operation} ({kind}{id}) at byte {offset}, {length} bytes")
    }

    /// Why nothing is read behind it.
    pub(super) fn failure(&self) -> Option<Failure> {
        let offset = self.frame.offset;
        match &self.read {
            Read::Good => None,
            Read::Wrong(wrong) => {
                let text = format!("the frame that begins at byte {offset} has {wrong}");
                Some(Failure::of(&text, "bad-value"))
            }
            Read::Failed(error) => {
                let place = match error.offset() {
                    Some(at) if !self.frame.is_escaped => {
                        let at = offset.saturating_add(at);
                        format!("at byte {at} (0x{at:x})")
                    }
                    Some(at) => format!("at byte {at} (0x{at:x}) of the message"),
                    None => format!("in the frame that begins at byte {offset}"),
                };
                let mut document = serde_json::json!({ "error": typed_error(error) });
                document["error"]["frame"] = offset.into();
                Some(Failure {
                    text: format!("{place}: {error} ({})", error.class().as_str()),
                    document,
                })
            }
        }
    }
}

/// The first checksum that is not right.
fn wrong_sums(direction: &DirectionPlan, message: &[u8]) -> Option<String> {
    let mut checks = direction.checks.iter();
    let wrong = checks.find(|check| check.verify(message).is_err())?;
    Some(format!("a checksum `{}` that is not its own", wrong.name))
}

/// That a message says it is one of the other side.
fn other_side<'d>(
    machine: &mut Machine<'d>,
    direction: &'d DirectionPlan,
    from: From,
) -> Option<String> {
    let kind = machine.kind_of(direction).ok().flatten()?;
    let is_wrong = match from {
        From::Client => kind == Kind::Reply,
        From::Server => kind == Kind::Request,
    };
    is_wrong.then(|| format!("a kind that the {} does not send", from.as_str()))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Int(n) => n.to_string(),
        Value::Str(text) => format!("{:?}", &**text),
        Value::Bytes(bytes) => hex::show(bytes),
        Value::Bool(truth) => truth.to_string(),
        Value::Null
        | Value::Float(_)
        | Value::List(_)
        | Value::Headers(_)
        | Value::Record(_)
        | Value::Object(_) => "-".to_owned(),
    }
}
