//! Protocols that are written as definitions, and who reads those.

use crate::diagnostic::Diagnostic;
use gatewright_core::codec::Protocol;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes protocols of the definitions that a configuration names. It is asked once for each
/// definition, in the order of the configuration, whenever one is loaded.
pub trait Definitions: fmt::Debug + Send + Sync {
    /// The protocol that `file` defines. `folders` are searched, in their order, for imports that
    /// name no place of their own. All paths start where the process does. What is read is bounded
    /// by the one who reads it.
    ///
    /// # Errors
    /// With all that was found, of which at least one is an error. A finding has its place in the
    /// definition's own files; one without a place is shown where the configuration names `file`.
    fn load(&self, file: &Path, folders: &[PathBuf]) -> Result<Defined, Vec<Diagnostic>>;
}

/// A definition that can be used.
#[derive(Clone, Debug)]
pub struct Defined {
    /// The protocol. Its descriptor has the definition's own name.
    pub protocol: Arc<dyn Protocol>,
    /// What could be better, with places as those of errors.
    pub warnings: Vec<Diagnostic>,
}
