//! Operations: what a definition's messages are called, and where their fields stand.

use super::grading::grading;
use super::paths::{key, named, path};
use super::presets::{Preset, Presets};
use super::schema::limited;
use super::schema::{Builder, Names, TooMany};
use super::shape::{Path, Place, Shape, Step, range};
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Code, Form, Op, Plan};
use crate::ksy::section::plan::{
    CorrelationPlan, DirectionPlan, Kinds, OperationIndex, OperationPlan, SectionPlan,
};
use crate::ksy::write::Rules;
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, FieldDef, HalfClose, Needs,
    Operation, ReplyOrder, Retry, Type, Unasked,
};
use gatewright_core::message::{Kind, OperationId, Slot, Value};
use std::collections::HashMap;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From a client.
    Request,
    /// From a server.
    Reply,
}

/// An operation one way: where its fields stand.
#[derive(Debug)]
pub(super) struct Told {
    /// What messages of it are called.
    pub(super) id: OperationId,
    pub(super) shape: Shape,
    /// What all messages of it have in certain fields, by what they are to their conversation.
    pub(super) presets: Vec<(Kind, Vec<Preset>)>,
}

/// All operations, by their index in the section.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) requests: HashMap<OperationIndex, Told>,
    pub(super) replies: HashMap<OperationIndex, Told>,
    /// By [`OperationId`]: the index in the section, and which ways it goes.
    pub(super) indexes: Vec<OperationIndex>,
    /// Shapes of structures that are not operations.
    pub(super) nested: HashMap<TypeId, Shape>,
}

impl Operations {
    pub(super) const fn of(&self, way: Way) -> &HashMap<OperationIndex, Told> {
        match way {
            Way::Request => &self.requests,
            Way::Reply => &self.replies,
        }
    }
}

/// The direction of a way.
pub(super) const fn direction(section: &SectionPlan, way: Way) -> &DirectionPlan {
    match way {
        Way::Request => &section.request,
        Way::Reply => &section.reply,
    }
}

/// The descriptor of a section, and where the fields of its operations stand.
pub(super) fn describe(
    name: &str,
    plan: &Plan,
    section: &SectionPlan,
    rules: &Rules,
    names: &Names,
) -> Result<(Descriptor, Operations), TooMany> {
    let mut builder = Builder::new(plan, rules, names);
    let mut all = Operations::default();
    let mut described: Vec<Operation> = Vec::new();
    for (at, operation) in section.operations.iter().enumerate() {
        let index = OperationIndex(at);
        let mut told = Vec::new();
        for way in [Way::Request, Way::Reply] {
            if goes(operation, way) {
                let presets = Presets {
                    plan,
                    section,
                    rules,
                };
                let of_kind = |kind| (kind, presets.of(index, way, Some(kind)));
                let presets: Vec<_> = wanted(operation, way).into_iter().map(of_kind).collect();
                let root = direction(section, way).root;
                let first = presets.first().map_or(&[][..], |(_, presets)| presets);
                let shape = builder.operation(&operation.name, root, first)?;
                told.push((way, shape, presets));
            }
        }
        let both = told.len() > 1;
        let shapes: Vec<&Shape> = told.iter().map(|(_, shape, _)| shape).collect();
        // A rule that sends one has to say which.
        let same_kind = kind(operation, Way::Request) == kind(operation, Way::Reply);
        let same = same_kind && same_fields(&builder, &shapes);
        for (way, mut shape, presets) in told {
            let shared = both && same && way == Way::Reply;
            if shared {
                // The two ways have the same fields, so they are one operation.
                if let (Some(first), Some(last)) = (all.requests.get(&index), described.last()) {
                    shape.record = last.record;
                    let told = Told {
                        id: first.id,
                        shape,
                        presets,
                    };
                    all.replies.insert(index, told);
                }
                continue;
            }
            let name = match way {
                Way::Reply if both => format!("{}_reply", operation.name),
                Way::Request | Way::Reply => operation.name.clone(),
            };
            let id = OperationId(u16::try_from(described.len()).map_err(|_| TooMany)?);
            let mut one = entry(plan, section, index, way, &shape);
            one.name = name.into();
            let told = Told { id, shape, presets };
            if let (Way::Reply, Kind::Reply, Some(error)) = (way, one.kind, &section.reply.error) {
                one.grading = grading(plan, section.reply.root, error, &told);
            }
            described.push(one);
            all.indexes.push(index);
            match way {
                Way::Request => all.requests.insert(index, told),
                Way::Reply => all.replies.insert(index, told),
            };
        }
    }
    all.nested = std::mem::take(&mut builder.nested);
    let descriptor = Descriptor {
        name: name.to_owned().into(),
        schema: builder.schema,
        operations: described,
        capabilities: capabilities(plan, section, &all),
        heartbeat: None,
        http: None,
    };
    Ok((descriptor, all))
}

