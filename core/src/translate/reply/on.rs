//! Which outcomes a reply rule is for.

use crate::expr::suggest::did_you_mean;
use crate::expr::{RuleError, Source};
use crate::fault::FaultClass;
use crate::translate::Outcome;
use crate::translate::codes::ON;

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
pub(super) enum On {
    /// An answer of this status.
    Status(u16),
    /// An answer whose status starts with this digit.
    Class(u16),
    /// No answer, for this reason.
    Fault(FaultClass),
    /// Any.
    Everything,
}

impl On {
    pub(super) fn compile(source: &Source) -> Result<Self, RuleError> {
        let text = source.text();
        if text == "*" {
            return Ok(Self::Everything);
        }
        if let Some(status) = status(text) {
            return Ok(status);
        }
        let fault = FAULTS.into_iter().find(|fault| fault.as_str() == text);
        fault.map(Self::Fault).ok_or_else(|| {
            let help = did_you_mean(text, FAULTS.into_iter().map(FaultClass::as_str));
            let known = "it is a status (`200`), a class (`2xx`), `timeout`, `unreachable`, `bad-reply`, `overload` or `*`";
            RuleError::new(ON, source.span().clone(), format!("`{}` is no outcome", text.escape_debug()))
                .help(help.unwrap_or_else(|| known.to_owned()))
        })
    }

    /// Whether the outcome is one of these.
    pub(super) fn takes(self, outcome: &Outcome<'_>) -> bool {
        match (self, class(outcome)) {
            (Self::Everything, _) => true,
            (Self::Status(status), FaultClass::Status(got)) => status == got,
            (Self::Class(class), FaultClass::Status(got)) => class == got / 100,
            (Self::Fault(fault), got) => fault == got,
            (Self::Status(_) | Self::Class(_), _) => false,
        }
    }

    /// Whether all outcomes of the other are among these.
    pub(super) fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Class(class), Self::Class(other)) => class == other,
            (Self::Class(class), Self::Status(status)) => class == status / 100,
            (Self::Status(status), Self::Status(other)) => status == other,
            (Self::Fault(fault), Self::Fault(other)) => fault == other,
            (Self::Class(_) | Self::Status(_) | Self::Fault(_), _) => false,
        }
    }
}

/// An outcome as a fault's class: an answer is its status.
pub(super) fn class(outcome: &Outcome<'_>) -> FaultClass {
    match outcome {
        Outcome::Answer(answer) => FaultClass::Status(answer.status.as_u16()),
        Outcome::Fault(fault) => fault.class(),
    }
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
