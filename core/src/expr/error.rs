//! Why an expression has no value for this message.

use super::Span;
use std::borrow::Cow;
use std::fmt;

/// What went wrong while an expression ran: the label under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// A value is needed and absent.
    Absent,
    /// A value has another type than its place demands; JSON is only known when it arrives.
    WrongType,
    /// A result does not fit: an integer beyond 128 bits, a float that is not finite.
    Overflow,
    /// Division by zero.
    DivisionByZero,
    /// An index or a shift beyond the end.
    OutOfRange,
    /// Text that is not what its conversion reads: a number, base64, hex, a character encoding.
    Unreadable,
    /// The expression produces more than the limit allows.
    TooMuch,
    /// The value is not to be had, such as a member of a body that is not JSON.
    Unavailable,
}

impl Problem {
    /// The problem as a metric label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::WrongType => "wrong-type",
            Self::Overflow => "overflow",
            Self::DivisionByZero => "division-by-zero",
            Self::OutOfRange => "out-of-range",
            Self::Unreadable => "unreadable",
            Self::TooMuch => "too-much",
            Self::Unavailable => "unavailable",
        }
    }
}

/// An expression that has no value for this message. Its text never shows a field's value, which
/// may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    problem: Problem,
    detail: Cow<'static, str>,
    span: Option<Span>,
}

impl EvalError {
    /// An error without a place. The detail is for logs: it must not hold a field's value.
    pub fn new(problem: Problem, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            problem,
            detail: detail.into(),
            span: None,
        }
    }

    /// The same error, in this part of the configuration file unless a place is known already:
    /// the innermost expression is the one to blame.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// What happened, for logs.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The part of the configuration file that failed, if it is known.
    #[must_use]
    pub const fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for EvalError {}
