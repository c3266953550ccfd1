//! Every codec of the table, held to the laws.

use bytes::BytesMut;
use gatewright_codecs::{BUILTIN, Builtin};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws::{self, Reading, Violation};
use gatewright_core::message::{Kind, Message};
use gatewright_proptests::{messages, mutations};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Runs a property for every row of the table; what failed once is tried first ever after.
fn for_every_codec<S: Strategy>(
    name: &'static str,
    cases: u32,
    strategy: impl Fn(&Builtin, &Arc<dyn Protocol>) -> S,
    property: impl Fn(&Arc<dyn Protocol>, S::Value) -> Result<(), Violation>,
) {
    for row in BUILTIN {
        let protocol = (row.protocol)();
        let mut runner = TestRunner::new(Config {
            source_file: Some(file!()),
            test_name: Some(name),
            ..gatewright_proptests::cases(cases)
        });
        let result = runner.run(&strategy(row, &protocol), |input| {
            property(&protocol, input)
                .map_err(|violation| TestCaseError::fail(violation.to_string()))
        });
        if let Err(error) = result {
            panic!("{}: {error}", row.name);
        }
    }
}

#[test]
fn descriptors_mean_something() {
    for row in BUILTIN {
        laws::check_descriptor((row.protocol)().descriptor()).unwrap();
    }
}

/// Whether one of the sides reads all of the bytes without an error.
fn is_read(protocol: &Arc<dyn Protocol>, bytes: &[u8]) -> bool {
    [Side::Server, Side::Client].into_iter().any(|side| {
        let reading = Reading::of(protocol, side, [bytes]).unwrap();
        let good = reading
            .outcomes
            .iter()
            .all(|outcome| outcome.result.is_ok());
        good && reading.lost.is_none() && reading.rest == Some(0)
    })
}

#[test]
fn corpora_are_what_they_say_and_obey() {
    for row in BUILTIN {
        let protocol = (row.protocol)();
        for sample in row.corpus {
            let bytes = sample.bytes().unwrap();
            laws::check_input(&protocol, &bytes)
                .unwrap_or_else(|violation| panic!("{}/{}: {violation}", row.name, sample.name));
            assert_eq!(
                is_read(&protocol, &bytes),
                !sample.is_bad(),
                "{}/{}",
                row.name,
                sample.name
            );
        }
    }
}

#[test]
fn made_messages_obey() {
    for_every_codec(
        "made_messages_obey",
        384,
        |_, protocol| messages(protocol),
        |protocol, message| laws::check_message(protocol, &message),
    );
}

#[test]
fn any_bytes_obey() {
    for_every_codec(
        "any_bytes_obey",
        512,
        |_, _| vec(any::<u8>(), 0..256),
        |protocol, bytes| laws::check_input(protocol, &bytes),
    );
}

#[test]
fn bytes_near_the_corpus_obey() {
    for_every_codec(
        "bytes_near_the_corpus_obey",
        256,
        |row, _| mutations(row),
        |protocol, bytes| laws::check_input(protocol, &bytes),
    );
}

fn write(protocol: &Arc<dyn Protocol>, side: Side, messages: &[Message]) -> BytesMut {
    let mut codec = Arc::clone(protocol).codec(side, protocol.descriptor().capabilities.max_frame);
    let mut out = BytesMut::new();
    for message in messages {
        codec
            .encode(&Event::Head(message.clone()), &mut out)
            .unwrap();
    }
    out
}

/// Messages that go to one side, one after the other, however they arrive and are passed on.
fn a_pipeline(name: &'static str, reader: Side, is_read: fn(Kind) -> bool) {
    let pipeline = |_: &Builtin, protocol: &Arc<dyn Protocol>| {
        let read = messages(protocol)
            .prop_filter("for the other side", move |message| is_read(message.kind()));
        (
            vec(read, 1..5),
            vec(any::<prop::sample::Index>(), 0..8),
            1_usize..4,
        )
    };
    for_every_codec(name, 384, pipeline, |protocol, (messages, cuts, most)| {
        let bytes = write(protocol, other(reader), &messages);
        let read = Reading::of(protocol, reader, [&bytes[..]])?;
        let outcomes = read.outcomes.iter();
        let count = outcomes.filter_map(laws::Outcome::message).count();
        assert_eq!(count, messages.len());
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        laws::any_chunking(protocol, reader, &bytes, &cuts)?;
        laws::scanned(protocol, reader, &bytes, most)
    });
}

const fn other(side: Side) -> Side {
    match side {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    }
}

#[test]
fn a_pipeline_is_read_however_it_arrives() {
    a_pipeline(
        "a_pipeline_is_read_however_it_arrives",
        Side::Server,
        |kind| kind == Kind::Request,
    );
}

#[test]
fn what_servers_send_is_read_however_it_arrives() {
    a_pipeline(
        "what_servers_send_is_read_however_it_arrives",
        Side::Client,
        |kind| kind != Kind::Request,
    );
}

/// JSON with the names that a protocol knows and values that it may not.
fn near_messages(protocol: &Arc<dyn Protocol>) -> impl Strategy<Value = Json> + use<> {
    let descriptor = protocol.descriptor();
    let operations: Vec<String> = descriptor
        .operations
        .iter()
        .map(|operation| operation.name.to_string())
        .collect();
    let structs = descriptor.schema.structs.iter();
    let names: Vec<String> = structs
        .flat_map(|def| def.fields.iter().map(|field| field.name.to_string()))
        .collect();
    let name = prop_oneof![20 => prop::sample::select(names), 1 => ".{0,8}"];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (0_u16..1000).prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,20}".prop_map(Json::from),
        "[a-zA-Z0-9]{4}".prop_map(Json::from),
    ];
    let value = leaf.prop_recursive(3, 16, 4, move |inner| {
        let members = vec((name.clone(), inner.clone()), 0..5)
            .prop_map(|members| members.into_iter().collect());
        prop_oneof![
            vec(inner, 0..3).prop_map(Json::Array),
            members.prop_map(Json::Object)
        ]
    });
    (prop::sample::select(operations), value).prop_map(|(name, value)| json!({ name: value }))
}

#[test]
fn any_json_obeys() {
    for_every_codec(
        "any_json_obeys",
        512,
        |_, protocol| near_messages(protocol),
        |protocol, json| laws::check_json(protocol, &json),
    );
}

/// Messages whose JSON differs from a good one in one field.
#[test]
fn json_with_one_other_field_obeys() {
    let changed = |_: &Builtin, protocol: &Arc<dyn Protocol>| {
        (
            messages(protocol),
            any::<prop::sample::Index>(),
            near_messages(protocol),
        )
    };
    for_every_codec(
        "json_with_one_other_field_obeys",
        1024,
        changed,
        |protocol, (message, index, other)| {
            use gatewright_core::codec::json::{Secrets, to_json};
            let mut json = to_json(protocol.descriptor(), &message, Secrets::Shown);
            let other = other
                .as_object()
                .and_then(|members| members.values().next())
                .cloned();
            let fields = json
                .as_object_mut()
                .and_then(|members| members.values_mut().next())
                .and_then(Json::as_object_mut);
            if let (Some(fields), Some(other)) = (fields, other) {
                let index = index.index(fields.len());
                if let Some(field) = fields.values_mut().nth(index) {
                    *field = other;
                }
            }
            laws::check_json(protocol, &json)
        },
    );
}
