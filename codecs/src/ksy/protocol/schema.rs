//! The descriptor's schema: structures and enums as rules and JSON see them.

use super::presets::Preset;
use super::shape::{Choice, Found, Part, Path, Place, Shape, Walk, number_slot, range};
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Cut, Field, Form, Plan, Repeat, Size, Switch, Valid};
use crate::ksy::write::{FieldCodec, Rules};
use gatewright_core::codec::{
    EnumDef, EnumId, FieldDef, Presence, Schema, Shown, StructDef, StructId, Type,
};
use gatewright_core::expr::semantics::Sort;
use gatewright_core::message::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What `-gateway` says of single fields, for people and rules.
#[derive(Debug, Default)]
pub struct Names {
    /// Fields that nobody sees.
    pub hidden: HashSet<(TypeId, usize)>,
    /// Fields that must never reach a log.
    pub secret: HashSet<(TypeId, usize)>,
    /// Other names.
    pub json: HashMap<(TypeId, usize), String>,
    /// How JSON has their values.
    pub shown: HashMap<(TypeId, usize), Shown>,
    /// Fields that carry the correlation: a reply takes them from its request.
    pub ids: HashSet<(TypeId, usize)>,
}

/// More structures than there are ids for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Builds the schema.
pub(super) struct Builder<'p> {
    plan: &'p Plan,
    rules: &'p Rules,
    names: &'p Names,
    pub(super) schema: Schema,
    known: HashMap<TypeId, StructId>,
    /// Where the fields of structures that are not operations stand, by type.
    pub(super) nested: HashMap<TypeId, Shape>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(plan: &'p Plan, rules: &'p Rules, names: &'p Names) -> Self {
        let cow = |text: &String| Cow::Owned(text.clone());
        let enums = plan.enums.iter().map(|e| EnumDef {
            name: cow(&e.name),
            labels: e.labels.iter().map(|(n, label)| (*n, cow(label))).collect(),
        });
        let schema = Schema {
            structs: Vec::new(),
            enums: enums.collect(),
        };
        Self {
            plan,
            rules,
            names,
            schema,
            known: HashMap::new(),
            nested: HashMap::new(),
        }
    }

    /// The shape of an operation, or of a message without operations.
    pub(super) fn operation(
        &mut self,
        name: &str,
        root: TypeId,
        presets: &[Preset],
    ) -> Result<Shape, TooMany> {
        let record = self.reserve(name)?;
        let collected = Walk::new(self.plan, self.rules, self.names, presets).collect(root);
        self.fill(record, collected.found)
    }

    fn reserve(&mut self, name: &str) -> Result<StructId, TooMany> {
        let id = u16::try_from(self.schema.structs.len()).map_err(|_| TooMany)?;
        self.schema.structs.push(StructDef {
            name: Cow::Owned(name.to_owned()),
            fields: Vec::new(),
        });
        Ok(StructId(id))
    }

    fn fill(&mut self, record: StructId, found: Vec<Found<'p>>) -> Result<Shape, TooMany> {
        let mut fields: Vec<FieldDef> = Vec::new();
        let mut places = Vec::new();
        for found in found {
            let (ty, part) = self.typed(&found)?;
            let key = (found.owner, found.field.slot);
            let name = self.names.json.get(&key).unwrap_or(&found.field.name);
            // A name that a structure further in has already is reached there.
            let taken = |name: &str| fields.iter().any(|field| field.name == name);
            let name = if taken(name) {
                format!("{}_{name}", self.plan.ty(found.owner).name)
            } else {
                name.clone()
            };
            let presence = self.presence(&found, &ty, &part);
            let path = if found.name == name {
                String::new()
            } else {
                found.name
            };
            fields.push(FieldDef {
                name: Cow::Owned(name),
                path: Cow::Owned(path),
                ty,
                presence,
                secret: self.names.secret.contains(&key),
                doc: Cow::Owned(found.field.doc.clone()),
                shown: self.names.shown.get(&key).copied().unwrap_or_default(),
            });
            places.push(Place {
                path: found.path,
                key,
                part,
            });
        }
        if let Some(structure) = self.schema.structs.get_mut(usize::from(record.0)) {
            structure.fields = fields;
        }
        Ok(Shape {
            record,
            fields: places,
        })
    }

    fn presence(&self, found: &Found<'_>, ty: &Type, part: &Part) -> Presence {
        let key = (found.owner, found.field.slot);
        if matches!(part, Part::Computed) {
            return Presence::Computed;
        }
        let rule = self.rules.field(key);
        if rule.solvable
            || rule.flag
            || found.field.condition.is_some()
            || self.names.ids.contains(&key)
        {
            return Presence::Optional;
        }
        if let Some(value) = &self.rules.field(key).default {
            return Presence::Default(match part {
                Part::OneOf(choices) => plain_choice(choices, typed(value, ty)),
                _ => typed(value, ty),
            });
        }
        if let Part::Struct(ty) = part
            && let Some(record) = self.known.get(ty)
            && self.needs_nothing(*record)
        {
            return Presence::Optional;
        }
        match found.form {
            // One of several may also be none of them.
            Form::Switch(switch) if switch.otherwise.is_none() => Presence::Optional,
            _ => Presence::Required,
        }
    }

    fn typed(&mut self, found: &Found<'p>) -> Result<(Type, Part), TooMany> {
        let key = (found.owner, found.field.slot);
        let codec = self.rules.field(key).codec;
        let (ty, part) = self.form(key, found.field, found.form, codec)?;
        Ok(match found.field.repeat {
            Repeat::Once => (ty, part),
            Repeat::Eos | Repeat::Count(_) | Repeat::Until(_) => {
                (Type::List(Box::new(ty)), Part::List(Box::new(part)))
            }
        })
    }

    fn form(
        &mut self,
        key: (TypeId, usize),
        field: &'p Field,
        form: &'p Form,
        codec: Option<FieldCodec>,
    ) -> Result<(Type, Part), TooMany> {
        let element = match &field.ty {
            Ty::List(element) => element,
            ty => ty,
        };
        if let (Form::Text(cut, _) | Form::Bytes(cut), Some(codec)) = (form, codec) {
            return Ok((digits(cut, codec), Part::Digits(codec)));
        }
        Ok(match form {
            Form::Int { .. } | Form::Bits { truth: false, .. } => match element {
                Ty::Enum(id) => (Type::Enum(EnumId(id.0)), Part::Plain),
                _ => (limited(field, range(form)), Part::Plain),
            },
            Form::Bits { .. } => (Type::Bool, Part::Plain),
            Form::Float { .. } => (Type::Float, Part::Plain),
            Form::Text(cut, charset) => (
                Type::Str {
                    max_len: charset.longest_text(longest(cut)),
                },
                Part::Plain,
            ),
            Form::Bytes(cut) => (
                Type::Bytes {
                    max_len: longest(cut),
                },
                Part::Plain,
            ),
            Form::Contents(bytes) => (
                Type::Bytes {
                    max_len: bytes.len(),
                },
                Part::Plain,
            ),
            Form::Struct { ty, .. } => match codec.and_then(|_| number_slot(self.plan, *ty)) {
                Some(slot) => (Type::INT, Part::Number(slot)),
                None => (Type::Struct(self.structure(*ty)?), Part::Struct(*ty)),
            },
            Form::Switch(switch) => self.one_of(key, field, switch, codec)?,
            Form::Value(_) => (computed(element), Part::Computed),
        })
    }

    /// Whether a structure is complete when nothing is given for it.
    fn needs_nothing(&self, record: StructId) -> bool {
        let fields = &self.schema.structure(record).fields;
        !fields
            .iter()
            .any(|field| field.presence == Presence::Required)
    }

    /// The structure of a type that is no operation.
    pub(super) fn structure(&mut self, ty: TypeId) -> Result<StructId, TooMany> {
        if let Some(known) = self.known.get(&ty) {
            return Ok(*known);
        }
        let name = self.plan.ty(ty).name.clone();
        let record = self.reserve(&name)?;
        self.known.insert(ty, record);
        let collected = Walk::new(self.plan, self.rules, self.names, &[]).collect(ty);
        let shape = self.fill(record, collected.found)?;
        self.nested.insert(ty, shape);
        Ok(record)
    }

    /// One of several: the same single value in all cases, or a record with one field for each.
    fn one_of(
        &mut self,
        key: (TypeId, usize),
        field: &'p Field,
        switch: &'p Switch,
        codec: Option<FieldCodec>,
    ) -> Result<(Type, Part), TooMany> {
        let mut all: Vec<(Type, Choice)> = Vec::new();
        let cases = switch.cases.iter().map(|(_, form)| form);
        for (at, form) in cases.chain(&switch.otherwise).enumerate() {
            let (ty, part) = self.form(key, field, form, codec)?;
            let structure = match form {
                Form::Struct { ty, .. } => Some(*ty),
                _ => None,
            };
            let same = all.iter_mut().find(|(known, choice)| {
                choice.ty == structure
                    && std::mem::discriminant(known) == std::mem::discriminant(&ty)
            });
            match same {
                Some((known, choice)) => {
                    choice.case = None;
                    *known = wider(known, &ty);
                }
                None => all.push((
                    ty.clone(),
                    Choice {
                        ty: structure,
                        sort: Sort::of(&ty),
                        case: Some(at),
                        part,
                    },
                )),
            }
        }
        if let [(ty, choice)] = all.as_slice()
            && choice.ty.is_none()
        {
            return Ok((ty.clone(), choice.part.clone()));
        }
        let record = self.reserve(&field.name)?;
        let mut fields = Vec::new();
        let mut choices = Vec::new();
        for (ty, choice) in all {
            let name = match choice.ty {
                Some(ty) => self.plan.ty(ty).name.clone(),
                None => plain_name(&ty).to_owned(),
            };
            fields.push(FieldDef {
                name: Cow::Owned(name),
                path: Cow::Borrowed(""),
                ty,
                presence: Presence::Optional,
                secret: false,
                doc: Cow::Borrowed(""),
                // Where the form is for another type, it changes nothing.
                shown: self.names.shown.get(&key).copied().unwrap_or_default(),
            });
            choices.push(choice);
        }
        if let Some(structure) = self.schema.structs.get_mut(usize::from(record.0)) {
            structure.fields = fields;
        }
        Ok((Type::Struct(record), Part::OneOf(choices)))
    }
}

