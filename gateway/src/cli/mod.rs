//! The command line. Every verb is a file of its own.

mod check;
mod completions;
mod decode;
mod definition;
mod demo;
mod encode;
mod exit;
mod explain;
mod generate;
mod hex;
mod init;
mod ink;
mod input;
mod messages;
mod output;
mod protocol;
mod report;
mod run;
mod send;
mod test;
mod version;
mod view;

use crate::Builder;
use clap::{Parser, Subcommand};
use exit::Exit;
use gatewright_core::codec::Protocol;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// A command line with every verb, over the built-in protocols.
#[must_use]
pub fn cli() -> Cli {
    Cli {
        builder: Builder::default(),
    }
}

/// The command line of a gateway binary. A binary of one's own adds its protocols and has every
/// verb:
///
/// ```no_run
/// # fn pos() -> impl gatewright_core::codec::Protocol { gatewright_codecs::pos::Pos::new() }
/// fn main() -> std::process::ExitCode {
///     gatewright::cli().protocol("pos2", pos()).run()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Cli {
    builder: Builder,
}

impl Cli {
    /// Links a protocol in.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>, protocol: impl Protocol) -> Self {
        self.builder = self.builder.protocol(name, protocol);
        self
    }

    /// Does what the process's arguments say.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os())
    }

    /// Does what `arguments`, the program's name first, say.
    #[must_use]
    pub fn run_with(self, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
        let arguments = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments,
            Err(message) => {
                // Help and version go to standard output, and are no error.
                let _ = message.print();
                return if message.use_stderr() {
                    Exit::BadUsage
                } else {
                    Exit::Good
                }
                .into();
            }
        };
        match arguments.verb {
            Verb::Demo(verb) => verb.run(),
            Verb::Init(verb) => verb.run(),
            Verb::Run(verb) => verb.run(self.builder),
            Verb::Check(verb) => verb.run(self.builder),
            Verb::Explain(verb) => verb.run(self.builder),
            Verb::Decode(verb) => verb.run(self.builder),
            Verb::Encode(verb) => verb.run(self.builder),
            Verb::Send(verb) => verb.run(self.builder),
            Verb::Generate(verb) => verb.run(self.builder),
            Verb::Test(verb) => verb.run(self.builder),
            Verb::Completions(verb) => verb.run(self.builder),
            Verb::Version(verb) => verb.run(self.builder),
        }
        .into()
    }
}

/// The name that this program was called by: a binary of one's own is not `gatewright`.
fn program() -> String {
    let called = std::env::args_os().next();
    let stem = called.as_ref().and_then(|path| Path::new(path).file_stem());
    stem.map_or_else(
        || "gatewright".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// A gateway for custom binary protocols.
#[derive(Debug, Parser)]
#[command(name = "gatewright", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Demo(demo::Demo),
    Init(init::Init),
    Run(run::Run),
    Check(check::Check),
    Explain(explain::Explain),
    Decode(decode::Decode),
    Encode(encode::Encode),
    Send(send::Send),
    #[command(name = "gen")]
    Generate(generate::Generate),
    Test(test::Test),
    Completions(completions::Completions),
    Version(version::Version),
}
