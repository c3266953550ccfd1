//! A configuration file's text, and where in it a byte stands.

use gatewright_core::expr::Span;
use std::sync::Arc;

/// A configuration file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: String,
    /// The files that it consists of, if it is several.
    parts: Vec<Part>,
}

/// One of several files.
#[derive(Clone, PartialEq, Eq)]
struct Part {
    /// Where its text begins in the whole.
    start: usize,
    file: Arc<SourceFile>,
}

/// A place in a file, as people and editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl SourceFile {
    /// A file of that name, as diagnostics show it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            parts: Vec::new(),
        }
    }

    /// Several files as one, in this order. Places in it are those of one long text.
    pub(crate) fn joined(name: impl Into<String>, files: Vec<Self>) -> Self {
        let mut joined = Self::new(name, "");
        for file in files {
            let start = joined.text.len();
            joined.text.push_str(&file.text);
            // A header of the next file is at the start of a line.
            joined.text.push('\n');
            let file = Arc::new(file);
            joined.parts.push(Part { start, file });
        }
        joined
    }

    /// The texts of its files and where each begins.
    pub(crate) fn texts(&self) -> Vec<(usize, &str)> {
        if self.parts.is_empty() {
            return vec![(0, &self.text)];
        }
        let parts = self.parts.iter();
        parts.map(|part| (part.start, part.file.text())).collect()
    }

    /// The file that a range is in, and the range there; `None` if there is only one.
    pub(crate) fn locate(&self, span: &Span) -> Option<(Arc<Self>, Span)> {
        let before = |part: &&Part| part.start <= span.start;
        let part = self.parts.iter().take_while(before).last()?;
        let end = part.file.text.len();
        let within = |place: usize| place.saturating_sub(part.start).min(end);
        Some((Arc::clone(&part.file), within(span.start)..within(span.end)))
    }

    /// The name that diagnostics show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The characters of a range of bytes; empty if there are none.
    #[must_use]
    pub fn slice(&self, span: &Span) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The line and column of a byte. What lies beyond the end counts as the end.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        LineColumn {
            line,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The text may hold secrets and is long.
impl std::fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceFile")
            .field("name", &self.name)
            .field("bytes", &self.text.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = SourceFile::new("x", "a = 1\nü = 2\n");
        assert_eq!(source.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(source.line_column(6), LineColumn { line: 2, column: 1 });
        assert_eq!(source.line_column(8), LineColumn { line: 2, column: 2 });
        assert_eq!(source.line_column(999), LineColumn { line: 3, column: 1 });
    }

    #[test]
    fn a_place_among_several_files_is_one_in_its_own() {
        let files = ["a = 1", "", "b = 2\n"].map(|text| SourceFile::new(text, text));
        let joined = SourceFile::joined("all", files.into());
        assert_eq!(joined.text(), "a = 1\n\nb = 2\n\n");
        let at = |span| {
            let (file, span) = joined.locate(&span).unwrap();
            (file.name().to_owned(), span)
        };
        assert_eq!(at(4..5), ("a = 1".to_owned(), 4..5));
        assert_eq!(at(4..6), ("a = 1".to_owned(), 4..5));
        assert_eq!(at(6..6), (String::new(), 0..0));
        assert_eq!(at(7..8), ("b = 2\n".to_owned(), 0..1));
        assert_eq!(SourceFile::new("x", "y").locate(&(0..1)), None);
    }
}
