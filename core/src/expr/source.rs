//! Where a rule was written, so that an error can point at it.

use std::fmt;
use std::ops::Range;

/// A range of bytes in a configuration or definition file.
pub type Span = Range<usize>;

/// A string of a configuration file that holds an expression or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    text: String,
    span: Span,
    verbatim: bool,
}

impl Source {
    /// A string whose characters stand in the file exactly as they are, from `start` on.
    #[must_use]
    pub fn verbatim(text: impl Into<String>, start: usize) -> Self {
        let text = text.into();
        Self {
            span: start..start + text.len(),
            text,
            verbatim: true,
        }
    }

    /// A string that the file writes in another form (escapes): an error points at all of it.
    #[must_use]
    pub fn escaped(text: impl Into<String>, span: Span) -> Self {
        Self {
            text: text.into(),
            span,
            verbatim: false,
        }
    }

    /// The string.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All of it, in the file.
    #[must_use]
    pub const fn span(&self) -> &Span {
        &self.span
    }

    /// The place in the file of a range of the string.
    #[must_use]
    pub fn locate(&self, inner: Span) -> Span {
        if self.verbatim {
            self.span.start + inner.start..self.span.start + inner.end
        } else {
            self.span.clone()
        }
    }

    /// A part of the string as a source of its own.
    #[must_use]
    pub fn slice(&self, inner: Span) -> Self {
        Self {
            text: self.text[inner.clone()].to_owned(),
            span: self.locate(inner),
            verbatim: self.verbatim,
        }
    }
}

/// What is wrong with a rule, where, and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The code that `explain` knows, such as `GW2004`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The place in the file.
    pub span: Span,
    /// A way out.
    pub help: Option<String>,
}

impl RuleError {
    /// An error without help.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            help: None,
        }
    }

    /// The same error with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for RuleError {}
