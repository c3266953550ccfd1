//! Properties and models, run over every codec.
//!
//! [`messages`] makes messages that a protocol can carry, from its own schema; what a schema
//! cannot say (domain names, a text of one length) stands in `special`, by protocol.
//! [`models`] drives the parts of the core that have a state through random operations, each by
//! itself; the package `gatewright-simulation` drives them together, as the gateway puts them together.
//! [`library`] is what is shipped as data, [`definitions`] what holds for any definition.

pub mod definitions;
mod generic;
mod hello;
mod http1;
pub mod library;
pub mod models;
pub mod oracle;
mod resp;
mod special;
mod websocket;
pub mod world;

pub use hello::check_hello;
pub use websocket::check_websocket;

use gatewright_codecs::Builtin;
use gatewright_core::codec::{Descriptor, Protocol};
use gatewright_core::message::{Kind, Message, OperationId};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::sync::Arc;

/// The settings of a property that is tried so many times. What failed once is kept beside its
/// test and tried first ever after.
#[must_use]
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Messages of any operation that the protocol can carry; each kind is as frequent.
pub fn messages(protocol: &Arc<dyn Protocol>) -> impl Strategy<Value = Message> + use<> {
    let descriptor = Arc::clone(protocol.descriptor());
    let of_kind = |kind| {
        let operations = (0_u16..).zip(&descriptor.operations);
        let operations = operations.filter(|(_, operation)| operation.kind == kind);
        let each = operations.map(|(index, _)| of_operation(&descriptor, OperationId(index)));
        each.collect::<Vec<_>>()
    };
    let kinds = [Kind::Request, Kind::Reply, Kind::Event].map(of_kind);
    let kinds = kinds.into_iter().filter(|each| !each.is_empty());
    proptest::strategy::Union::new(kinds.map(proptest::strategy::Union::new))
}

/// Messages of one operation.
fn of_operation(descriptor: &Arc<Descriptor>, id: OperationId) -> BoxedStrategy<Message> {
    let def = descriptor.record(id);
    let fields = special::fields(&descriptor.name, &def.name)
        .unwrap_or_else(|| generic::record(descriptor, def, special::of(&descriptor.name)));
    let descriptor = Arc::clone(descriptor);
    fields
        .prop_flat_map(move |fields| {
            special::with_body(descriptor.message(id, fields), &descriptor)
        })
        .boxed()
}

/// Bytes near to those of a codec's corpus: cut, spliced, with bytes changed, repeated.
pub fn mutations(row: &Builtin) -> impl Strategy<Value = Vec<u8>> + use<> {
    let corpus: Vec<Vec<u8>> = row
        .corpus
        .iter()
        .filter_map(|sample| sample.bytes())
        .collect();
    let sample = proptest::sample::select(corpus);
    let edits = proptest::collection::vec(
        (any::<proptest::sample::Index>(), any::<u8>(), 0_u8..4),
        0..6,
    );
    (sample.clone(), sample, edits).prop_map(|(mut bytes, other, edits)| {
        for (index, byte, what) in edits {
            edit(&mut bytes, &other, index, byte, what);
        }
        bytes
    })
}

fn edit(bytes: &mut Vec<u8>, other: &[u8], index: proptest::sample::Index, byte: u8, what: u8) {
    if bytes.is_empty() {
        return bytes.push(byte);
    }
    let at = index.index(bytes.len());
    match what {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => bytes.truncate(at),
        _ => bytes.extend_from_slice(other),
    }
}
