//! What can go wrong with bytes: values with an address, never just text.

use crate::message::{Correlation, OperationId};
use std::borrow::Cow;
use std::fmt;

/// What can still be done with the connection after a decode error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Forget this frame and read on.
    Skip,
    /// Answer natively and read on.
    Answer,
    /// Answer natively, then close.
    AnswerAndClose,
    /// Close.
    Close,
}

/// The kind of a decode error: the label under which it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The bytes are those of another protocol.
    ForeignProtocol,
    /// A constant of the protocol is not there.
    BadMagic,
    /// A length says more than the limit.
    TooLong,
    /// A body that follows its message is longer than the limit.
    LongBody,
    /// A length says less than its own header.
    TooShort,
    /// A field reaches beyond the end of the frame.
    Truncated,
    /// Bytes are left after the last field.
    TrailingBytes,
    /// The operation is not known.
    UnknownOperation,
    /// The message goes the other way.
    WrongDirection,
    /// A field's value is not allowed.
    BadValue,
    /// Another version of the protocol.
    BadVersion,
    /// The protocol allows it, and it is not done here.
    Unsupported,
}

impl Cause {
    /// The cause as a metric label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForeignProtocol => "foreign-protocol",
            Self::BadMagic => "bad-magic",
            Self::TooLong => "too-long",
            Self::LongBody => "long-body",
            Self::TooShort => "too-short",
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing-bytes",
            Self::UnknownOperation => "unknown-operation",
            Self::WrongDirection => "wrong-direction",
            Self::BadValue => "bad-value",
            Self::BadVersion => "bad-version",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Bytes that are not what the protocol says, with the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    cause: Cause,
    recovery: Recovery,
    offset: usize,
    expected: Cow<'static, str>,
    got: Cow<'static, str>,
    operation: Option<OperationId>,
    correlation: Correlation,
}

impl DecodeError {
    /// An error `offset` bytes into the frame; it closes the connection unless
    /// [`recovery`](Self::with_recovery) says otherwise. Neither text may show a field's value.
    pub fn new(
        cause: Cause,
        offset: usize,
        expected: impl Into<Cow<'static, str>>,
        got: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            cause,
            recovery: Recovery::Close,
            offset,
            expected: expected.into(),
            got: got.into(),
            operation: None,
            correlation: Correlation::None,
        }))
    }

    /// The same error with what can be done about it.
    #[must_use]
    pub fn with_recovery(mut self, recovery: Recovery) -> Self {
        self.0.recovery = recovery;
        self
    }

    /// The same error in a message of which so much is known; it gets a native answer.
    #[must_use]
    pub fn answering(mut self, operation: Option<OperationId>, correlation: Correlation) -> Self {
        self.0.recovery = Recovery::Answer;
        self.0.operation = operation;
        self.0.correlation = correlation;
        self
    }

    /// The same error, found by a parser that started `by` bytes into the frame.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.0.offset = self.0.offset.saturating_add(by);
        self
    }

    /// Its kind.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.0.cause
    }

    /// What can still be done.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.0.recovery
    }

    /// Where, in bytes from the start of the frame.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// What should have been there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.0.expected
    }

    /// What was there instead.
    #[must_use]
    pub fn got(&self) -> &str {
        &self.0.got
    }

    /// The operation, if it could be read.
    #[must_use]
    pub fn operation(&self) -> Option<OperationId> {
        self.0.operation
    }

    /// The correlation that an answer must carry.
    #[must_use]
    pub fn correlation(&self) -> &Correlation {
        &self.0.correlation
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            offset,
            expected,
            got,
            ..
        } = &*self.0;
        write!(f, "at byte {offset}: expected {expected}, got {got}")
    }
}

impl std::error::Error for DecodeError {}

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeProblem {
    /// It must be given and is not.
    Missing,
    /// It is of another type than the field.
    WrongType,
    /// It does not fit the field's width or range.
    OutOfRange,
    /// It has characters that the field's encoding does not.
    Charset,
    /// The protocol has no such event.
    NotInProtocol,
    /// A reply is written with what its request said, and the codec has read none that it answers.
    NoRequest,
}

impl fmt::Display for EncodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "must be given",
            Self::WrongType => "has the wrong type",
            Self::OutOfRange => "does not fit its place on the wire",
            Self::Charset => "has characters that its encoding lacks",
            Self::NotInProtocol => "the protocol has no such event",
            Self::NoRequest => "is written with what its request said, and there is none",
        })
    }
}

/// A message that cannot be written, by the field that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    field: Cow<'static, str>,
    problem: EncodeProblem,
}

impl EncodeError {
    /// An error in `field` (empty for the message as a whole).
    pub fn new(field: impl Into<Cow<'static, str>>, problem: EncodeProblem) -> Self {
        Self {
            field: field.into(),
            problem,
        }
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn problem(&self) -> &EncodeProblem {
        &self.problem
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return write!(f, "the message {}", self.problem);
        }
        write!(f, "field `{}` {}", self.field, self.problem)
    }
}

impl std::error::Error for EncodeError {}

/// Names the protocol that `buf` starts like, for ports that expect another one. Sorted by
/// nothing but this order, so the answer never varies.
#[must_use]
pub fn foreign_preamble(buf: &[u8]) -> Option<&'static str> {
    const PREAMBLES: [(&[u8], &str); 12] = [
        (b"\x16\x03", "a TLS handshake"),
        (b"PRI * HTTP/2", "HTTP/2"),
        (b"GET ", "HTTP"),
        (b"POST ", "HTTP"),
        (b"PUT ", "HTTP"),
        (b"HEAD ", "HTTP"),
        (b"OPTIONS ", "HTTP"),
        (b"CONNECT ", "HTTP"),
        (b"DELETE ", "HTTP"),
        (b"SSH-", "SSH"),
        (b"PROXY ", "a PROXY protocol header"),
        (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol header"),
    ];
    PREAMBLES
        .iter()
        .find(|(bytes, _)| buf.starts_with(bytes))
        .map(|(_, name)| *name)
}
