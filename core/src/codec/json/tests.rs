use super::*;
use crate::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, EnumDef, EnumId, FieldDef,
    HalfClose, Operation, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use crate::message::{Correlation, Kind, Message, OperationId, Slot, Value};
use serde_json::{Value as Json, json};

fn descriptor() -> Descriptor {
    let put = StructDef {
        name: "put".into(),
        fields: vec![
            FieldDef::new(
                "id",
                Type::Int {
                    min: 0,
                    max: i128::from(u64::MAX),
                },
            ),
            FieldDef::new(
                "delta",
                Type::Int {
                    min: i128::from(i64::MIN),
                    max: 10,
                },
            )
            .or(1_i64),
            FieldDef::new("colour", Type::Enum(EnumId(0))).optional(),
            FieldDef::new("data", Type::Bytes { max_len: 4 }).optional(),
            FieldDef::new("word", Type::Str { max_len: 5 })
                .optional()
                .secret(),
            FieldDef::new("ratio", Type::Float).optional(),
            FieldDef::new("flag", Type::Bool).optional(),
            FieldDef::new("parts", Type::List(Box::new(Type::Struct(StructId(1))))).optional(),
            FieldDef::new("extra", Type::Any).optional(),
        ],
    };
    let part = StructDef {
        name: "part".into(),
        fields: vec![FieldDef::new("size", Type::U8)],
    };
    let colour = EnumDef {
        name: "colour".into(),
        labels: vec![(1, "RED".into()), (2, "GREEN".into())],
    };
    Descriptor {
        name: "shop".into(),
        schema: Schema {
            structs: vec![put, part],
            enums: vec![colour],
        },
        operations: vec![Operation::new("put", Kind::Request, StructId(0)).id(Slot(0))],
        capabilities: Capabilities {
            correlation: CorrelationKind::Id { bits: 64 },
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::Ends,
            drain: Drain::Close,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: 1024,
        },
        heartbeat: None,
        http: None,
    }
}

fn read(value: Json) -> Result<Message, FieldError> {
    from_json(&descriptor(), &value)
}

#[track_caller]
fn both_ways(value: Json) {
    let message = read(value.clone()).unwrap();
    assert_eq!(to_json(&descriptor(), &message, Secrets::Shown), value);
}

#[test]
fn every_type_goes_both_ways() {
    both_ways(json!({"put": {"id": u64::MAX, "delta": i64::MIN}}));
    both_ways(
        json!({"put": {"id": 0, "delta": 1, "colour": "GREEN", "data": "AP8=", "word": "héé", "ratio": 0.5, "flag": true,
        "parts": [{"size": 0}, {"size": 255}], "extra": {"b": [1, -1, 1.5, null, "x", {}], "a": u64::MAX}}}),
    );
    both_ways(
        json!({"put": {"id": 1, "delta": 1, "colour": 77, "data": "", "parts": [], "ratio": "-Infinity"}}),
    );
}

#[test]
fn the_correlation_comes_from_its_field() {
    assert_eq!(
        read(json!({"put": {"id": u64::MAX}}))
            .unwrap()
            .correlation(),
        &Correlation::Id(u64::MAX)
    );
}

#[test]
fn what_is_left_out_or_null_takes_its_default() {
    for value in [
        json!({"put": {"id": 1}}),
        json!({"put": {"id": 1, "delta": null, "colour": null}}),
    ] {
        let message = read(value).unwrap();
        assert_eq!(message.operation(), OperationId(0));
        assert_eq!(message.field(Slot(1)), &Value::Int(1));
        assert_eq!(message.field(Slot(2)), &Value::Null);
    }
}

#[test]
fn an_enum_is_read_as_label_or_number() {
    assert_eq!(
        read(json!({"put": {"id": 1, "colour": 2}})),
        read(json!({"put": {"id": 1, "colour": "GREEN"}}))
    );
}

#[test]
fn secrets_are_masked_when_asked() {
    let message = read(json!({"put": {"id": 1, "word": "abcde", "data": ""}})).unwrap();
    let masked = to_json(&descriptor(), &message, Secrets::Masked);
    assert_eq!(
        masked,
        json!({"put": {"id": 1, "delta": 1, "data": "", "word": "***"}})
    );
}

#[track_caller]
fn refused(value: Json, expected: &str) {
    assert_eq!(read(value).unwrap_err().to_string(), expected);
}

/// The error in a `put` that has an id and these fields.
#[track_caller]
fn refused_in_put(mut fields: Json, expected: &str) {
    fields["id"] = json!(1);
    refused(json!({ "put": fields }), &format!("put.{expected}"));
}

#[test]
fn a_message_is_one_known_operation() {
    const SHAPE: &str = "expected an object with one member, the operation: {\"NAME\": {…}}";
    refused(json!([]), SHAPE);
    refused(json!({"put": {}, "get": {}}), SHAPE);
    refused(
        json!({"putt": {}}),
        "`shop` has no operation `putt`; did you mean `put`?",
    );
    refused(json!({"zzz": {}}), "`shop` has no operation `zzz`");
    refused(json!({"put": 1}), "put: expected an object, got an integer");
}

#[test]
fn errors_name_the_field_and_a_way_out() {
    refused(json!({"put": {}}), "put.id: must be given");
    refused(json!({"put": {"id": null}}), "put.id: must be given");
    refused(
        json!({"put": {"id": -1}}),
        "put.id: must be from 0 to 18446744073709551615",
    );
    refused(
        json!({"put": {"id": "1"}}),
        "put.id: expected an integer, got a string",
    );
    refused_in_put(
        json!({"colou": 1}),
        "colou: `put` has no such field; did you mean `colour`?",
    );
    refused_in_put(
        json!({"delta": 11}),
        "delta: must be from -9223372036854775808 to 10",
    );
    refused_in_put(
        json!({"delta": 1.0}),
        "delta: expected an integer, got a number with a fraction or beyond 64 bits",
    );
    refused_in_put(
        json!({"colour": "GREN"}),
        "colour: is no label of `colour`; did you mean `GREEN`?",
    );
    refused_in_put(
        json!({"colour": true}),
        "colour: expected a label or an integer, got a truth value",
    );
    refused_in_put(json!({"data": "AP8"}), "data: is not base64");
    refused_in_put(json!({"data": "AAAAAAA="}), "data: is 5 bytes long, 4 fit");
    refused_in_put(json!({"word": "hééé"}), "word: is 7 bytes long, 5 fit");
    refused_in_put(
        json!({"flag": 1}),
        "flag: expected true or false, got an integer",
    );
    refused_in_put(
        json!({"ratio": "x"}),
        "ratio: expected a number, got a string",
    );
    refused_in_put(
        json!({"parts": [{"size": 1}, {"size": 256}]}),
        "parts[1].size: must be from 0 to 255",
    );
    refused_in_put(
        json!({"parts": {}}),
        "parts: expected an array, got an object",
    );
}
