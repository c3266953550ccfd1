//! Values of a test file, each read with its place; what is wrong is noted and reading goes on.

use crate::cli::hex;
use gatewright_config::{Diagnostic, SourceFile, codes};
use serde_json::{Map, Value as Json};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of the file and its place.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

/// A table of the file and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'t> {
    table: &'t DeTable<'t>,
    name: &'static str,
    start: usize,
}

/// What a run of reading knows and finds.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) source: Arc<SourceFile>,
    pub(super) found: Vec<Diagnostic>,
}

impl<'t> Section<'t> {
    /// The whole document.
    pub(super) const fn document(table: &'t DeTable<'t>) -> Self {
        Self {
            table,
            name: "a test file",
            start: 0,
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'t Node<'t>> {
        self.table.get(key)
    }

    /// The value of a key that must be there.
    pub(super) fn require(&self, reader: &mut Reader, key: &str) -> Option<&'t Node<'t>> {
        let node = self.get(key);
        if node.is_none() {
            let message = format!("{} needs `{key}`", self.name);
            reader.note(codes::MISSING_KEY, message, self.start..self.start, None);
        }
        node
    }

    /// All keys and values.
    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'t str, Range<usize>, &'t Node<'t>)> + use<'t> {
        let entries = self.table.iter();
        entries.map(|(key, node)| (key.get_ref().as_ref(), key.span(), node))
    }

    /// Notes the keys that are none of `known`.
    pub(super) fn only(&self, reader: &mut Reader, known: &[&str]) {
        for (key, span, _) in self.entries() {
            if !known.contains(&key) {
                let message = format!("{} has no `{key}`", self.name);
                let help = format!("it takes {}", known.join(", "));
                reader.note(codes::UNKNOWN_KEY, message, span, Some(help));
            }
        }
    }
}

impl Reader {
    pub(super) fn note(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Range<usize>,
        help: Option<String>,
    ) {
        let mut diagnostic = Diagnostic::error(code, message).at(&self.source, span);
        diagnostic.help = help;
        self.found.push(diagnostic);
    }

    /// Notes that a value is of another type.
    pub(super) fn expected(&mut self, what: &str, node: &Node<'_>) {
        let message = format!("expected {what}");
        self.note(codes::WRONG_TYPE, message, node.span(), None);
    }

    /// The place of a message's field, by its path from `node` on: key and value, or what holds
    /// them if the field is not there.
    pub(super) fn locate(node: &Node<'_>, path: &str) -> Range<usize> {
        let segments = path.split(['.', '[', ']']).filter(|name| !name.is_empty());
        let (mut node, mut place) = (node, node.span());
        for name in segments {
            let (key, inner) = match node.get_ref() {
                DeValue::Table(table) => match table.get_key_value(name) {
                    Some((key, inner)) => (key.span().start, inner),
                    None => break,
                },
                DeValue::Array(items) => {
                    match name.parse().ok().and_then(|n: usize| items.get(n)) {
                        Some(inner) => (inner.span().start, inner),
                        None => break,
                    }
                }
                _ => break,
            };
            node = inner;
            place = key..inner.span().end;
        }
        place
    }

    pub(super) fn section<'t>(
        &mut self,
        name: &'static str,
        node: &'t Node<'t>,
    ) -> Option<Section<'t>> {
        let Some(table) = node.get_ref().as_table() else {
            self.expected("a table", node);
            return None;
        };
        Some(Section {
            table,
            name,
            start: node.span().start,
        })
    }

    pub(super) fn text<'t>(&mut self, node: &'t Node<'t>) -> Option<&'t str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.expected("a string", node);
        }
        text
    }

    /// Text in hexadecimal digits.
    pub(super) fn hex(&mut self, node: &Node<'_>) -> Option<Vec<u8>> {
        let bytes = hex::parse(self.text(node)?);
        bytes
            .map_err(|error| self.note(codes::WRONG_TYPE, error.to_string(), node.span(), None))
            .ok()
    }

    /// Text, or bytes as `{ hex = "…" }`.
    pub(super) fn bytes(&mut self, node: &Node<'_>) -> Option<Vec<u8>> {
        if let Some(text) = node.get_ref().as_str() {
            return Some(text.as_bytes().to_vec());
        }
        let section = self.section("bytes", node)?;
        section.only(self, &["hex"]);
        let node = section.require(self, "hex")?;
        self.hex(node)
    }

    /// The value as JSON.
    pub(super) fn json(&mut self, node: &Node<'_>) -> Option<Json> {
        let json = match node.get_ref() {
            DeValue::String(text) => Some(Json::from(text.as_ref())),
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix())
                .ok()
                .map(Json::from),
            DeValue::Float(x) => x
                .as_str()
                .parse()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Json::Number),
            DeValue::Boolean(flag) => Some(Json::Bool(*flag)),
            DeValue::Datetime(_) => None,
            DeValue::Array(items) => {
                let items: Option<Vec<Json>> = items.iter().map(|item| self.json(item)).collect();
                return items.map(Json::Array);
            }
            DeValue::Table(members) => {
                let members: Option<Map<String, Json>> = (members.iter())
                    .map(|(name, node)| Some((name.get_ref().to_string(), self.json(node)?)))
                    .collect();
                return members.map(Json::Object);
            }
        };
        if json.is_none() {
            let message = "JSON has no such value";
            self.note(codes::NO_JSON, message, node.span(), None);
        }
        json
    }
}

/// Absent is well; there but unreadable is not.
pub(super) fn if_given<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}
