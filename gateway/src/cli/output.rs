//! Results, on standard output.

use super::exit::{Exit, Outcome};
use super::report::complain;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// The form of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Prints one line.
///
/// # Errors
/// How to exit if it cannot be written: well if nobody reads on, such as `head`. A verb that knows its verdict
/// by then exits by that ([`Exit::once_told`]).
pub(super) fn print(line: impl Display) -> Outcome {
    print_bytes(format!("{line}\n").as_bytes())
}

/// Prints bytes as they are.
///
/// # Errors
/// As [`print`].
pub(super) fn print_bytes(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Exit::Good,
        _ => {
            complain(format_args!("cannot write the results: {error}"));
            Exit::Refused
        }
    })
}
