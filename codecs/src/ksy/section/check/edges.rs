//! Where fields stand in a frame, from either end.

use super::layout::{Leaf, layout};
use crate::ksy::check::members::Members;
use crate::ksy::model::TypeId;
use crate::ksy::plan::Plan;
use std::ops::Range;

/// A place in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// So many bytes from its start.
    FromStart(usize),
    /// So many bytes before its end.
    FromEnd(usize),
}

impl Edge {
    /// The place in a frame of so many bytes, if it has one there.
    #[must_use]
    pub const fn within(self, len: usize) -> Option<usize> {
        match self {
            Self::FromStart(at) if at <= len => Some(at),
            Self::FromStart(_) => None,
            Self::FromEnd(rest) => len.checked_sub(rest),
        }
    }

    const fn forward(self, by: usize) -> Option<Self> {
        match self {
            Self::FromStart(at) => match at.checked_add(by) {
                Some(at) => Some(Self::FromStart(at)),
                None => None,
            },
            Self::FromEnd(rest) => match rest.checked_sub(by) {
                Some(rest) => Some(Self::FromEnd(rest)),
                None => None,
            },
        }
    }

    const fn back(self, by: usize) -> Option<Self> {
        match self {
            Self::FromStart(at) => match at.checked_sub(by) {
                Some(at) => Some(Self::FromStart(at)),
                None => None,
            },
            Self::FromEnd(rest) => match rest.checked_add(by) {
                Some(rest) => Some(Self::FromEnd(rest)),
                None => None,
            },
        }
    }
}

/// Where a field begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edges {
    pub(super) start: Option<Edge>,
    pub(super) end: Option<Edge>,
}

/// The edges of the field at a path of slots.
pub(super) fn edges<'m>(
    plan: &Plan,
    members: &'m Members<'m>,
    root: TypeId,
    path: &[usize],
) -> Edges {
    let leaves = layout(plan, members, root);
    // A path that ends at a structure covers all its leaves; one that goes on stands in a leaf.
    let covered = covering(&leaves, path);
    let (start, end) = (place(&leaves, covered.start), place(&leaves, covered.end));
    let around = Edges { start, end };
    let Some(leaf) = leaves.get(covered.start).filter(|_| covered.len() == 1) else {
        return around;
    };
    let (Some(rest), Some(inner)) = (path.strip_prefix(leaf.path.as_slice()), leaf.inner) else {
        return around;
    };
    if rest.is_empty() {
        return around;
    }
    let inner = edges(plan, members, inner, rest);
    Edges {
        start: inner.start.and_then(|edge| placed(edge, around)),
        end: inner.end.and_then(|edge| placed(edge, around)),
    }
}

/// The leaves that a path stands for.
fn covering(leaves: &[Leaf], path: &[usize]) -> Range<usize> {
    let related =
        |leaf: &Leaf| leaf.path.starts_with(path) || path.starts_with(leaf.path.as_slice());
    let start = leaves.iter().position(related).unwrap_or(leaves.len());
    let end = leaves.iter().rposition(related);
    start..end.map_or(start, |end| end.saturating_add(1))
}

/// The place before a leaf.
fn place(leaves: &[Leaf], at: usize) -> Option<Edge> {
    let sum = |leaves: &[Leaf]| {
        leaves
            .iter()
            .try_fold(0_usize, |sum, leaf| sum.checked_add(leaf.constant()?))
    };
    let (before, after) = leaves.split_at_checked(at)?;
    let from_start = sum(before).map(Edge::FromStart);
    from_start.or_else(|| sum(after).map(Edge::FromEnd))
}

/// A place in a structure as one in what is around it.
fn placed(edge: Edge, around: Edges) -> Option<Edge> {
    match edge {
        Edge::FromStart(at) => around.start?.forward(at),
        Edge::FromEnd(rest) => around.end?.back(rest),
    }
}
