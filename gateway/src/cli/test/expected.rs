//! An expected message, brought into the form that messages are shown in.

use gatewright_core::codec::{Descriptor, Schema, StructDef, Type};
use serde_json::Value as Json;

/// The same fields with labels for the numbers of enums.
///
/// # Errors
/// In words, if there is no such operation or field.
pub(super) fn normalise(descriptor: &Descriptor, mut json: Json) -> Result<Json, String> {
    const FORM: &str = "expected one operation: { NAME = { FIELD = VALUE } }";
    let members = json.as_object_mut().filter(|members| members.len() == 1);
    let (name, fields) = members.and_then(|m| m.iter_mut().next()).ok_or(FORM)?;
    let operation = descriptor.operation_named(name).ok_or_else(|| {
        let names: Vec<&str> = descriptor.operations.iter().map(|o| &*o.name).collect();
        let protocol = &descriptor.name;
        format!(
            "`{protocol}` has no operation `{name}`; there is {}",
            names.join(", ")
        )
    })?;
    structure(&descriptor.schema, descriptor.record(operation), fields)?;
    Ok(json)
}

fn structure(schema: &Schema, def: &StructDef, json: &mut Json) -> Result<(), String> {
    let Some(members) = json.as_object_mut() else {
        return Err(format!("`{}` takes a table of fields", def.name));
    };
    for (name, json) in members {
        let Some((_, field)) = def.field(name) else {
            let names: Vec<&str> = def.fields.iter().map(|field| &*field.name).collect();
            return Err(format!(
                "`{}` has no field `{name}`; there is {}",
                def.name,
                names.join(", ")
            ));
        };
        value(schema, &field.ty, json)?;
    }
    Ok(())
}

fn value(schema: &Schema, ty: &Type, json: &mut Json) -> Result<(), String> {
    match ty {
        Type::Enum(id) => {
            let number = json.as_i64().map(i128::from);
            let label = number.and_then(|n| schema.enumeration(*id).label(n));
            if let Some(label) = label {
                *json = Json::from(label);
            }
            Ok(())
        }
        Type::Struct(id) => structure(schema, schema.structure(*id), json),
        Type::List(element) => {
            let items = json.as_array_mut().into_iter().flatten();
            items
                .map(|item| value(schema, element, item))
                .collect::<Result<(), String>>()
        }
        Type::Bool
        | Type::Int { .. }
        | Type::Float
        | Type::Str { .. }
        | Type::Bytes { .. }
        | Type::Any => Ok(()),
    }
}
