//! How many bits a member takes, if it always takes as many.

use crate::ksy::model::TypeId;
use crate::ksy::plan::{Cut, Field, Form, Plan, Repeat, Size};
use gatewright_core::message::Value;

/// Structures this deep in each other have no fixed size: they may contain themselves.
const MAX_DEPTH: usize = 64;

/// The bits of a field, if it is always there, once, and of one size.
pub(super) fn bits(plan: &Plan, field: &Field) -> Option<u64> {
    of_field(plan, field, MAX_DEPTH)
}

fn of_field(plan: &Plan, field: &Field, depth: usize) -> Option<u64> {
    match (&field.condition, &field.repeat) {
        (None, Repeat::Once) => of_form(plan, &field.form, depth),
        (Some(_), _) | (_, Repeat::Eos | Repeat::Count(_) | Repeat::Until(_)) => None,
    }
}

fn of_form(plan: &Plan, form: &Form, depth: usize) -> Option<u64> {
    match form {
        Form::Int { width, .. } | Form::Float { width, .. } => Some(u64::from(*width) * 8),
        Form::Bits { width, .. } => Some(u64::from(*width)),
        Form::Contents(bytes) => octets(bytes.len()),
        Form::Bytes(cut) | Form::Text(cut, _) | Form::Struct { cut: Some(cut), .. } => of_cut(cut),
        Form::Struct { ty, .. } => of_type(plan, *ty, depth),
        Form::Switch(switch) => {
            let mut forms = switch.cases.iter().map(|(_, form)| form);
            let first = of_form(plan, switch.otherwise.as_ref()?, depth)?;
            forms
                .all(|form| of_form(plan, form, depth) == Some(first))
                .then_some(first)
        }
        Form::Value(_) => None,
    }
}

fn of_type(plan: &Plan, ty: TypeId, depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    let fields = plan.ty(ty).fields.iter();
    let mut sizes = fields.map(|field| of_field(plan, field, depth));
    sizes.try_fold(0_u64, |sum, size| sum.checked_add(size?))
}

fn of_cut(cut: &Cut) -> Option<u64> {
    match &cut.size {
        Size::Of(code) => match code.constant() {
            Some(Value::Int(n)) => octets(usize::try_from(*n).ok()?),
            _ => None,
        },
        Size::Eos | Size::Terminated => None,
    }
}

fn octets(n: usize) -> Option<u64> {
    u64::try_from(n).ok()?.checked_mul(8)
}
