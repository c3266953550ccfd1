//! All that can be known of a message: instances computed, and a place for each structure.

use crate::ksy::plan::{Field, Form};
use crate::ksy::read::{Class, Machine, ObjectId, ReadError, Val};
use std::collections::HashMap;

/// An instance may read a structure of the type that it is in, which has the instance, too. In
/// structures that stand so deep, instances are no longer computed.
const MAX_DEPTH: usize = 64;

/// Of the elements that a machine may read, one in so many may be a structure that is read in order
/// to be shown: two instances of that kind double them with each level.
const SHARE: usize = 32;

/// A part of a path from the root.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'p> {
    Member(&'p str),
    Element(usize),
}

/// Where a structure is shown: paths are long, and there may be millions of structures.
#[derive(Clone, Copy, Debug)]
struct Home<'p> {
    around: ObjectId,
    member: &'p str,
    element: Option<usize>,
}

/// Which instances are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// All.
    Computed,
    /// Those that something asked for before an error came: others may need what was not read.
    AsRead,
}

/// A machine after it has read a message.
#[derive(Debug)]
pub(super) struct Evaluated<'v, 'p> {
    pub(super) machine: &'v mut Machine<'p>,
    instances: Instances,
    homes: HashMap<ObjectId, Home<'p>>,
    failed: HashMap<(ObjectId, usize), ReadError>,
    /// How many structures there may be.
    most: usize,
}

impl<'v, 'p> Evaluated<'v, 'p> {
    pub(super) fn new(machine: &'v mut Machine<'p>, instances: Instances) -> Self {
        let mut all = Self {
            most: machine
                .structures()
                .saturating_add(machine.limits().elements / SHARE),
            machine,
            instances,
            homes: HashMap::new(),
            failed: HashMap::new(),
        };
        if let Some(root) = all.machine.root() {
            all.walk(root, 0);
        }
        all
    }

    pub(super) fn members(&self, id: ObjectId) -> impl Iterator<Item = &'p Field> + use<'p> {
        let plan = self.machine.ty(id);
        plan.fields.iter().chain(&plan.instances)
    }

    /// Where a structure is shown.
    pub(super) fn path(&self, id: ObjectId) -> Option<Vec<Step<'p>>> {
        let mut steps = Vec::new();
        let mut at = id;
        while Some(at) != self.machine.root() {
            let home = self.homes.get(&at)?;
            steps.extend(home.element.map(Step::Element));
            steps.push(Step::Member(home.member));
            at = home.around;
        }
        steps.reverse();
        Some(steps)
    }

    /// Why an instance has no value.
    pub(super) fn failure(&self, id: ObjectId, slot: usize) -> Option<&ReadError> {
        self.failed.get(&(id, slot))
    }

    fn walk(&mut self, id: ObjectId, depth: usize) {
        for field in self.members(id) {
            if self.instances == Instances::Computed
                && let Err(error) = self.compute(id, field, depth)
            {
                self.failed.insert((id, field.slot), error);
                continue;
            }
            // What is computed refers to structures that have their place elsewhere.
            if !matches!(field.form, Form::Value(_)) {
                self.walk_member(id, field, depth);
            }
        }
    }

    /// Computes an instance. One that failed when another one asked for it fails again.
    fn compute(&mut self, id: ObjectId, field: &Field, depth: usize) -> Result<(), ReadError> {
        let bound = match self.machine.peek(id, field.slot) {
            Val::Unset if depth >= MAX_DEPTH => Some("structures nest too deep to be shown"),
            Val::Unset if self.machine.structures() >= self.most => {
                Some("there are too many structures to be shown")
            }
            _ => None,
        };
        if let Some(message) = bound {
            return Err(ReadError::new(Class::Other, message).within(&field.name, None));
        }
        self.machine.member(id, field.slot).map(|_| ())
    }

    fn walk_member(&mut self, id: ObjectId, field: &'p Field, depth: usize) {
        let home = Home {
            around: id,
            member: &field.name,
            element: None,
        };
        match self.machine.peek(id, field.slot).clone() {
            Val::Object(inner) => self.settle(inner, home, depth),
            Val::List(list) => {
                for (at, element) in self.machine.list(list).to_vec().iter().enumerate() {
                    if let Val::Object(inner) = element {
                        let element = Some(at);
                        self.settle(*inner, Home { element, ..home }, depth);
                    }
                }
            }
            Val::Unset | Val::Busy | Val::Absent | Val::Plain(_) | Val::Stream(_) => {}
        }
    }

    /// Each structure is shown where it is come upon first.
    fn settle(&mut self, id: ObjectId, home: Home<'p>, depth: usize) {
        if Some(id) != self.machine.root() && self.homes.insert(id, home).is_none() {
            self.walk(id, depth.saturating_add(1));
        }
    }
}
