//! Which replies are failures: `error`, as what one field of each operation tells.

use super::foresight::Foresight;
use super::operations::{Told, keys};
use super::paths::path;
use super::presets::Preset;
use super::shape::{Part, Path};
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, Form, Op, Plan};
use crate::ksy::write::FieldKey;
use gatewright_core::codec::{Grade, Grading};
use gatewright_core::expr::Comparison;
use gatewright_core::message::{Slot, Value};

/// How deep expressions are followed through instances.
const DEPTH: usize = 16;

/// How the replies of an operation are told to be failures; `None` if none of them is one, or it takes
/// more than one field to tell.
pub(super) fn grading(plan: &Plan, root: TypeId, error: &Code, told: &Told) -> Option<Grading> {
    let (_, presets) = told.presets.first()?;
    let judge = |more: &[Preset]| {
        let presets = [presets.as_slice(), more].concat();
        let foresight = Foresight {
            plan,
            presets: &presets,
        };
        foresight.value(root, error)
    };
    match judge(&[]) {
        Some(Value::Bool(true)) => Some(Grading {
            field: Slot(0),
            listed: Vec::new(),
            others: Grade::Failed,
        }),
        Some(_) => None,
        None => told_by_field(plan, root, error, told, judge),
    }
}

fn told_by_field(
    plan: &Plan,
    root: TypeId,
    error: &Code,
    told: &Told,
    judge: impl Fn(&[Preset]) -> Option<Value>,
) -> Option<Grading> {
    let mut compared = Vec::new();
    constants(plan, root, error, &mut compared, DEPTH);
    let fields = told.shape.fields.iter().zip((0..).map(Slot));
    let mut fields = fields.filter(|(place, _)| {
        matches!(place.part, Part::Plain) && compared.iter().any(|(key, _)| *key == place.key)
    });
    let (Some((place, field)), None) = (fields.next(), fields.next()) else {
        return None;
    };
    let grade = |value: &Value| {
        let preset = Preset {
            key: place.key,
            path: Path::new(),
            value: value.clone(),
        };
        match judge(&[preset])? {
            Value::Bool(true) => Some(Grade::Failed),
            _ => Some(Grade::Fine),
        }
    };
    let mut listed = vec![(Value::Null, Grade::Fine)];
    let values = compared.iter().filter(|(key, _)| *key == place.key);
    for (_, value) in values {
        listed.push((value.clone(), grade(value)?));
    }
    Some(Grading {
        field,
        others: grade(&another(&listed)?)?,
        listed,
    })
}

/// Fields and the constants that they are compared with; truth values stand for themselves.
fn constants(
    plan: &Plan,
    owner: TypeId,
    code: &Code,
    found: &mut Vec<(FieldKey, Value)>,
    depth: usize,
) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    if let Op::Compare(Comparison::Eq | Comparison::Ne, two) = &code.op {
        let [a, b] = &**two;
        for (field, constant) in [(a, b), (b, a)] {
            if let Some(value) = constant.constant() {
                let named = keys(plan, owner, field).into_iter();
                found.extend(named.map(|key| (key, value.clone())));
            }
        }
        return;
    }
    if let Op::Own(slot) = &code.op
        && let Some(instance) = plan.ty(owner).instance(*slot)
        && let Form::Value(inner) = &instance.form
    {
        return constants(plan, owner, inner, found, depth);
    }
    if path(plan, owner, code).is_some() || matches!(code.op, Op::AnyOf(..)) {
        for key in keys(plan, owner, code) {
            found.extend([false, true].map(|truth| (key, Value::Bool(truth))));
        }
        return;
    }
    for part in code.parts() {
        constants(plan, owner, part, found, depth);
    }
}

/// A value of their type that none of these is.
fn another(listed: &[(Value, Grade)]) -> Option<Value> {
    let mut texts = String::from("\u{1}");
    let mut highest = 0_i128;
    for (value, _) in listed {
        match value {
            Value::Null => {}
            Value::Bool(_) => return Some(Value::Bool(false)),
            Value::Int(n) => highest = highest.max(*n),
            Value::Str(text) => texts.push_str(text),
            _ => return None,
        }
    }
    match listed.last() {
        Some((Value::Str(_), _)) => Some(Value::from(texts.as_str())),
        _ => highest.checked_add(1).map(Value::Int),
    }
}
