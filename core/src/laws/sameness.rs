//! When two messages say the same.

use crate::codec::{Descriptor, Event, HttpShape, Presence, Schema, StructDef, Type};
use crate::message::{Message, Record, Value};

pub(super) fn same_event(a: &Event, b: &Event) -> bool {
    match (a, b) {
        (Event::Head(a), Event::Head(b)) => same_message(a, b),
        _ => a == b,
    }
}

pub(super) fn same_message(a: &Message, b: &Message) -> bool {
    let heads = a.kind() == b.kind()
        && a.operation() == b.operation()
        && a.correlation() == b.correlation();
    heads && a.body() == b.body() && a.frame() == b.frame() && same_fields(a.fields(), b.fields())
}

/// What a message says by its fields. Of HTTP's header fields, the length is the body's, and whoever
/// writes the body writes it.
pub(super) fn said(descriptor: &Descriptor, message: &Message) -> Record {
    let mut fields = message.fields().clone();
    if let Some(http) = &descriptor.http {
        for slot in [http.request_headers, http.response_headers] {
            if let Some(headers) = fields.get_mut(slot.index())
                && let Some(all) = headers.as_list()
            {
                let others = all.iter().filter(|header| !is_length(header));
                *headers = Value::List(others.cloned().collect());
            }
        }
    }
    fields
}

fn is_length(header: &Value) -> bool {
    let name = header
        .as_record()
        .and_then(|fields| fields.get(HttpShape::NAME.index()));
    name.and_then(Value::as_str)
        .is_some_and(|name| name.eq_ignore_ascii_case("content-length"))
}

pub(super) fn same_fields(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
}

/// Equality to which NaN is equal to itself, and -0 is not 0.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
        }
        (Value::List(a), Value::List(b)) | (Value::Record(a), Value::Record(b)) => {
            same_fields(a, b)
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((name, a), (other, b))| name == other && same_value(a, b))
        }
        _ => a == b,
    }
}

/// The first field that was given and is not what came back. A field that was left to the
/// protocol may come back as anything.
pub(super) fn lost_field(
    schema: &Schema,
    def: &StructDef,
    given: &Record,
    back: &Record,
) -> Option<String> {
    def.fields.iter().enumerate().find_map(|(slot, field)| {
        let given = given.get(slot).unwrap_or(&Value::Null);
        let back = back.get(slot).unwrap_or(&Value::Null);
        let left_open = given.is_null() && field.presence != Presence::Required
            || field.presence == Presence::Computed;
        (!left_open && !kept(schema, &field.ty, given, back))
            .then(|| format!("`{}` was {given:?} and became {back:?}", field.name))
    })
}

fn kept<'v>(schema: &Schema, ty: &Type, given: &'v Value, back: &'v Value) -> bool {
    match (ty, given, back) {
        (
            Type::List(element),
            Value::List(_) | Value::Headers(_),
            Value::List(_) | Value::Headers(_),
        ) => {
            let all = |value: &'v Value| value.as_list().unwrap_or_default();
            let (given, back) = (all(given), all(back));
            given.len() == back.len()
                && given
                    .iter()
                    .zip(back)
                    .all(|(given, back)| kept(schema, element, given, back))
        }
        (Type::Struct(id), Value::Record(given), Value::Record(back)) => {
            lost_field(schema, schema.structure(*id), given, back).is_none()
        }
        _ => same_value(given, back),
    }
}
