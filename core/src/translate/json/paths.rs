//! The JSON paths that a route's rules read, as a tree.

use crate::expr::Step;

/// Where the value of a path is put.
pub(in crate::translate) type Place = usize;

/// Paths such as `json.a.b[0]`, interned: the same path has one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    root: Node,
    places: usize,
}

/// A position in the documents to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Its value as a whole is wanted.
    pub(super) wanted: Option<Place>,
    /// What is wanted of it if it is an object.
    pub(super) members: Vec<(Box<str>, Self)>,
    /// What is wanted of it if it is an array.
    pub(super) items: Vec<(usize, Self)>,
}

impl Paths {
    /// The place of a path, the steps after `json`.
    pub(in crate::translate) fn intern(&mut self, path: &[Step<'_>]) -> Place {
        let node = path.iter().fold(&mut self.root, |node, step| match step {
            Step::Name(name) | Step::Key(name) => node.member(name),
            Step::Index(index) => node.item(*index),
        });
        *node.wanted.get_or_insert_with(|| {
            self.places += 1;
            self.places - 1
        })
    }

    /// How many places there are.
    pub(super) const fn places(&self) -> usize {
        self.places
    }

    pub(super) const fn root(&self) -> &Node {
        &self.root
    }
}

impl Node {
    fn member(&mut self, name: &str) -> &mut Self {
        entry(&mut self.members, |(n, _)| **n == *name, || name.into())
    }

    fn item(&mut self, index: usize) -> &mut Self {
        entry(&mut self.items, |(i, _)| *i == index, || index)
    }

    /// Every place at or below this position.
    pub(super) fn places(&self, each: &mut dyn FnMut(Place)) {
        if let Some(place) = self.wanted {
            each(place);
        }
        self.children().for_each(|child| child.places(each));
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.members.is_empty() && self.items.is_empty()
    }

    fn children(&self) -> impl Iterator<Item = &Self> {
        self.members
            .iter()
            .map(|(_, node)| node)
            .chain(self.items.iter().map(|(_, node)| node))
    }
}

fn entry<K>(
    list: &mut Vec<(K, Node)>,
    is: impl Fn(&(K, Node)) -> bool,
    key: impl FnOnce() -> K,
) -> &mut Node {
    let found = list.iter().position(is);
    let index = found.unwrap_or_else(|| {
        list.push((key(), Node::default()));
        list.len() - 1
    });
    &mut list[index].1
}
