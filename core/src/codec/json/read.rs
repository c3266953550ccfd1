//! A message from JSON, checked field by field.

use super::{FieldError, form};
use crate::codec::{Descriptor, EnumDef, FieldDef, Presence, Schema, Shown, StructDef, Type};
use crate::message::{Message, Record, Value};
use base64_simd::STANDARD;
use serde_json::{Map, Value as Json};

/// A message from its JSON; see the [module](super) for the form. Fields with a default or
/// optional ones may be left out or `null`.
///
/// # Errors
/// Names the first field that is unknown, missing, of the wrong type or out of range, with the
/// name that was probably meant. What only the wire's encoding refuses is found when writing.
pub fn from_json(descriptor: &Descriptor, value: &Json) -> Result<Message, FieldError> {
    let Some((name, fields)) = only_member(value) else {
        return Err(FieldError::new(
            "expected an object with one member, the operation: {\"NAME\": {…}}",
        ));
    };
    let Some(id) = descriptor.operation_named(name) else {
        let error = FieldError::new(format!("`{}` has no operation `{name}`", descriptor.name));
        return Err(error.suggest(name, descriptor.operations.iter().map(|o| o.name.as_ref())));
    };
    let reader = Reader {
        schema: &descriptor.schema,
    };
    let record = reader
        .record(descriptor.record(id), fields)
        .map_err(|error| error.within(name))?;
    Ok(descriptor.message(id, record))
}

/// The value of one field from its JSON.
///
/// # Errors
/// As [`from_json`], with a path from the field on.
pub(super) fn field(schema: &Schema, field: &FieldDef, value: &Json) -> Result<Value, FieldError> {
    Reader { schema }.value(&field.ty, field.shown, value)
}

fn only_member(value: &Json) -> Option<(&String, &Json)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next()
}

struct Reader<'a> {
    schema: &'a Schema,
}

impl Reader<'_> {
    fn record(&self, def: &StructDef, value: &Json) -> Result<Record, FieldError> {
        let members = value
            .as_object()
            .ok_or_else(|| expected("an object", value))?;
        known(def, members)?;
        def.fields
            .iter()
            .map(|field| self.field(field, members))
            .collect()
    }

    fn field(&self, field: &FieldDef, members: &Map<String, Json>) -> Result<Value, FieldError> {
        match (members.get(field.name.as_ref()), &field.presence) {
            (None | Some(Json::Null), Presence::Required) => Err(FieldError::new("must be given")),
            (None | Some(Json::Null), Presence::Default(value)) => Ok(value.clone()),
            (None | Some(Json::Null), Presence::Optional | Presence::Computed) => Ok(Value::Null),
            (Some(value), _) => self.value(&field.ty, field.shown, value),
        }
        .map_err(|error| error.within(&field.name))
    }

    fn value(&self, ty: &Type, shown: Shown, value: &Json) -> Result<Value, FieldError> {
        if let Some(read) = form::read(shown, ty, value) {
            return read;
        }
        match ty {
            Type::Bool => value
                .as_bool()
                .map(Value::Bool)
                .ok_or_else(|| expected("true or false", value)),
            Type::Int { min, max } => int(*min, *max, value),
            Type::Float => float(value),
            Type::Str { max_len } => text(*max_len, value),
            Type::Bytes { max_len } => bytes(*max_len, value),
            Type::Enum(id) => label(self.schema.enumeration(*id), value),
            Type::List(element) => self.list(element, shown, value),
            Type::Struct(id) => self
                .record(self.schema.structure(*id), value)
                .map(Value::Record),
            Type::Any => Ok(untyped(value)),
        }
    }

    fn list(&self, element: &Type, shown: Shown, value: &Json) -> Result<Value, FieldError> {
        let items = value
            .as_array()
            .ok_or_else(|| expected("an array", value))?;
        let read = |(index, item)| {
            self.value(element, shown, item)
                .map_err(|error| error.at(index))
        };
        items
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Value::List)
    }
}

fn known(def: &StructDef, members: &Map<String, Json>) -> Result<(), FieldError> {
    match members.keys().find(|name| def.field(name).is_none()) {
        Some(name) => {
            let error = FieldError::new(format!("`{}` has no such field", def.name));
            Err(error
                .suggest(name, def.fields.iter().map(|f| f.name.as_ref()))
                .within(name))
        }
        None => Ok(()),
    }
}

fn integer(value: &Json) -> Option<i128> {
    value
        .as_i64()
        .map(i128::from)
        .or_else(|| value.as_u64().map(i128::from))
}

fn int(min: i128, max: i128, value: &Json) -> Result<Value, FieldError> {
    let n = integer(value).ok_or_else(|| expected("an integer", value))?;
    if n < min || n > max {
        return Err(FieldError::new(format!("must be from {min} to {max}")));
    }
    Ok(Value::Int(n))
}

fn float(value: &Json) -> Result<Value, FieldError> {
    let x = match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) | None => value.as_f64(),
    };
    x.map(Value::Float)
        .ok_or_else(|| expected("a number", value))
}

fn text(max_len: usize, value: &Json) -> Result<Value, FieldError> {
    let text = value.as_str().ok_or_else(|| expected("a string", value))?;
    fits(text.len(), max_len)?;
    Ok(Value::from(text))
}

pub(super) fn bytes(max_len: usize, value: &Json) -> Result<Value, FieldError> {
    let text = value
        .as_str()
        .ok_or_else(|| expected("a string in base64", value))?;
    let bytes = STANDARD
        .decode_to_vec(text)
        .map_err(|_| FieldError::new("is not base64"))?;
    fits(bytes.len(), max_len)?;
    Ok(Value::Bytes(bytes.into()))
}

pub(super) fn fits(len: usize, max_len: usize) -> Result<(), FieldError> {
    if len > max_len {
        return Err(FieldError::new(format!(
            "is {len} bytes long, {max_len} fit"
        )));
    }
    Ok(())
}

fn label(def: &EnumDef, value: &Json) -> Result<Value, FieldError> {
    let Some(label) = value.as_str() else {
        return integer(value)
            .map(Value::Int)
            .ok_or_else(|| expected("a label or an integer", value));
    };
    def.value(label).map(Value::Int).ok_or_else(|| {
        let labels = def.labels.iter().map(|(_, label)| label.as_ref());
        FieldError::new(format!("is no label of `{}`", def.name)).suggest(label, labels)
    })
}

/// JSON whose type only the rules know.
fn untyped(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => {
            integer(value).map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int)
        }
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(untyped).collect()),
        Json::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| (name.as_str().into(), untyped(value)))
                .collect(),
        ),
    }
}

fn expected(what: &str, got: &Json) -> FieldError {
    let got = match got {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(n) if n.is_f64() => "a number with a fraction or beyond 64 bits",
        Json::Number(_) => "an integer",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    FieldError::new(format!("expected {what}, got {got}"))
}
