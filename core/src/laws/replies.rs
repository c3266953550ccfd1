//! The law of native answers.

use super::{Outcome, Violation, readers, written};
use crate::codec::{DecodeError, Protocol, Recovery, Rejected, Side};
use crate::fault::{Fault, FaultClass};
use crate::message::{Kind, Message};
use std::sync::Arc;

const LAW: &str = "rejections";

const FAULTS: [FaultClass; 9] = [
    FaultClass::BadRequest,
    FaultClass::Unrouted,
    FaultClass::Timeout,
    FaultClass::Unreachable,
    FaultClass::BadReply,
    FaultClass::Overload,
    FaultClass::Status(503),
    FaultClass::Draining,
    FaultClass::Internal,
];

/// Whatever goes wrong with a request that a server read, good or not, the protocol's answer is
/// a reply that can be written, that clients read, and that carries the request's id.
///
/// # Errors
/// If an answer is none of that. Having no answer is allowed: the connection closes then.
pub fn rejections(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    outcome: &Outcome,
) -> Result<(), Violation> {
    let request = match (side, outcome.message(), &outcome.result) {
        (Side::Server, Some(message), _) if message.kind() == Kind::Request => {
            Rejected::from(message)
        }
        (Side::Server, None, Err(error)) if is_answered(error) => Rejected {
            operation: error.operation(),
            correlation: error.correlation().clone(),
            message: None,
        },
        _ => return Ok(()),
    };
    for class in FAULTS {
        if let Some(reply) = protocol.reject(&request, &Fault::unsent(class, "a law")) {
            check(protocol, &request, &reply, class)?;
        }
    }
    Ok(())
}

fn is_answered(error: &DecodeError) -> bool {
    matches!(
        error.recovery(),
        Recovery::Answer | Recovery::AnswerAndClose
    )
}

fn check(
    protocol: &Arc<dyn Protocol>,
    request: &Rejected<'_>,
    reply: &Message,
    class: FaultClass,
) -> Result<(), Violation> {
    let wrong = |what: String| {
        Err(Violation::new(
            LAW,
            format!("the answer to {class:?} {what}"),
        ))
    };
    if reply.kind() != Kind::Reply {
        return wrong(format!("is a {:?}", reply.kind()));
    }
    if *reply.correlation() != request.correlation {
        return wrong(format!(
            "carries {:?} for {:?}",
            reply.correlation(),
            request.correlation
        ));
    }
    for side in readers(protocol, reply) {
        if let Err(violation) = written(protocol, *side, reply) {
            return wrong(format!("breaks {violation}"));
        }
    }
    Ok(())
}
