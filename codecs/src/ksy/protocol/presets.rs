//! Which fields say what a message is called, and with which values.
//!
//! `operation` and `kind` are expressions on what was read. To write a message, their inverse is
//! needed: of the fields that they look at, those with few possible values are tried in all
//! combinations, until the expressions say what they should.

use super::operations::{Way, direction, steps_to};
use super::paths::key;
use super::schema::steps;
use super::shape::Path;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Code, Field, Form, Op, Plan};
use crate::ksy::section::plan::{OperationIndex, SectionPlan};
use crate::ksy::write::{FieldKey, Given, Rules, laid_out};
use gatewright_core::message::{Kind, Value};

/// A field that has this value in all messages of an operation.
#[derive(Clone, Debug)]
pub(super) struct Preset {
    pub(super) key: FieldKey,
    pub(super) path: Path,
    pub(super) value: Value,
}

/// A field and the values it may have.
struct Candidate<'c> {
    key: FieldKey,
    code: &'c Code,
    owner: TypeId,
    values: Vec<Value>,
}

/// The most combinations that are tried for one operation.
const MAX_TRIES: usize = 4096;
/// How deep expressions are followed through instances.
const DEPTH: usize = 16;

/// Finds the presets of operations.
pub(super) struct Presets<'p> {
    pub(super) plan: &'p Plan,
    pub(super) section: &'p SectionPlan,
    pub(super) rules: &'p Rules,
}

impl<'p> Presets<'p> {
    /// The presets of an operation one way; none if nothing gives them.
    pub(super) fn of(
        &self,
        operation: OperationIndex,
        way: Way,
        kind: Option<Kind>,
    ) -> Vec<Preset> {
        let direction = direction(self.section, way);
        let mut fields = Vec::new();
        self.collect(direction.root, &direction.operation, &mut fields, DEPTH);
        if let Some(code) = &direction.kind {
            self.collect(direction.root, code, &mut fields, DEPTH);
        }
        let mut presets: Vec<(Preset, Vec<Value>)> = Vec::new();
        for field in fields {
            let known = presets.iter().any(|(preset, _)| preset.key == field.key);
            let path = steps_to(self.plan, direction.root, field.code)
                .filter(|_| field.owner == direction.root);
            if let (false, Some(path), Some(first)) = (known, path, field.values.first()) {
                let preset = Preset {
                    key: field.key,
                    path,
                    value: first.clone(),
                };
                presets.push((preset, field.values));
            }
        }
        self.narrow(
            operation,
            direction.root,
            &direction.operation,
            &mut presets,
        );
        // Where fields that may have any value tell the kind, the name alone is preset.
        self.search(operation, way, kind, presets.clone())
            .or_else(|| self.search(operation, way, None, presets))
            .unwrap_or_default()
    }

    /// The first of all combinations that gives that operation and kind.
    fn search(
        &self,
        operation: OperationIndex,
        way: Way,
        kind: Option<Kind>,
        mut presets: Vec<(Preset, Vec<Value>)>,
    ) -> Option<Vec<Preset>> {
        let root = direction(self.section, way).root;
        let mut tries = vec![0_usize; presets.len()];
        for _ in 0..MAX_TRIES {
            if self.says(root, way, &presets, operation, kind) {
                return Some(self.needed(root, way, presets, operation, kind));
            }
            if !step(&mut tries, &mut presets) {
                break;
            }
        }
        None
    }

    /// Those without which it is not that operation and kind.
    fn needed(
        &self,
        root: TypeId,
        way: Way,
        mut presets: Vec<(Preset, Vec<Value>)>,
        operation: OperationIndex,
        kind: Option<Kind>,
    ) -> Vec<Preset> {
        let mut at = 0;
        while at < presets.len() {
            let without = presets.remove(at);
            if !self.says(root, way, &presets, operation, kind) {
                presets.insert(at, without);
                at = at.saturating_add(1);
            }
        }
        presets.into_iter().map(|(preset, _)| preset).collect()
    }

