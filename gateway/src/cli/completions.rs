//! `gatewright completions`

use super::exit::Exit;
use super::output::print_bytes;
use super::{Arguments, program};
use crate::Builder;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, _: Builder) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            program(),
            &mut script,
        );
        print_bytes(&script).into()
    }
}
