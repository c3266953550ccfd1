//! The answer to a request that cannot be served.

use super::schema::{FLAGS, ID, NAME, OPCODE, QTYPE, QUESTIONS, RCODE, SECTIONS};
use super::{ANSWER, CD, OPCODE_QUERY, OPCODE_UPDATE, RD, UPDATE};
use gatewright_core::codec::{Descriptor, Rejected};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Message, Record, Slot, Value};

const FORMERR: u8 = 1;
const SERVFAIL: u8 = 2;
const REFUSED: u8 = 5;

pub(super) fn reject(
    descriptor: &Descriptor,
    request: &Rejected<'_>,
    fault: &Fault,
) -> Option<Message> {
    let Correlation::Id(id) = request.correlation else {
        return None;
    };
    let mut fields = vec![Value::Null; descriptor.record(ANSWER).fields.len()];
    let opcode = if request.operation == Some(UPDATE) {
        OPCODE_UPDATE
    } else {
        OPCODE_QUERY
    };
    set(&mut fields, ID, id.into());
    set(&mut fields, OPCODE, opcode.into());
    set(&mut fields, RCODE, rcode(fault.class()).into());
    for (slot, _, _) in FLAGS {
        set(&mut fields, slot, Value::Bool(false));
    }
    for slot in SECTIONS
        .map(|(slot, _)| slot)
        .into_iter()
        .chain([QUESTIONS])
    {
        set(&mut fields, slot, Value::List(Vec::new()));
    }
    if let Some(request) = request.message {
        echo(request, &mut fields);
    }
    Some(descriptor.message(ANSWER, fields))
}

const fn rcode(class: FaultClass) -> u8 {
    match class {
        FaultClass::BadRequest => FORMERR,
        FaultClass::Unrouted => REFUSED,
        FaultClass::Timeout
        | FaultClass::Unreachable
        | FaultClass::BadReply
        | FaultClass::Overload
        | FaultClass::Status(_)
        | FaultClass::Draining
        | FaultClass::Internal => SERVFAIL,
    }
}

/// What an answer repeats of its request (RFC 1035, 4.1.1; RFC 4035, 3.2.2).
fn echo(request: &Message, fields: &mut Record) {
    let flags = FLAGS
        .iter()
        .filter(|(_, _, bit)| matches!(*bit, RD | CD))
        .map(|(slot, _, _)| *slot);
    for slot in flags.chain([OPCODE, QUESTIONS, NAME, QTYPE]) {
        set(fields, slot, request.field(slot).clone());
    }
}

fn set(fields: &mut Record, slot: Slot, value: Value) {
    if let Some(place) = fields.get_mut(slot.index()) {
        *place = value;
    }
}
