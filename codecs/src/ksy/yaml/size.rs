//! What a tree costs.

use super::{Kind, Node};

/// The size of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Mappings, lists and scalars.
    pub(super) nodes: usize,
    /// The bytes of the scalars.
    pub(super) text: usize,
    /// How deep it is; a scalar has no depth.
    pub(super) depth: usize,
}

impl Size {
    /// The size of a node and all below.
    pub(super) fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Scalar(scalar) => Self {
                nodes: 1,
                text: scalar.text.len(),
                depth: 0,
            },
            Kind::Sequence(items) => Self::around(items.iter()),
            Kind::Mapping(entries) => {
                Self::around(entries.iter().flat_map(|entry| [&entry.key, &entry.value]))
            }
        }
    }

    fn around<'n>(children: impl Iterator<Item = &'n Node>) -> Self {
        let below = children.map(Self::of).fold(Self::default(), Self::beside);
        Self {
            nodes: below.nodes.saturating_add(1),
            depth: below.depth.saturating_add(1),
            ..below
        }
    }

    fn beside(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            text: self.text.saturating_add(other.text),
            depth: self.depth.max(other.depth),
        }
    }
}
