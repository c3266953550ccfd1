//! Types as JSON Schema, in the dialect of OpenAPI 3.1.

use gatewright_core::codec::{EnumDef, Schema, StructId, Type};
use serde_json::{Value, json};

/// Which way values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the client.
    Asked,
    /// To the client.
    Told,
}

/// Any value.
pub(super) fn anything() -> Value {
    json!({})
}

/// Text.
pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// What can become a part of a text.
pub(super) fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

/// The values of a type of a protocol's.
pub(super) fn of_type(ty: &Type, schema: &Schema, way: Way) -> Value {
    Types {
        schema,
        way,
        open: Vec::new(),
    }
    .of(ty)
}

struct Types<'s> {
    schema: &'s Schema,
    way: Way,
    /// The structures that are being described: one that holds itself ends there.
    open: Vec<StructId>,
}

impl Types<'_> {
    fn of(&mut self, ty: &Type) -> Value {
        match ty {
            Type::Bool => json!({ "type": "boolean" }),
            Type::Int { min, max } => integer(*min, *max),
            Type::Float => json!({ "type": "number" }),
            Type::Str {
                max_len: usize::MAX,
            }
            | Type::Bytes { .. } => text(),
            // Fields have room for bytes, and no character has less than one.
            Type::Str { max_len } => json!({ "type": "string", "maxLength": max_len }),
            Type::Enum(id) => enumeration(self.schema.enumeration(*id), self.way),
            Type::List(item) => json!({ "type": "array", "items": self.of(item) }),
            Type::Struct(id) if self.open.contains(id) => json!({ "type": "object" }),
            Type::Struct(id) => self.structure(*id),
            Type::Any => anything(),
        }
    }

    fn structure(&mut self, id: StructId) -> Value {
        self.open.push(id);
        let fields = &self.schema.structure(id).fields;
        let mut properties = serde_json::Map::new();
        for field in fields {
            // Whatever its presence is, nobody says here that it is there.
            properties.insert(field.name.to_string(), nullable(self.of(&field.ty)));
        }
        self.open.pop();
        let required: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }
}

/// JSON's numbers reach as far as 64 bits do; beyond, the type alone has to do.
fn integer(min: i128, max: i128) -> Value {
    let mut schema = json!({ "type": "integer" });
    for (key, bound) in [("minimum", min), ("maximum", max)] {
        if let Some(bound) = serde_json::Number::from_i128(bound) {
            schema[key] = Value::Number(bound);
        }
    }
    schema
}

/// Labels are what clients should say. What has none is told as its number.
fn enumeration(def: &EnumDef, way: Way) -> Value {
    let labels: Vec<&str> = def.labels.iter().map(|(_, label)| &**label).collect();
    let labels = json!({ "type": "string", "enum": labels });
    match way {
        Way::Asked => labels,
        Way::Told => any_of(vec![labels, json!({ "type": "integer" })]),
    }
}

/// The same values, and `null`.
pub(super) fn nullable(mut schema: Value) -> Value {
    let is_plain = schema.get("enum").is_none() && schema.get("const").is_none();
    match schema.get("type").cloned() {
        Some(Value::String(ty)) if is_plain => {
            schema["type"] = json!([ty, "null"]);
            schema
        }
        None if schema == anything() => schema,
        Some(_) | None => any_of(vec![schema, json!({ "type": "null" })]),
    }
}

/// What is one of these.
pub(super) fn any_of(schemas: Vec<Value>) -> Value {
    if schemas.contains(&anything()) {
        return anything();
    }
    together("anyOf", schemas)
}

/// What is all of these.
pub(super) fn all_of(schemas: Vec<Value>) -> Value {
    let says = |schema: &Value| *schema != anything();
    together("allOf", schemas.into_iter().filter(says).collect())
}

fn together(how: &str, schemas: Vec<Value>) -> Value {
    let mut distinct: Vec<Value> = Vec::with_capacity(schemas.len());
    for schema in schemas {
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    match distinct.len() {
        0 => anything(),
        1 => distinct.swap_remove(0),
        _ => json!({ how: distinct }),
    }
}
