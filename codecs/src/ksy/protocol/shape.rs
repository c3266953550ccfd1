//! How the fields of messages stand in the structures of a definition.
//!
//! An operation's fields are those of the case that its number chooses, then those of the
//! structures around it, out to the structure of the whole message. What follows from others is
//! not among them; structures that are not on that way stay structures.

use super::foresight::Foresight;
use super::presets::Preset;
use super::schema::Names;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Field, Form, Plan, Repeat, Switch};
use crate::ksy::write::{FieldCodec, Rules};
use gatewright_core::codec::{StructId, Type};
use gatewright_core::expr::semantics::Sort;
use gatewright_core::message::Value;
use smallvec::SmallVec;

/// One step from a structure to its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The member.
    pub(super) slot: usize,
    /// How many members the structure has.
    pub(super) slots: usize,
}

/// Steps from the structure of the whole message on.
pub(super) type Path = SmallVec<[Step; 4]>;

/// How an operation's fields stand.
#[derive(Debug)]
pub(super) struct Shape {
    /// The structure of its fields.
    pub(super) record: StructId,
    /// By the slots of that.
    pub(super) fields: Vec<Place>,
}

/// Where one field stands, and in which form.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: Path,
    /// The field's structure and slot.
    pub(super) key: (TypeId, usize),
    pub(super) part: Part,
}

/// A field's form.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A number, a truth value, text, bytes: as it is.
    Plain,
    /// Digits in text or bytes that stand for a number.
    Digits(FieldCodec),
    /// A structure that stands for a number, which is in this slot of it.
    Number(usize),
    /// A structure.
    Struct(TypeId),
    /// One of several: a record with one field for each, of which one is there.
    OneOf(Vec<Choice>),
    /// A repeated field.
    List(Box<Self>),
    /// Computed when it is read, and never given.
    Computed,
}

/// One of several forms.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// Its structure, or none if it is a single value.
    pub(super) ty: Option<TypeId>,
    /// What kind of value it is.
    pub(super) sort: Sort,
    /// The case of the switch, if it is the only one with this form.
    pub(super) case: Option<usize>,
    /// What it is.
    pub(super) part: Part,
}

impl Choice {
    /// Whether a single value is of this choice.
    pub(super) const fn holds(&self, value: &Value) -> bool {
        self.ty.is_none()
            && match value {
                Value::Bool(_) => matches!(self.sort, Sort::Bool),
                Value::Int(_) => matches!(self.sort, Sort::Int | Sort::Enum),
                Value::Float(_) => matches!(self.sort, Sort::Float),
                Value::Str(_) => matches!(self.sort, Sort::Str),
                Value::Bytes(_) => matches!(self.sort, Sort::Bytes),
                Value::Null | Value::List(_) | Value::Record(_) | Value::Object(_) => false,
            }
    }
}

/// A field that is found on the way.
pub(super) struct Found<'p> {
    pub(super) depth: usize,
    pub(super) path: Path,
    pub(super) owner: TypeId,
    pub(super) field: &'p Field,
    /// The form that it has for this operation.
    pub(super) form: &'p Form,
}

/// Collects the fields of an operation.
pub(super) struct Walk<'w, 'p> {
    pub(super) plan: &'p Plan,
    pub(super) rules: &'p Rules,
    pub(super) names: &'p Names,
    /// What messages of this operation have in certain fields.
    pub(super) presets: &'w [Preset],
    pub(super) found: Vec<Found<'p>>,
    /// What is computed.
    pub(super) computed: Vec<Found<'p>>,
}

/// How deep structures are looked through.
const DEPTH: usize = 16;

