//! Where a member stands: slots from the structure of the whole message on.

use super::operations::keys;
use crate::ksy::model::TypeId;
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
    let (mut path, owner, slot) = match &code.op {
        Op::This => return Some(Vec::new()),
        Op::Own(slot) => (Vec::new(), from, *slot),
        Op::Member(of, owner, slot) => (path_within(plan, from, of, depth)?, *owner, *slot),
        Op::Cast(of, _) => return path_within(plan, from, of, depth),
        Op::Call(method, of) if method.name == "to_i" => {
            return path_within(plan, from, of.first()?, depth);
        }
        _ => return None,
    };
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

/// A field that an expression may name. Its structure's type may stand in several places of a
/// message, so the key alone does not tell which field it is.
#[derive(Debug)]
pub(super) struct Named {
    key: (TypeId, usize),
    /// The slots that lead to it, if that can be told.
    path: Option<Vec<usize>>,
}

impl Named {
    /// Whether it is the field with this key at the end of these slots.
    pub(super) fn stands_at(&self, path: &[usize], key: (TypeId, usize)) -> bool {
        self.key == key && self.path.as_deref().is_none_or(|own| own == path)
    }
}

/// All fields that an expression may name: one of each structure that it may look into.
pub(super) fn named(plan: &Plan, root: TypeId, code: &Code) -> Vec<Named> {
    let path_of = |slot| match &code.op {
        Op::AnyOf(of, _) => path(plan, root, of).map(|mut path| {
            path.push(slot);
            path
        }),
        _ => path(plan, root, code),
    };
    let keys = keys(plan, root, code).into_iter();
    keys.map(|key| Named {
        key,
        path: path_of(key.1),
    })
    .collect()
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
