//! Why a message cannot be written.

use crate::ksy::read::ReadError;
use std::borrow::Cow;
use std::fmt;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteProblem {
    /// A field must be given and is not.
    Missing,
    /// A value does not fit its place.
    DoesNotFit,
    /// A value is of another type.
    WrongType,
    /// A value contradicts another or what the definition demands.
    Contradiction,
    /// The definition can only be read here.
    ReadOnly,
    /// A limit.
    TooMuch,
}

/// Why a message cannot be written, and at which field. Its text never shows a value, which may
/// be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    problem: WriteProblem,
    message: Cow<'static, str>,
    /// From the inside out.
    path: Vec<String>,
}

impl WriteError {
    /// An error without a place.
    pub fn new(problem: WriteProblem, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            problem,
            message: message.into(),
            path: Vec::new(),
        }))
    }

    /// What kind of fault it is.
    #[must_use]
    pub fn problem(&self) -> WriteProblem {
        self.0.problem
    }

    /// One sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The field, such as `body.items[2].len`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        for name in self.0.path.iter().rev() {
            if !path.is_empty() && !name.starts_with('[') {
                path.push('.');
            }
            path.push_str(name);
        }
        path
    }

    pub(super) fn within(mut self, name: &str) -> Self {
        self.0.path.push(name.to_owned());
        self
    }

    pub(super) fn at(mut self, index: usize) -> Self {
        self.0.path.push(format!("[{index}]"));
        self
    }
}

impl From<ReadError> for WriteError {
    fn from(error: ReadError) -> Self {
        Self::new(WriteProblem::Contradiction, error.message().to_owned())
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for WriteError {}
