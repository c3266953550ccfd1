//! Values for any schema.

use crate::special::Special;
use gatewright_core::codec::{Descriptor, FieldDef, Presence, StructDef, Type};
use gatewright_core::message::{Record, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Long enough to fill what is fixed, short enough to shrink.
const LONGEST: usize = 48;

pub(crate) fn record(
    descriptor: &Descriptor,
    def: &StructDef,
    special: Special,
) -> BoxedStrategy<Record> {
    let fields = def
        .fields
        .iter()
        .map(|field| match special(&def.name, &field.name) {
            Some(values) => values,
            None => one_field(descriptor, field, special),
        });
    fields.collect::<Vec<_>>().boxed()
}

fn one_field(descriptor: &Descriptor, field: &FieldDef, special: Special) -> BoxedStrategy<Value> {
    let given = value(descriptor, &field.ty, special);
    match &field.presence {
        Presence::Required => given,
        Presence::Default(default) => prop_oneof![1 => Just(default.clone()), 2 => given].boxed(),
        Presence::Computed => Just(Value::Null).boxed(),
        Presence::Optional => prop_oneof![1 => Just(Value::Null), 2 => given].boxed(),
    }
}

fn value(descriptor: &Descriptor, ty: &Type, special: Special) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int { min, max } => prop_oneof![1 => Just(*min), 1 => Just(*max), 4 => *min..=*max]
            .prop_map(Value::Int)
            .boxed(),
        Type::Float => any::<f64>().prop_map(Value::Float).boxed(),
        Type::Str { max_len } => text(*max_len),
        Type::Bytes { max_len } => vec(any::<u8>(), 0..=LONGEST.min(*max_len))
            .prop_map(|bytes| Value::Bytes(bytes.into()))
            .boxed(),
        Type::Enum(id) => {
            let numbers: Vec<i128> = descriptor
                .schema
                .enumeration(*id)
                .labels
                .iter()
                .map(|(n, _)| *n)
                .collect();
            proptest::sample::select(numbers)
                .prop_map(Value::Int)
                .boxed()
        }
        Type::List(element) => vec(value(descriptor, element, special), 0..4)
            .prop_map(Value::List)
            .boxed(),
        Type::Struct(id) => record(descriptor, descriptor.schema.structure(*id), special)
            .prop_map(Value::Record)
            .boxed(),
        Type::Any => any::<i64>().prop_map(Value::from).boxed(),
    }
}

/// ASCII that does not end in a space, which most protocols take for padding.
fn text(max_len: usize) -> BoxedStrategy<Value> {
    vec(0_u8..0x80, 0..=LONGEST.min(max_len))
        .prop_map(|bytes| {
            Value::from(
                bytes
                    .iter()
                    .map(|byte| char::from(*byte))
                    .collect::<String>()
                    .trim_end_matches(' '),
            )
        })
        .boxed()
}