/// The integers that a field can hold, as far as `valid` says so with constants.
pub(super) fn limited(field: &Field, range: Type) -> Type {
    let Type::Int { mut min, mut max } = range else {
        return range;
    };
    if let Some(Valid::Range {
        min: least,
        max: most,
    }) = &field.valid
    {
        let constant = |code: &Option<crate::ksy::plan::Code>| {
            code.as_ref()?.constant().and_then(Value::as_int)
        };
        min = constant(least).map_or(min, |least| least.max(min));
        max = constant(most).map_or(max, |most| most.min(max));
    }
    Type::Int { min, max }
}

/// A default as a value of its field's type: it was written before that was known.
fn typed(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::Str(text), Type::Bytes { .. } | Type::Struct(_)) => {
            Value::Bytes(text.as_bytes().clone())
        }
        (value, _) => value.clone(),
    }
}

/// A single value where one of several is possible.
fn plain_choice(choices: &[Choice], value: Value) -> Value {
    let mut fields = vec![Value::Null; choices.len()];
    let plain = choices.iter().position(|choice| choice.holds(&value));
    if let Some(place) = plain.and_then(|at| fields.get_mut(at)) {
        *place = value;
    }
    Value::Record(fields)
}

/// A type that holds the values of both.
fn wider(a: &Type, b: &Type) -> Type {
    match (a, b) {
        (Type::Int { min: a, max: b }, Type::Int { min: c, max: d }) => Type::Int {
            min: *a.min(c),
            max: *b.max(d),
        },
        (Type::Str { max_len: a }, Type::Str { max_len: b }) => Type::Str { max_len: *a.max(b) },
        (Type::Bytes { max_len: a }, Type::Bytes { max_len: b }) => {
            Type::Bytes { max_len: *a.max(b) }
        }
        (a, _) => a.clone(),
    }
}

