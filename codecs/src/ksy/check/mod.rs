//! A definition checked and compiled: names, types, sizes, what goes together.
//!
//! Reads on after an error, so that all faults of a definition are reported in one run.

pub(super) mod bind;
mod cut;
mod fields;
pub(super) mod members;
mod nesting;
mod paths;
mod section;
pub(super) mod sizes;
mod types;
mod valid;

use crate::ksy::codes;
use crate::ksy::files::FileId;
use crate::ksy::finding::Severity;
use crate::ksy::model::{EndianModel, Model, Ty, TypeId};
use crate::ksy::plan::{Code, EndianPlan, EnumPlan, Field, Op, ParamPlan, Plan, TypePlan};
use bind::{Bound, Place, Typed, comparison};
use gatewright_core::expr::{Comparison, RuleError, Source, Span};
use gatewright_core::message::Value;
use members::Members;

/// Something that the check found.
#[derive(Clone, Debug)]
pub struct Found {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: FileId,
    /// What and where.
    pub fault: RuleError,
}

/// Checks a definition and compiles it. The plan can be used if nothing that was found is an
/// error.
#[must_use]
pub fn check(model: &Model) -> (Plan, Vec<Found>) {
    let members = Members::new(model);
    let mut found = Vec::new();
    let mut types = Vec::new();
    let mut circular = None;
    for id in model.ids() {
        let mut check = Check {
            model,
            members: &members,
            id,
            file: model.ty(id).file,
            found: &mut found,
            unexplained: None,
        };
        types.push(check.structure());
        let unexplained = check.unexplained;
        circular = circular.or_else(|| Some((model.ty(id).file, unexplained?)));
    }
    if let (Some((file, span)), false) = (circular, has_errors(&found)) {
        let message = "the type of this member depends on itself, or on too many others in a row";
        found.push(Found {
            severity: Severity::Error,
            file,
            fault: RuleError::new(codes::CIRCULAR, span, message),
        });
    }
    found.extend(nesting::check(&members));
    let plan = Plan {
        types,
        enums: enums(model),
    };
    (plan, found)
}

fn has_errors(found: &[Found]) -> bool {
    found.iter().any(|found| found.severity == Severity::Error)
}

fn enums(model: &Model) -> Vec<EnumPlan> {
    let plan = |e: &crate::ksy::model::EnumModel| {
        let values = e.spec.values.iter();
        let mut labels: Vec<_> = values
            .map(|value| (value.number, value.label.value.clone()))
            .collect();
        labels.sort_by_key(|(number, _)| *number);
        EnumPlan {
            name: e.name.clone(),
            labels,
        }
    };
    model.enums.iter().map(plan).collect()
}

/// How many findings back one may be that is found again.
const LATEST: usize = 8;

/// Checks one structure.
struct Check<'c, 'm> {
    model: &'m Model,
    members: &'m Members<'m>,
    id: TypeId,
    file: FileId,
    found: &'c mut Vec<Found>,
    /// A member without a type that nothing was reported of.
    unexplained: Option<Span>,
}

