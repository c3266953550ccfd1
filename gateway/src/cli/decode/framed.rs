//! Messages by a definition that says how frames are found, as annotated trees.

use super::From;
use super::asked::{Asked, Request};
use super::attempt::{Attempt, Frame};
use super::reader::{Entry, Failure, Reader, Recording};
use super::tree::Tree;
use crate::cli::exit::Outcome;
use crate::cli::ink::Ink;
use crate::cli::view::{Told, View};
use bytes::Bytes;
use gatewright_codecs::framing::{Cursor, Framer};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::read::Val;
use gatewright_codecs::ksy::section::plan::{DirectionPlan, SectionPlan};
use gatewright_codecs::ksy::view::Instances;
use gatewright_core::codec::{DecodeError, Delimited};
use serde_json::json;
use std::cell::RefCell;

/// Shows messages of a definition with a section.
#[derive(Debug)]
pub(super) struct Framed {
    pub(super) definition: Definition,
    pub(super) view: View,
    /// What replies are read with, of requests that were read before.
    asked: RefCell<Asked>,
}

impl Reader for Framed {
    fn read(
        &self,
        recording: &Recording,
        show: &mut dyn FnMut(Entry) -> Outcome,
    ) -> Outcome<Result<(), Failure>> {
        let Some(section) = &self.definition.section else {
            return Ok(Ok(()));
        };
        let mut offset = 0;
        while offset < recording.bytes.len() {
            let mut attempt = match self.attempt(section, recording, offset) {
                Ok(attempt) => attempt,
                Err(failure) => return Ok(Err(failure)),
            };
            offset = attempt.frame.end();
            show(Entry {
                end: offset,
                told: self.told(section, &mut attempt),
            })?;
            if let Some(failure) = attempt.failure() {
                return Ok(Err(failure));
            }
            self.note(section, &mut attempt);
        }
        Ok(Ok(()))
    }

    fn forget(&self) {
        self.asked.borrow_mut().forget();
    }
}

impl Framed {
    pub(super) fn new(definition: Definition, view: View) -> Self {
        Self {
            definition,
            view,
            asked: RefCell::default(),
        }
    }

