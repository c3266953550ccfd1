//! Reading values by the rows of [`keys`](crate::keys). Nothing stops at the first error: each
//! is noted, and what cannot be read stands as something harmless so that the rest is looked at.

pub(crate) mod address;
mod environment;
pub(crate) mod filter;
pub(crate) mod path;
mod problem;
mod section;
mod source;
mod unknown;
mod url;
mod value;

pub(crate) use environment::{Environment, Expanded, expand};
pub(crate) use problem::Problem;
pub(crate) use section::{Section, Setting};
pub(crate) use source::{key_source, text_source};
pub(crate) use unknown::unknown_keys;
pub(crate) use url::{endpoint, server_name};
pub(crate) use value::{name, text as text_of};

use crate::diagnostic::{Diagnostic, codes};
use crate::merge::{self, Clash};
use crate::source::SourceFile;
use crate::tree::{self, Node, Table, Value};
use gatewright_core::expr::Span;
use std::path::Path;
use std::sync::Arc;

/// What a run of reading knows and finds.
pub(crate) struct Reader<'e> {
    pub(crate) source: Arc<SourceFile>,
    /// Relative paths start here.
    pub(crate) folder: &'e Path,
    pub(crate) environment: Environment<'e>,
    pub(crate) found: Vec<Diagnostic>,
}

/// A value that was typed, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl Reader<'_> {
    /// The document's tree, of all files; syntax errors are noted.
    pub(crate) fn parse(&mut self) -> Node {
        let source = Arc::clone(&self.source);
        let mut document = Table::default();
        for (start, text) in source.texts() {
            let (mut node, errors) = tree::parse(text);
            merge::shift(&mut node, start);
            for mut error in errors {
                merge::moved(&mut error.span, start);
                let hint = syntax_hint(&error.message);
                let problem = Problem::new(codes::SYNTAX, error.message).help_if(hint);
                self.problem(problem, error.span);
            }
            let Value::Table(table) = node.value else {
                continue;
            };
            for clash in merge::merge(&mut document, table) {
                self.note_clash(&source, clash);
            }
        }
        Node {
            value: Value::Table(document),
            span: 0..source.text().len(),
        }
    }

    fn note_clash(&mut self, source: &SourceFile, clash: Clash) {
        let Clash { key, span, first } = clash;
        let message = format!("`{}` is in two files", key.escape_debug());
        let place = source.locate(&first).map(|(file, span)| {
            let line = file.line_column(span.start).line;
            format!("the other is {}:{line}", file.name())
        });
        self.problem(Problem::new(codes::DUPLICATE, message).help_if(place), span);
    }

    pub(crate) fn note(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    pub(crate) fn problem(&mut self, problem: Problem, span: Span) {
        self.found.push(problem.at(&self.source, span));
    }

    /// The value, or a note of what is wrong with it.
    pub(crate) fn accept<T>(&mut self, result: Result<T, Problem>, span: &Span) -> Option<T> {
        result
            .map_err(|problem| self.problem(problem, span.clone()))
            .ok()
    }
}

/// A way out of the errors that people make most.
fn syntax_hint(message: &str) -> Option<String> {
    let hints = [
        (
            "array",
            "is a `,` or the closing `]` of a list missing before this?",
        ),
        (
            "inline table",
            "is a `,` or the closing `}` of a table missing before this?",
        ),
        (
            "invalid basic string",
            "a string ends on its line, with the quote that it began with",
        ),
        (
            "duplicate",
            "each key stands once; a list of tables has two brackets: `[[routes]]`",
        ),
    ];
    hints
        .iter()
        .find(|(word, _)| message.contains(word))
        .map(|(_, hint)| (*hint).to_owned())
}
