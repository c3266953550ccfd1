//! How often memory is allocated for a message.

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use gatewright_codecs::BUILTIN;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::read::{Limits, Machine};
use gatewright_codecs::ksy::{Definition, protocol};
use gatewright_core::codec::{Event, Side};
use gatewright_core::message::Message;
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|error| Unreadable::Other(error.to_string()))
    }
}

fn pos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols/pos/pos.ksy")
}

/// A request for an authorisation.
fn frame() -> Bytes {
    let row = BUILTIN.iter().find(|row| row.name == "pos");
    let samples = row.expect("a codec that is built in").corpus.iter();
    let mut samples = samples.filter(|sample| sample.name == "auth_req.hex");
    let sample = samples.next().expect("a request that was recorded");
    sample.bytes().expect("hexadecimal digits").into()
}

/// The machine, which reads what is more than plain integers and texts at fixed places.
#[test]
fn a_machine_reads_without_allocating() {
    let definition = Definition::load(&pos(), &Disk, &[]).expect("a good definition");
    let frame = frame();
    let read = || {
        let mut machine = Machine::new(&definition.plan, frame.clone(), Limits::MESSAGE);
        machine.read(definition.root, &[]).expect("a good message");
    };
    // Bytes that get their second owner, those of the definition included, note that once.
    read();
    let info = measure(read);
    assert_eq!(info.count_total, 0, "{info:?}");
}

/// Beside its frame, a message has one list of slots.
#[test]
fn a_message_is_its_frame_and_its_slots() {
    let loaded = protocol::load(&pos(), &Disk, &[]).expect("a good definition");
    let protocol = loaded.protocol;
    let max_frame = protocol.descriptor().capabilities.max_frame;
    let mut server = Arc::clone(&protocol).codec(Side::Server, max_frame);
    let mut client = protocol.codec(Side::Client, max_frame);
    let frame = frame();
    let mut out = BytesMut::with_capacity(max_frame);
    let mut event = None;
    let reading = measure(|| event = server.decode(frame.clone()).ok());
    let Some(Event::Head(message)) = &event else {
        panic!("{event:?}");
    };
    assert!(reading.count_total <= 1, "{reading:?}");
    let passing = measure(|| {
        client
            .encode(event.as_ref().expect("a message"), &mut out)
            .expect("room")
    });
    assert_eq!(passing.count_total, 0, "{passing:?}");
    let made = Message::new(
        message.kind(),
        message.operation(),
        message.fields().clone(),
    );
    let made = Event::Head(made.with_correlation(message.correlation().clone()));
    let writing = measure(|| client.encode(&made, &mut out).expect("room"));
    assert_eq!(writing.count_total, 0, "{writing:?}");
    assert_eq!(out, [&frame[..], &frame].concat());
}

/// Nobody sees the elements of a reply that has very many: none is made a value.
#[test]
fn elements_that_are_not_listed_take_no_memory() {
    let row = BUILTIN.iter().find(|row| row.name == "resp");
    let protocol = (row.expect("a codec that is built in").protocol)();
    let mut client = protocol.codec(Side::Client, 1 << 20);
    for element in ["$1\r\na\r\n", "+\u{e9}\r\n", "*1\r\n:1\r\n"] {
        let count = 100_000;
        let frame = Bytes::from(format!("*1\r\n*{count}\r\n{}", element.repeat(count)));
        let mut read = None;
        let reading = measure(|| read = client.decode(frame).ok());
        assert!(read.is_some());
        assert!(reading.count_total < 10, "{element:?}: {reading:?}");
    }
}
