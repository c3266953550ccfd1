//! Header fields that are made here, each with the line that it is written as.

use super::lines::place;
use super::octets::{is_space, is_tchar, token};
use super::{Header, Headers, Line, Lines, Role, Roles, are_value};
use crate::codec::HttpShape;
use crate::message::{Slot, Value};
use bytestring::ByteString;
use http::HeaderName;
use std::borrow::Cow;

/// Header fields that are made here.
#[derive(Debug, Default)]
pub struct NewHeaders {
    text: String,
    lines: Lines,
    roles: Roles,
}

/// What was given is no field: its name is no token, or its value has control characters or white
/// space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongHeader;

impl NewHeaders {
    /// None yet, with room for so many bytes of lines.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// If it is none.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), WrongHeader> {
        if name.is_empty() || token(name.as_bytes()) != name.len() {
            return Err(WrongHeader);
        }
        check(value)?;
        self.push(name, value, Role::of(name.as_bytes()));
        Ok(())
    }

    /// Adds the fields that pass. They were checked.
    pub fn add_from(&mut self, headers: &Headers, mut passes: impl FnMut(Header<'_>) -> bool) {
        for header in headers.iter().filter(|header| passes(*header)) {
            match header.line.plain().and_then(|whole| header.text.get(whole)) {
                Some(whole) => self.push_line(whole, header.line),
                None => self.push(header.name(), header.value(), header.role()),
            }
        }
    }

    /// Adds a line as it lies, with its end.
    fn push_line(&mut self, whole: &str, line: &Line) {
        let at = place(self.text.len());
        let moved = |place: u32| place.wrapping_sub(line.name).wrapping_add(at);
        self.text.push_str(whole);
        self.roles.add(line.role);
        self.lines.push(Line {
            name: at,
            name_end: moved(line.name_end),
            value: moved(line.value),
            end: moved(line.end),
            ..*line
        });
    }

    /// Adds a field of a name that is known.
    ///
    /// # Errors
    /// If it is none.
    pub fn add_known(&mut self, name: KnownName, value: &str) -> Result<(), WrongHeader> {
        check(value)?;
        self.push(name.name, value, name.role);
        Ok(())
    }

    /// Adds a field of which all is known.
    pub fn add_line(&mut self, known: &KnownLine) {
        self.push_line(known.text, &known.line);
    }

    fn push(&mut self, name: &str, value: &str, role: Role) {
        let at = self.text.len();
        self.text.reserve(name.len() + value.len() + 4);
        for part in [name, ": ", value, "\r\n"] {
            self.text.push_str(part);
        }
        let name_end = at + name.len();
        let from = name_end + 2;
        self.roles.add(role);
        self.lines.push(Line {
            name: place(at),
            name_end: place(name_end),
            value: place(from),
            end: place(from + value.len()),
            role,
            plain: true,
        });
    }

    /// Those that were added.
    #[must_use]
    pub fn finish(self) -> Headers {
        Headers::new(ByteString::from(self.text), self.lines, self.roles, true)
    }
}

fn check(value: &str) -> Result<(), WrongHeader> {
    let is_whole = |end: Option<&u8>| !end.is_some_and(|byte| is_space(*byte));
    let bytes = value.as_bytes();
    if !is_whole(bytes.first()) || !is_whole(bytes.last()) || !are_value(bytes) {
        return Err(WrongHeader);
    }
    Ok(())
}

/// A name that is known when this is built.
#[derive(Clone, Copy, Debug)]
pub struct KnownName {
    name: &'static str,
    role: Role,
}

impl KnownName {
    /// A name, and what it is to a hop. A constant that is no token does not compile.
    #[must_use]
    pub const fn new(name: &'static str, role: Role) -> Self {
        let mut rest = name.as_bytes();
        assert!(!rest.is_empty(), "a name is not empty");
        while let Some((byte, after)) = rest.split_first() {
            assert!(is_tchar(*byte), "a name is a token");
            rest = after;
        }
        Self { name, role }
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.name
    }
}

/// A field that is known when this is built, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct KnownLine {
    text: &'static str,
    line: Line,
}

impl KnownLine {
    /// The line `name: value`, CR LF, and what it is to a hop. A constant that is no field does not compile.
    #[must_use]
    pub const fn new(text: &'static str, role: Role) -> Self {
        let bytes = text.as_bytes();
        let mut colon = 0;
        while bytes[colon] != b':' {
            assert!(is_tchar(bytes[colon]), "a name is a token");
            colon += 1;
        }
        assert!(colon > 0, "a name is not empty");
        let end = bytes.len() - 2;
        assert!(bytes[colon + 1] == b' ' && bytes[end] == b'\r' && bytes[end + 1] == b'\n');
        let mut at = colon + 2;
        assert!(at == end || bytes[at] != b' ' && bytes[end - 1] != b' ');
        while at < end {
            assert!(bytes[at] == b' ' || bytes[at].is_ascii_graphic());
            at += 1;
        }
        let line = Line {
            name: 0,
            name_end: colon as u32,
            value: colon as u32 + 2,
            end: end as u32,
            role,
            plain: true,
        };
        Self { text, line }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.text.get(self.line.name()).unwrap_or_default()
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &'static str {
        self.text.get(self.line.value()).unwrap_or_default()
    }
}

/// Why a value is no list of header fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHeaders {
    /// It is none of structures of two texts.
    Type,
    /// One of them is no field.
    Field,
}

impl From<WrongHeader> for NotHeaders {
    fn from(_: WrongHeader) -> Self {
        Self::Field
    }
}

impl Headers {
    /// The header fields that a value says, be it in structures; none that is absent.
    ///
    /// # Errors
    /// If it says anything else.
    pub fn of(value: &Value) -> Result<Cow<'_, Self>, NotHeaders> {
        match value {
            Value::Headers(headers) => Ok(Cow::Borrowed(headers)),
            Value::Null => Ok(Cow::Owned(NewHeaders::default().finish())),
            other => made(other.as_list().ok_or(NotHeaders::Type)?).map(Cow::Owned),
        }
    }

    /// Header fields, be they in structures, but for those of these names.
    #[must_use]
    pub fn without(value: Value, names: &[HeaderName]) -> Value {
        let stays = |name: &str| {
            !names
                .iter()
                .any(|own| own.as_str().eq_ignore_ascii_case(name))
        };
        match value {
            Value::Headers(headers) => {
                let mut left = NewHeaders::with_capacity(headers.size());
                left.add_from(&headers, |header| stays(header.name()));
                Value::Headers(left.finish())
            }
            Value::List(mut records) => {
                records.retain(|record| named(record).is_none_or(stays));
                Value::List(records)
            }
            other => other,
        }
    }
}

/// The name of a field in a structure.
fn named(record: &Value) -> Option<&str> {
    record.as_record()?.get(HttpShape::NAME.index())?.as_str()
}

fn made(records: &[Value]) -> Result<Headers, NotHeaders> {
    let mut headers = NewHeaders::default();
    for record in records {
        let text = |slot: Slot| record.as_record()?.get(slot.index())?.as_str();
        let pair = text(HttpShape::NAME).zip(text(HttpShape::VALUE));
        let (name, value) = pair.ok_or(NotHeaders::Type)?;
        headers.add(name, value)?;
    }
    Ok(headers.finish())
}
