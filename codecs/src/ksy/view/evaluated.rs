//! All that can be known of a message: instances computed, and a place for each structure.

use crate::ksy::plan::{Field, Form};
use crate::ksy::read::{Machine, ObjectId, ReadError, Val};
use std::collections::HashMap;

/// A part of a path from the root.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Member(String),
    Element(usize),
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
    paths: HashMap<ObjectId, Vec<Step>>,
    failed: HashMap<(ObjectId, usize), ReadError>,
}

impl<'v, 'p> Evaluated<'v, 'p> {
    pub(super) fn new(machine: &'v mut Machine<'p>, instances: Instances) -> Self {
        let mut all = Self {
            machine,
            instances,
            paths: HashMap::new(),
            failed: HashMap::new(),
        };
        if let Some(root) = all.machine.root() {
            all.walk(root, &mut Vec::new());
        }
        all
    }

    pub(super) fn members(&self, id: ObjectId) -> impl Iterator<Item = &'p Field> + use<'p> {
        let plan = self.machine.ty(id);
        plan.fields.iter().chain(&plan.instances)
    }

    /// Where a structure is shown.
    pub(super) fn path(&self, id: ObjectId) -> Option<&[Step]> {
        self.paths.get(&id).map(Vec::as_slice)
    }

    /// Why an instance has no value.
    pub(super) fn failure(&self, id: ObjectId, slot: usize) -> Option<&ReadError> {
        self.failed.get(&(id, slot))
    }

    fn walk(&mut self, id: ObjectId, path: &mut Vec<Step>) {
        if self.paths.contains_key(&id) {
            return;
        }
        self.paths.insert(id, path.clone());
        for field in self.members(id) {
            // One that failed when another one asked for it fails again.
            if self.instances == Instances::Computed
                && let Err(error) = self.machine.member(id, field.slot)
            {
                self.failed.insert((id, field.slot), error);
                continue;
            }
            // What is computed refers to structures that have their place elsewhere.
            if matches!(field.form, Form::Value(_)) {
                continue;
            }
            path.push(Step::Member(field.name.clone()));
            self.walk_member(id, field.slot, path);
            path.pop();
        }
    }

    fn walk_member(&mut self, id: ObjectId, slot: usize, path: &mut Vec<Step>) {
        match self.machine.peek(id, slot).clone() {
            Val::Object(inner) => self.walk(inner, path),
            Val::List(list) => {
                for (at, element) in self.machine.list(list).to_vec().iter().enumerate() {
                    if let Val::Object(inner) = element {
                        path.push(Step::Element(at));
                        self.walk(*inner, path);
                        path.pop();
                    }
                }
            }
            Val::Unset | Val::Busy | Val::Absent | Val::Plain(_) | Val::Stream(_) => {}
        }
    }
}
