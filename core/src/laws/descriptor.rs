//! What a protocol says about itself can be meant.

use super::Violation;
use crate::codec::{
    CorrelationKind, Descriptor, FieldDef, Needs, Operation, Presence, Schema, StructDef, Type,
};
use crate::message::{Kind, Value};
use std::collections::HashSet;

/// Names are there and stand once; every index leads somewhere; ids are numbers that fit their
/// field; defaults are values of their field's type; only requests need something of a connection,
/// only replies are graded, by values that their field can have.
///
/// # Errors
/// The first of these that does not hold.
pub fn check_descriptor(descriptor: &Descriptor) -> Result<(), Violation> {
    let schema = &descriptor.schema;
    unique(
        "operations",
        descriptor
            .operations
            .iter()
            .map(|operation| operation.name.as_ref()),
    )?;
    for def in &schema.enums {
        unique(
            &def.name,
            def.labels.iter().map(|(_, label)| label.as_ref()),
        )?;
        let mut numbers = HashSet::new();
        expect(def.labels.iter().all(|(n, _)| numbers.insert(*n)), || {
            format!("enum `{}` has a number twice", def.name)
        })?;
    }
    for def in &schema.structs {
        unique(
            &def.name,
            def.fields.iter().map(|field| field.name.as_ref()),
        )?;
        def.fields
            .iter()
            .try_for_each(|field| check_field(schema, def, field))?;
    }
    descriptor
        .operations
        .iter()
        .try_for_each(|operation| check_operation(descriptor, operation))?;
    expect(descriptor.capabilities.max_frame > 0, || {
        "no frame is short enough".to_owned()
    })
}

fn expect(holds: bool, detail: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new("check_descriptor", detail()))
    }
}

fn unique<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Violation> {
    let mut seen = HashSet::new();
    for name in names {
        expect(!name.is_empty(), || format!("{place}: an empty name"))?;
        expect(seen.insert(name), || {
            format!("{place}: `{name}` stands twice")
        })?;
    }
    Ok(())
}

fn check_operation(descriptor: &Descriptor, operation: &Operation) -> Result<(), Violation> {
    let name = &operation.name;
    let Some(def) = descriptor
        .schema
        .structs
        .get(usize::from(operation.record.0))
    else {
        return expect(false, || format!("`{name}` has no structure"));
    };
    // Connections are chosen for requests; whatever answers them comes on the same one.
    let asks = operation.needs != Needs::Nothing;
    expect(!asks || operation.kind == Kind::Request, || {
        format!("`{name}` needs a connection and is no request")
    })?;
    check_grading(descriptor, operation, def)?;
    let Some(slot) = operation.id else {
        return Ok(());
    };
    let widest = match descriptor.capabilities.correlation {
        CorrelationKind::Id {
            bits: bits @ 1..=64,
        } => u64::MAX >> (64 - u32::from(bits)),
        CorrelationKind::Id { .. } => return expect(false, || "an id has 1 to 64 bits".to_owned()),
        CorrelationKind::Fifo | CorrelationKind::Key | CorrelationKind::None => {
            return expect(false, || {
                format!("`{name}` has an id, the protocol has none")
            });
        }
    };
    match def.fields.get(slot.index()).map(|field| &field.ty) {
        Some(Type::Int { min, max }) => expect(*min <= 1 && *max >= i128::from(widest), || {
            format!("the id of `{name}` does not hold {widest}")
        }),
        Some(_) | None => expect(false, || format!("the id of `{name}` is no integer field")),
    }
}

fn check_grading(
    descriptor: &Descriptor,
    operation: &Operation,
    def: &StructDef,
) -> Result<(), Violation> {
    let name = &operation.name;
    let Some(grading) = &operation.grading else {
        return Ok(());
    };
    expect(operation.kind == Kind::Reply, || {
        format!("`{name}` is graded and is no reply")
    })?;
    // Where all of them are the same, no field tells.
    if grading.listed.is_empty() {
        return Ok(());
    }
    let Some(field) = def.fields.get(grading.field.index()) else {
        return expect(false, || format!("`{name}` is graded by no field"));
    };
    let mut values = grading.listed.iter().map(|(value, _)| value);
    expect(
        values.all(|value| value.is_null() || fits(&descriptor.schema, &field.ty, value)),
        || format!("`{name}` is graded by values that `{}` has not", field.name),
    )
}

fn check_field(schema: &Schema, def: &StructDef, field: &FieldDef) -> Result<(), Violation> {
    let place = || format!("{}.{}", def.name, field.name);
    check_type(schema, &field.ty, &place)?;
    match &field.presence {
        Presence::Default(value) => expect(fits(schema, &field.ty, value), || {
            format!("{}: the default is of another type", place())
        }),
        Presence::Required | Presence::Optional | Presence::Computed => Ok(()),
    }
}

fn check_type(schema: &Schema, ty: &Type, place: &dyn Fn() -> String) -> Result<(), Violation> {
    match ty {
        Type::Int { min, max } => expect(min <= max, || format!("{}: no integer fits", place())),
        Type::Enum(id) => expect(schema.enums.get(usize::from(id.0)).is_some(), || {
            format!("{}: no such enum", place())
        }),
        Type::Struct(id) => expect(schema.structs.get(usize::from(id.0)).is_some(), || {
            format!("{}: no such structure", place())
        }),
        Type::List(element) => check_type(schema, element, place),
        Type::Bool | Type::Float | Type::Str { .. } | Type::Bytes { .. } | Type::Any => Ok(()),
    }
}

fn fits(schema: &Schema, ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Bool, Value::Bool(_))
        | (Type::Enum(_), Value::Int(_))
        | (Type::Float, Value::Float(_))
        | (Type::Any, _) => true,
        (Type::Int { min, max }, Value::Int(n)) => min <= n && n <= max,
        (Type::Str { max_len }, Value::Str(text)) => text.len() <= *max_len,
        (Type::Bytes { max_len }, Value::Bytes(bytes)) => bytes.len() <= *max_len,
        (Type::List(element), Value::List(_) | Value::Headers(_)) => {
            let items = value.as_list().unwrap_or_default();
            items.iter().all(|item| fits(schema, element, item))
        }
        (Type::Struct(id), Value::Record(fields)) => {
            let defs = &schema.structure(*id).fields;
            let absent = |def: &FieldDef, value: &Value| {
                value.is_null() && def.presence == Presence::Optional
            };
            defs.len() == fields.len()
                && defs
                    .iter()
                    .zip(fields)
                    .all(|(def, value)| absent(def, value) || fits(schema, &def.ty, value))
        }
        _ => false,
    }
}
