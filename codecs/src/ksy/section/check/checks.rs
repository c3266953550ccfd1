//! `checks`: which checksums stand where.

use super::edges::{Edge, Edges, edges};
use super::layout::byte_order;
use super::whole::Half;
use super::{Check, Soundness};
use crate::framing::ByteOrder;
use crate::ksy::codes;
use crate::ksy::model::{Member, Ty, TypeId};
use crate::ksy::plan;
use crate::ksy::plan::{Form, Plan, Repeat};
use crate::ksy::section::checksum::{ALGORITHMS, Algorithm, find};
use crate::ksy::section::plan::{CheckPlan, Written};
use crate::ksy::section::spec::{CheckSpec, SectionSpec};
use crate::ksy::spec::At;
use gatewright_core::expr::RuleError;
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::message::Value;
use std::collections::{HashMap, HashSet};

/// The checksums of both directions.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) request: Vec<CheckPlan>,
    pub(super) reply: Vec<CheckPlan>,
}

/// A field that is named by its path.
struct FieldAt {
    path: Vec<usize>,
    /// The structure that has it.
    owner: TypeId,
    slot: usize,
}

/// A path whose name `part` is none in its structure.
struct NoField<'n> {
    part: &'n str,
    /// The structure, if it is one.
    of: Option<TypeId>,
}

impl Check<'_, '_> {
    pub(super) fn checks(
        &mut self,
        spec: &SectionSpec,
        request: Option<&Half>,
        reply: Option<&Half>,
    ) -> Checks {
        let mut checks = Checks::default();
        let one = request.map(|half| half.root.ty) == reply.map(|half| half.root.ty);
        for check in &spec.checks {
            let Some(algorithm) = self.algorithm(&check.algorithm) else {
                continue;
            };
            let before = self.found.len();
            if let Some(half) = request {
                checks
                    .request
                    .extend(self.check(check, algorithm, half, &spec.checks));
            }
            let heard = self.found.len();
            if let Some(half) = reply {
                checks
                    .reply
                    .extend(self.check(check, algorithm, half, &spec.checks));
            }
            // One root has one fault.
            if one && heard > before {
                self.found.truncate(heard);
            }
        }
        checks
    }

