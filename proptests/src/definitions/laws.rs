//! Reading and writing by a definition that may say anything.

use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::files::Files;
use gatewright_codecs::ksy::finding::Findings;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::read::{Limits, Machine};
use gatewright_codecs::ksy::view::{Instances, rows, typed};
use gatewright_codecs::ksy::write::{self, Given, Rules, WriteError};
use gatewright_core::codec::json::Secrets;
use std::convert::Infallible;
use std::path::Path;

/// A definition that is no file. What it imports is not there.
#[derive(Clone, Copy, Debug)]
pub struct InMemory<'t>(pub &'t str);

impl InMemory<'_> {
    /// The path of the definition.
    pub const PATH: &'static str = "it.ksy";
}

impl Sources for InMemory<'_> {
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable> {
        if path != Path::new(Self::PATH) {
            return Err(Unreadable::Missing);
        }
        match self.0.len() > limit {
            true => Err(Unreadable::TooLarge),
            false => Ok(self.0.to_owned()),
        }
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It cannot be read.
    Unread(String),
    /// It was read, and cannot be written.
    Unwritten(WriteError),
    /// It was read and written: these bytes, that give the same message.
    Written(Bytes),
}

/// Findings point into their files.
///
/// # Panics
/// If one does not.
pub fn check_findings(files: &Files, findings: &Findings) {
    for finding in findings.all() {
        let file = files.get(finding.file).expect("a finding's file");
        let place = file.text.get(finding.span.clone());
        assert!(place.is_some(), "{finding:?} is no place in the file");
        assert!(!finding.message.is_empty());
    }
}

/// Reads a message by a definition, writes what was read, and reads that: it is the same message,
/// which is written the same once more. Everything is shown, too.
///
/// # Panics
/// If it is not the same.
pub fn check_message(definition: &Definition, message: &[u8]) -> Told {
    let first = match read(definition, message) {
        Ok(first) => first,
        Err(why) => return Told::Unread(why),
    };
    let written = match write(definition, &first) {
        Ok(written) => written,
        Err(error) => return Told::Unwritten(error),
    };
    let second = read(definition, &written)
        .unwrap_or_else(|why| panic!("{message:02x?} is written as {written:02x?}: {why}"));
    // Of floats, some do not equal themselves; the text tells.
    assert_eq!(
        format!("{first:?}"),
        format!("{second:?}"),
        "{message:02x?} is written as {written:02x?}"
    );
    let again = write(definition, &second);
    assert_eq!(again.as_ref(), Ok(&written), "{message:02x?}");
    Told::Written(written)
}

/// Reads a whole message; what it says is shown, too.
///
/// # Errors
/// If it is none, or more.
pub fn read(definition: &Definition, message: &[u8]) -> Result<Given, String> {
    let frame = Bytes::copy_from_slice(message);
    let mut machine = Machine::new(&definition.plan, frame, Limits::MESSAGE).traced();
    let root = machine.read(definition.root, &[]);
    let whole = root.and_then(|root| machine.ends().map(|()| root));
    let said = match &whole {
        Ok(root) => Ok(write::given(&machine, *root)),
        Err(error) => Err(error.to_string()),
    };
    let show = &mut |_: &Machine<'_>, _| Ok::<(), Infallible>(());
    let Ok(()) = rows(&mut machine, Instances::Computed, Secrets::Masked, show);
    let _ = typed(&mut machine);
    said
}

/// Writes a message.
///
/// # Errors
/// If something is missing, or does not fit.
///
/// # Panics
/// If other bytes are touched.
pub fn write(definition: &Definition, given: &Given) -> Result<Bytes, WriteError> {
    let mut out = BytesMut::from(&b"before"[..]);
    let rules = Rules::of(&definition.plan);
    let result = write::write(
        &definition.plan,
        &rules,
        definition.root,
        &[],
        given,
        &mut out,
    );
    let written = out.split_off(b"before".len());
    assert_eq!(out, &b"before"[..], "what was there before is still there");
    match result {
        Ok(()) => Ok(written.freeze()),
        Err(error) => {
            assert!(written.is_empty(), "a failed write leaves no bytes");
            Err(error)
        }
    }
}