/// The type of what is computed.
const fn computed(ty: &Ty) -> Type {
    match ty {
        Ty::Bool => Type::Bool,
        Ty::Int => Type::INT,
        Ty::Float => Type::Float,
        Ty::Str => Type::STR,
        Ty::Bytes => Type::BYTES,
        Ty::Enum(id) => Type::Enum(EnumId(id.0)),
        Ty::Struct(_) | Ty::AnyStruct | Ty::List(_) | Ty::Stream | Ty::Any => Type::Any,
    }
}

const fn plain_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "flag",
        Type::Int { .. } | Type::Enum(_) => "number",
        Type::Float => "float",
        Type::Str { .. } => "text",
        Type::Bytes { .. } | Type::List(_) | Type::Struct(_) | Type::Any => "bytes",
    }
}

/// The most bytes that a field has, if that is known.
fn longest(cut: &Cut) -> usize {
    let size = match &cut.size {
        Size::Of(code) => code.constant().and_then(Value::as_int),
        Size::Eos | Size::Terminated => None,
    };
    size.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(usize::MAX)
}

/// The numbers that so many digits can say.
fn digits(cut: &Cut, codec: FieldCodec) -> Type {
    let per_byte = match codec {
        FieldCodec::Bcd => 2,
        FieldCodec::Ascii | FieldCodec::Ebcdic | FieldCodec::Varint | FieldCodec::Zigzag => 1,
    };
    let digits = longest(cut)
        .checked_mul(per_byte)
        .and_then(|n| u32::try_from(n).ok());
    let most = digits.and_then(|digits| 10_i128.checked_pow(digits));
    let most = most.map(|most| most.saturating_sub(1));
    Type::Int {
        min: 0,
        max: most.unwrap_or_else(|| u64::MAX.into()),
    }
}

/// The slots of a path, with the sizes of the structures it leads through.
pub(super) fn steps(path: &Path) -> impl Iterator<Item = (usize, usize)> + '_ {
    path.iter().map(|step| (step.slot, step.slots))
}
