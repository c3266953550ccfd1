//! Types as JSON Schema, in the dialect of OpenAPI 3.1.

use gatewright_core::codec::{EnumDef, Presence, Schema, StructId, Type};
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
            let schema = self.of(&field.ty);
            let schema = match field.presence {
                Presence::Required | Presence::Default(_) => schema,
                Presence::Optional | Presence::Computed => nullable(schema),
            };
            properties.insert(field.name.to_string(), schema);
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

/// The same values without `null`, where that was added to them.
pub(super) fn present(mut schema: Value) -> Value {
    if let Some([ty, null]) = schema["type"].as_array().map(Vec::as_slice)
        && null == "null"
    {
        schema["type"] = ty.clone();
        return schema;
    }
    let parts = schema.get("anyOf").and_then(Value::as_array).cloned();
    let null = json!({ "type": "null" });
    match parts {
        Some(parts) => any_of(parts.into_iter().filter(|part| *part != null).collect()),
        None => schema,
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
        // One such list in another says no more than both in one.
        let parts = match schema.as_object().filter(|parts| parts.len() == 1) {
            Some(only) => only.get(how).and_then(Value::as_array).cloned(),
            None => None,
        };
        for part in parts.unwrap_or_else(|| vec![schema]) {
            if !distinct.contains(&part) {
                distinct.push(part);
            }
        }
    }
    match distinct.len() {
        0 => anything(),
        1 => distinct.swap_remove(0),
        _ => json!({ how: distinct }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_core::codec::{EnumId, FieldDef, StructDef};

    /// A list that is made of pairs of a value and a list.
    fn schema() -> Schema {
        let fields = vec![
            FieldDef::new("first", Type::Enum(EnumId(0))).optional(),
            FieldDef::new("rest", Type::Struct(StructId(0))),
        ];
        let name = "pair".into();
        Schema {
            structs: vec![StructDef { name, fields }],
            enums: vec![EnumDef {
                name: "answer".into(),
                labels: vec![(0, "no".into()), (1, "yes".into())],
            }],
        }
    }

    #[test]
    fn types_are_schemas() {
        let labels = json!({ "type": "string", "enum": ["no", "yes"] });
        let list = Type::List(Box::new(Type::Str { max_len: 3 }));
        let (min, max) = (-5, i128::from(u64::MAX) + 1);
        for (ty, expected) in [
            (Type::Bool, json!({ "type": "boolean" })),
            (
                Type::U8,
                json!({ "type": "integer", "minimum": 0, "maximum": 255 }),
            ),
            (
                Type::Int { min, max },
                json!({ "type": "integer", "minimum": -5 }),
            ),
            (Type::Float, json!({ "type": "number" })),
            (Type::STR, json!({ "type": "string" })),
            (
                list,
                json!({ "type": "array", "items": { "type": "string", "maxLength": 3 } }),
            ),
            (Type::Enum(EnumId(0)), labels),
            (Type::Any, json!({})),
        ] {
            assert_eq!(of_type(&ty, &schema(), Way::Asked), expected, "{ty:?}");
        }
    }

    #[test]
    fn a_structure_that_holds_itself_ends() {
        let told = of_type(&Type::Struct(StructId(0)), &schema(), Way::Told);
        let label = json!({ "type": "string", "enum": ["no", "yes"] });
        let first = json!({ "anyOf": [label, { "type": "integer" }, { "type": "null" }] });
        let expected = json!({
            "type": "object",
            "properties": { "first": first, "rest": { "type": "object" } },
            "required": ["first", "rest"],
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn what_says_nothing_adds_nothing() {
        let byte = json!({ "type": "integer" });
        assert_eq!(any_of(vec![byte.clone(), json!({})]), json!({}));
        assert_eq!(all_of(vec![byte.clone(), json!({})]), byte);
        assert_eq!(any_of(vec![byte.clone(), byte.clone()]), byte);
        assert_eq!(all_of(Vec::new()), json!({}));
        let absent = nullable(byte.clone());
        assert_eq!(absent, json!({ "type": ["integer", "null"] }));
        assert_eq!(present(absent), byte);
        let labels = json!({ "type": "string", "enum": ["no"] });
        assert_eq!(present(nullable(labels.clone())), labels);
        assert_eq!(nullable(json!({})), json!({}));
    }
}
