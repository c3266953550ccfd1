//! Messages by a definition.

use super::reader::{Entry, Failure, Reader, Recording};
use super::tree::Tree;
use crate::cli::definition::Sound;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::ink::Ink;
use crate::cli::output::{Format, print};
use crate::cli::report::report;
use crate::cli::view::{Told, View};
use bytes::Bytes;
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::read::{Limits, Machine, ReadError};
use gatewright_codecs::ksy::view::{Instances, plain, typed, typed_error};
use gatewright_config::Diagnostic;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Defined {
    pub(super) definition: Definition,
    pub(super) view: View,
}

impl Reader for Defined {
    fn read(
        &self,
        recording: &Recording,
        show: &mut dyn FnMut(Entry) -> Outcome,
    ) -> Outcome<Result<(), Failure>> {
        let frame = recording.bytes.clone();
        let end = frame.len();
        let mut machine = Machine::new(&self.definition.plan, frame, Limits::FILE);
        if self.view.format == Format::Text {
            machine = machine.traced();
        }
        let read = machine.read(self.definition.root, &[]);
        if let Some(told) = self.told(&mut machine, read.is_ok(), end) {
            show(Entry { end, told })?;
        }
        Ok(read.map(drop).map_err(|error| failure(&error)))
    }

    fn takes_nothing(&self) -> bool {
        true
    }
}

impl Defined {
    /// A message, or what there is of it.
    fn told(&self, machine: &mut Machine<'_>, good: bool, length: usize) -> Option<Told> {
        match self.view.format {
            Format::Json => good.then(|| Told::Json(plain(machine, self.view.secrets()))),
            Format::Text => {
                let instances = if good {
                    Instances::Computed
                } else {
                    Instances::AsRead
                };
                let name = &self.definition.plan.ty(self.definition.root).name;
                let mut tree = Tree::new(Ink::for_stdout());
                tree.title(&format!("{name}, {length} bytes"));
                tree.message(machine, instances, self.view.secrets());
                Some(Told::Text(tree.finish()))
            }
        }
    }
}

fn failure(error: &ReadError) -> Failure {
    let place = match error.offset() {
        Some(offset) => format!("at byte {offset} (0x{offset:x}): "),
        None => String::new(),
    };
    Failure {
        text: format!("{place}{error} ({})", error.class().as_str()),
        document: json!({ "error": typed_error(error) }),
    }
}

/// Prints the exact document of an input, and nothing else, on standard output.
pub(super) fn tell_typed(loaded: Result<Sound, Vec<Diagnostic>>, bytes: Bytes) -> Outcome {
    let sound = match loaded {
        Ok(sound) => sound,
        Err(found) => {
            report(&found);
            let told = print(compile_error(&found));
            return Err(Exit::Findings.once_told(told));
        }
    };
    let definition = sound.definition;
    let mut machine = Machine::new(&definition.plan, bytes, Limits::FILE);
    match machine.read(definition.root, &[]) {
        Ok(_) => print(json!({ "ok": typed(&mut machine) })),
        Err(error) => {
            let told = print(json!({ "error": typed_error(&error) }));
            Err(Exit::Findings.once_told(told))
        }
    }
}

/// The first error of a definition in the form of an input's.
fn compile_error(found: &[Diagnostic]) -> Value {
    let first = found.iter().find(|found| found.is_error());
    let place = first.and_then(|first| first.place.as_ref());
    json!({ "error": {
        "kind": "compile",
        "path": first.and_then(|first| first.path.as_deref()),
        "offset": place.map(|place| place.span.start),
        "message": first.map(|first| first.message.as_str()),
    }})
}
