//! A diagnostic in rustc's look.

use super::{Diagnostic, Severity};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Whether the terminal shows colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Text alone.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Ansi,
}

impl Diagnostic {
    /// The diagnostic as people read it, over several lines, without a newline at its end.
    #[must_use]
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Plain => Renderer::plain(),
            Colour::Ansi => Renderer::styled(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let help = Level::HELP.message(self.way_out());
        let group = match &self.place {
            Some(place) => {
                let mark = AnnotationKind::Primary
                    .span(place.span.clone())
                    .label(self.label.as_deref());
                let snippet = Snippet::source(place.source.text())
                    .path(place.source.name())
                    .annotation(mark);
                title.element(snippet).element(help)
            }
            None => title.element(help),
        };
        renderer.render(&[group])
    }

    fn way_out(&self) -> String {
        match &self.help {
            Some(help) => format!("{help}  (gatewright explain {})", self.code),
            None => format!("gatewright explain {}", self.code),
        }
    }
}
