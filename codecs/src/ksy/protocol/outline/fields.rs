//! Fields, and who supplies them.

use super::{FieldOutline, Supply, Survey};
use crate::ksy::plan::{Code, Field, Valid};
use crate::ksy::protocol::shape::{Collected, Passed, Unseen};
use crate::ksy::write::FieldRule;
use gatewright_core::codec::{FieldDef, Presence, StructId, Type};
use gatewright_core::message::Value;

/// The fields of a structure, then those that nobody gives.
pub(super) fn outlines(
    survey: &Survey<'_>,
    record: StructId,
    collected: &Collected<'_>,
) -> Vec<FieldOutline> {
    let given = &survey.descriptor.schema.structure(record).fields;
    let given = given.iter().map(|field| FieldOutline {
        name: field.name.clone().into_owned(),
        supply: supply(survey, field),
    });
    let passed = collected.passed.iter();
    let passed = passed.filter_map(|passed| {
        Some(FieldOutline {
            name: passed.name.clone(),
            supply: without(survey, passed)?,
        })
    });
    given.chain(passed).collect()
}

fn supply(survey: &Survey<'_>, field: &FieldDef) -> Supply {
    match &field.presence {
        Presence::Required => Supply::Required,
        Presence::Optional => Supply::Optional,
        Presence::Default(_) if field.secret => Supply::Default("***".to_owned()),
        Presence::Default(value) => Supply::Default(shown(survey, &field.ty, value)),
        Presence::Computed => Supply::ReadOnly("computed from other fields"),
    }
}

/// Who supplies a field that is not a message's; `None` for filling, which has no name.
fn without(survey: &Survey<'_>, passed: &Passed<'_>) -> Option<Supply> {
    let rule = survey.rules.field((passed.owner, passed.field.slot));
    Some(match passed.why {
        Unseen::Unnamed => return None,
        Unseen::Names => Supply::Derived("the operation"),
        Unseen::Hidden if rule.default.is_some() => Supply::Derived("its default"),
        Unseen::Hidden => Supply::ReadOnly("hidden, and nothing says what it is"),
        Unseen::Follows => Supply::Derived(reason(rule, passed.field)),
        Unseen::Placed => Supply::ReadOnly("read at a place of its own"),
    })
}

fn reason(rule: &FieldRule, field: &Field) -> &'static str {
    let varies = |code: &Code| code.constant().is_none();
    if matches!(&field.valid, Some(Valid::Eq(code)) if varies(code)) {
        "what `valid` says"
    } else if rule.check {
        "a checksum"
    } else if rule.derived.is_some() {
        "`derive`"
    } else if rule.solvable || rule.counts {
        "a size or count"
    } else if rule.flag {
        "what is there"
    } else {
        "always the same"
    }
}

/// A value as people write it.
fn shown(survey: &Survey<'_>, ty: &Type, value: &Value) -> String {
    match (ty, value) {
        (Type::Enum(id), Value::Int(n)) => {
            let labels = survey.descriptor.schema.enumeration(*id);
            labels
                .label(*n)
                .map_or_else(|| n.to_string(), str::to_owned)
        }
        (_, Value::Bool(truth)) => truth.to_string(),
        (_, Value::Int(n)) => n.to_string(),
        (_, Value::Float(x)) => x.to_string(),
        (_, Value::Str(text)) => format!("{:?}", &**text),
        (_, Value::Bytes(bytes)) if bytes.is_empty() => "\"\"".to_owned(),
        (_, Value::Bytes(bytes)) => format!("0x{}", hex(bytes)),
        (_, Value::List(all)) if all.is_empty() => "[]".to_owned(),
        (_, Value::Record(all)) => {
            let there = all.iter().find(|value| !value.is_null());
            there.map_or_else(String::new, |value| shown(survey, &Type::Any, value))
        }
        (_, Value::Null | Value::List(_) | Value::Headers(_) | Value::Object(_)) => "…".to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
