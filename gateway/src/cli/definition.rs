//! Definitions of protocols, as arguments.

use super::exit::{Exit, Outcome};
use super::report::report;
use crate::definitions::{Disk, diagnostics, refusal};
use gatewright_codecs::ksy::Definition;
use gatewright_config::{Defined, Definitions, Diagnostic};
use gatewright_core::codec::Protocol;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that is a definition.
const EXTENSION: &str = "ksy";

/// Whether an argument names a definition rather than something that is linked in.
pub(super) fn is_definition(argument: &str) -> bool {
    Path::new(argument)
        .extension()
        .is_some_and(|extension| extension == EXTENSION)
}

/// Where definitions that begin with `/` are imported from.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Folders {
    /// A folder for imports that begin with `/`; may be repeated.
    #[arg(short = 'I', long = "import-path", value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// A definition that can be used, and what could be better.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) definition: Definition,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Folders {
    /// These folders.
    pub(super) const fn of(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// The folders.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Loads a definition and tells nothing.
    ///
    /// # Errors
    /// With all that was found, if there is an error.
    pub(super) fn load(&self, path: &Path) -> Result<Sound, Vec<Diagnostic>> {
        let definition = Definition::load(path, &Disk, &self.folders)
            .map_err(|refused| refusal(path, refused))?;
        Ok(Sound {
            warnings: diagnostics(&definition.files, &definition.findings),
            definition,
        })
    }

    /// The same, and whether the gateway can say by it what it says of its own accord.
    ///
    /// # Errors
    /// With all that was found, if there is an error.
    pub(super) fn load_to_speak(&self, path: &Path) -> Result<Sound, Vec<Diagnostic>> {
        let sound = self.load(path)?;
        if sound.definition.section.is_some() {
            Definitions::load(&Disk, path, &self.folders)?;
        }
        Ok(sound)
    }

    /// Loads a definition and tells what is wrong with it.
    ///
    /// # Errors
    /// How to exit if it cannot be used.
    pub(super) fn load_or_tell(&self, path: &Path) -> Outcome<Definition> {
        let Sound {
            definition,
            warnings,
        } = self.load(path).map_err(refuse)?;
        report(&warnings);
        Ok(definition)
    }

    /// Makes a protocol of a definition and tells what is wrong with it.
    ///
    /// # Errors
    /// How to exit if it cannot be used.
    pub(super) fn protocol_or_tell(&self, path: &Path) -> Outcome<Arc<dyn Protocol>> {
        let Defined { protocol, warnings } =
            Definitions::load(&Disk, path, &self.folders).map_err(refuse)?;
        report(&warnings);
        Ok(protocol)
    }

    /// Makes a protocol of a definition whose warnings have been told.
    ///
    /// # Errors
    /// How to exit if it cannot be used.
    pub(super) fn protocol(&self, path: &Path) -> Outcome<Arc<dyn Protocol>> {
        let defined = Definitions::load(&Disk, path, &self.folders).map_err(refuse)?;
        Ok(defined.protocol)
    }
}

fn refuse(found: Vec<Diagnostic>) -> Exit {
    report(&found);
    Exit::BadConfig
}
