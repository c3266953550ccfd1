//! One table of the file, read key by key.

use super::{Expanded, Problem, Reader, Spanned, expand, text_source, value};
use crate::diagnostic::codes;
use crate::keys::{Fallback, Key, Kind};
use crate::tree::{self, Entry, Node, Table, Value};
use gatewright_core::expr::{Source, Span};
use std::time::Duration;

/// A table that may be absent: then all its keys have their defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'t> {
    contents: Contents<'t>,
    /// Where a key that is missing should have been.
    place: &'t Span,
}

#[derive(Clone, Copy, Debug)]
enum Contents<'t> {
    Table(&'t Table),
    /// No such table.
    Absent,
    /// A value of another kind, which is noted.
    Refused,
}

/// A value and where it was typed; a default was typed nowhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) span: Option<Span>,
}

impl<'t> Section<'t> {
    /// The table that `node` should be.
    pub(crate) fn of(reader: &mut Reader<'_>, name: &str, node: &'t Node) -> Self {
        let contents = match &node.value {
            Value::Table(table) => Contents::Table(table),
            _ => {
                reader.problem(
                    Problem::wrong_type(name, "a table", node),
                    node.span.clone(),
                );
                Contents::Refused
            }
        };
        Self {
            contents,
            place: &node.span,
        }
    }

