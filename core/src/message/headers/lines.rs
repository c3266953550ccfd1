//! Field lines that are read: RFC 9112, 5.

use super::octets::{is_space, token, value};
use super::{Header, Headers, Line, Lines, Role, Roles};
use bytestring::ByteString;

/// The lines of a text that are fields, as they are read.
#[derive(Debug)]
pub struct HeaderLines<'t> {
    text: &'t ByteString,
    lines: Lines,
}

/// What is wrong with a line, and where in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongLine {
    /// It does not begin with a name.
    Name(usize),
    /// Something else than a colon stands behind the name.
    Colon(usize),
    /// A control character stands in the value.
    Value(usize),
    /// It ends in CR alone.
    End(usize),
    /// The text ends before it.
    Cut,
}

/// A field that was read, and may be kept.
#[derive(Clone, Copy, Debug)]
pub struct ReadLine<'t> {
    /// Its name.
    pub name: &'t str,
    /// Its value.
    pub value: &'t str,
    /// What it is to a hop.
    pub role: Role,
    /// Where the next line starts.
    pub next: usize,
    line: Line,
}

impl<'t> HeaderLines<'t> {
    /// None yet, of that text.
    #[must_use]
    pub fn of(text: &'t ByteString) -> Self {
        Self {
            text,
            lines: Lines::new(),
        }
    }

    /// Reads the line that starts at that place; nothing if it is empty.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(&self, at: usize) -> Result<Option<ReadLine<'t>>, WrongLine> {
        let bytes = self.text.as_bytes();
        let behind = |at: usize| bytes.get(at..).unwrap_or_default();
        let colon = at + token(behind(at));
        match bytes.get(colon) {
            Some(b':') if colon > at => {}
            Some(b'\r') if colon == at => return ended(bytes, at).map(|_| None),
            Some(_) if colon == at => return Err(WrongLine::Name(at)),
            Some(_) => return Err(WrongLine::Colon(colon)),
            None => return Err(WrongLine::Cut),
        }
        let from = colon + 1 + spaces(behind(colon + 1).iter());
        let end = from + value(behind(from));
        let next = match bytes.get(end) {
            Some(b'\r') => ended(bytes, end)?,
            Some(_) => return Err(WrongLine::Value(end)),
            None => return Err(WrongLine::Cut),
        };
        let to = end - spaces(bytes.get(from..end).unwrap_or_default().iter().rev());
        let name = self.text.get(at..colon).unwrap_or_default();
        let role = Role::of(name);
        Ok(Some(ReadLine {
            name,
            value: self.text.get(from..to).unwrap_or_default(),
            role,
            next,
            line: Line {
                name: place(at),
                name_end: place(colon),
                value: place(from),
                end: place(to),
                role,
                plain: from == colon + 2 && to == end && bytes.get(colon + 1) == Some(&b' '),
            },
        }))
    }

    /// Keeps a field that was read here.
    pub fn keep(&mut self, line: &ReadLine<'t>) {
        self.lines.push(line.line);
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

    /// Forgets those for which `stays` does not say so.
    pub fn retain(&mut self, mut stays: impl FnMut(Header<'_>) -> bool) {
        let text = self.text;
        self.lines.retain(|line| stays(Header { text, line }));
    }

    /// Those that were kept.
    #[must_use]
    pub fn finish(self) -> Headers {
        let mut roles = Roles::default();
        for line in &self.lines {
            roles.add(line.role);
        }
        Headers::new(self.text.clone(), self.lines, roles, false)
    }
}

/// Where the next line starts behind the CR at that place, if LF follows it.
fn ended(bytes: &[u8], cr: usize) -> Result<usize, WrongLine> {
    match bytes.get(cr + 1) {
        Some(b'\n') => Ok(cr + 2),
        Some(_) => Err(WrongLine::End(cr)),
        None => Err(WrongLine::Cut),
    }
}

fn spaces<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes.take_while(|byte| is_space(**byte)).count()
}

/// Frames are shorter; of what is not, nothing is found.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
