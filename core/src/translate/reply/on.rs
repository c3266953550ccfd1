//! Which outcomes a reply rule is for.

use crate::codec::Descriptor;
use crate::expr::suggest::did_you_mean;
use crate::expr::{RuleError, Source};
use crate::fault::FaultClass;
use crate::message::OperationId;
use crate::translate::Outcome;
use crate::translate::codes::ON;
use crate::translate::scope::Answers;

/// The faults that rules can name, by [`FaultClass::as_str`].
const FAULTS: [FaultClass; 8] = [
    FaultClass::Timeout,
    FaultClass::Unreachable,
    FaultClass::BadReply,
    FaultClass::Overload,
    FaultClass::BadRequest,
    FaultClass::Unrouted,
    FaultClass::Draining,
    FaultClass::Internal,
];

/// A set of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translate) enum On {
    /// An answer of this status.
    Status(u16),
    /// An answer whose status starts with this digit.
    Class(u16),
    /// A reply of this operation of the upstream's protocol.
    Operation(OperationId),
    /// No answer, for this reason.
    Fault(FaultClass),
    /// Any.
    Everything,
}

impl On {
    pub(in crate::translate) fn compile(
        source: &Source,
        answers: Answers<'_>,
    ) -> Result<Self, RuleError> {
        let text = source.text();
        if text == "*" {
            return Ok(Self::Everything);
        }
        let fault = FAULTS.into_iter().find(|fault| fault.as_str() == text);
        let found = fault.map(Self::Fault).or_else(|| match answers {
            Answers::Http | Answers::HandedOn => status(text),
            Answers::Messages(upstream) | Answers::Events(upstream) => {
                operation(text, upstream, answers)
            }
        });
        found.ok_or_else(|| unknown(source, answers))
    }

    /// Whether the outcome is one of these.
    pub(in crate::translate) fn takes(self, outcome: &Outcome<'_>) -> bool {
        let status = || match outcome {
            Outcome::Answer(answer) => Some(answer.status.as_u16()),
            Outcome::Fault(fault) => match fault.class() {
                FaultClass::Status(status) => Some(status),
                _ => None,
            },
            Outcome::Message(_) | Outcome::Sent => None,
        };
        match (self, outcome) {
            (Self::Everything, _) => true,
            (Self::Status(status_of_rule), _) => status() == Some(status_of_rule),
            (Self::Class(class), _) => status().is_some_and(|status| status / 100 == class),
            (Self::Operation(operation), Outcome::Message(reply)) => reply.operation() == operation,
            (Self::Fault(class), Outcome::Fault(fault)) => fault.class() == class,
            (Self::Operation(_) | Self::Fault(_), _) => false,
        }
    }

    /// Whether all outcomes of the other are among these.
    pub(super) fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Class(class), Self::Class(other)) => class == other,
            (Self::Class(class), Self::Status(status)) => class == status / 100,
            (Self::Status(status), Self::Status(other)) => status == other,
            (Self::Operation(operation), Self::Operation(other)) => operation == other,
            (Self::Fault(fault), Self::Fault(other)) => fault == other,
            (Self::Class(_) | Self::Status(_) | Self::Operation(_) | Self::Fault(_), _) => false,
        }
    }
}

/// A reply of the upstream's protocol. Faults come first: a rule for them must not become one for
/// a reply because a protocol has one of that name.
fn operation(text: &str, upstream: &Descriptor, answers: Answers<'_>) -> Option<On> {
    let operation = upstream.operation_named(text)?;
    let comes = answers.are(upstream.operation(operation).kind);
    comes.then_some(On::Operation(operation))
}

fn unknown(source: &Source, answers: Answers<'_>) -> RuleError {
    let text = source.text();
    let faults = FAULTS.map(FaultClass::as_str);
    let faults_in_words = "`timeout`, `unreachable`, `bad-reply`, `overload` or `*`";
    let help = match answers {
        Answers::Http | Answers::HandedOn => did_you_mean(text, faults).unwrap_or_else(|| {
            format!("it is a status (`200`), a class (`2xx`), {faults_in_words}")
        }),
        Answers::Messages(upstream) | Answers::Events(upstream) => {
            let replies = upstream.operations.iter().filter(|o| answers.are(o.kind));
            let replies: Vec<&str> = replies.map(|operation| &*operation.name).collect();
            let faults = faults.iter().copied();
            did_you_mean(text, replies.iter().copied().chain(faults)).unwrap_or_else(|| {
                let names: String = replies.iter().map(|name| format!("`{name}`, ")).collect();
                let of = &upstream.name;
                format!("it is a reply of `{of}` or a fault: {names}{faults_in_words}")
            })
        }
    };
    let message = format!("`{}` is no outcome", text.escape_debug());
    RuleError::new(ON, source.span().clone(), message).help(help)
}

/// `200` or `2xx`, for the classes that HTTP has (RFC 9110, section 15).
fn status(text: &str) -> Option<On> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    match text.as_bytes() {
        [class @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => digit(class).map(On::Class),
        [class @ b'1'..=b'5', tens, ones] => Some(On::Status(
            digit(class)? * 100 + digit(tens)? * 10 + digit(ones)?,
        )),
        _ => None,
    }
}
