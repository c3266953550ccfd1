//! A configuration file's text, and where in it a byte stands.

use gatewright_core::expr::Span;

/// A configuration file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: String,
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
        }
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
}
