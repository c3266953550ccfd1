//! Diagnostics on standard error, for people.

use gatewright_config::{Colour, Diagnostic};
use std::io::{self, IsTerminal};

/// Prints diagnostics, in colour if somebody looks on and did not ask otherwise (NO_COLOR).
pub(super) fn report(found: &[Diagnostic]) {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = if io::stderr().is_terminal() && !plain {
        Colour::Ansi
    } else {
        Colour::Plain
    };
    for diagnostic in found {
        eprintln!("{}\n", diagnostic.render(colour));
    }
}
