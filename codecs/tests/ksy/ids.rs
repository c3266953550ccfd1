//! Which reply belongs to which request, and where a message carries that.

use crate::own::Text;
use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::Refused;
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::{DecodeError, EncodeError, Event, Protocol, Side};
use gatewright_core::message::{Correlation, Kind, Message};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn protocol(text: &str) -> Arc<dyn Protocol> {
    let loaded = load(Path::new("d.ksy"), &Text(text.to_owned()), &[]);
    loaded.expect("a good definition").protocol
}

pub(crate) fn read(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    frame: &[u8],
) -> Result<Message, DecodeError> {
    let mut codec = Arc::clone(protocol).codec(side, 1 << 16);
    match codec.decode(Bytes::copy_from_slice(frame))? {
        Event::Head(message) => Ok(message),
        other => panic!("{other:?} is no message"),
    }
}

pub(crate) fn written(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: Message,
) -> Result<Vec<u8>, EncodeError> {
    let mut out = BytesMut::new();
    let mut codec = Arc::clone(protocol).codec(side, 1 << 16);
    codec.encode(&Event::Head(message), &mut out)?;
    Ok(out.to_vec())
}

/// Two fields of one type, of which requests have their id in the first and replies in the second.
const TWICE: &str = r#"
meta: {id: d, endian: be}
-gateway:
  frame: {fixed: 5, max: 5}
  operation: kind
  kind: 'kind == kind::answer ? "reply" : "request"'
  id: origin.number
  reply: {id: target.number}
seq:
  - {id: kind, type: u1, enum: kind}
  - {id: origin, type: ref}
  - {id: target, type: ref}
types:
  ref: {seq: [{id: number, type: u2}]}
enums: {kind: {1: ask, 2: answer}}
"#;

#[test]
fn an_id_is_put_where_it_stands_and_nowhere_else() {
    let protocol = protocol(TWICE);
    let (asked, answered) = ([1, 0, 7, 0, 9], [2, 0, 7, 0, 9]);
    for (side, back, frame, given) in [
        (Side::Server, Side::Client, asked, [1, 5, 5, 0, 9]),
        (Side::Client, Side::Server, answered, [2, 0, 7, 5, 5]),
    ] {
        let message = read(&protocol, side, &frame).expect("a message");
        let fields = message.fields().clone();
        let anew = Message::new(message.kind(), message.operation(), fields);
        for message in [message, anew] {
            let addressed = message.with_correlation(Correlation::Id(0x0505));
            assert_eq!(written(&protocol, back, addressed).expect("it fits"), given);
        }
    }
}

/// Replies say nothing of how many bytes were asked for.
const ASKED: &str = r#"
meta: {id: d, endian: be, encoding: ASCII}
-gateway:
  frame: {length: {at: 0, type: u1, counts: frame}, max: 64}
  root: {request: ask, reply: told(request.count)}
  operation: kind
  kind: 'kind == kind::ask ? "request" : kind == kind::told ? "reply" : "event"'
  TIE
types:
  ask:
    seq:
      - {id: len, type: u1}
      - {id: kind, type: u1, enum: kind}
      - {id: count, type: u1}
      - {id: id, ID}
  told:
    params: [{id: count, type: u1}]
    seq:
      - {id: len, type: u1}
      - {id: kind, type: u1, enum: kind}
      - {id: data, size: count, if: kind == kind::told}
      - {id: news, size-eos: true, if: kind == kind::news}
      - {id: id, ID, if: kind == kind::told}
enums: {kind: {1: ask, 2: told, 3: news}}
"#;

#[test]
fn replies_that_need_their_requests_have_an_id_that_is_found_before() {
    for (tie, id) in [
        ("id: id", "type: u1"),
        ("id: id", "type: str, size: 1"),
        ("id: [id, kind.to_i]", "type: u1"),
    ] {
        let text = ASKED.replace("TIE", tie).replace("ID", id);
        let refused = load(Path::new("d.ksy"), &Text(text.clone()), &[]);
        let Err(Refused::Faulty { findings, .. }) = refused else {
            panic!("{tie}, {id}: it is good");
        };
        let last = findings.all().last().expect("a finding");
        let at = text.get(last.span.start..last.span.end);
        assert_eq!((last.code, at), ("GW3056", Some("id")), "{tie}, {id}");
    }
}

#[test]
fn an_event_between_request_and_reply_leaves_the_request_to_its_reply() {
    let text = ASKED.replace("TIE", "order: fifo").replace("ID", "size: 0");
    let protocol = protocol(&text);
    let (ask, told, news) = (&[3, 1, 2][..], &[4, 2, 8, 9][..], &[3, 3, 7][..]);
    let [mut client, mut server] =
        [Side::Client, Side::Server].map(|side| Arc::clone(&protocol).codec(side, 64));
    let asked = server.decode(Bytes::from_static(ask)).expect("a request");
    let mut out = BytesMut::new();
    client.encode(&asked, &mut out).expect("the same");
    for (frame, kind) in [
        (news, Kind::Event),
        (told, Kind::Reply),
        (news, Kind::Event),
    ] {
        let event = client
            .decode(Bytes::copy_from_slice(frame))
            .expect("a message");
        let message = event.message().expect("a message");
        assert_eq!(message.kind(), kind);
        let anew = Message::new(kind, message.operation(), message.fields().clone());
        out.clear();
        server
            .encode(&Event::Head(anew), &mut out)
            .expect("it fits");
        assert_eq!(out, frame);
    }
    let unasked = client.decode(Bytes::from_static(told));
    assert!(unasked.is_err(), "{unasked:?}");
}
