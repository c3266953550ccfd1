//! Definitions and their imports from memory.

use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::read::{Limits, Machine};
use gatewright_codecs::ksy::view::{typed, typed_error};
use gatewright_codecs::ksy::write::{Rules, given, write};
use gatewright_codecs::ksy::{Definition, Refused};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// Files by name; the first is the definition.
struct Files<'f>(&'f [(&'f str, &'f str)]);

impl Sources for Files<'_> {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        let mut files = self.0.iter();
        let found = files.find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, text)| (*text).to_owned())
            .ok_or(Unreadable::Missing)
    }
}

/// A definition of several files.
pub(crate) fn load(files: &[(&str, &str)]) -> Result<Definition, Refused> {
    let (first, _) = files.first().expect("a definition has a file");
    Definition::load(Path::new(first), &Files(files), &[PathBuf::from("lib")])
}

/// A definition of one file, whose `id` is `it`.
pub(crate) fn one(text: &str) -> Result<Definition, Refused> {
    load(&[("it.ksy", &with_id(text))])
}

fn with_id(text: &str) -> String {
    match text.strip_prefix("meta:\n") {
        Some(rest) => format!("meta:\n  id: it\n{rest}"),
        None => format!("meta:\n  id: it\n{text}"),
    }
}

/// One that must have no faults.
pub(crate) fn good(text: &str) -> Definition {
    match one(text) {
        Ok(definition) => definition,
        Err(refused) => panic!("{text}\n{}", faults(refused).join("\n")),
    }
}

/// The faults of a definition, as path and message.
pub(crate) fn faults(refused: Refused) -> Vec<String> {
    match refused {
        Refused::Faulty { findings, .. } => {
            let all = findings.all().iter();
            all.map(|finding| format!("{}: {}", finding.path, finding.message))
                .collect()
        }
        Refused::Unreadable(why) => vec![why.to_string()],
    }
}

/// The paths of a definition's faults.
pub(crate) fn fault_paths(text: &str) -> Vec<String> {
    match one(text) {
        Ok(_) => Vec::new(),
        Err(Refused::Faulty { findings, .. }) => {
            let all = findings.all().iter();
            all.map(|finding| finding.path.clone()).collect()
        }
        Err(Refused::Unreadable(why)) => panic!("{why}"),
    }
}

/// Bytes as hexadecimal digits with blanks.
pub(crate) fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("hexadecimal digits");
        u8::from_str_radix(text, 16).expect("hexadecimal digits")
    };
    digits.chunks(2).map(pair).collect()
}

/// What a message says: its tree, or the kind of its error.
pub(crate) fn read(definition: &Definition, message: &Bytes) -> Json {
    let mut machine = Machine::new(&definition.plan, message.clone(), Limits::FILE);
    match machine.read(definition.root, &[]) {
        Ok(_) => typed(&mut machine),
        Err(error) => json!({ "error": typed_error(&error)["kind"] }),
    }
}

/// What is written of what a message says.
pub(crate) fn rewritten(definition: &Definition, message: &Bytes) -> Result<Bytes, String> {
    let mut machine = Machine::new(&definition.plan, message.clone(), Limits::FILE);
    let root = machine
        .read(definition.root, &[])
        .map_err(|error| error.to_string())?;
    let given = given(&machine, root);
    let mut out = BytesMut::new();
    let rules = Rules::of(&definition.plan);
    write(
        &definition.plan,
        &rules,
        definition.root,
        &[],
        &given,
        &mut out,
    )
    .map_err(|error| error.to_string())?;
    Ok(out.freeze())
}
