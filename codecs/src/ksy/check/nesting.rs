//! How deep structures stand in each other.

use super::Found;
use super::members::{Members, type_names};
use crate::ksy::codes;
use crate::ksy::finding::Severity;
use crate::ksy::model::{Member, Model, TypeId};
use crate::ksy::spec::TypeName;
use gatewright_core::expr::RuleError;

/// The most structures in each other. A message has fewer anyway; whoever follows the definition
/// instead of a message (framing, the description of operations) needs no bound of its own then.
const MAX_NESTING: usize = 256;

/// Refuses a definition whose structures stand too deep in each other.
pub(super) fn check(members: &Members<'_>) -> Option<Found> {
    let model = members.model;
    if nesting(members) <= MAX_NESTING {
        return None;
    }
    let first = model.ty(TypeId(0));
    let message = format!("more than {MAX_NESTING} types stand in each other, or in a circle");
    Some(Found {
        severity: Severity::Error,
        file: first.file,
        fault: RuleError::new(codes::TOO_LARGE, first.spec.span.clone(), message),
    })
}

/// The longest chain of types, each of which has a field of the next one. Those that lead to a
/// circle count as one chain.
fn nesting(members: &Members<'_>) -> usize {
    let model = members.model;
    let mut users: Vec<Vec<TypeId>> = vec![Vec::new(); model.types.len()];
    let mut open = vec![0_usize; model.types.len()];
    for owner in model.ids() {
        for of in parts(members, model, owner) {
            if let (Some(users), Some(open)) =
                (users.get_mut(of.index()), open.get_mut(owner.index()))
            {
                users.push(owner);
                *open = open.saturating_add(1);
            }
        }
    }
    let mut depths = vec![1_usize; model.types.len()];
    let no_parts = |id: &TypeId| open.get(id.index()) == Some(&0);
    let mut done: Vec<TypeId> = model.ids().filter(no_parts).collect();
    let (mut deepest, mut finished) = (0, 0_usize);
    while let Some(id) = done.pop() {
        finished = finished.saturating_add(1);
        let depth = depths.get(id.index()).copied().unwrap_or_default();
        deepest = deepest.max(depth);
        for user in users.get(id.index()).into_iter().flatten() {
            if let (Some(own), Some(open)) =
                (depths.get_mut(user.index()), open.get_mut(user.index()))
            {
                *own = depth.saturating_add(1).max(*own);
                *open = open.saturating_sub(1);
                if *open == 0 {
                    done.push(*user);
                }
            }
        }
    }
    deepest.saturating_add(model.types.len().saturating_sub(finished))
}

/// The structures that a structure has fields of.
fn parts<'m>(
    members: &'m Members<'m>,
    model: &'m Model,
    owner: TypeId,
) -> impl Iterator<Item = TypeId> + 'm {
    let fields = model.ty(owner).members().filter_map(|member| match member {
        Member::Field(field) | Member::Instance(field) => Some(field),
        Member::Param(_) => None,
    });
    let names = fields.flat_map(|field| type_names(&field.ty));
    names.filter_map(move |name| match &name.value {
        TypeName::User { path, .. } => members.user(path, owner),
        _ => None,
    })
}
