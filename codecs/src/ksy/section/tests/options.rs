//! What is said of fields.

use super::{faults, load};
use crate::ksy::Definition;
use crate::ksy::section::plan::{FieldOptions, JsonForm};
use crate::ksy::section::spec::{Codec, Scale};
use bytes::Bytes;
use gatewright_core::message::Value;

const TYPES: &str = "
types: {digits: {seq: [{id: a, type: u1}], instances: {value: {value: a + 0}}}, plain: {seq: []}}
enums: {e: {0: no, 1: yes_sir}}
";

fn text(fields: &str) -> String {
    format!("meta: {{id: d, endian: be, encoding: ASCII}}\nseq:\n{fields}\n{TYPES}")
}

fn field(definition: &Definition, at: usize) -> &FieldOptions {
    definition.options.of(definition.root, at).unwrap()
}

#[track_caller]
fn default(field: &str, default: &str) -> Value {
    let text = text(&format!(
        "  - {{id: x, {field}, -gateway: {{default: {default}}}}}"
    ));
    let definition = load(&text);
    let value = self::field(&definition, 0).default.clone();
    value.expect("there is a default")
}

#[test]
fn defaults_have_the_type_of_their_field() {
    assert_eq!(default("type: u1", "0xff"), Value::Int(255));
    assert_eq!(default("type: s1", "-128"), Value::Int(-128));
    assert_eq!(
        default("type: u8", "18446744073709551615"),
        Value::Int(u64::MAX.into())
    );
    assert_eq!(default("type: b1", "true"), Value::Bool(true));
    assert_eq!(default("type: f4", "1.5"), Value::Float(1.5));
    assert_eq!(default("type: str, size: 2", "'--'"), Value::from("--"));
    assert_eq!(default("type: str, size: 2", "12"), Value::from("12"));
    let bytes = |bytes: &'static [u8]| Value::Bytes(Bytes::from_static(bytes));
    assert_eq!(default("size: 2", "ab"), bytes(b"ab"));
    assert_eq!(default("size: 2", "[1, 0xff]"), bytes(b"\x01\xff"));
    assert_eq!(default("type: u1, enum: e", "yes_sir"), Value::Int(1));
    assert_eq!(default("type: u1, enum: e", "7"), Value::Int(7));
    assert_eq!(
        default("type: plain, repeat: eos", "[]"),
        Value::List(vec![])
    );
    assert_eq!(
        default("type: u1, repeat: eos", "[1, 2]"),
        Value::List(vec![Value::Int(1), Value::Int(2)])
    );
}

#[test]
fn options_are_kept_by_field() {
    let definition = load(&text(
        "
  - {id: a, size: 2, -gateway: {json: [other, hex], secret: true}}
  - {id: b, type: digits, -gateway: {codec: bcd, scale: 0.01}}
  - {id: c, type: u2, -gateway: {derive: a.length + 1}}
  - {id: d, type: u2}",
    ));
    let a = field(&definition, 0);
    assert_eq!((a.name.as_deref(), a.form), (Some("other"), JsonForm::Hex));
    assert!(a.secret);
    let b = field(&definition, 1);
    assert_eq!(b.codec, Some(Codec::Bcd));
    let scale = Scale {
        mantissa: 1,
        decimals: 2,
    };
    assert_eq!(b.scale, Some(scale));
    assert!(field(&definition, 2).derive.is_some());
    assert!(definition.options.of(definition.root, 3).is_none());
    assert_eq!(definition.options.all().count(), 3);
}

#[test]
fn options_that_do_not_fit_are_refused() {
    for (field, code, place) in [
        ("type: u1, -gateway: {default: 256}", "GW3011", "256"),
        ("type: s1, -gateway: {default: 128}", "GW3011", "128"),
        ("type: b3, -gateway: {default: 8}", "GW3011", "8"),
        ("type: u1, -gateway: {default: x}", "GW3005", "x"),
        (
            "type: u1, enum: e, -gateway: {default: yes_sri}",
            "GW3032",
            "yes_sri",
        ),
        ("type: plain, -gateway: {default: 0}", "GW3058", "0"),
        ("type: u1, -gateway: {json: hex}", "GW3058", "hex"),
        (
            "size: 1, -gateway: {json: [hex, base64]}",
            "GW3058",
            "base64",
        ),
        ("size: 1, -gateway: {json: number}", "GW3058", "number"),
        ("size: 1, -gateway: {json: string}", "GW3058", "string"),
        ("type: u1, -gateway: {json: text}", "GW3058", "text"),
        (
            "type: u1, enum: e, -gateway: {json: string}",
            "GW3058",
            "string",
        ),
        (
            "size: 1, -gateway: {json: hex, codec: bcd}",
            "GW3058",
            "hex",
        ),
        ("type: f4, -gateway: {scale: 0.1}", "GW3058", "0.1"),
        ("type: u1, -gateway: {codec: varint}", "GW3058", "varint"),
        ("type: plain, -gateway: {codec: bcd}", "GW3058", "bcd"),
        ("size: 1, -gateway: {codec: bdc}", "GW3010", "bdc"),
        ("size: 1, -gateway: {scale: 0.1}", "GW3058", "0.1"),
        ("type: u1, -gateway: {scale: -1}", "GW3005", "-1"),
        ("type: u1, -gateway: {derive: '\"a\"'}", "GW3033", "\"a\""),
        ("type: u1, -gateway: {derive: y}", "GW3030", "y"),
        (
            "type: u1, -gateway: {derive: 1 + 1, default: 2}",
            "GW3058",
            "1 + 1",
        ),
        ("type: u1, -gateway: {secert: true}", "GW3006", "secert"),
        ("type: u1, -gateway: {secret: maybe}", "GW3005", "maybe"),
        ("type: u1, -gateway: {json: z}", "GW3058", "z"),
    ] {
        let text = text(&format!("  - {{id: x, {field}}}\n  - {{id: z, type: u1}}"));
        let expected = [(code, place.to_owned())];
        assert_eq!(faults(&[("d.ksy", &text)]), expected, "{field}");
    }
}

#[test]
fn instances_are_not_written() {
    let text = "meta: {id: d}\ninstances: {i: {value: 1, -gateway: {default: 1}}}\n";
    assert_eq!(
        faults(&[("d.ksy", text)]),
        [("GW3006", "default".to_owned())]
    );
}
