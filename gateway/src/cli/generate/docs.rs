//! `gatewright gen docs`

use crate::cli::definition::Folders;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::print;
use gatewright_codecs::ksy::generate::docs::markdown;
use std::path::PathBuf;

/// Print a definition as a Markdown document: types, fields, diagrams.
#[derive(Debug, clap::Args)]
pub(super) struct Docs {
    /// The definition.
    #[arg(value_name = "FILE.ksy")]
    definition: PathBuf,
    #[command(flatten)]
    folders: Folders,
}

impl Docs {
    pub(super) fn run(&self) -> Exit {
        self.tell().into()
    }

    fn tell(&self) -> Outcome {
        let definition = self.folders.load_or_tell(&self.definition)?;
        print(markdown(&definition).trim_end())
    }
}
