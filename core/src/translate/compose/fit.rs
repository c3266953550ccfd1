//! Whether a value fits a field: by its type at load, by itself when it runs.

use crate::codec::{Schema, Type};
use crate::message::Value;

/// Why a value does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It is of another type.
    Type,
    /// It is beyond the type's range or length.
    Range,
}

/// Whether values of type `from` can fit a field of type `to` at all.
pub(super) fn can_fit(from: &Type, to: &Type) -> Result<(), Misfit> {
    let matches = match (from, to) {
        (Type::Any, _) | (_, Type::Any) => true,
        (
            Type::Int { min, max },
            Type::Int {
                min: low,
                max: high,
            },
        ) => {
            return if max < low || min > high {
                Err(Misfit::Range)
            } else {
                Ok(())
            };
        }
        (Type::List(from), Type::List(to)) => return can_fit(from, to),
        (Type::Enum(from), Type::Enum(to)) => from == to,
        (Type::Struct(from), Type::Struct(to)) => from == to,
        // A label or a number stands for an enum's value, an enum's value is a number.
        (Type::Int { .. } | Type::Str { .. }, Type::Enum(_))
        | (Type::Enum(_), Type::Int { .. }) => true,
        (Type::Int { .. } | Type::Float, Type::Float) => true,
        (Type::Bool, Type::Bool) | (Type::Str { .. }, Type::Str { .. }) => true,
        (Type::Bytes { .. }, Type::Bytes { .. }) => true,
        (Type::Bool | Type::Int { .. } | Type::Float | Type::Str { .. }, _) => false,
        (Type::Bytes { .. } | Type::Enum(_) | Type::List(_) | Type::Struct(_), _) => false,
    };
    if matches { Ok(()) } else { Err(Misfit::Type) }
}

/// Whether a type names structures or enums, which mean something in one protocol only.
pub(super) fn names_definitions(ty: &Type) -> bool {
    match ty {
        Type::Enum(_) | Type::Struct(_) => true,
        Type::List(item) => names_definitions(item),
        Type::Bool
        | Type::Int { .. }
        | Type::Float
        | Type::Str { .. }
        | Type::Bytes { .. }
        | Type::Any => false,
    }
}

/// The value as a field of that type holds it.
pub(super) fn fit(value: Value, ty: &Type, schema: &Schema) -> Result<Value, Misfit> {
    let in_range = match (&value, ty) {
        (_, Type::Any) => true,
        (Value::Int(n), Type::Int { min, max }) => (min..=max).contains(&n),
        (Value::Int(n), Type::Float) => return Ok(Value::Float(*n as f64)),
        (Value::Int(_), Type::Enum(_))
        | (Value::Bool(_), Type::Bool)
        | (Value::Float(_), Type::Float) => true,
        (Value::Str(label), Type::Enum(id)) => {
            return schema
                .enumeration(*id)
                .value(label)
                .map(Value::Int)
                .ok_or(Misfit::Range);
        }
        (Value::Str(text), Type::Str { max_len }) => text.len() <= *max_len,
        (Value::Bytes(bytes), Type::Bytes { max_len }) => bytes.len() <= *max_len,
        (Value::List(_) | Value::Headers(_), Type::List(item)) => {
            return fit_list(value, item, schema);
        }
        // A structure is only ever another message's, of the same definition.
        (Value::Record(fields), Type::Struct(id)) => {
            fields.len() == schema.structure(*id).fields.len()
        }
        _ => return Err(Misfit::Type),
    };
    if in_range {
        Ok(value)
    } else {
        Err(Misfit::Range)
    }
}

fn fit_list(value: Value, item: &Type, schema: &Schema) -> Result<Value, Misfit> {
    let items = match value {
        Value::List(items) => items,
        other => other.as_list().ok_or(Misfit::Type)?.to_vec(),
    };
    items
        .into_iter()
        .map(|value| fit(value, item, schema))
        .collect::<Result<_, _>>()
        .map(Value::List)
}

