//! Values of redis' protocol: each type has fields of its own.

use gatewright_core::message::{Record, Value};
use proptest::collection::vec;
use proptest::prelude::*;

pub(crate) fn of(def: &str, field: &str) -> Option<BoxedStrategy<Value>> {
    Some(match (def, field) {
        // Copies of what the operation and the arguments say.
        ("command" | "secret_command", "name" | "key") => Just(Value::Null).boxed(),
        // No command of redis has a point in its name.
        ("other", "name") => "[a-z!-.]{0,8}\\.[a-z0-9:]{1,20}"
            .prop_map(|name| Value::from(name.as_str()))
            .boxed(),
        _ => return None,
    })
}

pub(crate) fn record(def: &str) -> Option<BoxedStrategy<Record>> {
    Some(match def {
        "reply" => (value(), attributes())
            .prop_map(|(mut fields, attributes)| {
                fields.push(attributes);
                fields
            })
            .boxed(),
        "error" => ("[^\r\n]{0,24}", attributes())
            .prop_map(|(message, attributes)| {
                vec![message.as_str().into(), Value::Null, attributes]
            })
            .boxed(),
        "push" => vec(value(), 1..4)
            .prop_map(|items| vec![list(items), Value::Null])
            .boxed(),
        _ => return None,
    })
}

fn list(items: Vec<Record>) -> Value {
    Value::List(items.into_iter().map(Value::Record).collect())
}

/// Fields of a value by their names; the others are absent.
fn element(kind: u8, field: usize, value: Value) -> Record {
    let mut fields = vec![Value::Null; 5];
    fields[0] = kind.into();
    fields[field] = value;
    fields
}

const TEXT: usize = 1;
const NUMBER: usize = 2;
const DATA: usize = 3;
const ITEMS: usize = 4;

fn scalar() -> impl Strategy<Value = Record> {
    let text = |kind: u8, pattern: &'static str| {
        pattern.prop_map(move |text| element(kind, TEXT, text.as_str().into()))
    };
    let data = || vec(any::<u8>(), 0..48).prop_map(|bytes| Value::Bytes(bytes.into()));
    prop_oneof![
        text(0, "[^\r\n]{0,24}"),
        any::<i64>().prop_map(|n| element(1, NUMBER, n.into())),
        data().prop_map(|data| element(2, DATA, data)),
        prop::sample::select(vec![4_u8, 5, 6]).prop_map(|kind| element(kind, TEXT, Value::Null)),
        (0_u8..2).prop_map(|n| element(7, NUMBER, n.into())),
        text(8, "[+-]?[0-9]{1,9}(\\.[0-9]{1,9})?(e[+-]?[0-9]{1,3})?"),
        text(9, "[+-]?[0-9]{1,40}"),
        ("[!-~]{3}", data()).prop_map(|(format, data)| {
            let mut fields = element(10, TEXT, format.as_str().into());
            fields[DATA] = data;
            fields
        }),
    ]
}

fn value() -> impl Strategy<Value = Record> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        let error = "[^\r\n]{0,24}".prop_map(|text| element(13, TEXT, text.as_str().into()));
        let pairs = vec((inner.clone(), inner.clone()), 0..3).prop_map(|pairs| {
            pairs
                .into_iter()
                .flat_map(|(k, v)| [k, v])
                .collect::<Vec<_>>()
        });
        let attribute = pairs
            .clone()
            .prop_map(|pairs| element(14, ITEMS, list(pairs)));
        // What may stand in an aggregate: a value, an error, a value with an attribute before it.
        let item = prop_oneof![
            4 => inner.clone().prop_map(|value| vec![value]),
            1 => error.prop_map(|error| vec![error]),
            1 => (attribute, inner).prop_map(|(attribute, value)| vec![attribute, value]),
        ];
        let items = vec(item, 0..4).prop_map(|items| items.concat());
        prop_oneof![
            (prop::sample::select(vec![3_u8, 12]), items).prop_map(|(kind, items)| element(
                kind,
                ITEMS,
                list(items)
            )),
            pairs.prop_map(|pairs| element(11, ITEMS, list(pairs))),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Value> {
    let pairs = vec((value(), value()), 0..2)
        .prop_map(|pairs| list(pairs.into_iter().flat_map(|(k, v)| [k, v]).collect()));
    prop_oneof![3 => Just(Value::Null), 1 => pairs]
}