impl<'m> Check<'_, 'm> {
    fn error(&mut self, code: &'static str, span: &Span, message: impl Into<String>) {
        self.report(RuleError::new(code, span.clone(), message));
    }

    /// Reports a fault, once: what is compiled in several ways has it in each.
    fn report(&mut self, fault: RuleError) {
        let known = |found: &Found| {
            found.file == self.file
                && found.fault.span == fault.span
                && found.fault.message == fault.message
        };
        let mut latest = self.found.iter().rev().take(LATEST);
        if !latest.any(known) {
            self.found.push(Found {
                severity: Severity::Error,
                file: self.file,
                fault,
            });
        }
    }

    /// A good result; a bad one is reported.
    fn good<T>(&mut self, bound: Bound<T>, span: &Span) -> Option<T> {
        match bound {
            Ok(good) => Some(good),
            Err(Some(error)) => {
                self.report(error);
                None
            }
            Err(None) => {
                self.unexplained.get_or_insert_with(|| span.clone());
                None
            }
        }
    }

    fn bind(&mut self, source: &'m Source, place: Place) -> Option<Typed> {
        let bound = self.members.bind(source, place);
        self.good(bound, source.span())
    }

    /// An expression in this structure that must have a type of this kind.
    fn expect(
        &mut self,
        source: &'m Source,
        place: Place,
        what: &str,
        fits: impl Fn(&Ty) -> bool,
    ) -> Option<Code> {
        let typed = self.bind(source, place)?;
        if fits(&typed.ty) || typed.ty == Ty::Any {
            return Some(typed.code);
        }
        let message = format!(
            "{what} is needed here, not {}",
            typed.ty.describe(self.model)
        );
        self.error(codes::TYPE, source.span(), message);
        None
    }

    fn integer(&mut self, source: &'m Source) -> Option<Code> {
        let int = |ty: &Ty| *ty == Ty::Int;
        self.expect(source, Place::of(self.id), "an integer", int)
    }

    fn truth(&mut self, source: &'m Source, place: Place) -> Option<Code> {
        let truth = |ty: &Ty| *ty == Ty::Bool;
        self.expect(source, place, "a truth value", truth)
    }

    fn structure(&mut self) -> TypePlan {
        let ty = self.model.ty(self.id);
        let endian = self.endian();
        let mut params = Vec::new();
        for (slot, param) in ty.spec.params.iter().enumerate() {
            self.known_names(&param.ty, param.enumeration.as_ref());
            if let Ok(ty) = self.members.ty(self.id, slot) {
                params.push(ParamPlan {
                    name: param.id.value.clone(),
                    ty,
                });
            }
        }
        let mut slot = ty.spec.params.len();
        let mut all = |check: &mut Self, specs: &'m [crate::ksy::spec::AttributeSpec]| {
            let mut fields: Vec<Field> = Vec::new();
            for (at, spec) in specs.iter().enumerate() {
                fields.extend(check.field(spec, slot, at));
                slot = slot.saturating_add(1);
            }
            fields
        };
        let fields = all(self, &ty.spec.seq);
        let instances = all(self, &ty.spec.instances);
        if let Some(source) = &ty.spec.to_string {
            let text = |ty: &Ty| *ty == Ty::Str;
            self.expect(source, Place::of(self.id), "text", text);
        }
        TypePlan {
            name: ty.name.clone(),
            top: ty.top,
            file: ty.file,
            params,
            fields,
            instances,
            endian,
        }
    }

    fn endian(&mut self) -> EndianPlan {
        let rule = match &self.model.ty(self.id).endian {
            EndianModel::Unknown | EndianModel::Fixed(_) => return EndianPlan::Fixed,
            EndianModel::Decided { rule: None } => return EndianPlan::Inherited,
            EndianModel::Decided { rule: Some(rule) } => rule,
        };
        let mut cases = Vec::new();
        for (case, endian) in &rule.cases {
            if let Some(code) = self.case(&rule.on, case) {
                cases.push((code, *endian));
            }
        }
        EndianPlan::Decided {
            cases,
            otherwise: rule.otherwise,
        }
    }

    /// Whether what is switched on is this case, as a condition.
    fn case(&mut self, on: &'m Source, case: &'m Source) -> Option<Code> {
        let on = self.bind(on, Place::of(self.id))?;
        let mut value = self.bind(case, Place::of(self.id))?;
        // Definitions switch on a bit that was masked out, and name the orders by truth values.
        if let (Ty::Int, Some(Value::Bool(truth))) = (&on.ty, value.code.constant()) {
            value.code.op = Op::Const(Value::Int(i128::from(*truth)));
            value.ty = Ty::Int;
        }
        if comparison(&on.ty, &value.ty, Comparison::Eq).is_err() {
            let message = format!(
                "{} and {} cannot be compared",
                on.ty.describe(self.model),
                value.ty.describe(self.model)
            );
            self.error(codes::COMPARISON, case.span(), message);
            return None;
        }
        let span = value.code.span.clone();
        let op = Op::Compare(Comparison::Eq, Box::new([on.code, value.code]));
        Some(Code { op, span })
    }
}
