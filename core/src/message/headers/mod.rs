//! Header fields of HTTP, kept as the lines that they came in, or are written in.
//!
//! ```text
//! GET / HTTP/1.1 CRLF Accept: */* CRLF X-Y:  z CRLF CRLF
//!                     |     | |  |     |  |  ||
//!                     name  | value    name value
//! ```
//!
//! One text holds them all, an index tells where each name and value stands. It is a list of structures
//! like any other: whoever asks for one gets it, and it is made then.
//!
//! **What is in here was checked.** Names are tokens (RFC 9110, 5.1), values have no control characters
//! and no white space around them (5.5); all ways to make one, [`HeaderLines`], [`FoundLines`] and [`NewHeaders`], see to
//! that. So whoever writes them need not look again, and copies what nobody changed as it lies.

mod found;
mod lines;
mod new;
mod octets;
mod role;

pub use found::{FoundLine, FoundLines};
pub use lines::{HeaderLines, ReadLine, WrongLine};
pub use new::{KnownLine, KnownName, NewHeaders, NotHeaders, WrongHeader};
pub use octets::{WORDS, are_value, is_token, is_value, run, value as value_length};
pub use role::{Role, Roles};

use super::Value;
use bytes::{BufMut, BytesMut};
use bytestring::ByteString;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Most heads have no more fields.
const FEW: usize = 8;

/// Header fields, in their order. Cheap to clone.
#[derive(Clone)]
pub struct Headers {
    kept: Arc<Kept>,
}

struct Kept {
    text: ByteString,
    lines: Lines,
    roles: Roles,
    /// The text is these lines as they would be written, and nothing else.
    pure: bool,
    /// The same as structures, once somebody asked.
    records: OnceLock<Vec<Value>>,
}

type Lines = SmallVec<[Line; FEW]>;

/// Where a field stands. No text that is read or made is longer than a `u32` tells.
#[derive(Clone, Copy, Debug)]
struct Line {
    name: u32,
    name_end: u32,
    value: u32,
    end: u32,
    role: Role,
    /// Exactly `: ` stands between name and value, and CR LF behind it.
    plain: bool,
}

impl Line {
    fn name(&self) -> Range<usize> {
        self.name as usize..self.name_end as usize
    }

    fn value(&self) -> Range<usize> {
        self.value as usize..self.end as usize
    }

    /// All of it with its end, if that is as it would be written.
    fn plain(&self) -> Option<Range<usize>> {
        self.plain
            .then(|| self.name as usize..self.end as usize + 2)
    }
}

/// One field.
#[derive(Clone, Copy)]
pub struct Header<'h> {
    text: &'h ByteString,
    line: &'h Line,
}

impl<'h> Header<'h> {
    /// Its name, as it was given.
    #[must_use]
    pub fn name(&self) -> &'h str {
        self.text.get(self.line.name()).unwrap_or_default()
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &'h str {
        self.text.get(self.line.value()).unwrap_or_default()
    }

    /// The value as a text of its own, which shares the memory of all.
    #[must_use]
    pub fn shared_value(&self) -> ByteString {
        self.text.slice_ref(self.value())
    }

    /// What it is to a hop.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.line.role
    }

    fn record(self) -> Value {
        // In the order of their slots: HttpShape::NAME, HttpShape::VALUE.
        let name = self.text.slice_ref(self.name());
        Value::Record(vec![Value::Str(name), Value::Str(self.shared_value())])
    }
}

impl Headers {
    fn new(text: ByteString, lines: Lines, roles: Roles, pure: bool) -> Self {
        Self {
            kept: Arc::new(Kept {
                text,
                lines,
                roles,
                pure,
                records: OnceLock::new(),
            }),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.lines.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.lines.is_empty()
    }

    /// The roles that fields here have.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.kept.roles
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> {
        let Kept { text, lines, .. } = &*self.kept;
        lines.iter().map(move |line| Header { text, line })
    }

    /// The same as structures of a name and a value.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        let all = || self.iter().map(Header::record).collect();
        self.kept.records.get_or_init(all)
    }

    /// Bytes of their lines, with their ends.
    #[must_use]
    pub fn size(&self) -> usize {
        if self.kept.pure {
            return self.kept.text.len();
        }
        let size = |line: &Line| line.name().len() + line.value().len() + 4;
        self.kept.lines.iter().map(size).sum()
    }

    /// Appends all fields as lines: `name: value`, CR LF.
    pub fn write_all(&self, out: &mut BytesMut) {
        match self.kept.pure {
            true => out.put_slice(self.kept.text.as_bytes()),
            false => self.write(out, |_| true),
        }
    }

    /// Appends the fields that pass as lines: `name: value`, CR LF. What lies together is copied
    /// together.
    pub fn write(&self, out: &mut BytesMut, mut passes: impl FnMut(Header<'_>) -> bool) {
        let Kept { text, lines, .. } = &*self.kept;
        let mut run = 0..0;
        for line in lines {
            if !passes(Header { text, line }) {
                continue;
            }
            match line.plain() {
                Some(whole) if whole.start == run.end => run.end = whole.end,
                Some(whole) => put(out, text, std::mem::replace(&mut run, whole)),
                None => {
                    put(out, text, std::mem::take(&mut run));
                    put(out, text, line.name());
                    out.put_slice(b": ");
                    put(out, text, line.value());
                    out.put_slice(b"\r\n");
                }
            }
        }
        put(out, text, run);
    }
}

fn put(out: &mut BytesMut, text: &ByteString, range: Range<usize>) {
    if let Some(piece) = text.get(range)
        && !piece.is_empty()
    {
        out.put_slice(piece.as_bytes());
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        let same =
            |(a, b): (Header<'_>, Header<'_>)| a.name() == b.name() && a.value() == b.value();
        self.len() == other.len() && self.iter().zip(other.iter()).all(same)
    }
}

/// Values may be secrets, so none is printed.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("role", &self.role())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
