//! The law of native answers.

use super::{Outcome, Violation, readers, written};
use crate::codec::{DecodeError, Event, Protocol, Recovery, Rejected, Side};
use crate::fault::{Fault, FaultClass};
use crate::message::{Kind, Message};
use bytes::{Bytes, BytesMut};
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
            error: Some(error),
        },
        _ => return Ok(()),
    };
    for class in FAULTS {
        if let Some(reply) = protocol.reject(&request, &Fault::unsent(class, "a law")) {
            check(protocol, &request, &outcome.frame, &reply, class)?;
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
    frame: &Bytes,
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
        if let Err(violation) = written(protocol, *side, reply)
            && !answered(protocol, request, frame, reply)
        {
            return wrong(format!("breaks {violation}"));
        }
    }
    Ok(())
}

/// Whether the answer is written and read by connections that know the request. In some protocols
/// a reply does not say what it is about.
fn answered(
    protocol: &Arc<dyn Protocol>,
    request: &Rejected<'_>,
    frame: &Bytes,
    reply: &Message,
) -> bool {
    let Some(asked) = request.message else {
        return false;
    };
    let max_frame = protocol.descriptor().capabilities.max_frame;
    let codec = |side| Arc::clone(protocol).codec(side, max_frame);
    let (mut server, mut client) = (codec(Side::Server), codec(Side::Client));
    let mut bytes = BytesMut::new();
    let known = server.decode(frame.clone()).is_ok()
        && client
            .encode(&Event::Head(asked.clone()), &mut BytesMut::new())
            .is_ok()
        && server
            .encode(&Event::Head(reply.clone()), &mut bytes)
            .is_ok();
    let read = known.then(|| client.decode(bytes.freeze()));
    match read {
        Some(Ok(Event::Head(read))) => {
            (read.operation(), read.correlation()) == (reply.operation(), reply.correlation())
        }
        _ => false,
    }
}
