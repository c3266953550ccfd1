//! What is wrong with a configuration, where, and a way out.

pub mod codes;
mod json;
mod render;

pub use render::Colour;

use crate::source::{LineColumn, SourceFile};
use gatewright_core::expr::{RuleError, Span};
use std::fmt;
use std::sync::Arc;

/// Whether a gateway can run in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but hardly as it was meant.
    Warning,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The range, in bytes.
    pub span: Span,
}

impl Place {
    /// Where it begins.
    #[must_use]
    pub fn start(&self) -> LineColumn {
        self.source.line_column(self.span.start)
    }

    /// Where it ends: the first character that no longer belongs to it.
    #[must_use]
    pub fn end(&self) -> LineColumn {
        self.source.line_column(self.span.end)
    }
}

/// One finding. It carries its file, so that it can be shown wherever it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The code that `explain` knows, such as `GW1003`.
    pub code: &'static str,
    /// Whether a gateway can run in spite of it.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Where it was written, unless it is about no file or a whole one.
    pub place: Option<Place>,
    /// The same place as a path of keys and indices, such as `/seq/0/id`, where files have them.
    pub path: Option<String>,
    /// A few words beside the place.
    pub label: Option<String>,
    /// A way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            path: None,
            label: None,
            help: None,
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// What core found in a rule of `source`.
    #[must_use]
    pub fn rule(severity: Severity, error: RuleError, source: Arc<SourceFile>) -> Self {
        let RuleError {
            code,
            message,
            span,
            help,
        } = error;
        Self {
            code,
            severity,
            message,
            place: Some(Place { source, span }),
            path: None,
            label: None,
            help,
        }
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, source: &Arc<SourceFile>, span: Span) -> Self {
        self.place = Some(Place {
            source: Arc::clone(source),
            span,
        });
        self
    }

    /// The same finding with its place as a path, too.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same finding in the one of several files that its place is in.
    #[must_use]
    pub(crate) fn in_its_file(mut self) -> Self {
        if let Some(place) = &mut self.place
            && let Some((source, span)) = place.source.locate(&place.span)
        {
            *place = Place { source, span };
        }
        self
    }

    /// The same finding with a few words beside its place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same finding with a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether a gateway cannot run because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Findings in the order of a reader: those without a place first, then by file and place.
    pub(crate) fn order(&self) -> (Option<(&str, usize, usize)>, &'static str, &str) {
        let place = self.place.as_ref().map(|place| {
            let Span { start, end } = place.span;
            (place.source.name(), start, end)
        });
        (place, self.code, &self.message)
    }
}

/// One line, as compilers without graphics write it: `file:line:column: error[GW1003]: …`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            let LineColumn { line, column } = place.start();
            write!(f, "{}:{line}:{column}: ", place.source.name())?;
        }
        write!(
            f,
            "{}[{}]: {}",
            self.severity.as_str(),
            self.code,
            self.message
        )
    }
}

impl std::error::Error for Diagnostic {}
