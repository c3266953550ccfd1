//! The problems that the gateway itself answers with (RFC 9457), where no rule does.

use super::told::{Content, Response, Telling};
use gatewright_core::codec::{Cause, DecodeError, Rejected};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Value as Field};
use serde_json::{Value, json};

/// The outcomes of a request that nobody answered.
const FAULTS: [FaultClass; 5] = [
    FaultClass::Timeout,
    FaultClass::Unreachable,
    FaultClass::BadReply,
    FaultClass::Overload,
    FaultClass::Draining,
];

impl Telling<'_> {
    /// The problems that clients of the route may get.
    pub(super) fn problems(&self) -> Vec<Response> {
        // What cannot be read has no route yet, so that no rule answers it.
        let mut faults = vec![FaultClass::BadRequest];
        if self.may_be_unrouted() {
            faults.push(FaultClass::Unrouted);
        }
        faults.extend(FAULTS.into_iter().filter(|fault| !self.answers(*fault)));
        let statuses = faults.into_iter().filter_map(|f| self.status(f, None));
        let mut statuses: Vec<i128> = statuses.collect();
        statuses.dedup();
        statuses.into_iter().map(problem).collect()
    }

    /// The problem of a payload that is longer than the listener takes.
    pub(super) fn too_long(&self) -> Option<Response> {
        let error = DecodeError::new(Cause::LongBody, 0, "a body", "a longer one");
        let status = self.status(FaultClass::BadRequest, Some(&error))?;
        Some(problem(status))
    }

    /// Whether there are requests for its path that it does not take: a part of a path may be
    /// empty, or `..`.
    fn may_be_unrouted(&self) -> bool {
        let operation = self.route.spec.operation.as_ref();
        let has_parts = operation.is_some_and(|operation| operation.text().contains('{'));
        has_parts || self.route.spec.when.is_some()
    }

    /// Whether a rule answers each request that ends so.
    fn answers(&self, fault: FaultClass) -> bool {
        self.route.spec.replies.iter().any(|rule| {
            let takes = rule.on.text() == "*" || rule.on.text() == fault.as_str();
            takes && rule.when.is_none() && rule.response.is_some()
        })
    }

    /// What the protocol itself answers with.
    fn status(&self, fault: FaultClass, error: Option<&DecodeError>) -> Option<i128> {
        let rejected = Rejected {
            operation: None,
            correlation: Correlation::None,
            message: None,
            error,
        };
        let shape = self.protocol.descriptor().http?;
        let reply = (self.protocol).reject(&rejected, &Fault::unsent(fault, ""))?;
        Field::as_int(reply.field(shape.status))
    }
}

fn problem(status: i128) -> Response {
    Response {
        status: status.to_string(),
        headers: Vec::new(),
        content: Some(Content {
            media: "application/problem+json".to_owned(),
            schema: json!({ "$ref": "#/components/schemas/Problem" }),
        }),
    }
}

/// The schema that the problems refer to.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong, as RFC 9457 has it.",
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
        },
        "required": ["type", "title", "status"],
    })
}
