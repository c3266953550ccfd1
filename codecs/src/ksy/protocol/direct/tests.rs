//! The direct way against the machine: the same messages, the same bytes, the same refusals.

use crate::ksy::load::{Sources, Unreadable};
use crate::ksy::protocol::load::load_ksy;
use crate::ksy::protocol::{Ksy, Layouts};
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Event, Protocol, Side};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|_| Unreadable::Missing)
    }
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols")
}

fn protocol(name: &str) -> Ksy {
    let path = library().join(name).join(format!("{name}.ksy"));
    load_ksy(&path, &Disk, &[]).unwrap().0
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = library().join(name).join("corpus");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let text: &'static str = Box::leak(text.into_boxed_str());
            crate::Sample { name: "", text }.bytes().unwrap()
        })
        .collect()
}

/// What both ways make of a frame.
fn compare(direct: &Arc<Ksy>, machine: &Arc<Ksy>, side: Side, frame: &[u8]) {
    let read = |protocol: &Arc<Ksy>| {
        let mut codec = Arc::clone(protocol).codec(side, 1 << 20);
        codec.decode(Bytes::copy_from_slice(frame))
    };
    let (one, other) = (read(direct), read(machine));
    assert_eq!(one, other, "{frame:02x?}");
    let Ok(Event::Head(message)) = one else {
        return;
    };
    let anew = gatewright_core::message::Message::new(
        message.kind(),
        message.operation(),
        message.fields().clone(),
    )
    .with_correlation(message.correlation().clone());
    let writer = match side {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    };
    let written = |protocol: &Arc<Ksy>| {
        let mut out = BytesMut::new();
        let mut codec = Arc::clone(protocol).codec(writer, 1 << 20);
        codec
            .encode(&Event::Head(anew.clone()), &mut out)
            .map(|()| out)
    };
    assert_eq!(written(direct), written(machine), "{anew:?}");
}

#[test]
fn both_ways_agree() {
    for name in ["pos", "w5"] {
        let direct = Arc::new(protocol(name));
        assert!(direct.layouts.requests.is_some(), "{name}");
        assert!(direct.layouts.replies.is_some(), "{name}");
        let mut machine = protocol(name);
        machine.layouts = Layouts::default();
        let machine = Arc::new(machine);
        for frame in corpus(name) {
            for side in [Side::Server, Side::Client] {
                compare(&direct, &machine, side, &frame);
                for at in 0..frame.len() {
                    for mask in [1, 0x80, 0xff] {
                        let mut flipped = frame.clone();
                        flipped[at] ^= mask;
                        compare(&direct, &machine, side, &flipped);
                    }
                    compare(&direct, &machine, side, &frame[..at]);
                }
                let mut longer = frame.clone();
                longer.push(0);
                compare(&direct, &machine, side, &longer);
            }
        }
    }
}

#[test]
fn what_needs_the_machine_has_no_layout() {
    for name in ["mqtt", "dns", "iso8583", "modbus", "jt808"] {
        let protocol = protocol(name);
        assert!(protocol.layouts.requests.is_none(), "{name}");
    }
}

/// The same definition with and without a form for all other values.
const SWITCHED: &str = "
meta: {id: switched, endian: be}
-gateway:
  frame: {length: {at: 0, type: u1, counts: frame}, max: 8}
  operation: kind
  id: id
seq:
  - {id: len, type: u1}
  - {id: kind, type: u1, enum: kind}
  - {id: id, type: u2}
  - id: msg
    type: {switch-on: kind, cases: {'kind::a': a OTHERWISE}}
types:
  a: {seq: [{id: number, type: u1}]}
  pad: {seq: [{id: zero, contents: [0, 0]}]}
enums: {kind: {1: a, 2: b}}
";

#[test]
fn what_other_values_have_is_read_and_written() {
    let load = |otherwise: &str| {
        let text = Text(SWITCHED.replace("OTHERWISE", otherwise));
        load_ksy(Path::new("switched.ksy"), &text, &[]).unwrap().0
    };
    let direct = load("");
    assert!(direct.layouts.requests.is_some() && direct.layouts.replies.is_some());
    for otherwise in ["", ", _: pad"] {
        let mut machine = load(otherwise);
        machine.layouts = Layouts::default();
        let (direct, machine) = (Arc::new(load(otherwise)), Arc::new(machine));
        for side in [Side::Server, Side::Client] {
            for frame in [
                &[5, 1, 0, 7, 9][..],
                &[4, 2, 0, 7],
                &[6, 2, 0, 7, 0, 0],
                &[6, 2, 0, 7, 0, 1],
                &[6, 3, 0, 7, 0, 0],
            ] {
                compare(&direct, &machine, side, frame);
            }
        }
    }
}

/// A definition that is at hand as text.
struct Text(String);

impl Sources for Text {
    fn read(&self, _: &Path, _: usize) -> Result<String, Unreadable> {
        Ok(self.0.clone())
    }
}

/// Requests are plain, and the reply says nothing of how many bytes were asked for.
const ASKED: &str = "
meta: {id: asked, endian: be}
-gateway:
  frame: {length: {at: 0, type: u1, counts: rest}, max: 64}
  root: {request: ask, reply: 'told(request.count)'}
  operation: name
  id: id
types:
  ask:
    seq: [{id: len, type: u1, valid: 3}, {id: id, type: u2}, {id: count, type: u1}]
    instances: {name: {value: '\"ask\"'}}
  told:
    params: [{id: count, type: u1}]
    seq: [{id: len, type: u1, valid: 2 + count}, {id: id, type: u2}, {id: data, size: count}]
    instances: {name: {value: '\"told\"'}}
";

#[test]
fn replies_that_need_their_requests_are_read_after_them() {
    let (protocol, ..) = load_ksy(Path::new("asked.ksy"), &Text(ASKED.to_owned()), &[]).unwrap();
    assert!(protocol.layouts.requests.is_none() && protocol.layouts.replies.is_none());
    let protocol = Arc::new(protocol);
    let codec = |side| Arc::clone(&protocol).codec(side, 64);
    let request = codec(Side::Server).decode(Bytes::from_static(&[3, 0, 7, 2]));
    let mut client = codec(Side::Client);
    client
        .encode(&request.unwrap(), &mut BytesMut::new())
        .unwrap();
    let reply = client.decode(Bytes::from_static(&[4, 0, 7, 8, 9]));
    assert!(matches!(reply, Ok(Event::Head(_))), "{reply:?}");
    // Of another length than was asked for.
    let mut client = codec(Side::Client);
    let request = codec(Side::Server).decode(Bytes::from_static(&[3, 0, 7, 1]));
    client
        .encode(&request.unwrap(), &mut BytesMut::new())
        .unwrap();
    let reply = client.decode(Bytes::from_static(&[4, 0, 7, 8, 9]));
    assert!(reply.is_err(), "{reply:?}");
}
