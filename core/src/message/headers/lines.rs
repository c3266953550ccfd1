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
        let Some(found) = found(self.text.as_bytes(), at)? else {
            return Ok(None);
        };
        Ok(Some(ReadLine {
            name: self.text.get(found.line.name()).unwrap_or_default(),
            value: self.text.get(found.line.value()).unwrap_or_default(),
            role: found.line.role,
            next: found.next,
            line: found.line,
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

/// Where a line stands.
pub(super) struct Found {
    pub(super) line: Line,
    /// Where the next one starts.
    pub(super) next: usize,
}

/// Finds the parts of the line that starts at that place; nothing if it is empty.
#[inline]
pub(super) fn found(bytes: &[u8], at: usize) -> Result<Option<Found>, WrongLine> {
    match plain(bytes, at) {
        Some(found) => Ok(Some(found)),
        None => any(bytes, at),
    }
}

/// Finds the parts of a line that is as it would be written: that is told at one look.
#[inline]
fn plain(bytes: &[u8], at: usize) -> Option<Found> {
    let (name, behind) = split(bytes.get(at..)?, token);
    let (value, behind) = split(behind.strip_prefix(b": ")?, value);
    let is_spaced = |byte: Option<&u8>| byte.is_some_and(|byte| is_space(*byte));
    let is_plain = !name.is_empty() && !is_spaced(value.first()) && !is_spaced(value.last());
    if !is_plain || !behind.starts_with(b"\r\n") {
        return None;
    }
    let colon = at + name.len();
    let from = colon + 2;
    let end = from + value.len();
    let line = Line {
        name: place(at),
        name_end: place(colon),
        value: place(from),
        end: place(end),
        role: Role::of(name),
        plain: true,
    };
    let next = end + 2;
    Some(Found { line, next })
}

#[inline]
fn split(bytes: &[u8], length: impl Fn(&[u8]) -> usize) -> (&[u8], &[u8]) {
    bytes
        .split_at_checked(length(bytes))
        .unwrap_or((bytes, &[]))
}

/// Finds the parts of any line, or says what is wrong with it; nothing if it is empty.
#[inline]
fn any(bytes: &[u8], at: usize) -> Result<Option<Found>, WrongLine> {
    let behind = |at: usize| bytes.get(at..).unwrap_or_default();
    let colon = at + token(behind(at));
    match bytes.get(colon) {
        Some(b':') if colon > at => {}
        Some(b'\r') if colon == at => return ended(bytes, at).map(|_| None),
        Some(_) if colon == at => return Err(WrongLine::Name(at)),
        Some(_) => return Err(WrongLine::Colon(colon)),
        None => return Err(WrongLine::Cut),
    }
    let from = behind_spaces(bytes, colon + 1);
    let end = from + value(behind(from));
    let next = match bytes.get(end) {
        Some(b'\r') => ended(bytes, end)?,
        Some(_) => return Err(WrongLine::Value(end)),
        None => return Err(WrongLine::Cut),
    };
    let to = before_spaces(bytes, from, end);
    let line = Line {
        name: place(at),
        name_end: place(colon),
        value: place(from),
        end: place(to),
        role: Role::of(bytes.get(at..colon).unwrap_or_default()),
        plain: from == colon + 2 && to == end && bytes.get(colon + 1) == Some(&b' '),
    };
    Ok(Some(Found { line, next }))
}

/// Where the next line starts behind the CR at that place, if LF follows it.
#[inline]
fn ended(bytes: &[u8], cr: usize) -> Result<usize, WrongLine> {
    match bytes.get(cr + 1) {
        Some(b'\n') => Ok(cr + 2),
        Some(_) => Err(WrongLine::End(cr)),
        None => Err(WrongLine::Cut),
    }
}

/// Where the white space that starts there ends.
#[inline]
fn behind_spaces(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// Where the white space that ends there starts, but not before `from`.
#[inline]
fn before_spaces(bytes: &[u8], from: usize, mut to: usize) -> usize {
    while to > from && bytes.get(to - 1).is_some_and(|byte| is_space(*byte)) {
        to -= 1;
    }
    to
}

/// Frames are shorter; of what is not, nothing is found.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
