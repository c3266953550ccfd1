//! Why a connection is closed: RFC 6455, 7.4.

use std::fmt;

/// What a close that we send may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// What the connection was for is done.
    Normal,
    /// The gateway goes away.
    GoingAway,
    /// A frame that RFC 6455 does not allow.
    Protocol,
    /// A message of a kind that is not taken: text.
    Unsupported,
    /// What a message holds is not of the kind that it says, or not of the protocol that it carries.
    Inconsistent,
    /// Something else that is not allowed here, such as to take too long.
    Policy,
    /// Something in it is too long.
    TooBig,
    /// The gateway cannot go on.
    Internal,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::Inconsistent => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Internal => 1011,
        }
    }
}

/// Whether an endpoint may send this number: RFC 6455, 7.4, and the codes that were registered since.
pub(super) const fn may_be_sent(number: u16) -> bool {
    matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What a peer did that ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A reserved bit is set: RFC 6455, 5.2.
    ReservedBit,
    /// An opcode that means nothing.
    Opcode,
    /// A frame that is not masked: RFC 6455, 5.1.
    Unmasked,
    /// A frame that is masked, from a server: RFC 6455, 5.1.
    Masked,
    /// A length in a longer form than needed, or beyond 63 bits: RFC 6455, 5.2.
    Length,
    /// A control frame that is too long or one of several: RFC 6455, 5.5.
    Control,
    /// A continuation of nothing, or a message within another: RFC 6455, 5.4.
    Fragment,
    /// A close with half a code or one that may not be sent: RFC 6455, 7.4.
    CloseCode,
    /// A close whose reason is not UTF-8: RFC 6455, 5.5.1.
    CloseReason,
    /// A text message: bytes are what is carried here.
    Text,
}

impl Violation {
    /// What the peer is told.
    #[must_use]
    pub const fn code(self) -> CloseCode {
        match self {
            Self::ReservedBit
            | Self::Opcode
            | Self::Unmasked
            | Self::Masked
            | Self::Length
            | Self::Control
            | Self::Fragment
            | Self::CloseCode => CloseCode::Protocol,
            Self::CloseReason => CloseCode::Inconsistent,
            Self::Text => CloseCode::Unsupported,
        }
    }

    /// It in a word or two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedBit => "a reserved bit",
            Self::Opcode => "an unknown opcode",
            Self::Unmasked => "a frame without a mask",
            Self::Masked => "a frame with a mask",
            Self::Length => "a length in a wrong form",
            Self::Control => "a control frame that is long or in parts",
            Self::Fragment => "a frame out of order",
            Self::CloseCode => "a close with a wrong code",
            Self::CloseReason => "a close whose reason is not UTF-8",
            Self::Text => "a text message",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for Violation {}
