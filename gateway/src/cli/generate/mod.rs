//! `gatewright gen`

mod docs;
mod fuzz;
mod harness;
mod openapi;
mod wireshark;

use super::exit::Exit;
use crate::Builder;
use clap::Subcommand;
pub(super) use fuzz::Fuzz;

/// Make documentation, a Wireshark dissector or a fuzzer's dictionary of a definition, or an OpenAPI
/// document of a configuration.
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
    #[command(name = "openapi")]
    OpenApi(openapi::OpenApi),
}

impl Generate {
    pub(super) fn run(self, builder: Builder) -> Exit {
        match self.what {
            What::Docs(docs) => docs.run(),
            What::Wireshark(wireshark) => wireshark.run(),
            What::Fuzz(fuzz) => fuzz.run(),
            What::OpenApi(openapi) => openapi.run(builder),
        }
    }
}
