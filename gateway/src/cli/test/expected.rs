//! An expected message, brought into the form that messages are shown in.

use gatewright_core::codec::json::respelled;
use gatewright_core::codec::{Descriptor, FieldDef, Schema, StructDef, Type};
use serde_json::Value as Json;

/// What the protocol does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// Where: `auth_rsp.status`; empty for the message as a whole.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Misfit {
    fn new(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
            help: None,
        }
    }

    fn choice<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.collect();
        self.help = Some(format!("there is {}", names.join(", ")));
        self
    }

    fn within(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

/// The same fields, their values as messages are shown: with labels for the numbers of enums.
///
/// # Errors
/// If there is no such operation or field.
pub(super) fn normalise(descriptor: &Descriptor, mut json: Json) -> Result<Json, Misfit> {
    let members = json.as_object_mut().filter(|members| members.len() == 1);
    let Some((name, fields)) = members.and_then(|members| members.iter_mut().next()) else {
        return Err(Misfit::new(
            "expected one operation: { NAME = { FIELD = VALUE } }",
        ));
    };
    let Some(operation) = descriptor.operation_named(name) else {
        let message = format!("`{}` has no operation `{name}`", descriptor.name);
        let names = descriptor.operations.iter().map(|o| o.name.as_ref());
        return Err(Misfit::new(message).choice(names).within(name));
    };
    structure(&descriptor.schema, descriptor.record(operation), fields)
        .map_err(|misfit| misfit.within(name))?;
    Ok(json)
}

fn structure(schema: &Schema, def: &StructDef, json: &mut Json) -> Result<(), Misfit> {
    let Some(members) = json.as_object_mut() else {
        return Err(Misfit::new(format!(
            "`{}` takes a table of fields",
            def.name
        )));
    };
    for (name, json) in members {
        let Some((_, field)) = def.field(name) else {
            let message = format!("`{}` has no field `{name}`", def.name);
            let names = def.fields.iter().map(|field| field.name.as_ref());
            return Err(Misfit::new(message).choice(names).within(name));
        };
        value(schema, field, json).map_err(|misfit| misfit.within(name))?;
    }
    Ok(())
}

fn value(schema: &Schema, field: &FieldDef, json: &mut Json) -> Result<(), Misfit> {
    match &field.ty {
        Type::Struct(id) => structure(schema, schema.structure(*id), json),
        Type::List(element) => {
            let element = FieldDef {
                ty: Type::clone(element),
                ..field.clone()
            };
            let items = json.as_array_mut().into_iter().flatten().enumerate();
            for (index, item) in items {
                value(schema, &element, item)
                    .map_err(|misfit| misfit.within(&format!("[{index}]")))?;
            }
            Ok(())
        }
        Type::Bool
        | Type::Int { .. }
        | Type::Enum(_)
        | Type::Float
        | Type::Str { .. }
        | Type::Bytes { .. }
        | Type::Any => {
            // What cannot be a value of the field differs from all that are.
            if let Ok(respelled) = respelled(schema, field, json) {
                *json = respelled;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_core::codec::Protocol as _;
    use serde_json::json;

    #[test]
    fn numbers_of_enums_become_labels_and_unknown_fields_are_told() {
        let dns = gatewright_codecs::dns::Dns::new();
        let descriptor = dns.descriptor();
        let typed = json!({ "answer": { "rcode": 3, "questions": [{ "type": 1 }], "id": 3 } });
        let normal =
            json!({ "answer": { "rcode": "NXDOMAIN", "questions": [{ "type": "A" }], "id": 3 } });
        assert_eq!(normalise(descriptor, typed), Ok(normal));
        let wrong = json!({ "answer": { "questions": [{ "type": 1 }, { "typ": 1 }] } });
        let path = normalise(descriptor, wrong).unwrap_err().path;
        assert_eq!(path, "answer.questions.[1].typ");
    }
}
