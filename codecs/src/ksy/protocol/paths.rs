//! Where a member stands: slots from the structure of the whole message on.

use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Code, Field, Form, Op, Plan};

/// How deep expressions are followed through instances.
const DEPTH: usize = 32;

/// The slots that lead from a structure of type `from` to the field that `code` names, through
/// fields only; instances that only name a field are followed.
pub(super) fn path(plan: &Plan, from: TypeId, code: &Code) -> Option<Vec<usize>> {
    path_within(plan, from, code, DEPTH)
}

fn path_within(plan: &Plan, from: TypeId, code: &Code, depth: usize) -> Option<Vec<usize>> {
    let depth = depth.checked_sub(1)?;
    let (mut path, slot) = match &code.op {
        Op::This => return Some(Vec::new()),
        Op::Own(slot) => (Vec::new(), *slot),
        Op::Member(of, _, slot) => (path_within(plan, from, of, depth)?, *slot),
        Op::Cast(of, _) => return path_within(plan, from, of, depth),
        Op::Call(method, of) if method.name == "to_i" => {
            return path_within(plan, from, of.first()?, depth);
        }
        _ => return None,
    };
    let owner = type_at(plan, from, &path)?;
    match plan.ty(owner).field(slot) {
        Some(Field {
            form: Form::Value(code),
            ..
        }) => {
            path.extend(path_within(plan, owner, code, depth)?);
            Some(path)
        }
        _ => {
            path.push(slot);
            Some(path)
        }
    }
}

/// The structure that a path leads to. Where one of several is possible, there is none.
pub(super) fn type_at(plan: &Plan, from: TypeId, path: &[usize]) -> Option<TypeId> {
    let mut at = from;
    for slot in path {
        match plan.ty(at).field(*slot)?.ty {
            Ty::Struct(inner) => at = inner,
            _ => return None,
        }
    }
    Some(at)
}

/// The field that an expression names, wherever it stands; instances that only name a field are
/// followed.
pub(super) fn key(plan: &Plan, from: TypeId, code: &Code) -> Option<(TypeId, usize)> {
    let (owner, slot) = match &code.op {
        Op::Own(slot) => (from, *slot),
        Op::Member(_, owner, slot) => (*owner, *slot),
        Op::Cast(of, _) => return key(plan, from, of),
        _ => return None,
    };
    match plan.ty(owner).field(slot) {
        Some(Field {
            form: Form::Value(code),
            ..
        }) => key(plan, owner, code),
        _ => Some((owner, slot)),
    }
}