    /// A field that is the operation itself has the operation's number.
    fn narrow(
        &self,
        operation: OperationIndex,
        root: TypeId,
        code: &Code,
        presets: &mut [(Preset, Vec<Value>)],
    ) {
        let number = self
            .section
            .operations
            .get(operation.0)
            .and_then(|one| one.number);
        let Some((number, own)) = number.zip(key(self.plan, root, code)) else {
            return;
        };
        for (preset, values) in presets {
            if preset.key == own {
                preset.value = Value::Int(number);
                *values = vec![preset.value.clone()];
            }
        }
    }

    /// Whether these values give that operation and kind.
    fn says(
        &self,
        root: TypeId,
        way: Way,
        presets: &[(Preset, Vec<Value>)],
        operation: OperationIndex,
        kind: Option<Kind>,
    ) -> bool {
        let mut given = Given::structure(self.plan.ty(root).slots());
        for (preset, _) in presets {
            given.set(steps(&preset.path), Given::Plain(preset.value.clone()));
        }
        let direction = direction(self.section, way);
        let Ok(mut machine) = laid_out(self.plan, self.rules, root, &given) else {
            return false;
        };
        let said = machine.operation_of(self.section, direction);
        let of_kind = machine.kind_of(direction);
        matches!(said, Ok(Some(said)) if said == operation)
            && match (kind, of_kind) {
                (Some(wanted), Ok(Some(got))) => wanted == got,
                // What other fields decide is not for presets.
                (Some(_), _) => direction.kind.is_none() || presets.is_empty(),
                (None, _) => true,
            }
    }

    fn collect<'c>(
        &self,
        owner: TypeId,
        code: &'c Code,
        fields: &mut Vec<Candidate<'c>>,
        depth: usize,
    ) where
        'p: 'c,
    {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if let Some(key) = key(self.plan, owner, code) {
            let values = self.values(key);
            if !values.is_empty() && values.len() <= MAX_TRIES {
                fields.push(Candidate {
                    key,
                    code,
                    owner,
                    values,
                });
            }
            return;
        }
        if let Op::Own(slot) = &code.op
            && let Some(Field {
                form: Form::Value(inner),
                ..
            }) = self.plan.ty(owner).field(*slot)
        {
            return self.collect(owner, inner, fields, depth);
        }
        for part in code.parts() {
            self.collect(owner, part, fields, depth);
        }
    }

    /// The values that a field may have, if they are few: truth values, labels, and what switches
    /// on it know.
    fn values(&self, key: FieldKey) -> Vec<Value> {
        let Some(field) = self.plan.ty(key.0).field(key.1) else {
            return Vec::new();
        };
        match &field.ty {
            Ty::Bool => vec![Value::Bool(false), Value::Bool(true)],
            Ty::Enum(id) => {
                let labels = self.plan.enumeration(*id).labels.iter();
                labels.map(|(n, _)| Value::Int(*n)).collect()
            }
            Ty::Str | Ty::Int => self.switched(key),
            _ => Vec::new(),
        }
    }

    fn switched(&self, wanted: FieldKey) -> Vec<Value> {
        let mut values = Vec::new();
        for (at, ty) in self.plan.types.iter().enumerate() {
            let Ok(owner) = u16::try_from(at).map(TypeId) else {
                break;
            };
            for field in &ty.fields {
                let Form::Switch(switch) = &field.form else {
                    continue;
                };
                if key(self.plan, owner, &switch.on) != Some(wanted) {
                    continue;
                }
                let cases = switch.cases.iter().filter_map(|(case, _)| case.constant());
                for value in cases {
                    if !values.contains(value) {
                        values.push(value.clone());
                    }
                }
            }
        }
        values
    }
}

/// The next combination; `false` after the last.
fn step(tries: &mut [usize], presets: &mut [(Preset, Vec<Value>)]) -> bool {
    for (at, (preset, values)) in tries.iter_mut().zip(presets) {
        *at = at.saturating_add(1);
        if let Some(value) = values.get(*at) {
            preset.value = value.clone();
            return true;
        }
        *at = 0;
        if let Some(first) = values.first() {
            preset.value = first.clone();
        }
    }
    false
}
