//! Definitions that were drawn: what a message of one says is known beforehand.

use bytes::BytesMut;
use gatewright_codecs::ksy::write::Given;
use gatewright_codecs::ksy::{Definition, Refused, protocol};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws::{self, Outcome, Reading};
use gatewright_core::message::{Kind, Message};
use gatewright_proptests::definitions::{self, Drawn, InMemory, drawn, read, trimmed, write};
use gatewright_proptests::{cases, definitions::check_message, messages};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::path::Path;
use std::sync::Arc;

/// How many are drawn: GATEWRIGHT_DRAWN, or 256.
fn many() -> ProptestConfig {
    let asked = std::env::var("GATEWRIGHT_DRAWN");
    cases(asked.map_or(256, |count| count.parse().expect("a number")))
}

fn refused(text: &str, why: Refused) -> String {
    match why {
        Refused::Unreadable(why) => format!("{text}{why}"),
        Refused::Faulty { findings, .. } => {
            let all = findings.all().iter();
            let all = all.map(|fault| format!("{}: {}\n", fault.path, fault.message));
            format!("{text}{}", all.collect::<String>())
        }
    }
}

fn load(text: &str) -> Definition {
    let loaded = Definition::load(Path::new(InMemory::PATH), &InMemory(text), &[]);
    loaded.unwrap_or_else(|why| panic!("{}", refused(text, why)))
}

fn speak(text: &str) -> Arc<dyn Protocol> {
    let loaded = protocol::load(Path::new(InMemory::PATH), &InMemory(text), &[]);
    let loaded = loaded.unwrap_or_else(|why| panic!("{}", refused(text, why)));
    loaded.protocol
}

/// What is given is written as it should be, with what follows from it, and read back.
fn check(drawn: &Drawn) {
    let text = definitions::definition(&drawn.parts);
    let definition = load(&text);
    let said = drawn.message();
    let bytes = &said.bytes[..];
    let full = Given::Struct(said.full);
    let read_back = read(&definition, bytes).map(|given| trimmed(&given));
    assert_eq!(read_back, Ok(trimmed(&full)), "{text}{bytes:02x?}");
    for given in [Given::Struct(said.sparse), full] {
        let written = write(&definition, &given);
        assert_eq!(written.as_deref(), Ok(bytes), "{text}{given:?}");
    }
    for end in 0..bytes.len() {
        let cut = read(&definition, &bytes[..end]);
        assert!(
            cut.is_err(),
            "{text}{bytes:02x?} is read up to {end}: {cut:?}"
        );
    }
}

/// A field that is always the same says nothing in a message, so its presence, its number and the
/// flags of others beside it have to be said.
#[test]
fn what_is_always_the_same_is_there_as_often_as_it_was() {
    for (seq, bodies) in [
        (
            "{id: f, type: b1}, {id: x, type: b7}, {id: a, contents: [0], if: f}",
            [&[0x81, 0][..], &[0x01]],
        ),
        ("{id: a, contents: [1], repeat: eos}", [&[], &[1, 1]]),
        (
            "{id: n, type: u1}, {id: a, contents: [1], repeat: expr, repeat-expr: n + 1}",
            [&[0, 1], &[1, 1, 1]],
        ),
        (
            "{id: f, type: u1}, {id: a, contents: [0], if: f & 1 != 0}, {id: b, size: 1, if: f & 2 != 0}",
            [&[1, 0], &[3, 0, 9]],
        ),
    ] {
        let text = format!(
            "meta: {{id: it}}\n-gateway: {{frame: {{auto: true, max: 99}}, operation: '\"m\"', order: fifo}}\nseq: [{{id: len, type: u1}}, {{id: body, type: body, size: len}}]\ntypes: {{body: {{seq: [{seq}]}}}}\n"
        );
        let protocol = speak(&text);
        for body in bodies {
            let length = u8::try_from(body.len()).unwrap();
            laws::check_input(&protocol, &[&[length], body].concat())
                .unwrap_or_else(|e| panic!("{text}{e}"));
        }
    }
}

/// A message that the descriptor allows, taken from the tape; the definition may refuse it still.
fn any_message(protocol: &Arc<dyn Protocol>, tape: &[u8]) -> Message {
    let mut seed = [0; 32];
    for (place, byte) in seed.iter_mut().zip(tape) {
        *place = *byte;
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let tree = messages(protocol).new_tree(&mut runner);
    tree.expect("some message").current()
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn what_is_written_can_be_read(drawn in drawn()) {
        let text = definitions::protocol(&drawn.parts);
        let protocol = speak(&text);
        let message = any_message(&protocol, &drawn.tape);
        laws::shown(&protocol, &message).unwrap_or_else(|e| panic!("{text}{e}"));
        let side = match message.kind() {
            Kind::Request | Kind::Event => Side::Client,
            Kind::Reply => Side::Server,
        };
        let mut codec = Arc::clone(&protocol).codec(side, usize::MAX);
        let mut out = BytesMut::new();
        if codec.encode(&Event::Head(message.clone()), &mut out).is_ok() {
            let reader = if side == Side::Client { Side::Server } else { Side::Client };
            let reading = Reading::of(&protocol, reader, [&out[..]]);
            let reading = reading.unwrap_or_else(|e| panic!("{text}{e}"));
            let read = reading.outcomes.iter().filter_map(Outcome::message).count();
            assert_eq!((read, reading.lost.is_some()), (1, false), "{text}{out:02x?}");
            laws::check_input(&protocol, &out).unwrap_or_else(|e| panic!("{text}{e}"));
        }
    }

    #[test]
    fn messages_are_written_and_read(drawn in drawn()) {
        check(&drawn);
    }

    #[test]
    fn other_bytes_are_read_and_written(
        drawn in drawn(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let definition = load(&definitions::definition(&drawn.parts));
        let mut bytes = drawn.message().bytes;
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        check_message(&definition, &bytes);
    }

    #[test]
    fn they_are_protocols(drawn in drawn()) {
        let text = definitions::protocol(&drawn.parts);
        let protocol = speak(&text);
        let body = drawn.message().bytes;
        let length = u16::try_from(body.len()).unwrap();
        let frame = [&length.to_be_bytes()[..], &body].concat();
        laws::check_descriptor(protocol.descriptor()).unwrap_or_else(|e| panic!("{text}{e}"));
        laws::check_input(&protocol, &frame).unwrap_or_else(|e| panic!("{text}{frame:02x?} {e}"));
    }
}
