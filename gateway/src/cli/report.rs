//! Messages to people, on standard error. That nobody reads them is no error.

use super::ink;
use gatewright_config::Diagnostic;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints diagnostics, in colour if somebody looks on and did not ask otherwise (NO_COLOR).
pub(super) fn report(found: &[Diagnostic]) {
    let colour = ink::colour(io::stderr().is_terminal());
    for diagnostic in found {
        note(format_args!("{}\n", diagnostic.render(colour)));
    }
}

/// Prints one line.
pub(super) fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints one line about what went wrong.
pub(super) fn complain(problem: impl Display) {
    note(format_args!("error: {problem}"));
}