    fn algorithm(&mut self, name: &At<String>) -> Option<&'static Algorithm> {
        if let Some(found) = find(&name.value) {
            return Some(found);
        }
        let shown = crate::ksy::yaml::shortened(&name.value);
        let message = format!("there is no checksum algorithm `{shown}`");
        let names = ALGORITHMS.iter().map(|row| row.name);
        let all: Vec<&str> = names.clone().collect();
        let help = did_you_mean(&name.value, names)
            .unwrap_or_else(|| format!("there are {}", all.join(", ")));
        let error = RuleError::new(codes::CHECKSUM, name.span.clone(), message);
        self.report(error.help(help));
        None
    }

    fn check(
        &mut self,
        spec: &CheckSpec,
        algorithm: &'static Algorithm,
        half: &Half,
        all: &[CheckSpec],
    ) -> Option<CheckPlan> {
        let root = half.root.ty;
        let field = self.field_path(root, &spec.field);
        let from = self.field_path(root, &spec.from);
        let to = self.field_path(root, &spec.to);
        let (field, from, to) = (field?, from?, to?);
        if self.sound == Soundness::Faulty {
            return None;
        }
        self.stands_once(root, spec, &field, all);
        let (width, written) = self.written(&spec.field, algorithm, &field)?;
        let at = self.edge(root, &spec.field, &field, |edges| edges.start);
        let from = self.edge(root, &spec.from, &from, |edges| edges.start);
        let to = self.edge(root, &spec.to, &to, |edges| edges.end);
        let (at, from, to) = (at?, from?, to?);
        Some(CheckPlan {
            name: spec.field.value.clone(),
            algorithm,
            at,
            width,
            written,
            from,
            to,
        })
    }

    /// One side of a field.
    fn edge(
        &mut self,
        root: TypeId,
        name: &At<String>,
        field: &FieldAt,
        side: impl Fn(Edges) -> Option<Edge>,
    ) -> Option<Edge> {
        let edge = side(edges(self.plan, self.members, root, &field.path));
        if edge.is_none() {
            let message = "where this field stands is not known beforehand";
            self.error(codes::CHECKSUM, &name.span, message);
        }
        edge
    }

    /// The field of a path of names.
    fn field_path(&mut self, root: TypeId, name: &At<String>) -> Option<FieldAt> {
        let NoField { part, of } = match self.find_field(root, &name.value) {
            Ok(field) => return Some(field),
            Err(missing) => missing,
        };
        let shown = crate::ksy::yaml::shortened(part);
        let message = format!("there is no field `{shown}` that is always there");
        let mut error = RuleError::new(codes::UNKNOWN_NAME, name.span.clone(), message);
        let known = of.map(|ty| self.model.ty(ty).members().collect::<Vec<_>>());
        let known = known.unwrap_or_default();
        error.help = did_you_mean(part, known.iter().filter_map(Member::name));
        self.report(error);
        None
    }

    fn find_field<'n>(&self, root: TypeId, names: &'n str) -> Result<FieldAt, NoField<'n>> {
        let (mut ty, mut path) = (Some(root), Vec::new());
        let mut last = (root, 0);
        for part in names.split('.') {
            let owner = ty.and_then(|ty| {
                let slot = self.model.ty(ty).slot(part)?;
                let member = self.model.ty(ty).member(slot)?;
                matches!(member, Member::Field(_)).then_some((ty, slot))
            });
            let (owner, slot) = owner.ok_or(NoField { part, of: ty })?;
            path.push(slot);
            last = (owner, slot);
            ty = match self.members.ty(owner, slot) {
                Ok(Ty::Struct(id)) => Some(id),
                _ => None,
            };
        }
        let (owner, slot) = last;
        Ok(FieldAt { path, owner, slot })
    }

    /// A field that is a checksum is one wherever its structure's type stands, so each of those
    /// places has to have its check: nobody could give another.
    fn stands_once(&mut self, root: TypeId, spec: &CheckSpec, field: &FieldAt, all: &[CheckSpec]) {
        let fields = all.iter().map(|check| &check.field.value);
        let fields = fields.filter_map(|names| self.find_field(root, names).ok());
        let same = fields.filter(|other| (other.owner, other.slot) == (field.owner, field.slot));
        let checks = same.map(|other| other.path).collect::<HashSet<_>>().len();
        let within = places(self.plan, root, field.owner, &mut HashMap::new());
        if within.saturating_add(usize::from(root == field.owner)) <= checks {
            return;
        }
        let ty = self.model.path(field.owner);
        let message = format!(
            "`{ty}` stands in other places of a message, too, where this would be no checksum"
        );
        let error = RuleError::new(codes::CHECKSUM, spec.field.span.clone(), message);
        self.report(error.help("give the structure with the checksum a type of its own"));
    }

    /// How a checksum is written in its field.
    fn written(
        &mut self,
        name: &At<String>,
        algorithm: &Algorithm,
        field: &FieldAt,
    ) -> Option<(usize, Written)> {
        let form = &self.plan.ty(field.owner).field(field.slot)?.form;
        let sized = |cut: &plan::Cut| match &cut.size {
            plan::Size::Of(code) => match code.constant() {
                Some(Value::Int(n)) => usize::try_from(*n).ok(),
                _ => None,
            },
            plan::Size::Eos | plan::Size::Terminated => None,
        };
        let (width, order) = match form {
            Form::Int {
                width,
                order: plan::ByteOrder::Fixed(endian),
                ..
            } => (Some(usize::from(*width)), byte_order(*endian)),
            Form::Bytes(cut) | Form::Text(cut, _) => (sized(cut), ByteOrder::Big),
            _ => (None, ByteOrder::Big),
        };
        let bytes = usize::from(algorithm.bits.div_ceil(8));
        let (wanted, written) = match algorithm.digits {
            Some(digits) => (digits, Written::Digits),
            None => (bytes, Written::Binary(order)),
        };
        if width == Some(wanted) {
            return Some((wanted, written));
        }
        let algorithm = algorithm.name;
        let message = format!("`{algorithm}` needs a field of {wanted} bytes");
        self.error(codes::CHECKSUM, &name.span, message);
        None
    }
}

/// In how many places of a structure of type `ty` one of type `inner` may stand; in a list, in two
/// at least. One that is part of itself is counted as if it were not.
fn places(plan: &Plan, ty: TypeId, inner: TypeId, known: &mut HashMap<TypeId, usize>) -> usize {
    if let Some(known) = known.get(&ty) {
        return *known;
    }
    known.insert(ty, 0);
    let mut sum = 0_usize;
    for field in &plan.ty(ty).fields {
        let times = match field.repeat {
            Repeat::Once => 1,
            Repeat::Eos | Repeat::Count(_) | Repeat::Until(_) => 2,
        };
        let forms: Vec<&Form> = match &field.form {
            Form::Switch(switch) => {
                let cases = switch.cases.iter().map(|(_, form)| form);
                cases.chain(&switch.otherwise).collect()
            }
            form => vec![form],
        };
        for form in forms {
            if let Form::Struct { ty, .. } = form {
                let within = places(plan, *ty, inner, known);
                let here = within.saturating_add(usize::from(*ty == inner));
                sum = sum.saturating_add(here.saturating_mul(times));
            }
        }
    }
    known.insert(ty, sum);
    sum
}
