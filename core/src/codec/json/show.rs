//! A message as JSON.

use super::{FieldError, form, read};
use crate::codec::{Descriptor, FieldDef, Schema, Shown, StructDef, Type};
use crate::message::{Message, Record, Value};
use base64_simd::STANDARD;
use serde_json::{Map, Number, Value as Json};

/// Whether the values of secret fields are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// As they are: for requests and files, never for people.
    Shown,
    /// As `"***"`.
    Masked,
}

/// The message as JSON; see the [module](super) for the form.
#[must_use]
pub fn to_json(descriptor: &Descriptor, message: &Message, show: Secrets) -> Json {
    let operation = descriptor.operation(message.operation());
    let view = View {
        schema: &descriptor.schema,
        secrets: show,
    };
    let fields = view.record(
        descriptor.schema.structure(operation.record),
        message.fields(),
    );
    Json::Object(Map::from_iter([(
        operation.name.clone().into_owned(),
        fields,
    )]))
}

/// A field's JSON as [`to_json`] writes it: people may spell a value in more than one way.
///
/// # Errors
/// As [`from_json`](super::from_json), with a path from the field on.
pub fn respelled(schema: &Schema, field: &FieldDef, value: &Json) -> Result<Json, FieldError> {
    let value = read::field(schema, field, value)?;
    let secrets = Secrets::Shown;
    Ok(View { schema, secrets }.value(&field.ty, field.shown, &value))
}

struct View<'a> {
    schema: &'a Schema,
    secrets: Secrets,
}

impl View<'_> {
    fn record(&self, def: &StructDef, record: &Record) -> Json {
        let present = def
            .fields
            .iter()
            .zip(record)
            .filter(|(_, value)| !value.is_null());
        let members = present.map(|(field, value)| {
            let shown = match self.secrets {
                Secrets::Masked if field.secret => Json::from("***"),
                Secrets::Masked | Secrets::Shown => self.value(&field.ty, field.shown, value),
            };
            (field.name.clone().into_owned(), shown)
        });
        Json::Object(members.collect())
    }

    fn value(&self, ty: &Type, shown: Shown, value: &Value) -> Json {
        if let Some(json) = form::show(shown, value) {
            return json;
        }
        match (ty, value) {
            (Type::Enum(id), Value::Int(n)) => match self.schema.enumeration(*id).label(*n) {
                Some(label) => Json::from(label),
                None => int(*n),
            },
            (Type::List(element), Value::List(_) | Value::Headers(_)) => {
                let items = value.as_list().unwrap_or_default().iter();
                items.map(|item| self.value(element, shown, item)).collect()
            }
            (Type::Struct(id), Value::Record(record)) => {
                self.record(self.schema.structure(*id), record)
            }
            (_, other) => untyped(other),
        }
    }
}

/// A value that tells its own type.
fn untyped(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) => int(*n),
        Value::Float(x) => float(*x),
        Value::Str(text) => Json::from(text.as_ref() as &str),
        Value::Bytes(bytes) => Json::from(STANDARD.encode_to_string(bytes)),
        Value::List(items) | Value::Record(items) => items.iter().map(untyped).collect(),
        Value::Headers(headers) => headers.records().iter().map(untyped).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_string(), untyped(value)))
            .collect(),
    }
}

/// Fields have 64 bits at most; what an expression made beyond that stays exact as text.
fn int(n: i128) -> Json {
    Number::from_i128(n).map_or_else(|| Json::from(n.to_string()), Json::Number)
}

fn float(x: f64) -> Json {
    match Number::from_f64(x) {
        Some(number) => Json::Number(number),
        None if x.is_nan() => Json::from("NaN"),
        None if x > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}
