//! From files to a protocol.

use crate::ksy::definition::{Definition, Refused};
use crate::ksy::files::Files;
use crate::ksy::finding::Findings;
use crate::ksy::load::Sources;
use gatewright_core::codec::Protocol;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A definition as a protocol.
#[derive(Debug)]
pub struct Loaded {
    /// The protocol.
    pub protocol: Arc<dyn Protocol>,
    /// The texts of its files.
    pub files: Files,
    /// What could be better.
    pub findings: Findings,
}

/// Loads a definition with a `-gateway` section and makes it a protocol.
///
/// # Errors
/// If it cannot be read, or has errors.
pub fn load(path: &Path, sources: &dyn Sources, folders: &[PathBuf]) -> Result<Loaded, Refused> {
    let definition = Definition::load(path, sources, folders)?;
    Err(Refused::Faulty {
        files: definition.files,
        findings: definition.findings,
    })
}
