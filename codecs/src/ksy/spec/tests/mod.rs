//! What a file says, and what is wrong with it.

mod bad;
mod good;

use super::ClassSpec;
use crate::ksy::files::Files;
use crate::ksy::finding::{Findings, Severity};
use crate::ksy::yaml::{Budget, read};

fn load(text: &str) -> (ClassSpec, Findings) {
    let tree = read(text, &mut Budget::default());
    assert_eq!(tree.errors, [], "{text}");
    let file = Files::default().add("x.ksy", text);
    let mut findings = Findings::default();
    let spec = super::load(file, &tree.root.unwrap(), &mut findings);
    (spec, findings)
}

/// A file with a `meta` that lacks nothing and these further lines.
fn with_meta(lines: &str) -> String {
    format!("meta: {{id: x, endian: le, encoding: UTF-8}}\n{lines}")
}

/// What a good file says.
fn good(lines: &str) -> ClassSpec {
    let text = with_meta(lines);
    let (spec, findings) = load(&text);
    assert_eq!(findings.all(), [], "{text}");
    spec
}

/// The findings of a file, as `path code`, warnings with a `?` behind.
fn faults(text: &str) -> Vec<String> {
    let (_, findings) = load(text);
    let shown = findings.all().iter().map(|finding| {
        let mark = match finding.severity {
            Severity::Warning => "?",
            Severity::Error => "",
        };
        assert!(text.get(finding.span.clone()).is_some());
        format!("{} {}{mark}", finding.path, finding.code)
    });
    shown.collect()
}

/// A file with these lines has exactly these findings.
fn check(lines: &str, expected: &[&str]) {
    assert_eq!(faults(&with_meta(lines)), expected, "{lines}");
}
