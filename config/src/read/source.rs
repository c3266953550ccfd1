//! Strings that hold templates and expressions, so that an error in them can point at its place.

use super::Reader;
use crate::tree::Entry;
use gatewright_core::expr::{Source, Span};

/// What may stand before and after the characters of a string. A line break right after the
/// opening quotes of a multi-line string is not part of it.
const QUOTES: [(&str, &str); 9] = [
    ("\"\"\"\r\n", "\"\"\""),
    ("\"\"\"\n", "\"\"\""),
    ("\"\"\"", "\"\"\""),
    ("'''\r\n", "'''"),
    ("'''\n", "'''"),
    ("'''", "'''"),
    ("\"", "\""),
    ("'", "'"),
    ("", ""),
];

/// A string value at its place.
pub(crate) fn text_source(reader: &Reader<'_>, text: &str, span: &Span) -> Source {
    let raw = reader.source.slice(span);
    let verbatim = QUOTES.iter().find(|(open, close)| {
        raw.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            == Some(text)
    });
    match verbatim {
        Some((open, _)) => Source::verbatim(text, span.start + open.len()),
        None => Source::escaped(text, span.clone()),
    }
}

/// A key at its place.
pub(crate) fn key_source(reader: &Reader<'_>, entry: &Entry) -> Source {
    text_source(reader, &entry.key, &entry.key_span)
}
