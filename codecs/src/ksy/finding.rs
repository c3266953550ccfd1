//! What is wrong with a definition, or could be better.

use super::files::FileId;
use super::yaml::Node;
use gatewright_core::expr::{RuleError, Span};

/// The most findings that are kept. The rest is counted: nobody reads more, and a hostile file
/// could have one a byte.
pub const MAX_FINDINGS: usize = 200;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The definition can be used.
    Warning,
    /// The definition cannot be used.
    Error,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The code that `explain` knows, such as `GW3006`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// The file.
    pub file: FileId,
    /// The place in the file, in bytes.
    pub span: Span,
    /// A way out.
    pub help: Option<String>,
    /// The same place as a path of keys and indices as they are written, such as `/seq/0/id`.
    pub path: String,
}

/// Collects what is found, in the order in which it is.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    errors: usize,
    omitted: usize,
}

impl Findings {
    /// Adds a finding, or counts it once there are [`MAX_FINDINGS`].
    pub fn push(&mut self, finding: Finding) {
        if finding.severity == Severity::Error {
            self.errors = self.errors.saturating_add(1);
        }
        if self.is_full() {
            self.omitted = self.omitted.saturating_add(1);
        } else {
            self.kept.push(finding);
        }
    }

    /// Adds an error whose place is somewhere in that file's tree.
    pub fn error(&mut self, file: FileId, tree: &Node, error: RuleError) {
        self.add(Severity::Error, file, tree, error);
    }

    /// Adds a warning whose place is somewhere in that file's tree.
    pub fn warning(&mut self, file: FileId, tree: &Node, warning: RuleError) {
        self.add(Severity::Warning, file, tree, warning);
    }

    fn add(&mut self, severity: Severity, file: FileId, tree: &Node, fault: RuleError) {
        // The path is only looked for where it is kept: a hostile file has as many faults as bytes.
        let path = if self.is_full() {
            String::new()
        } else {
            tree.path_of(&fault.span)
        };
        self.push(Finding {
            severity,
            code: fault.code,
            message: fault.message,
            file,
            span: fault.span,
            help: fault.help,
            path,
        });
    }

    /// Whether more will only be counted, so that nothing needs to be said about them.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= MAX_FINDINGS
    }

    /// The first [`MAX_FINDINGS`].
    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.kept
    }

    /// How many more there were.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many errors there were, kept or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }
}
