//! Field lines that are found in bytes before anybody makes a text of them.

use super::lines::{WrongLine, found};
use super::{Headers, Line, Lines, Role, Roles};
use bytestring::ByteString;

/// Fields that were found in bytes, and are to be those of the text that these become.
#[derive(Debug, Default)]
pub struct FoundLines {
    lines: Lines,
    roles: Roles,
}

/// A field that was found, and may be kept.
#[derive(Clone, Copy, Debug)]
pub struct FoundLine<'b> {
    /// Its value.
    pub value: &'b [u8],
    /// Where its value starts.
    pub value_at: usize,
    /// What it is to a hop.
    pub role: Role,
    /// Where the next line starts.
    pub next: usize,
    line: Line,
}

impl FoundLines {
    /// Reads the line that starts at that place; nothing if it is empty.
    ///
    /// # Errors
    /// If it is none. That its value is UTF-8 shows when a text is made of the bytes.
    #[inline]
    pub fn read(bytes: &[u8], at: usize) -> Result<Option<FoundLine<'_>>, WrongLine> {
        let found = found(bytes, at)?;
        Ok(found.map(|found| FoundLine {
            value: bytes.get(found.line.value()).unwrap_or_default(),
            value_at: found.line.value as usize,
            role: found.line.role,
            next: found.next,
            line: found.line,
        }))
    }

    /// Keeps a field that was read.
    #[inline]
    pub fn keep(&mut self, found: &FoundLine<'_>) {
        self.roles.add(found.line.role);
        self.lines.push(found.line);
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Those that were kept. The text is that of the bytes in which they were found.
    #[must_use]
    #[inline]
    pub fn finish(self, text: ByteString) -> Headers {
        Headers::new(text, self.lines, self.roles, false)
    }
}
