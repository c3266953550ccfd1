//! What the gateway makes of a definition, for people: which fields a message has, who supplies
//! them, how frames are found, how replies find their requests.

mod fields;
mod framing;

use super::load::{layouts, names, rules};
use super::operations::{Operations, Told, Way, describe, direction};
use super::schema::Names;
use super::shape::Walk;
use crate::ksy::Definition;
use crate::ksy::model::TypeId;
use crate::ksy::plan::Plan;
use crate::ksy::section::plan::SectionPlan;
use crate::ksy::write::Rules;
use gatewright_core::codec::{CorrelationKind, Descriptor, ReplyOrder, StructId};
use gatewright_core::message::{Kind, OperationId};

/// A definition as a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What clients send.
    pub requests: WayOutline,
    /// What servers send.
    pub replies: WayOutline,
    /// What ties replies to requests.
    pub correlation: CorrelationKind,
    /// The names of the fields that it consists of, in requests; empty unless there is an id.
    pub id: Vec<String>,
    /// In which order replies may come.
    pub reply_order: ReplyOrder,
    /// The operations, as the descriptor has them.
    pub operations: Vec<OperationOutline>,
    /// The structures among their fields.
    pub structures: Vec<StructureOutline>,
}

/// What goes one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayOutline {
    /// How frames are found, in words.
    pub framing: String,
    /// The longest frame in bytes: what `max` says, or what lengths can say if that is less.
    pub longest: usize,
    /// What reads and writes the messages.
    pub run_by: RunBy,
}

/// What reads and writes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunBy {
    /// A list of steps over the frame: the fast way, for plain definitions.
    Steps,
    /// The machine that runs any definition.
    Machine,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationOutline {
    /// Its name.
    pub name: String,
    /// What it is to its conversation.
    pub kind: Kind,
    /// Whether clients send it.
    pub from_clients: bool,
    /// Whether servers send it.
    pub from_servers: bool,
    /// Its fields, then those that are not given.
    pub fields: Vec<FieldOutline>,
}

/// A structure among the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StructureOutline {
    /// Its name.
    pub name: String,
    /// Its fields, then those that are not given.
    pub fields: Vec<FieldOutline>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOutline {
    /// The name in rules and JSON, or the path to a field that is in neither.
    pub name: String,
    /// Who supplies it.
    pub supply: Supply,
}

/// Who supplies a field when a message is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// Who writes the message has to.
    Required,
    /// Who writes the message may.
    Optional,
    /// Who writes the message may; else it takes this value, as text.
    Default(String),
    /// Nobody: it follows from this when the message is written.
    Derived(&'static str),
    /// Nobody can, for this reason.
    ReadOnly(&'static str),
}

impl Outline {
    /// The outline of a definition; `None` without a `-gateway` section.
    #[must_use]
    pub fn of(definition: &Definition) -> Option<Self> {
        let Definition { plan, options, .. } = definition;
        let section = definition.section.as_ref()?;
        let rules = rules(plan, section, options);
        let names = names(plan, section, options);
        let (descriptor, operations) = describe("", plan, section, &rules, &names).ok()?;
        let survey = Survey {
            plan,
            section,
            rules: &rules,
            names: &names,
            descriptor: &descriptor,
            operations: &operations,
        };
        Some(survey.outline())
    }
}

/// All that is known of a definition.
struct Survey<'s> {
    plan: &'s Plan,
    section: &'s SectionPlan,
    rules: &'s Rules,
    names: &'s Names,
    descriptor: &'s Descriptor,
    operations: &'s Operations,
}

impl Survey<'_> {
    fn outline(&self) -> Outline {
        let Descriptor { capabilities, .. } = self.descriptor;
        let layouts = layouts(
            self.plan,
            self.section,
            self.rules,
            self.descriptor,
            self.operations,
        );
        let run_by = |way| match layouts.of(way) {
            Some(_) => RunBy::Steps,
            None => RunBy::Machine,
        };
        Outline {
            requests: self.way(Way::Request, run_by(Way::Request)),
            replies: self.way(Way::Reply, run_by(Way::Reply)),
            correlation: capabilities.correlation,
            id: self.id(),
            reply_order: capabilities.reply_order,
            operations: self.all_operations(),
            structures: self.structures(),
        }
    }

    fn way(&self, way: Way, run_by: RunBy) -> WayOutline {
        let direction = direction(self.section, way);
        let max = self.section.max_frame.get();
        WayOutline {
            framing: framing::words(self.plan, direction),
            longest: framing::longest(&direction.framer).map_or(max, |most| most.min(max)),
            run_by,
        }
    }

    fn all_operations(&self) -> Vec<OperationOutline> {
        let ids = (0..).map(OperationId);
        let all = self.descriptor.operations.iter().zip(ids);
        let told = |way, id| self.operations.of(way).values().find(|told| told.id == id);
        let one = |(operation, id): (&gatewright_core::codec::Operation, _)| {
            let (request, reply) = (told(Way::Request, id), told(Way::Reply, id));
            let first = request.map(|told| (Way::Request, told));
            let (way, first) = first.or_else(|| reply.map(|told| (Way::Reply, told)))?;
            Some(OperationOutline {
                name: operation.name.clone().into_owned(),
                kind: operation.kind,
                from_clients: request.is_some(),
                from_servers: reply.is_some(),
                fields: self.operation(way, first),
            })
        };
        all.filter_map(one).collect()
    }

    fn operation(&self, way: Way, told: &Told) -> Vec<FieldOutline> {
        let root = direction(self.section, way).root;
        let presets = told.presets.first();
        let presets = presets.map_or(&[][..], |(_, presets)| presets);
        let collected = Walk::new(self.plan, self.rules, self.names, presets).collect(root);
        fields::outlines(self, told.shape.record, &collected)
    }

    fn structures(&self) -> Vec<StructureOutline> {
        let mut all: Vec<(StructId, TypeId)> = self
            .operations
            .nested
            .iter()
            .map(|(ty, shape)| (shape.record, *ty))
            .collect();
        all.sort_by_key(|(record, _)| record.0);
        let one = |(record, ty): (StructId, TypeId)| {
            let collected = Walk::new(self.plan, self.rules, self.names, &[]).collect(ty);
            StructureOutline {
                name: self.plan.ty(ty).name.clone(),
                fields: fields::outlines(self, record, &collected),
            }
        };
        all.into_iter().map(one).collect()
    }

    /// The names of the fields that the id of a request consists of.
    fn id(&self) -> Vec<String> {
        let direction = &self.section.request;
        let named = |code| {
            let key = super::operations::keys(self.plan, direction.root, code);
            let (owner, slot) = *key.first()?;
            Some(self.plan.ty(owner).field(slot)?.name.clone())
        };
        let all = direction.id.iter();
        all.filter_map(|id| named(&id.code)).collect()
    }
}
