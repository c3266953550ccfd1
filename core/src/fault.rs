//! Why a request got no proper reply: whose fault it is, and what may still be done.

use std::fmt;

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Who called us.
    Downstream,
    /// Whom we called.
    Upstream,
    /// We ourselves, or our limits. Never counted against an endpoint.
    Local,
}

/// Whether the request can have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Certainly not: sending it again is safe.
    No,
    /// It was sent, but whom it was sent to says that it was not: sending it again is safe, and
    /// costs them as much again.
    Refused,
    /// It may have been, but most likely was not: it was sent on a connection that had served others, and
    /// that ended without a byte of an answer, as one does that was closed meanwhile (RFC 9112, 9.3.1).
    Lapsed,
    /// It may have been.
    Maybe,
}

/// What went wrong, as rules see it in `on` and `error.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// The request is malformed.
    BadRequest,
    /// No route takes the request.
    Unrouted,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke before the answer.
    Unreachable,
    /// An answer that cannot be understood or translated.
    BadReply,
    /// A limit is reached: queue full, too much in flight.
    Overload,
    /// An HTTP status for which no reply rule stands.
    Status(u16),
    /// The gateway is going away.
    Draining,
    /// A fault of our own.
    Internal,
}

impl FaultClass {
    /// The name that rules, logs and metrics use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Unrouted => "unrouted",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::BadReply => "bad-reply",
            Self::Overload => "overload",
            Self::Status(_) => "status",
            Self::Draining => "draining",
            Self::Internal => "internal",
        }
    }

    /// Who is to blame for it.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::BadRequest | Self::Unrouted => Blame::Downstream,
            Self::Timeout | Self::Unreachable | Self::BadReply | Self::Status(_) => Blame::Upstream,
            Self::Overload | Self::Draining | Self::Internal => Blame::Local,
        }
    }
}

/// One request's misfortune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    class: FaultClass,
    sent: Sent,
    detail: std::borrow::Cow<'static, str>,
}

impl Fault {
    /// A fault of a request that was not sent. The detail is for logs: it must not hold a
    /// field's value.
    pub fn unsent(class: FaultClass, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            class,
            sent: Sent::No,
            detail: detail.into(),
        }
    }

    /// A fault of a request that was sent and, as the upstream says, not carried out.
    pub fn refused(class: FaultClass, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            class,
            sent: Sent::Refused,
            detail: detail.into(),
        }
    }

    /// A fault of a request whose connection was most likely closed before it came.
    pub fn lapsed(class: FaultClass, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            class,
            sent: Sent::Lapsed,
            detail: detail.into(),
        }
    }

    /// A fault of a request that may have been carried out.
    pub fn sent(class: FaultClass, detail: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self {
            class,
            sent: Sent::Maybe,
            detail: detail.into(),
        }
    }

    /// What went wrong.
    #[must_use]
    pub const fn class(&self) -> FaultClass {
        self.class
    }

    /// How far the request came.
    #[must_use]
    pub const fn how_far(&self) -> Sent {
        self.sent
    }

    /// Whether the request can have been carried out.
    #[must_use]
    pub const fn may_have_been_sent(&self) -> bool {
        matches!(self.sent, Sent::Lapsed | Sent::Maybe)
    }

    /// What happened, for logs.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.as_str(), self.detail)
    }
}

impl std::error::Error for Fault {}
