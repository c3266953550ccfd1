//! The answer to a request that cannot be served.

use super::schema::{ADDITIONALS, FLAGS, ID, NAME, OPCODE, QTYPE, QUESTIONS, RCODE, SECTIONS};
use super::{ANSWER, CD, OPCODE_QUERY, OPCODE_UPDATE, RD, UPDATE};
use bytes::Bytes;
use gatewright_core::codec::{Descriptor, Rejected};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Message, Record, Slot, Value};

const FORMERR: u8 = 1;
const SERVFAIL: u8 = 2;
const REFUSED: u8 = 5;

/// OPT (RFC 6891, 6.1.2), and the one flag that it has (6.1.4).
const OPT: u16 = 41;
const DO: u32 = 0x8000;
/// What OPT says of datagrams that its sender takes, in octets: as resolvers do by default. By TCP
/// it means nothing.
const UDP_SIZE: u16 = 1232;

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

/// What an answer repeats of its request (RFC 1035, 4.1.1; RFC 4035, 3.2.2; RFC 6891, 6.1.1).
fn echo(request: &Message, fields: &mut Record) {
    let flags = FLAGS
        .iter()
        .filter(|(_, _, bit)| matches!(*bit, RD | CD))
        .map(|(slot, _, _)| *slot);
    for slot in flags.chain([OPCODE, QUESTIONS, NAME, QTYPE]) {
        set(fields, slot, request.field(slot).clone());
    }
    if let Some(flags) = opt_flags(request) {
        set(fields, ADDITIONALS, Value::List(vec![opt(flags)]));
    }
}

/// The extended flags of a request that has an OPT: its answer must have one, too (RFC 6891, 6.1.1).
fn opt_flags(request: &Message) -> Option<u32> {
    let additionals = request.field(ADDITIONALS).as_list()?.iter();
    let mut flags = additionals.filter_map(|record| match record.as_record()?.as_slice() {
        [_, rtype, _, ttl, _] if rtype.as_int() == Some(OPT.into()) => {
            u32::try_from(ttl.as_int()?).ok()
        }
        _ => None,
    });
    flags.next()
}

/// An OPT of version 0 without options, DO as it was asked.
fn opt(flags: u32) -> Value {
    Value::Record(vec![
        ".".into(),
        OPT.into(),
        UDP_SIZE.into(),
        (flags & DO).into(),
        Bytes::new().into(),
    ])
}

fn set(fields: &mut Record, slot: Slot, value: Value) {
    if let Some(place) = fields.get_mut(slot.index()) {
        *place = value;
    }
}
