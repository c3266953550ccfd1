//! A section checked and compiled. Reads on after an error, so that all faults are reported in one
//! run.

mod checks;
mod direction;
mod edges;
mod frame;
mod kinds;
mod layout;
mod named;
mod operations;
mod options;
mod whole;

pub use edges::Edge;

use super::input::Input;
use super::plan::{OptionsPlan, SectionPlan};
use crate::ksy::check::Found;
use crate::ksy::check::bind::{Bound, Place, Typed};
use crate::ksy::check::members::Members;
use crate::ksy::codes;
use crate::ksy::files::FileId;
use crate::ksy::finding::Severity;
use crate::ksy::model::{Model, Ty, TypeId};
use crate::ksy::plan::{Code, Form, Op, Plan};
use gatewright_core::expr::{RuleError, Source, Span};

/// What became of the `-gateway` keys of a definition.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The protocol, if there is a section and nothing is wrong with it.
    pub section: Option<SectionPlan>,
    /// What is said of fields.
    pub options: OptionsPlan,
    /// What was found.
    pub found: Vec<Found>,
}

/// Checks and compiles what the `-gateway` keys of a definition say. `sound` is whether nothing is
/// wrong with the rest of it: what follows from its plan is left out otherwise.
pub(in crate::ksy) fn compile(
    model: &Model,
    plan: &Plan,
    input: &Input,
    sound: Soundness,
) -> Compiled {
    let members = Members::new(model);
    let mut found = Vec::new();
    let mut check = Check {
        model,
        members: &members,
        plan,
        sound,
        file: model.ty(TypeId(0)).file,
        found: &mut found,
    };
    let mut options = check.options(input);
    spread_secrets(plan, &mut options);
    let section = input.section.as_ref().and_then(|spec| {
        check.file = spec.file;
        check.section(spec, input)
    });
    if let Some(section) = &section {
        check.shown_ids(section, &options);
    }
    Compiled {
        section,
        options,
        found,
    }
}

/// Whether a definition without its section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksy) enum Soundness {
    /// Nothing is wrong with it.
    Sound,
    /// Something is.
    Faulty,
}

/// Checks one section.
struct Check<'c, 'm> {
    model: &'m Model,
    members: &'m Members<'m>,
    plan: &'c Plan,
    sound: Soundness,
    file: FileId,
    found: &'c mut Vec<Found>,
}

/// What is computed from a secret is one.
fn spread_secrets(plan: &Plan, options: &mut OptionsPlan) {
    let mut more = true;
    while more {
        more = false;
        for (at, ty) in plan.types.iter().enumerate() {
            let Ok(this) = u16::try_from(at).map(TypeId) else {
                break;
            };
            for instance in &ty.instances {
                let Form::Value(code) = &instance.form else {
                    continue;
                };
                let mut fields = Vec::new();
                named(code, this, &mut fields);
                if fields.iter().any(|field| options.is_secret(*field)) {
                    more |= options.hide((this, instance.slot));
                }
            }
        }
    }
}

/// The fields that an expression names, on a structure of type `this`.
fn named(code: &Code, this: TypeId, fields: &mut Vec<(TypeId, usize)>) {
    match &code.op {
        Op::Own(slot) => fields.push((this, *slot)),
        Op::Member(_, ty, slot) => fields.push((*ty, *slot)),
        Op::AnyOf(_, cases) => fields.extend(cases),
        _ => {}
    }
    for part in code.parts() {
        named(part, this, fields);
    }
}

impl<'m> Check<'_, 'm> {
    /// Logs name a message by its id, so no part of that may be a secret.
    fn shown_ids(&mut self, section: &SectionPlan, options: &OptionsPlan) {
        let mut told = Vec::new();
        for direction in [&section.request, &section.reply] {
            for id in &direction.id {
                let mut fields = Vec::new();
                named(&id.code, direction.root, &mut fields);
                let secret = fields.iter().any(|field| options.is_secret(*field));
                if secret && !told.contains(&id.code.span) {
                    told.push(id.code.span.clone());
                    let message = "an id stands in logs, and this field is a secret";
                    let error = RuleError::new(codes::SECRET_ID, id.code.span.clone(), message);
                    self.report(error.help("tie replies to requests by another field"));
                }
            }
        }
    }

    fn error(&mut self, code: &'static str, span: &Span, message: impl Into<String>) {
        self.report(RuleError::new(code, span.clone(), message));
    }

    fn report(&mut self, fault: RuleError) {
        self.report_in(self.file, fault);
    }

    fn report_in(&mut self, file: FileId, fault: RuleError) {
        self.found.push(Found {
            severity: Severity::Error,
            file,
            fault,
        });
    }

    fn good<T>(&mut self, bound: Bound<T>, span: &Span) -> Option<T> {
        match bound {
            Ok(good) => Some(good),
            Err(Some(error)) => {
                self.report(error);
                None
            }
            // What it uses is faulty, which has been reported where that stands.
            Err(None) if self.sound == Soundness::Faulty => None,
            Err(None) => {
                self.error(codes::CIRCULAR, span, "what this uses depends on itself");
                None
            }
        }
    }

    fn bind(&mut self, source: &'m Source, place: Place) -> Option<Typed> {
        let bound = self.members.bind(source, place);
        self.good(bound, source.span())
    }

    /// An expression whose value must be of some kind.
    fn expect(
        &mut self,
        source: &'m Source,
        place: Place,
        what: &str,
        fits: impl Fn(&Ty) -> bool,
    ) -> Option<Typed> {
        let typed = self.bind(source, place)?;
        if fits(&typed.ty) {
            return Some(typed);
        }
        let got = typed.ty.describe(self.model);
        let message = format!("{what} is needed here, not {got}");
        self.error(codes::TYPE, source.span(), message);
        None
    }
}
