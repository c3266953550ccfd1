//! What a schema cannot say about the values of a field.

use crate::{http1, resp};
use bytes::Bytes;
use gatewright_core::codec::Descriptor;
use gatewright_core::message::{Message, Record, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Values for a field of a structure, by their names; `None` where the schema says enough.
pub(crate) type Special = fn(&str, &str) -> Option<BoxedStrategy<Value>>;

/// The special values of a protocol.
pub(crate) fn of(protocol: &str) -> Special {
    match protocol {
        "dns" => dns,
        "http" => http1::of,
        "pos" => pos,
        "resp" => resp::of,
        _ => |_, _| None,
    }
}

/// Values for all fields of a structure at once, where one decides about the others.
pub(crate) fn fields(protocol: &str, def: &str) -> Option<BoxedStrategy<Record>> {
    match protocol {
        "resp" => resp::record(def),
        _ => None,
    }
}

/// Messages with the payloads that this one may have beside its fields.
pub(crate) fn with_body(message: Message, descriptor: &Descriptor) -> BoxedStrategy<Message> {
    match &descriptor.http {
        Some(shape) => http1::with_body(message, shape),
        None => Just(message).boxed(),
    }
}

fn pos(_: &str, field: &str) -> Option<BoxedStrategy<Value>> {
    (field == "code").then(|| {
        "[\\x00-\\x7f]{6}"
            .prop_map(|code| Value::from(code.as_str()))
            .boxed()
    })
}

fn dns(def: &str, field: &str) -> Option<BoxedStrategy<Value>> {
    Some(match (def, field) {
        // Copies of the first question, which need not be given.
        ("query" | "update" | "answer", "name" | "qtype") => Just(Value::Null).boxed(),
        ("update", "opcode") => Just(Value::from(5_u8)).boxed(),
        ("query", "opcode") => (0_u8..16)
            .prop_filter("an update", |n| *n != 5)
            .prop_map(Value::from)
            .boxed(),
        ("answer", "opcode") | (_, "rcode") => (0_u8..16).prop_map(Value::from).boxed(),
        (_, "questions") => vec(question(), 0..=1).prop_map(Value::List).boxed(),
        (_, "answers" | "authorities" | "additionals") => {
            vec(record(), 0..4).prop_map(Value::List).boxed()
        }
        _ => return None,
    })
}

type Name = Vec<Vec<u8>>;

fn name() -> impl Strategy<Value = Name> {
    let octet = prop_oneof![4 => b'a'..=b'z', 1 => Just(b'.'), 1 => Just(b'\\'), 2 => any::<u8>()];
    let label = prop_oneof![9 => vec(octet, 1..8), 1 => vec(any::<u8>(), 63)];
    vec(label, 0..4)
}

fn text(name: &Name) -> Value {
    let spell = |byte: &u8| match byte {
        b'.' | b'\\' => format!("\\{}", char::from(*byte)),
        0x21..=0x7e => char::from(*byte).to_string(),
        _ => format!("\\{byte:03}"),
    };
    let labels: Vec<String> = name
        .iter()
        .map(|label| label.iter().map(spell).collect())
        .collect();
    Value::from(
        if labels.is_empty() {
            ".".to_owned()
        } else {
            labels.join(".")
        }
        .as_str(),
    )
}

fn wire(name: &Name) -> Vec<u8> {
    let label = |label: &Vec<u8>| [&[u8::try_from(label.len()).unwrap_or(0)][..], label].concat();
    name.iter().flat_map(label).chain([0]).collect()
}

fn question() -> impl Strategy<Value = Value> {
    (name(), any::<u16>(), any::<u16>()).prop_map(|(name, qtype, class)| {
        Value::Record(vec![text(&name), qtype.into(), class.into()])
    })
}

fn record() -> impl Strategy<Value = Value> {
    (name(), typed_data(), any::<u16>(), any::<u32>()).prop_map(
        |(name, (rtype, data), class, ttl)| {
            Value::Record(vec![
                text(&name),
                rtype.into(),
                class.into(),
                ttl.into(),
                data.into(),
            ])
        },
    )
}

/// A type, and data that such a record may have.
fn typed_data() -> impl Strategy<Value = (u16, Bytes)> {
    const A_TXT_OPT_AAAA_PRIVATE: [u16; 5] = [1, 16, 41, 28, 65280];
    const NS_CNAME_PTR_DNAME: [u16; 4] = [2, 5, 12, 39];
    let opaque = (
        proptest::sample::select(A_TXT_OPT_AAAA_PRIVATE.to_vec()),
        vec(any::<u8>(), 0..40),
    );
    let named = (
        proptest::sample::select(NS_CNAME_PTR_DNAME.to_vec()),
        name().prop_map(|name| wire(&name)),
    );
    let mx = (
        Just(15),
        (any::<u16>(), name())
            .prop_map(|(order, name)| [&order.to_be_bytes()[..], &wire(&name)].concat()),
    );
    let soa = (name(), name(), any::<[u8; 20]>())
        .prop_map(|(server, mail, numbers)| [&wire(&server)[..], &wire(&mail), &numbers].concat());
    prop_oneof![opaque, named, mx, (Just(6), soa)].prop_map(|(rtype, data)| (rtype, data.into()))
}
