//! Sections of definitions, from text to what they mean for a message.

mod checks;
mod faults;
mod frames;
mod hostile;
mod messages;
mod options;
mod side;

use crate::ksy::load::{Sources, Unreadable};
use crate::ksy::section::plan::{DirectionPlan, SectionPlan};
use crate::ksy::{Definition, Refused};
use std::path::Path;

/// Files by their names.
struct Texts<'t>(&'t [(&'t str, &'t str)]);

impl Sources for Texts<'_> {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        let found = self.0.iter().find(|(name, _)| Path::new(name) == path);
        let text = found.map(|(_, text)| (*text).to_owned());
        text.ok_or(Unreadable::Missing)
    }
}

fn load_all(files: &[(&str, &str)]) -> Result<Definition, Refused> {
    Definition::load(Path::new(files[0].0), &Texts(files), &[])
}

#[track_caller]
fn load(text: &str) -> Definition {
    let loaded = load_all(&[("d.ksy", text)]);
    loaded.unwrap_or_else(|refused| panic!("{refused:?}"))
}

/// A definition with these keys in its section beside `frame` and `operation`, and this behind it.
fn with(section: &str, rest: &str) -> String {
    format!("meta: {{id: d, endian: be}}\n-gateway:\n{section}\n{rest}\n")
}

#[track_caller]
fn section(definition: &Definition) -> &SectionPlan {
    definition.section.as_ref().expect("there is a section")
}

/// The codes of what is wrong, with the text where it stands.
#[track_caller]
fn faults(files: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let (files, findings) = match load_all(files) {
        Ok(definition) => (definition.files, definition.findings),
        Err(Refused::Faulty { files, findings }) => (files, findings),
        Err(refused) => panic!("{refused:?}"),
    };
    let place = |finding: &crate::ksy::finding::Finding| {
        let text = &files.get(finding.file).unwrap().text;
        text[finding.span.clone()].to_owned()
    };
    let all = findings.all().iter();
    all.map(|finding| (finding.code, place(finding))).collect()
}

/// The plan's operations of a direction by name, with what they may be.
fn kinds(section: &SectionPlan, direction: &DirectionPlan) -> Vec<String> {
    let client = std::ptr::eq(direction, &raw const section.request);
    let operations = section.operations.iter().map(|operation| {
        let kinds = if client {
            operation.from_client
        } else {
            operation.from_server
        };
        let only = kinds.only().map(|kind| format!("{kind:?}"));
        let kind = only.unwrap_or_else(|| "?".to_owned());
        format!("{}: {kind}", operation.name)
    });
    operations.collect()
}
