//! The name of a type, where one is used.

use super::reader::is_id;
use super::{Endian, TypeName};
use crate::ksy::codes;
use crate::ksy::yaml::shortened;
use gatewright_core::expr::{RuleError, Source, Span};

/// The most parts of a name, and the most arguments: no type nests deeper, and none needs more.
const MAX_PARTS: usize = 64;

/// The type of a field or instance.
pub(in crate::ksy) fn of_field(source: &Source) -> Result<TypeName, RuleError> {
    match built_in(source.text(), source.span())? {
        Some(known) => Ok(known),
        None => user(source),
    }
}

/// The type of a parameter: a value, so it has no order of bytes and no arguments.
pub(super) fn of_parameter(source: &Source) -> Result<TypeName, RuleError> {
    Ok(match source.text() {
        "bytes" => TypeName::Bytes,
        "bool" => TypeName::Bool,
        "struct" => TypeName::AnyStruct,
        "io" => TypeName::Stream,
        "any" => TypeName::Any,
        text => match built_in(text, source.span())? {
            Some(TypeName::Text { terminated: true }) | None => TypeName::User {
                path: path(source)?,
                arguments: Vec::new(),
            },
            // What is passed has been read: it has no order of bytes.
            Some(
                TypeName::Integer {
                    endian: Some(_), ..
                }
                | TypeName::Float {
                    endian: Some(_), ..
                },
            ) => {
                return Err(unreadable(
                    source,
                    0..text.len(),
                    "a parameter has no order of bytes",
                ));
            }
            Some(known) => known,
        },
    })
}

/// The built-in type of that name, where a value is taken for one.
#[must_use]
pub fn built_in_type(name: &str) -> Option<TypeName> {
    match name {
        "bytes" => Some(TypeName::Bytes),
        "bool" => Some(TypeName::Bool),
        "struct" => Some(TypeName::AnyStruct),
        "io" => Some(TypeName::Stream),
        _ => built_in(name, &(0..0)).ok().flatten(),
    }
}

fn built_in(text: &str, span: &Span) -> Result<Option<TypeName>, RuleError> {
    let (stem, endian) = match (text.strip_suffix("le"), text.strip_suffix("be")) {
        (Some(stem), _) => (stem, Some(Endian::Little)),
        (None, Some(stem)) => (stem, Some(Endian::Big)),
        (None, None) => (text, None),
    };
    Ok(Some(match (stem, endian) {
        ("str", None) => TypeName::Text { terminated: false },
        ("strz", None) => TypeName::Text { terminated: true },
        ("u1", None) => integer(false, 1, None),
        ("s1", None) => integer(true, 1, None),
        ("u2", _) => integer(false, 2, endian),
        ("s2", _) => integer(true, 2, endian),
        ("u4", _) => integer(false, 4, endian),
        ("s4", _) => integer(true, 4, endian),
        ("u8", _) => integer(false, 8, endian),
        ("s8", _) => integer(true, 8, endian),
        ("f4", _) => TypeName::Float { width: 4, endian },
        ("f8", _) => TypeName::Float { width: 8, endian },
        _ => return bits(stem, endian, span),
    }))
}

fn integer(signed: bool, width: u8, endian: Option<Endian>) -> TypeName {
    TypeName::Integer {
        signed,
        width,
        endian,
    }
}

fn bits(stem: &str, endian: Option<Endian>, span: &Span) -> Result<Option<TypeName>, RuleError> {
    let digits = stem.strip_prefix('b').unwrap_or_default();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match digits.parse() {
        Ok(width @ 1..=64) => Ok(Some(TypeName::Bits { width, endian })),
        _ => {
            let message = format!("a bit field has 1 to 64 bits, not {}", shortened(digits));
            Err(RuleError::new(codes::OUT_OF_RANGE, span.clone(), message))
        }
    }
}

/// `a::b`, or `a::b(arguments)`.
fn user(source: &Source) -> Result<TypeName, RuleError> {
    let text = source.text();
    let Some(open) = text.find('(') else {
        let path = path(source)?;
        return Ok(TypeName::User {
            path,
            arguments: Vec::new(),
        });
    };
    let end = text.trim_end().len();
    let inner = open.saturating_add(1)..end.saturating_sub(1);
    if !text.trim_end().ends_with(')') || inner.start > inner.end {
        return Err(unreadable(source, open..end, "the bracket is not closed"));
    }
    Ok(TypeName::User {
        path: path(&source.slice(0..open))?,
        arguments: arguments(&source.slice(inner))?,
    })
}

fn path(source: &Source) -> Result<Vec<String>, RuleError> {
    let text = source.text().trim();
    // `::a` is `a`, looked for from the top; the compiler takes both for the same.
    let parts = text
        .strip_prefix("::")
        .unwrap_or(text)
        .split("::")
        .map(str::trim);
    let most = MAX_PARTS.saturating_add(1);
    let parts: Vec<String> = parts.take(most).map(str::to_owned).collect();
    if parts.len() < most && parts.iter().all(|part| is_id(part)) {
        return Ok(parts);
    }
    let message = format!("`{}` is not the name of a type", shortened(text));
    Err(unreadable(source, 0..source.text().len(), message))
}

fn unreadable(source: &Source, inner: Span, message: impl Into<String>) -> RuleError {
    RuleError::new(codes::BAD_TYPE, source.locate(inner), message)
}

/// What stands between brackets, cut at the commas that are in no further brackets or quotes.
/// Whether each is an expression is found out later.
fn arguments(source: &Source) -> Result<Vec<Source>, RuleError> {
    let text = source.text();
    let mut all = Vec::new();
    let mut start = 0_usize;
    let mut open: Vec<char> = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' => skip_text(&mut chars, c),
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => {
                let place = at..at.saturating_add(1);
                return Err(unreadable(source, place, "this bracket closes nothing"));
            }
            ',' if open.is_empty() && all.len() >= MAX_PARTS => {
                return Err(unreadable(
                    source,
                    at..text.len(),
                    "these are too many arguments",
                ));
            }
            ',' if open.is_empty() => {
                all.push(argument(source, start..at)?);
                start = at.saturating_add(1);
            }
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err(unreadable(
            source,
            start..text.len(),
            "a bracket is not closed",
        ));
    }
    // A comma after the last one is allowed.
    if all.is_empty() || !text.get(start..).unwrap_or_default().trim().is_empty() {
        all.push(argument(source, start..text.len())?);
    }
    Ok(all)
}

fn argument(source: &Source, inner: Span) -> Result<Source, RuleError> {
    let whole = source.slice(inner.clone());
    let text = whole.text();
    let start = text.len().saturating_sub(text.trim_start().len());
    if text.trim().is_empty() {
        return Err(unreadable(source, inner, "an argument is missing"));
    }
    Ok(whole.slice(start..text.trim_end().len()))
}

/// Goes on to the end of a text literal. In 'single quotes' a backslash is a backslash.
fn skip_text(chars: &mut impl Iterator<Item = (usize, char)>, quote: char) {
    while let Some((_, c)) = chars.next() {
        if c == quote {
            return;
        }
        if c == '\\' && quote == '"' {
            chars.next();
        }
    }
}
