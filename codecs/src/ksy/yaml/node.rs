//! The tree, and what can be asked of it.

use super::scalar::{self, Meaning, Scalar, Style};
use crate::ksy::codes;
use gatewright_core::expr::{RuleError, Source, Span};

/// A part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the file, quotes and brackets included. An empty value is where it would stand.
    pub span: Span,
}

/// What a part of the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Keys and values, in the order of the file.
    Mapping(Vec<Entry>),
    /// A list.
    Sequence(Vec<Node>),
    /// A text.
    Scalar(Scalar),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The key's text, if it is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.key.scalar().map(|key| key.text.as_str())
    }

    fn holds(&self, span: &Span) -> bool {
        let end = self.key.span.end.max(self.value.span.end);
        self.key.span.start <= span.start && span.end <= end
    }
}

impl Node {
    /// The scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Mapping(_) | Kind::Sequence(_) => None,
        }
    }

    /// The entry of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|entry| entry.name() == Some(key)),
            Kind::Sequence(_) | Kind::Scalar(_) => None,
        }
    }

    /// Whether it is nothing: an empty value, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.meaning() == Some(Meaning::Null)
    }

    /// Whether it is a plain number or truth value rather than a text.
    pub(crate) fn is_typed(&self) -> bool {
        !matches!(self.meaning(), None | Some(Meaning::Null | Meaning::Text))
    }

    /// Whether it is a plain integer.
    pub(crate) fn is_int(&self) -> bool {
        self.meaning() == Some(Meaning::Int)
    }

    fn meaning(&self) -> Option<Meaning> {
        self.scalar().map(Scalar::meaning)
    }

    /// Its text as written, be it a number, a truth value or text.
    ///
    /// # Errors
    ///
    /// It is no scalar, or null.
    pub fn as_str(&self) -> Result<&str, RuleError> {
        match self.scalar() {
            Some(scalar) if !self.is_null() => Ok(&scalar.text),
            _ => Err(self.mismatch("a text")),
        }
    }

    /// The source of an expression.
    ///
    /// # Errors
    ///
    /// It is no scalar, or null.
    pub fn as_source(&self) -> Result<Source, RuleError> {
        match self.scalar() {
            Some(scalar) if !self.is_null() => Ok(scalar.source(&self.span)),
            _ => Err(self.mismatch("an expression")),
        }
    }

    /// The integer: decimal, or with `0x`, `0o` or `0b`, perhaps with `_` between digits.
    ///
    /// # Errors
    ///
    /// It is no plain integer, it has zeros in front that make it octal for some, or it is beyond
    /// 127 bits.
    pub fn as_int(&self) -> Result<i128, RuleError> {
        let Some(scalar) = self.scalar().filter(|_| self.is_int()) else {
            let error = self.mismatch("an integer");
            let quoted = self.scalar().is_some_and(|s| s.style != Style::Plain);
            return Err(if quoted {
                error.help("write it without quotes")
            } else {
                error
            });
        };
        scalar::integer(&scalar.text, &self.span)
    }

    /// The truth value.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn as_bool(&self) -> Result<bool, RuleError> {
        let plain = self.scalar().filter(|scalar| scalar.style == Style::Plain);
        plain
            .and_then(|scalar| scalar::truth(&scalar.text))
            .ok_or_else(|| self.mismatch("`true` or `false`"))
    }

    /// The entries.
    ///
    /// # Errors
    ///
    /// It is no mapping.
    pub fn as_mapping(&self) -> Result<&[Entry], RuleError> {
        match &self.kind {
            Kind::Mapping(entries) => Ok(entries),
            Kind::Sequence(_) | Kind::Scalar(_) => Err(self.mismatch("a map")),
        }
    }

    /// The elements.
    ///
    /// # Errors
    ///
    /// It is no list.
    pub fn as_sequence(&self) -> Result<&[Self], RuleError> {
        match &self.kind {
            Kind::Sequence(items) => Ok(items),
            Kind::Mapping(_) | Kind::Scalar(_) => Err(self.mismatch("a list")),
        }
    }

    /// The error that something else is due here.
    #[must_use]
    pub fn mismatch(&self, expected: &str) -> RuleError {
        let message = format!("expected {expected}, got {}", self.shown());
        RuleError::new(codes::WRONG_TYPE, self.span.clone(), message)
    }

    /// What it is, for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Mapping(_) => "a map".to_owned(),
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Scalar(scalar) => scalar.shown(),
        }
    }

    /// The path from this node to the innermost part that holds a place, with keys as they are
    /// written: `/seq/0/type/cases/0x81`. The place of a key is that of its value; `/` is this
    /// node.
    #[must_use]
    pub fn path_of(&self, span: &Span) -> String {
        let (mut node, mut path) = (self, String::new());
        while let Some((step, child)) = node.child_at(span) {
            path.push('/');
            path.push_str(&step);
            node = child;
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    fn child_at(&self, span: &Span) -> Option<(String, &Self)> {
        match &self.kind {
            // A mapping of one entry has its entry's place.
            Kind::Mapping(_) | Kind::Sequence(_) if self.span == *span => None,
            Kind::Mapping(entries) => {
                let entry = entries.iter().find(|entry| entry.holds(span))?;
                let name = entry
                    .name()
                    .map_or_else(|| "?".to_owned(), scalar::shortened);
                Some((name, &entry.value))
            }
            Kind::Sequence(items) => {
                let holds =
                    |item: &Self| item.span.start <= span.start && span.end <= item.span.end;
                let index = items.iter().position(holds)?;
                Some((index.to_string(), items.get(index)?))
            }
            Kind::Scalar(_) => None,
        }
    }
}
