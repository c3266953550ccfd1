//! What is wrong with a definition, or could be better.

use super::files::FileId;
use super::yaml::Node;
use gatewright_core::expr::{RuleError, Span};

/// The most errors that are kept, and the most warnings. The rest is counted: nobody reads more, and
/// a hostile file could have one a byte.
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
    warnings: usize,
}

impl Findings {
    /// Adds a finding, or counts it where there are [`MAX_FINDINGS`] of its kind.
    pub fn push(&mut self, finding: Finding) {
        if self.count(finding.severity) {
            self.kept.push(finding);
        }
    }

    /// Counts one more, and says whether it is to be kept.
    fn count(&mut self, severity: Severity) -> bool {
        let so_far = match severity {
            Severity::Warning => &mut self.warnings,
            Severity::Error => &mut self.errors,
        };
        *so_far = so_far.saturating_add(1);
        *so_far <= MAX_FINDINGS
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
        if !self.count(severity) {
            return;
        }
        self.kept.push(Finding {
            severity,
            code: fault.code,
            message: fault.message,
            file,
            path: tree.path_of(&fault.span),
            span: fault.span,
            help: fault.help,
        });
    }

    /// Whether further errors are only counted: whoever looks for some may stop.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_FINDINGS
    }

    /// What is kept, in the order in which it was found.
    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.kept
    }

    /// How many were counted and not kept.
    #[must_use]
    pub fn omitted(&self) -> usize {
        let found = self.errors.saturating_add(self.warnings);
        found.saturating_sub(self.kept.len())
    }

    /// How many errors there were, kept or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ksy::files::Files;
    use crate::ksy::yaml::{Budget, read};

    #[test]
    fn a_flood_is_counted_and_hides_nothing_of_the_other_kind() {
        let tree = read("a: {b: c}", &mut Budget::default()).root.unwrap();
        let file = Files::default().add("x.ksy", "a: {b: c}");
        let fault = || RuleError::new("GW0", 7..8, "x");
        let mut findings = Findings::default();
        for _ in 0..MAX_FINDINGS + 5 {
            findings.warning(file, &tree, fault());
        }
        assert!(!findings.is_full());
        for _ in 0..MAX_FINDINGS + 7 {
            findings.error(file, &tree, fault());
        }
        assert!(findings.is_full());
        assert_eq!(findings.all().len(), 2 * MAX_FINDINGS);
        assert_eq!(findings.omitted(), 12);
        assert_eq!(findings.errors(), MAX_FINDINGS + 7);
        assert!(findings.all().iter().all(|finding| finding.path == "/a/b"));
    }
}