    /// Whether a value of another kind is in its place, which is noted then.
    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self.contents, Contents::Refused)
    }

    const fn table(&self) -> Option<&'t Table> {
        match self.contents {
            Contents::Table(table) => Some(table),
            Contents::Absent | Contents::Refused => None,
        }
    }

    fn entry(&self, key: &Key) -> Option<&'t Entry> {
        self.table()?.get(key.name())
    }

    /// The value of a key of any form.
    pub(crate) fn node(&self, key: &Key) -> Option<&'t Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Where to point if it is about the table as a whole.
    pub(crate) const fn place(&self) -> &'t Span {
        self.place
    }

    /// A table below this one.
    pub(crate) fn section(&self, reader: &mut Reader<'_>, key: &Key) -> Self {
        match self.node(key) {
            Some(node) => Self::of(reader, key.name(), node),
            None => Self {
                contents: Contents::Absent,
                place: self.place,
            },
        }
    }

    /// The entries of this table, which has names of the user's choice for keys.
    pub(crate) fn named(&self, reader: &mut Reader<'_>) -> Vec<(Spanned<String>, Self)> {
        let entries = self.table().map_or(&[][..], |table| &table.entries);
        let mut sections = Vec::with_capacity(entries.len());
        for entry in entries {
            reader.accept(value::name(&entry.key), &entry.key_span);
            let section = Self {
                place: &entry.key_span,
                ..Self::of(reader, &entry.key, &entry.node)
            };
            sections.push((
                Spanned::new(entry.key.clone(), entry.key_span.clone()),
                section,
            ));
        }
        sections
    }

    /// The tables of a list, each with its place.
    pub(crate) fn tables(&self, reader: &mut Reader<'_>, key: &Key) -> Vec<(Self, Span)> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Value::List(items) = &node.value else {
            reader.problem(
                Problem::wrong_type(key.name(), "a list of tables", node),
                node.span.clone(),
            );
            return Vec::new();
        };
        items
            .iter()
            .map(|item| (Self::of(reader, key.name(), item), item.span.clone()))
            .collect()
    }

    pub(crate) fn count(&self, reader: &mut Reader<'_>, key: &Key) -> Setting<usize> {
        self.bounded(reader, key, value::count, 1)
    }

    pub(crate) fn size(&self, reader: &mut Reader<'_>, key: &Key) -> Setting<usize> {
        self.bounded(reader, key, value::size, 1)
    }

    pub(crate) fn duration(&self, reader: &mut Reader<'_>, key: &Key) -> Setting<Duration> {
        self.bounded(reader, key, value::duration, Duration::from_secs(1))
    }

    pub(crate) fn share(&self, reader: &mut Reader<'_>, key: &Key) -> Setting<u32> {
        self.bounded(reader, key, value::share, 1)
    }

    pub(crate) fn flag(&self, reader: &mut Reader<'_>, key: &Key) -> Setting<bool> {
        self.bounded(reader, key, value::flag, false)
    }

    /// As a value with a default, but absent if the key is.
    pub(crate) fn duration_if(&self, reader: &mut Reader<'_>, key: &Key) -> Option<Duration> {
        self.read(reader, key, value::duration)
            .map(|setting| setting.value)
    }

    pub(crate) fn flag_if(&self, reader: &mut Reader<'_>, key: &Key) -> Option<bool> {
        self.read(reader, key, value::flag)
            .map(|setting| setting.value)
    }

    pub(crate) fn count_if(&self, reader: &mut Reader<'_>, key: &Key) -> Option<usize> {
        self.read(reader, key, value::count)
            .map(|setting| setting.value)
    }

    /// A text. If it must be there and is not, that is noted.
    pub(crate) fn text(&self, reader: &mut Reader<'_>, key: &Key) -> Option<Setting<String>> {
        self.read(reader, key, value::text)
    }

    /// A text that names something, at its place.
    pub(crate) fn name(&self, reader: &mut Reader<'_>, key: &Key) -> Option<Spanned<String>> {
        let node = self.node_or_note(reader, key)?;
        let text = reader.accept(value::text(key, node), &node.span)?;
        Some(Spanned::new(text, node.span.clone()))
    }

    /// A text that holds a template or an expression.
    pub(crate) fn source(&self, reader: &mut Reader<'_>, key: &Key) -> Option<Source> {
        let name = self.name(reader, key)?;
        Some(text_source(reader, &name.value, &name.span))
    }

    /// A text with its variables replaced.
    pub(crate) fn expanded(&self, reader: &mut Reader<'_>, key: &Key) -> Option<Spanned<Expanded>> {
        let Spanned { value, span } = self.name(reader, key)?;
        let text = reader.accept(expand(&value, reader.environment), &span)?;
        Some(Spanned::new(text, span))
    }

    /// One text or several, not none.
    pub(crate) fn texts(&self, reader: &mut Reader<'_>, key: &Key) -> Vec<Spanned<String>> {
        let Some(node) = self.node_or_note(reader, key) else {
            return Vec::new();
        };
        let Value::List(items) = &node.value else {
            let text = reader.accept(value::text(key, node), &node.span);
            return text
                .map(|text| Spanned::new(text, node.span.clone()))
                .into_iter()
                .collect();
        };
        note_empty(reader, key, node, items);
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            let text = reader.accept(value::text(key, item), &item.span);
            texts.extend(text.map(|text| Spanned::new(text, item.span.clone())));
        }
        texts
    }

    /// One text or several, not none, with their variables replaced.
    pub(crate) fn expanded_texts(
        &self,
        reader: &mut Reader<'_>,
        key: &Key,
    ) -> Vec<Spanned<Expanded>> {
        let texts = self.texts(reader, key).into_iter();
        let expanded = texts.filter_map(|Spanned { value, span }| {
            let text = reader.accept(expand(&value, reader.environment), &span)?;
            Some(Spanned::new(text, span))
        });
        expanded.collect()
    }

    /// Each of one or several values, be they texts or tables; not none.
    pub(crate) fn items(&self, reader: &mut Reader<'_>, key: &Key) -> &'t [Node] {
        let Some(node) = self.node_or_note(reader, key) else {
            return &[];
        };
        let Value::List(items) = &node.value else {
            return std::slice::from_ref(node);
        };
        note_empty(reader, key, node, items);
        items
    }

    /// The value of a key; a note if it must be there and is not.
    pub(crate) fn node_or_note(&self, reader: &mut Reader<'_>, key: &Key) -> Option<&'t Node> {
        let node = self.node(key);
        if node.is_none() && matches!(key.fallback, Fallback::Required) && self.table().is_some() {
            let problem = Problem::new(codes::MISSING_KEY, format!("`{}` is missing", key.name()))
                .help(format!("it takes {}", key.kind.describe()));
            reader.problem(problem, self.place.clone());
        }
        node
    }

    fn read<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &Key,
        parse: fn(&Key, &Node) -> Result<T, Problem>,
    ) -> Option<Setting<T>> {
        if let Some(node) = self.node_or_note(reader, key) {
            let value = reader.accept(parse(key, node), &node.span)?;
            return Some(Setting {
                value,
                span: Some(node.span.clone()),
            });
        }
        let Fallback::Value(text) = key.fallback else {
            return None;
        };
        let value = parse(key, &tree::parse_value(text)?).ok()?;
        Some(Setting { value, span: None })
    }

    /// A value that is always there. `harmless` stands in for one that cannot be read, which is
    /// an error by then.
    fn bounded<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &Key,
        parse: fn(&Key, &Node) -> Result<T, Problem>,
        harmless: T,
    ) -> Setting<T> {
        debug_assert!(
            !matches!(key.kind, Kind::Table | Kind::Named | Kind::Tables),
            "{} is no value",
            key.path
        );
        self.read(reader, key, parse).unwrap_or(Setting {
            value: harmless,
            span: None,
        })
    }
}

fn note_empty(reader: &mut Reader<'_>, key: &Key, node: &Node, items: &[Node]) {
    if items.is_empty() {
        let empty = Problem::new(codes::EMPTY, format!("`{}` is an empty list", key.name()));
        let empty = empty.help(format!("it takes {}", key.kind.describe()));
        reader.problem(empty, node.span.clone());
    }
}
