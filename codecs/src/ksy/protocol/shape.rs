//! How the fields of messages stand in the structures of a definition.
//!
//! An operation's fields are those of the case that its number chooses, then those of the
//! structures around it, out to the structure of the whole message. What follows from others is
//! not among them; structures that are not on that way stay structures.

use super::foresight::Foresight;
use super::presets::Preset;
use super::schema::Names;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Field, Form, Plan, Repeat, Switch, TypePlan};
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

impl Place {
    /// The members on the path.
    pub(super) fn slots(&self) -> SmallVec<[usize; 4]> {
        self.path.iter().map(|step| step.slot).collect()
    }
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
                Value::Null
                | Value::List(_)
                | Value::Headers(_)
                | Value::Record(_)
                | Value::Object(_) => false,
            }
    }
}

/// A field that is found on the way.
pub(super) struct Found<'p> {
    pub(super) depth: usize,
    pub(super) path: Path,
    /// The names on the path, between dots.
    pub(super) name: String,
    pub(super) owner: TypeId,
    pub(super) field: &'p Field,
    /// The form that it has for this operation.
    pub(super) form: &'p Form,
}

/// Why a field is not among an operation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It has no name.
    Unnamed,
    /// It says which operation it is.
    Names,
    /// `json: hidden`.
    Hidden,
    /// It follows from others.
    Follows,
    /// It is read at a place of its own.
    Placed,
}

/// A field that is passed over on the way.
pub(super) struct Passed<'p> {
    /// The names on the path, between dots.
    pub(super) name: String,
    pub(super) owner: TypeId,
    pub(super) field: &'p Field,
    pub(super) why: Unseen,
}

/// The fields of an operation, and those that are none of it.
#[derive(Default)]
pub(super) struct Collected<'p> {
    pub(super) found: Vec<Found<'p>>,
    pub(super) passed: Vec<Passed<'p>>,
}

/// Collects the fields of an operation.
pub(super) struct Walk<'w, 'p> {
    plan: &'p Plan,
    rules: &'p Rules,
    names: &'p Names,
    /// What messages of this operation have in certain fields.
    presets: &'w [Preset],
    collected: Collected<'p>,
    /// What is computed.
    computed: Vec<Found<'p>>,
}

/// A structure on the way.
#[derive(Default)]
struct Level {
    path: Path,
    name: String,
    depth: usize,
}

impl Level {
    /// One of its members, in a structure of type `ty`.
    fn member(&self, ty: &TypePlan, field: &Field) -> Self {
        let mut path = self.path.clone();
        path.push(Step {
            slot: field.slot,
            slots: ty.slots(),
        });
        let name = match self.name.as_str() {
            "" => field.name.clone(),
            around => format!("{around}.{}", field.name),
        };
        Self {
            path,
            name,
            depth: self.depth,
        }
    }

    const fn deeper(mut self, by: usize) -> Self {
        self.depth = self.depth.saturating_add(by);
        self
    }

    fn found<'p>(self, owner: TypeId, field: &'p Field, form: &'p Form) -> Found<'p> {
        Found {
            depth: self.depth,
            path: self.path,
            name: self.name,
            owner,
            field,
            form,
        }
    }
}

/// How deep structures are looked through.
const DEPTH: usize = 16;

impl<'w, 'p> Walk<'w, 'p> {
    pub(super) const fn new(
        plan: &'p Plan,
        rules: &'p Rules,
        names: &'p Names,
        presets: &'w [Preset],
    ) -> Self {
        Self {
            plan,
            rules,
            names,
            presets,
            collected: Collected {
                found: Vec::new(),
                passed: Vec::new(),
            },
            computed: Vec::new(),
        }
    }

    /// All fields of a structure, those of the chosen case first.
    pub(super) fn collect(mut self, root: TypeId) -> Collected<'p> {
        self.structure(root, &Level::default());
        let found = &mut self.collected.found;
        for fields in [&mut *found, &mut self.computed] {
            fields.sort_by_key(|found| std::cmp::Reverse(found.depth));
        }
        found.append(&mut self.computed);
        self.collected
    }

    fn structure(&mut self, ty: TypeId, level: &Level) {
        let plan = self.plan.ty(ty);
        for field in &plan.fields {
            let at = level.member(plan, field);
            if self.is_absent(ty, field) {
                continue;
            }
            if let Some(why) = self.unseen(ty, field) {
                self.pass(at, ty, field, why);
                continue;
            }
            let once = matches!(field.repeat, Repeat::Once);
            let form = match &field.form {
                Form::Switch(switch) if self.decides(ty, switch) => match self.case(ty, switch) {
                    Some(Form::Struct { ty: inner, .. }) if once => {
                        self.structure(*inner, &at.deeper(DEPTH));
                        continue;
                    }
                    Some(form) => form,
                    None => continue,
                },
                Form::Struct { ty: inner, .. }
                    if once && self.leads_on(*inner, DEPTH) && level.depth < DEPTH =>
                {
                    self.structure(*inner, &at.deeper(1));
                    continue;
                }
                form => form,
            };
            self.collected.found.push(at.found(ty, field, form));
        }
        self.instances(ty, level);
    }

    fn pass(&mut self, at: Level, owner: TypeId, field: &'p Field, why: Unseen) {
        self.collected.passed.push(Passed {
            name: at.name,
            owner,
            field,
            why,
        });
    }

    /// What is computed from single values is a field as well, after all others.
    fn instances(&mut self, ty: TypeId, level: &Level) {
        let plan = self.plan.ty(ty);
        for field in &plan.instances {
            let single = matches!(
                field.ty,
                Ty::Int | Ty::Bool | Ty::Float | Ty::Str | Ty::Bytes | Ty::Enum(_)
            );
            let at = level.member(plan, field);
            let hidden = self.names.hidden.contains(&(ty, field.slot));
            if !matches!(field.form, Form::Value(_)) {
                self.pass(at, ty, field, Unseen::Placed);
            } else if single && !hidden {
                self.computed.push(at.found(ty, field, &field.form));
            }
        }
    }

    /// Why nobody gives this field: it follows from others, has no name, or is the number of the
    /// operation.
    fn unseen(&self, ty: TypeId, field: &Field) -> Option<Unseen> {
        let own = (ty, field.slot);
        if !field.named {
            Some(Unseen::Unnamed)
        } else if self.presets.iter().any(|preset| preset.key == own) {
            Some(Unseen::Names)
        } else if self.rules.follows(self.plan, own) {
            Some(Unseen::Follows)
        } else if self.names.hidden.contains(&own) {
            Some(Unseen::Hidden)
        } else {
            None
        }
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
