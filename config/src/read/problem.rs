//! What is wrong with one value, before it is known where the value stands.

use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::source::SourceFile;
use crate::tree::Node;
use gatewright_core::expr::Span;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Problem {
    code: &'static str,
    severity: Severity,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    pub(crate) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::new(code, message)
        }
    }

    /// The value is of another kind than `name` takes.
    pub(crate) fn wrong_type(name: &str, takes: &str, found: &Node) -> Self {
        let kind = found.value.kind();
        Self::new(
            codes::WRONG_TYPE,
            format!("`{name}` takes {takes}, not {kind}"),
        )
        .label(format!("this is {kind}"))
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    pub(crate) fn at(self, source: &Arc<SourceFile>, span: Span) -> Diagnostic {
        let Self {
            code,
            severity,
            message,
            label,
            help,
        } = self;
        let diagnostic = Diagnostic {
            code,
            severity,
            message,
            place: None,
            path: None,
            label,
            help,
        };
        diagnostic.at(source, span)
    }
}
