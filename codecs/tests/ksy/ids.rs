//! Which reply belongs to which request, and where a message carries that.

use crate::own::Text;
use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::protocol::load;
use gatewright_core::codec::{DecodeError, EncodeError, Event, Protocol, Side};
use gatewright_core::message::{Correlation, Message};
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