impl<'p> Walk<'_, 'p> {
    /// All fields of the structure at a path, those of the chosen case first.
    pub(super) fn collect(mut self, root: TypeId) -> Vec<Found<'p>> {
        self.structure(root, &Path::new(), 0);
        for fields in [&mut self.found, &mut self.computed] {
            fields.sort_by_key(|found| std::cmp::Reverse(found.depth));
        }
        self.found.append(&mut self.computed);
        self.found
    }

    fn structure(&mut self, ty: TypeId, path: &Path, depth: usize) {
        for field in &self.plan.ty(ty).fields {
            let mut at = path.clone();
            at.push(Step {
                slot: field.slot,
                slots: self.plan.ty(ty).slots(),
            });
            if self.is_hidden(ty, field) || self.is_absent(ty, field) {
                continue;
            }
            let once = matches!(field.repeat, Repeat::Once);
            let form = match &field.form {
                Form::Switch(switch) if self.decides(ty, switch) => match self.case(ty, switch) {
                    Some(Form::Struct { ty: inner, .. }) if once => {
                        self.structure(*inner, &at, depth.saturating_add(DEPTH));
                        continue;
                    }
                    Some(form) => form,
                    None => continue,
                },
                Form::Struct { ty: inner, .. }
                    if once && self.leads_on(*inner, DEPTH) && depth < DEPTH =>
                {
                    self.structure(*inner, &at, depth.saturating_add(1));
                    continue;
                }
                form => form,
            };
            self.found.push(Found {
                depth,
                path: at,
                owner: ty,
                field,
                form,
            });
        }
        self.instances(ty, path, depth);
    }

    /// What is computed from single values is a field as well, after all others.
    fn instances(&mut self, ty: TypeId, path: &Path, depth: usize) {
        let plan = self.plan.ty(ty);
        for field in &plan.instances {
            let single = matches!(
                field.ty,
                Ty::Int | Ty::Bool | Ty::Float | Ty::Str | Ty::Bytes | Ty::Enum(_)
            );
            let hidden = self.names.hidden.contains(&(ty, field.slot));
            if hidden || !single || !matches!(field.form, Form::Value(_)) {
                continue;
            }
            let mut at = path.clone();
            at.push(Step {
                slot: field.slot,
                slots: plan.slots(),
            });
            self.computed.push(Found {
                depth,
                path: at,
                owner: ty,
                field,
                form: &field.form,
            });
        }
    }

    /// Whether nobody gives this field: it follows from others, has no name, or is the number of
    /// the operation.
    fn is_hidden(&self, ty: TypeId, field: &Field) -> bool {
        let own = (ty, field.slot);
        !field.named
            || self.presets.iter().any(|preset| preset.key == own)
            || self.names.hidden.contains(&own)
            || self.rules.follows(self.plan, own)
    }

    /// Whether no message of the operation has the field.
    fn is_absent(&self, ty: TypeId, field: &Field) -> bool {
        let condition = field.condition.as_ref();
        let there = condition.and_then(|code| self.foresight().value(ty, code));
        there == Some(Value::Bool(false))
    }

    const fn foresight(&self) -> Foresight<'_> {
        Foresight {
            plan: self.plan,
            presets: self.presets,
        }
    }

    fn decides(&self, ty: TypeId, switch: &Switch) -> bool {
        self.decision(ty, switch).is_some()
    }

    /// The value that a switch decides by, if all messages of the operation have it.
    fn decision(&self, ty: TypeId, switch: &Switch) -> Option<Value> {
        self.foresight().value(ty, &switch.on)
    }

    fn case(&self, ty: TypeId, switch: &'p Switch) -> Option<&'p Form> {
        let value = self.decision(ty, switch)?;
        let case = switch
            .cases
            .iter()
            .find(|(code, _)| code.constant() == Some(&value));
        case.map(|(_, form)| form).or(switch.otherwise.as_ref())
    }

    /// Whether what decides, or what is decided, is in a structure.
    fn leads_on(&self, ty: TypeId, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        self.presets.iter().any(|preset| preset.key.0 == ty)
            || self.plan.ty(ty).fields.iter().any(|field| {
                let once = matches!(field.repeat, Repeat::Once);
                once && match &field.form {
                    Form::Switch(switch) => self.decides(ty, switch),
                    Form::Struct { ty, .. } => self.leads_on(*ty, depth),
                    _ => false,
                }
            })
    }
}

/// The slot of the number that a structure stands for: its instance `value`, or its first one.
pub(super) fn number_slot(plan: &Plan, ty: TypeId) -> Option<usize> {
    let instances = &plan.ty(ty).instances;
    let named = instances.iter().find(|instance| instance.name == "value");
    let found = named.or_else(|| instances.first())?;
    (found.ty == Ty::Int).then_some(found.slot)
}

/// The range of a form's integers.
pub(super) fn range(form: &Form) -> Type {
    let (signed, bits) = match form {
        Form::Int { signed, width, .. } => (*signed, u32::from(*width).saturating_mul(8)),
        Form::Bits { width, .. } => (false, u32::from(*width)),
        _ => return Type::INT,
    };
    let span = 1_i128.checked_shl(bits).unwrap_or(i128::MAX);
    if signed {
        let half = span >> 1_u32;
        Type::Int {
            min: half.saturating_neg(),
            max: half.saturating_sub(1),
        }
    } else {
        Type::Int {
            min: 0,
            max: span.saturating_sub(1),
        }
    }
}
