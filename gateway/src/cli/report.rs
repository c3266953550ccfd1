//! Messages to people, on standard error. That nobody reads them is no error.

use gatewright_config::{Colour, Diagnostic};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints diagnostics, in colour if somebody looks on and did not ask otherwise (NO_COLOR).
pub(super) fn report(found: &[Diagnostic]) {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = if io::stderr().is_terminal() && !plain {
        Colour::Ansi
    } else {
        Colour::Plain
    };
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