    /// The frame that begins at `offset`, read as the side sent it of which that can be said; if
    /// it can of none, as the one of which more could be read.
    fn attempt<'d>(
        &'d self,
        section: &'d SectionPlan,
        recording: &Recording,
        offset: usize,
    ) -> Result<Attempt<'d>, Failure> {
        let sides: &[From] = match recording.from {
            Some(From::Client) => &[From::Client],
            Some(From::Server) => &[From::Server],
            None => &[From::Client, From::Server],
        };
        let rest = recording.bytes.slice(offset..);
        let mut best: Option<Attempt<'d>> = None;
        let mut failed = None;
        for from in sides {
            match self.as_from(section, *from, &rest, offset) {
                Ok(attempt) if attempt.is_good() => return Ok(attempt),
                Ok(attempt) => {
                    let farther = |best: &Attempt<'_>| attempt.reach() > best.reach();
                    if best.as_ref().is_none_or(farther) {
                        best = Some(attempt);
                    }
                }
                Err(failure) => {
                    failed.get_or_insert(failure);
                }
            }
        }
        best.ok_or_else(|| failed.unwrap_or_else(|| Failure::of("there is no frame", "incomplete")))
    }

    /// The frame at the start of `rest` as this side sent it.
    fn as_from<'d>(
        &'d self,
        section: &'d SectionPlan,
        from: From,
        rest: &Bytes,
        offset: usize,
    ) -> Result<Attempt<'d>, Failure> {
        let direction = direction(section, from);
        let length = delimited(&direction.framer, rest, offset, section.max_frame.get())?;
        let frame = Frame {
            offset,
            length,
            is_escaped: direction.framer.is_escaped(),
        };
        let bytes = direction.framer.unescape(&rest.slice(..length));
        let bytes = bytes.map_err(|error| broken(&error, offset))?;
        let begin = |arguments: &[Val]| {
            let plan = &self.definition.plan;
            Attempt::new(plan, direction, from, frame, bytes.clone(), arguments)
        };
        let constant = |code: &gatewright_codecs::ksy::plan::Code| code.constant().cloned();
        let constants: Option<Vec<Val>> = direction
            .arguments
            .iter()
            .map(|code| constant(code).map(Val::Plain))
            .collect();
        if let Some(constants) = constants {
            return Ok(begin(&constants));
        }
        let candidates = self.asked.borrow().candidates();
        let mut first = None;
        for (at, Request { id, arguments }) in candidates.into_iter().enumerate() {
            let mut attempt = begin(&arguments);
            if attempt.is_good() && attempt.id() == id {
                attempt.answers = Some(at);
                return Ok(attempt);
            }
            first.get_or_insert(attempt);
        }
        first.ok_or_else(|| {
            Failure::of(
                &format!("the frame that begins at byte {offset} is read with its request, and none came before"),
                "no-request",
            )
        })
    }

    /// What the message means for later ones.
    fn note<'d>(&self, section: &'d SectionPlan, attempt: &mut Attempt<'d>) {
        let mut asked = self.asked.borrow_mut();
        if let Some(candidate) = attempt.answers {
            asked.answered(candidate);
        }
        let constant = |code: &gatewright_codecs::ksy::plan::Code| code.constant().is_some();
        let needs = !section.reply.arguments.iter().all(constant);
        if needs
            && attempt.from == From::Client
            && let Ok(arguments) = attempt.machine.reply_arguments(&section.reply)
        {
            let id = attempt.id();
            asked.note(Request { id, arguments });
        }
    }

    fn told<'d>(&self, section: &'d SectionPlan, attempt: &mut Attempt<'d>) -> Told {
        let mut tree = Tree::new(Ink::for_stdout());
        if attempt.frame.is_escaped {
            tree.title(&format!(
                "{}, offsets without marks and escapes",
                attempt.title(section)
            ));
        } else {
            tree.title(&attempt.title(section));
            tree.begin_at(attempt.frame.offset);
        }
        let instances = match attempt.was_read() {
            true => Instances::Computed,
            false => Instances::AsRead,
        };
        tree.message(&mut attempt.machine, instances, self.view.secrets());
        Told::Text(tree.finish())
    }
}

const fn direction(section: &SectionPlan, from: From) -> &DirectionPlan {
    match from {
        From::Client => &section.request,
        From::Server => &section.reply,
    }
}

/// The length of the frame at the start of `rest`.
fn delimited(framer: &Framer, rest: &Bytes, offset: usize, max: usize) -> Result<usize, Failure> {
    let found = framer.delimit(&mut Cursor::default(), rest, max);
    match found.map_err(|error| broken(&error, offset))? {
        Delimited::Frame(length) if length.get() <= rest.len() => Ok(length.get()),
        Delimited::Frame(length) => Err(incomplete(offset, rest.len(), length.get() - rest.len())),
        Delimited::Need(missing) => Err(incomplete(offset, rest.len(), missing.get())),
    }
}

fn incomplete(offset: usize, have: usize, missing: usize) -> Failure {
    let error = super::FrameError::Incomplete {
        offset,
        have,
        missing,
    };
    Failure {
        text: error.to_string(),
        document: json!({ "error": {
            "frame": offset, "cause": "incomplete", "have": have, "missing": missing,
        }}),
    }
}

fn broken(error: &DecodeError, offset: usize) -> Failure {
    let at = offset.saturating_add(error.offset());
    Failure {
        text: format!(
            "at byte {at}: expected {}, got {}",
            error.expected(),
            error.got()
        ),
        document: json!({ "error": {
            "frame": offset,
            "offset": at,
            "cause": error.cause().as_str(),
            "expected": error.expected(),
            "got": error.got(),
        }}),
    }
}
