//! `gatewright gen`

mod docs;
mod fuzz;
mod harness;
mod wireshark;

use super::exit::Exit;
use clap::Subcommand;
pub(super) use fuzz::Fuzz;

/// Make documentation, a Wireshark dissector or a fuzzer's dictionary of a definition.
#[derive(Debug, clap::Args)]
pub(super) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Docs(docs::Docs),
    Wireshark(wireshark::Wireshark),
    Fuzz(Fuzz),
}

impl Generate {
    pub(super) fn run(self) -> Exit {
        match self.what {
            What::Docs(docs) => docs.run(),
            What::Wireshark(wireshark) => wireshark.run(),
            What::Fuzz(fuzz) => fuzz.run(),
        }
    }
}
