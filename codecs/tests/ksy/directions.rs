//! Which side sends what.

use crate::names::{hex, protocol};
use gatewright_core::codec::{Cause, Event, Side};
use std::sync::Arc;

/// What a side makes of a frame of the corpus: the operation's name, or why it is refused.
fn read(definition: &str, sample: &str, side: Side) -> Result<String, Cause> {
    let protocol = protocol(definition);
    let mut codec = Arc::clone(&protocol).codec(side, 1 << 20);
    let frame = hex(definition, sample);
    match codec.decode(frame.into()).map_err(|error| error.cause())? {
        Event::Head(message) => {
            let operation = protocol.descriptor().operation(message.operation());
            Ok(operation.name.clone().into_owned())
        }
        event => panic!("{sample}: {event:?}"),
    }
}

#[test]
fn what_only_the_other_side_sends_is_refused() {
    for (sample, name) in [
        ("server_deliver_sm", "deliver_sm"),
        ("server_submit_sm_resp", "submit_sm_resp"),
        ("server_outbind", "outbind"),
    ] {
        let own = read("smpp", sample, Side::Client);
        assert_eq!(own.as_deref(), Ok(name), "{sample}");
        let other = read("smpp", sample, Side::Server);
        assert_eq!(other, Err(Cause::UnknownOperation), "{sample}");
    }
    for (sample, name) in [
        ("client_submit_sm", "submit_sm"),
        ("client_deliver_sm_resp", "deliver_sm_resp"),
        ("client_bind_receiver", "bind_receiver"),
    ] {
        let own = read("smpp", sample, Side::Server);
        assert_eq!(own.as_deref(), Ok(name), "{sample}");
        let other = read("smpp", sample, Side::Client);
        assert_eq!(other, Err(Cause::UnknownOperation), "{sample}");
    }
}

#[test]
fn what_both_sides_send_is_called_by_who_sent_it() {
    let name = |side| read("smpp", "client_data_sm", side);
    assert_eq!(name(Side::Server).as_deref(), Ok("data_sm"));
    assert_eq!(name(Side::Client).as_deref(), Ok("data_sm_reply"));
}
