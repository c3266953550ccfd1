//! The answer to a command that cannot be served.

use super::schema::{CODE, ERROR, MESSAGE};
use gatewright_core::codec::Descriptor;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Message, Value};

pub(super) fn reject(descriptor: &Descriptor, fault: &Fault) -> Message {
    let text = text(fault.class());
    let code = text.split(' ').next().unwrap_or(text);
    let mut fields = vec![Value::Null; descriptor.record(ERROR).fields.len()];
    for (slot, value) in [(MESSAGE, text), (CODE, code)] {
        if let Some(field) = fields.get_mut(slot.index()) {
            *field = value.into();
        }
    }
    descriptor.message(ERROR, fields)
}

/// Clients tell errors apart by their first word; `ERR` is redis' own for what has no other.
const fn text(class: FaultClass) -> &'static str {
    match class {
        FaultClass::BadRequest => "ERR gateway: the command cannot be read",
        FaultClass::Unrouted => "ERR gateway: no route takes this command",
        FaultClass::Timeout => "TIMEOUT gateway: no answer in time",
        FaultClass::Unreachable => "UNREACHABLE gateway: no connection to the server",
        FaultClass::BadReply => "BADREPLY gateway: the server's answer makes no sense",
        FaultClass::Overload => "OVERLOADED gateway: too much in flight",
        FaultClass::Status(_) => "BADREPLY gateway: the server answered with an error",
        FaultClass::Draining => "DRAINING gateway: going away",
        FaultClass::Internal => "ERR gateway: an internal fault",
    }
}
