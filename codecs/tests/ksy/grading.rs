//! `error` of the shipped definitions, as grades of their replies.

use crate::names::{hex, protocol};
use gatewright_core::codec::{Event, Grade, Side};
use std::sync::Arc;

#[track_caller]
fn grade(definition: &str, sample: &str) -> Grade {
    let protocol = protocol(definition);
    let mut codec = Arc::clone(&protocol).codec(Side::Client, 1 << 20);
    match codec.decode(hex(definition, sample).into()) {
        Ok(Event::Head(reply)) => protocol.descriptor().grade(&reply),
        other => panic!("{sample}: {other:?}"),
    }
}

#[test]
fn replies_are_failures_as_their_definitions_say() {
    for (definition, sample, expected) in [
        // By the operation alone.
        ("soupbin", "server_login_accepted", Grade::Fine),
        ("soupbin", "server_login_rejected_user", Grade::Failed),
        ("inhouse", "failure", Grade::Failed),
        ("inhouse", "welcome", Grade::Fine),
        // By a field.
        ("smpp", "server_submit_sm_resp", Grade::Fine),
        ("smpp", "server_submit_sm_throttled", Grade::Failed),
        ("smpp", "server_bind_refused", Grade::Failed),
        // By a field of one operation.
        ("mqtt", "server_connack", Grade::Fine),
        ("mqtt", "server_connack_refused", Grade::Failed),
    ] {
        assert_eq!(grade(definition, sample), expected, "{sample}");
    }
}

/// Wherever one field of a reply tells an `error`, it has become a grade. In `mllp` one inside a
/// structure does, which no grade can say; in `cotp` it is an event.
#[test]
fn no_error_is_left_out() {
    let mut left_out: Vec<&str> = Vec::new();
    for name in [
        "diameter",
        "dns",
        "fix",
        "inhouse",
        "iso8583",
        "iso8583_bcd",
        "memcached",
        "modbus",
        "mqtt",
        "smpp",
        "soupbin",
        "thrift",
    ] {
        let protocol = protocol(name);
        let mut operations = protocol.descriptor().operations.iter();
        if operations.all(|operation| operation.grading.is_none()) {
            left_out.push(name);
        }
    }
    assert_eq!(left_out, [""; 0]);
}
