//! The answer to a request that cannot be served: a status, and a problem of RFC 9457; or what gRPC has
//! for that.

use super::reason::reason;
use super::schema::RESPONSE;
use bytes::Bytes;
use gatewright_core::codec::{Cause, DecodeError, Descriptor, Rejected};
use gatewright_core::fault::FaultClass;
use gatewright_core::message::{Body, Message, Value};
use gatewright_core::translate::grpc;

struct Problem {
    status: u16,
    /// Fixed: nothing of what a peer sent comes back.
    detail: &'static str,
}

pub(super) fn reject(
    descriptor: &Descriptor,
    rejected: &Rejected<'_>,
    class: FaultClass,
) -> Message {
    if let (Some(request), Some(shape)) = (rejected.message, &descriptor.http)
        && grpc::asks(request, shape)
    {
        return grpc::refusal(descriptor, shape, class);
    }
    let error = rejected.error;
    let problem = problem(class, error);
    let mut headers = vec![header("content-type", "application/problem+json")];
    if class == FaultClass::Overload {
        headers.push(header("retry-after", "1"));
    }
    let fields = vec![problem.status.into(), Value::List(headers)];
    descriptor
        .message(RESPONSE, fields)
        .with_body(Body::Whole(body(&problem)))
}

fn header(name: &'static str, value: &'static str) -> Value {
    Value::Record(vec![name.into(), value.into()])
}

fn body(problem: &Problem) -> Bytes {
    let Problem { status, detail } = problem;
    let title = reason(*status);
    // All of these are texts of ours that need no escapes.
    format!(r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}"}}"#)
        .into()
}

fn problem(class: FaultClass, error: Option<&DecodeError>) -> Problem {
    let (status, detail) = match class {
        FaultClass::BadRequest => return unread(error),
        FaultClass::Unrouted => (404, "no route takes this request"),
        FaultClass::Timeout => (504, "no answer in time"),
        FaultClass::Unreachable => (502, "no connection to the server"),
        FaultClass::BadReply => (502, "the server's answer makes no sense"),
        FaultClass::Overload => (503, "too much in flight"),
        FaultClass::Status(_) => (502, "the server answered with an error"),
        FaultClass::Draining => (503, "going away"),
        FaultClass::Internal => (500, "an internal fault"),
    };
    Problem { status, detail }
}

fn unread(error: Option<&DecodeError>) -> Problem {
    let cause = error.map(|error| (error.cause(), error.offset()));
    let (status, detail) = match cause {
        // The search says so of the first line alone.
        Some((Cause::TooLong, 0)) => (414, "the first line is too long"),
        Some((Cause::TooLong, _)) => (431, "the fields are too long, or too many"),
        Some((Cause::LongBody, _)) => (413, "the body is too long"),
        Some((Cause::Unsupported, _)) => (501, "the method or the transfer coding is not known"),
        Some((Cause::BadVersion, _)) => (505, "only HTTP/1.0 and HTTP/1.1 are spoken here"),
        Some(_) | None => (400, "the request cannot be read"),
    };
    Problem { status, detail }
}
