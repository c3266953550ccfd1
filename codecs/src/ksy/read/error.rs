//! Why a message cannot be read.

use gatewright_core::expr::EvalError;
use std::borrow::Cow;
use std::fmt;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The stream ended too early.
    Eof,
    /// A value is not what the definition demands.
    Validation,
    /// Nothing decides the order of bytes.
    Endian,
    /// Bytes that are not text, text that is not a number, a structure of another type.
    Conversion,
    /// A field is used before it is read.
    Unread,
    /// A limit, a field that is absent, a division by zero.
    Other,
}

impl Class {
    /// As a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Validation => "validation",
            Self::Endian => "endian",
            Self::Conversion => "conversion",
            Self::Unread | Self::Other => "other",
        }
    }
}

/// A part of a place within a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// A member.
    Name(String),
    /// An element.
    Index(usize),
}

/// Why a message cannot be read, and where. Its text never shows a field's value, which may be a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    class: Class,
    message: Cow<'static, str>,
    offset: Option<usize>,
    /// From the inside out.
    path: Vec<Segment>,
}

impl ReadError {
    /// An error without a place.
    pub fn new(class: Class, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            class,
            message: message.into(),
            offset: None,
            path: Vec::new(),
        }))
    }

    /// What kind of fault it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// One sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the frame, in bytes, if it is a place there.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The member that it is about, such as `body.items[2].len`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Name(name) if path.is_empty() => path.push_str(name),
                Segment::Name(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Segment::Index(at) => path.push_str(&format!("[{at}]")),
            }
        }
        path
    }

    /// The same error at this place, unless it has one.
    #[must_use]
    pub(in crate::ksy) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The same error without a place in the frame.
    #[must_use]
    pub(super) fn nowhere(mut self) -> Self {
        self.0.offset = None;
        self
    }

    /// The same error in this element of a field, or in the field if it is not repeated.
    #[must_use]
    pub(in crate::ksy) fn within(mut self, name: &str, index: Option<usize>) -> Self {
        self.0.path.extend(index.map(Segment::Index));
        self.0.path.push(Segment::Name(name.to_owned()));
        self
    }
}

impl From<EvalError> for ReadError {
    fn from(error: EvalError) -> Self {
        use gatewright_core::expr::Problem;
        let class = match error.problem() {
            Problem::Unreadable => Class::Conversion,
            _ => Class::Other,
        };
        Self::new(class, error.detail().to_owned())
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ReadError {}
