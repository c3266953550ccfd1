//! Protocols that are there twice, as a codec and as a definition: both read the same messages,
//! refuse the same bytes and write the same.

use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol;
use gatewright_codecs::{BUILTIN, Builtin};
use gatewright_core::codec::json::{Secrets, from_json, to_json};
use gatewright_core::codec::{Event, Protocol, Side};
use gatewright_core::laws::{Outcome, Reading};
use gatewright_core::message::{Correlation, Kind, Message};
use gatewright_proptests::{cases, messages, mutations};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::path::Path;
use std::sync::{Arc, LazyLock};

#[path = "../../gateway/examples/w5/protocol.rs"]
mod w5;

/// One protocol as a codec and as a definition.
struct Twins {
    codec: Arc<dyn Protocol>,
    defined: Arc<dyn Protocol>,
}

static POS: LazyLock<Twins> = LazyLock::new(|| Twins {
    codec: (row("pos").protocol)(),
    defined: defined("pos/pos.ksy"),
});

static W5: LazyLock<Twins> = LazyLock::new(|| Twins {
    codec: Arc::new(w5::W5::new()),
    defined: defined("w5/w5.ksy"),
});

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|error| Unreadable::Other(error.to_string()))
    }
}

fn row(name: &str) -> &'static Builtin {
    let row = BUILTIN.iter().find(|row| row.name == name);
    row.expect("a codec that is built in")
}

fn defined(path: &str) -> Arc<dyn Protocol> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
    protocol::load(&library.join(path), &Disk, &[])
        .expect("a good definition")
        .protocol
}

/// What a message says, whoever read it.
type Said = (Kind, Correlation, Json);

fn said(protocol: &Arc<dyn Protocol>, message: &Message) -> Said {
    let json = to_json(protocol.descriptor(), message, Secrets::Shown);
    (message.kind(), message.correlation().clone(), json)
}

/// What was read before the first refusal, and whether there was one.
struct Read {
    messages: Vec<(Said, Bytes)>,
    refused: bool,
}

fn read(protocol: &Arc<dyn Protocol>, side: Side, bytes: &[u8]) -> Read {
    let reading = Reading::of(protocol, side, [bytes]).expect("a codec within its bounds");
    let good = reading.outcomes.iter().map_while(Outcome::message);
    let good = good.zip(&reading.outcomes);
    let messages: Vec<_> = good
        .map(|(message, outcome)| (said(protocol, message), outcome.frame.clone()))
        .collect();
    let refused = messages.len() < reading.outcomes.len() || reading.lost.is_some();
    Read { messages, refused }
}

/// Both read the same messages up to the first that one of them refuses. That one the other does
/// not read, either: it refuses it, too, or waits for the rest of a frame that the first has seen
/// through already.
fn same_reading(twins: &Twins, bytes: &[u8]) {
    for side in [Side::Server, Side::Client] {
        let codec = read(&twins.codec, side, bytes);
        let defined = read(&twins.defined, side, bytes);
        assert_eq!(codec.messages, defined.messages, "{side:?} {bytes:02x?}");
        assert!(
            codec.refused || !defined.refused,
            "only the definition refuses {side:?} {bytes:02x?}"
        );
    }
}

/// The same, where nothing is cut short: the same is refused.
fn same_refusal(twins: &Twins, bytes: &[u8]) {
    same_reading(twins, bytes);
    // So much that no frame is left waiting.
    let padded = [bytes, &[0; 70_000]].concat();
    for side in [Side::Server, Side::Client] {
        let refused = |protocol| read(protocol, side, &padded).refused;
        assert_eq!(
            refused(&twins.codec),
            refused(&twins.defined),
            "{side:?} {bytes:02x?}"
        );
    }
}

fn written(protocol: &Arc<dyn Protocol>, message: &Message) -> Option<Bytes> {
    let side = match message.kind() {
        Kind::Request | Kind::Event => Side::Client,
        Kind::Reply => Side::Server,
    };
    let mut codec = Arc::clone(protocol).codec(side, usize::MAX);
    let mut out = BytesMut::new();
    let result = codec.encode(&Event::Head(message.clone()), &mut out);
    result.is_ok().then(|| out.freeze())
}

/// Both write the same bytes, which both read as the same message.
fn same_writing(twins: &Twins, message: &Message) {
    let (kind, correlation, json) = said(&twins.codec, message);
    let twin = from_json(twins.defined.descriptor(), &json).expect("the same fields");
    assert_eq!((twin.kind(), twin.correlation()), (kind, &correlation));
    let bytes = written(&twins.codec, message);
    assert_eq!(bytes, written(&twins.defined, &twin), "{json}");
    if let Some(bytes) = bytes {
        same_reading(twins, &bytes);
    }
}

#[test]
fn what_the_payment_protocol_was_recorded_with() {
    for sample in row("pos").corpus {
        let bytes = sample.bytes().expect("hexadecimal digits");
        same_refusal(&POS, &bytes);
        for end in 0..bytes.len() {
            same_reading(&POS, &bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn payment_messages_are_written_alike(message in messages(&POS.codec)) {
        same_writing(&POS, &message);
    }

    #[test]
    fn payment_bytes_are_read_alike(bytes in mutations(row("pos"))) {
        same_refusal(&POS, &bytes);
    }

    #[test]
    fn frames_of_the_benchmark_are_written_alike(message in messages(&W5.codec)) {
        same_writing(&W5, &message);
    }

    /// A length that is nearly right, and what follows.
    #[test]
    fn frames_of_the_benchmark_are_read_alike(
        length in 0_u32..24,
        rest in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        same_reading(&W5, &[&length.to_be_bytes()[..], &rest].concat());
    }
}
