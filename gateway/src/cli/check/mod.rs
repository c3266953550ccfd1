//! `gatewright check`

mod config;
mod declared;
mod definitions;
mod outline;
mod tally;

use super::definition::Folders;
use super::exit::Exit;
use super::output::Format;
use crate::Builder;
use config::Configuration;
use definitions::Definitions;
use std::path::PathBuf;

/// Check a configuration or definitions: all that is wrong with them
///
/// A good configuration is told with the definitions that it names and the memory that its limits
/// allow, a good definition with its types, and with what the gateway makes of it: how frames are
/// found, how replies find their requests, and who supplies which field of each operation.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Definitions to check instead of a configuration.
    #[arg(value_name = "FILE.ksy", conflicts_with = "config")]
    definitions: Vec<PathBuf>,
    /// The configuration.
    #[arg(short, long, value_name = "FILE", default_value = "gatewright.toml")]
    config: PathBuf,
    #[command(flatten)]
    folders: Folders,
    /// Fail if there are warnings.
    #[arg(long)]
    deny_warnings: bool,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Check {
    pub(super) fn run(self, builder: Builder) -> Exit {
        let Self {
            definitions,
            config,
            folders,
            deny_warnings,
            format,
        } = self;
        if definitions.is_empty() {
            let configuration = Configuration {
                path: config,
                deny_warnings,
                format,
            };
            return configuration.run(builder);
        }
        let definitions = Definitions {
            paths: definitions,
            folders,
            deny_warnings,
            format,
        };
        definitions.run()
    }
}
