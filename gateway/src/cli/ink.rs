//! Colours, where somebody sees them.

use gatewright_config::Colour;
use std::io::{self, IsTerminal};

/// What a piece of text is to its reader.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Title,
    Faint,
    Good,
    Bad,
    /// One of a frame's fields, by its place: neighbours differ.
    Field(usize),
}

const FIELDS: [&str; 4] = ["36", "33", "35", "32"];

impl Tone {
    /// Parameters of SGR (ECMA-48, 8.3.117).
    const fn parameters(self) -> &'static str {
        match self {
            Self::Title => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Field(place) => FIELDS[place % FIELDS.len()],
        }
    }
}

/// Whether there are colours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink(Colour);

/// Colours for whoever looks on, unless NO_COLOR says otherwise.
pub(super) fn colour(is_terminal: bool) -> Colour {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if is_terminal && !plain {
        Colour::Ansi
    } else {
        Colour::Plain
    }
}

impl Ink {
    #[cfg(test)]
    pub(super) const PLAIN: Self = Self(Colour::Plain);

    /// Colours on a terminal.
    pub(super) fn for_stdout() -> Self {
        Self(colour(io::stdout().is_terminal()))
    }

    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        match self.0 {
            Colour::Ansi => format!("\x1b[{}m{text}\x1b[0m", tone.parameters()),
            Colour::Plain => text.to_owned(),
        }
    }
}