/// What is told of an operation one way, but for its name.
fn entry(
    plan: &Plan,
    section: &SectionPlan,
    index: OperationIndex,
    way: Way,
    shape: &Shape,
) -> Operation {
    let operation = section.op(index);
    let kind = kind(operation, way);
    let mut entry = Operation::new("", kind, shape.record);
    entry.id = id_slot(plan, direction(section, way), shape);
    if operation.idempotent {
        entry.retry = Retry::Idempotent;
    }
    // Who opened a session is known by the connection from then on, and ends that connection with
    // the session: nobody else may be on it.
    let of_session = section.open.contains(&index) || section.close.contains(&index);
    if of_session && kind == Kind::Request {
        entry.needs = Needs::Bound;
    }
    entry.timeout = operation.timeout;
    entry.opens = way == Way::Request && section.open.contains(&index);
    entry
}

const fn kinds(operation: &OperationPlan, way: Way) -> Kinds {
    match way {
        Way::Request => operation.from_client,
        Way::Reply => operation.from_server,
    }
}

/// What messages of an operation may be that go that way, what they usually are first.
fn wanted(operation: &OperationPlan, way: Way) -> Vec<Kind> {
    let kinds = kinds(operation, way);
    let usual = match way {
        Way::Request => kinds.request.then_some(Kind::Request),
        Way::Reply => kinds.reply.then_some(Kind::Reply),
    };
    usual
        .into_iter()
        .chain(kinds.event.then_some(Kind::Event))
        .collect()
}

/// Whether messages of an operation go that way: a client sends requests and events, a server
/// replies and events. Heartbeats and the like may go both ways.
const fn goes(operation: &OperationPlan, way: Way) -> bool {
    let kinds = kinds(operation, way);
    match way {
        Way::Request => kinds.request || kinds.event,
        Way::Reply => kinds.reply || kinds.event,
    }
}

/// Whether the fields of an operation are the same both ways.
fn same_fields(builder: &Builder<'_>, ways: &[&Shape]) -> bool {
    let [a, b] = ways else {
        return false;
    };
    let fields = |shape: &Shape| builder.schema.structure(shape.record).fields.iter();
    // Where they stand is for rules only, which know a message by the way that it goes first.
    let bare = |field: &FieldDef| FieldDef {
        path: "".into(),
        ..field.clone()
    };
    fields(a).map(bare).eq(fields(b).map(bare))
}

/// What an operation is to its conversation, where only its name is known.
fn kind(operation: &OperationPlan, way: Way) -> Kind {
    if operation.one_way {
        return Kind::Event;
    }
    match (kinds(operation, way).only(), way) {
        (Some(kind), _) => kind,
        (None, Way::Request) => Kind::Request,
        (None, Way::Reply) => Kind::Reply,
    }
}

