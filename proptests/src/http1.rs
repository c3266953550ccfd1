//! Requests and responses that HTTP can carry.

use gatewright_core::codec::HttpShape;
use gatewright_core::message::{Body, Message, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Fields that are no text of any kind.
pub(crate) fn of(_: &str, field: &str) -> Option<BoxedStrategy<Value>> {
    let text = |text: String| Value::from(text.as_str());
    Some(match field {
        "method" => "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}|GET|POST|HEAD"
            .prop_filter("of a tunnel", |method| method != "CONNECT")
            .prop_map(text)
            .boxed(),
        "target" => "/([!$&-;=?-\\[\\]_a-z~]|%[0-9a-fA-F]{2}){0,24}"
            .prop_map(text)
            .boxed(),
        "authority" => {
            let given =
                "[a-zA-Z0-9!$&'()*+;=._~-]{1,20}(:[1-9][0-9]{0,3})?|\\[2001:db8::[0-9a-f]{1,4}\\]";
            prop_oneof![Just(Value::Null), given.prop_map(text)].boxed()
        }
        "status" => (200_u16..=999).prop_map(Value::from).boxed(),
        "name" => "x-[!#$%&'*+.^_`|~0-9A-Za-z-]{0,16}|accept|cookie|expect"
            .prop_map(text)
            .boxed(),
        "value" => "([!-~\u{80}-\u{7ff}]([ -~\t]{0,16}[!-~])?)?"
            .prop_map(text)
            .boxed(),
        _ => return None,
    })
}

/// Nothing, or some bytes where they are allowed.
pub(crate) fn with_body(message: Message, shape: &HttpShape) -> BoxedStrategy<Message> {
    let is_reply = message.operation() == shape.response;
    let status = message.field(shape.status).as_int();
    if is_reply && matches!(status, Some(204 | 304)) {
        return Just(message).boxed();
    }
    let body = prop_oneof![
        Just(Body::Empty),
        vec(any::<u8>(), 1..40).prop_map(|bytes| Body::Whole(bytes.into())),
    ];
    body.prop_map(move |body| message.clone().with_body(body))
        .boxed()
}