/// A type in words.
pub(super) fn describe(ty: &Type, schema: &Schema) -> String {
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::Int { min, max } => format!("an integer from {min} to {max}"),
        Type::Float => "a number".to_owned(),
        Type::Str {
            max_len: usize::MAX,
        } => "text".to_owned(),
        Type::Str { max_len } => format!("text of at most {max_len} bytes"),
        Type::Bytes {
            max_len: usize::MAX,
        } => "bytes".to_owned(),
        Type::Bytes { max_len } => format!("at most {max_len} bytes"),
        Type::Enum(id) => format!("a value of the enum `{}`", schema.enumeration(*id).name),
        Type::List(item) => format!("a list, each element {}", describe(item, schema)),
        Type::Struct(id) => format!("a structure `{}`", schema.structure(*id).name),
        Type::Any => "any value".to_owned(),
    }
}

/// A way from one type to the other.
pub(super) const fn way_out(from: &Type, to: &Type) -> Option<&'static str> {
    match (from, to) {
        (Type::Int { .. } | Type::Float | Type::Bool | Type::Enum(_), Type::Str { .. }) => {
            Some("for its text write `{string(...)}`")
        }
        (Type::Bytes { .. }, Type::Str { .. }) => {
            Some("read it with `.to_s(\"UTF-8\")`, or wrap it: `{hex(...)}` or `{base64(...)}`")
        }
        (Type::Str { .. }, Type::Int { .. } | Type::Float) => {
            Some("write a number without quotes, or convert text: `{x.to_i}` or `{int(x)}`")
        }
        (Type::Str { .. }, Type::Bytes { .. }) => {
            Some("convert it: `{utf8(...)}`, `{unhex(...)}` or `{unbase64(...)}`")
        }
        (Type::Str { .. }, Type::Bool) => Some("write `true` or `false` without quotes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{EnumDef, EnumId};
    use bytes::Bytes;

    fn schema() -> Schema {
        let labels = vec![(0, "no".into()), (1, "yes".into())];
        Schema {
            enums: vec![EnumDef {
                name: "answer".into(),
                labels,
            }],
            structs: Vec::new(),
        }
    }

    #[test]
    fn values_fit_or_say_why_not() {
        let answer = Type::Enum(EnumId(0));
        let list = Type::List(Box::new(Type::U8));
        let two = Type::Bytes { max_len: 2 };
        for (value, ty, expected) in [
            (Value::Int(255), &Type::U8, Ok(Value::Int(255))),
            (Value::Int(256), &Type::U8, Err(Misfit::Range)),
            (Value::Int(-1), &Type::U8, Err(Misfit::Range)),
            (Value::Int(2), &Type::Float, Ok(Value::Float(2.0))),
            (Value::Float(2.0), &Type::U8, Err(Misfit::Type)),
            (Value::from("5"), &Type::U8, Err(Misfit::Type)),
            (Value::Null, &Type::U8, Err(Misfit::Type)),
            (
                Value::from("é"),
                &Type::Str { max_len: 1 },
                Err(Misfit::Range),
            ),
            (Value::from("yes"), &answer, Ok(Value::Int(1))),
            (Value::from("maybe"), &answer, Err(Misfit::Range)),
            (Value::Int(7), &answer, Ok(Value::Int(7))),
            (
                Value::Bytes(Bytes::from_static(b"abc")),
                &two,
                Err(Misfit::Range),
            ),
            (
                Value::List(vec![Value::Int(1), Value::Int(256)]),
                &list,
                Err(Misfit::Range),
            ),
        ] {
            assert_eq!(
                fit(value.clone(), ty, &schema()),
                expected,
                "{value:?} as {ty:?}"
            );
        }
    }

    #[test]
    fn types_that_can_never_fit_are_told_apart() {
        let low = Type::Int { min: -9, max: -1 };
        for (from, to, expected) in [
            (Type::U32, Type::U8, Ok(())),
            (low, Type::U8, Err(Misfit::Range)),
            (Type::Any, Type::U8, Ok(())),
            (Type::STR, Type::U8, Err(Misfit::Type)),
            (Type::U8, Type::STR, Err(Misfit::Type)),
            (Type::U8, Type::Enum(EnumId(0)), Ok(())),
            (
                Type::Enum(EnumId(1)),
                Type::Enum(EnumId(0)),
                Err(Misfit::Type),
            ),
            (Type::STR, Type::BYTES, Err(Misfit::Type)),
        ] {
            assert_eq!(can_fit(&from, &to), expected, "{from:?} to {to:?}");
        }
    }
}