/// The steps to the field that an expression names, through fields that are structures.
pub(super) fn steps_to(plan: &Plan, root: TypeId, code: &Code) -> Option<Path> {
    let slots = path(plan, root, code)?;
    let mut steps = Path::new();
    let mut at = Some(root);
    for slot in slots {
        let ty = at?;
        steps.push(Step {
            slot,
            slots: plan.ty(ty).slots(),
        });
        at = match plan.ty(ty).field(slot)?.ty {
            Ty::Struct(inner) => Some(inner),
            _ => None,
        };
    }
    Some(steps)
}

/// The field among an operation's that carries the correlation.
fn id_slot(plan: &Plan, direction: &DirectionPlan, shape: &Shape) -> Option<Slot> {
    let [id] = direction.id.as_slice() else {
        return None;
    };
    if id.ty != Ty::Int {
        return None;
    }
    let ids = named(plan, direction.root, &id.code);
    let is_id = |place: &Place| ids.iter().any(|id| id.stands_at(&place.slots(), place.key));
    let at = shape.fields.iter().position(is_id);
    at.and_then(|at| u16::try_from(at).ok()).map(Slot)
}

/// All fields that an expression may name: one of each structure that it may look into.
pub(super) fn keys(plan: &Plan, root: TypeId, code: &Code) -> Vec<(TypeId, usize)> {
    if let Op::AnyOf(_, cases) = &code.op {
        return cases.clone();
    }
    key(plan, root, code).into_iter().collect()
}

fn capabilities(plan: &Plan, section: &SectionPlan, operations: &Operations) -> Capabilities {
    let correlation = match section.correlation {
        CorrelationPlan::Fifo => CorrelationKind::Fifo,
        CorrelationPlan::None => CorrelationKind::None,
        CorrelationPlan::Id => match section.request.id.as_slice() {
            [id] if id.ty == Ty::Int => CorrelationKind::Id {
                bits: id_bits(plan, &section.request),
            },
            _ => CorrelationKind::Key,
        },
    };
    Capabilities {
        correlation,
        reply_order: match correlation {
            CorrelationKind::Fifo => ReplyOrder::OfRequests,
            CorrelationKind::Id { .. } | CorrelationKind::Key | CorrelationKind::None => {
                ReplyOrder::Any
            }
        },
        half_close: HalfClose::FinishesReplies,
        drain: Drain::MessageBoundary,
        unasked: unasked(section, operations),
        admission: if section.open.is_empty() {
            Admission::AtOnce
        } else {
            Admission::AfterOpening
        },
        max_frame: section.max_frame.get(),
    }
}

/// What servers send by themselves.
fn unasked(section: &SectionPlan, operations: &Operations) -> Unasked {
    let mut all = operations.replies.keys();
    let is_event = |index: &OperationIndex| section.op(*index).from_server.event;
    if all.any(|index| is_event(index) || section.op(*index).one_way) {
        Unasked::Events
    } else {
        Unasked::Nothing
    }
}

/// The width of the field that carries the id.
fn id_bits(plan: &Plan, direction: &DirectionPlan) -> u8 {
    let id = direction.id.first();
    let keys = id.map(|id| keys(plan, direction.root, &id.code));
    let key = keys.and_then(|keys| keys.first().copied());
    let field = key.and_then(|(ty, slot)| plan.ty(ty).field(slot));
    let Some(field) = field else { return 32 };
    match Some(&field.form) {
        Some(form @ (Form::Int { .. } | Form::Bits { .. })) => match limited(field, range(form)) {
            // All numbers of so many bits must be possible.
            Type::Int { max, .. } => {
                let ids = max.checked_add(1).unwrap_or(max).max(2);
                u8::try_from(ids.ilog2()).unwrap_or(64).min(64)
            }
            _ => 32,
        },
        _ => 32,
    }
}

/// The integer of a value, if it is not negative.
pub(super) fn unsigned(value: &Value) -> Option<u64> {
    value.as_int().and_then(|n| u64::try_from(n).ok())
}
