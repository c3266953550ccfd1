//! The parser's events to a tree, within bounds.

use super::places::Places;
use super::scalar::{Scalar, Style};
use super::size::Size;
use super::{Budget, Entry, Kind, MAX_DEPTH, Node, Tree};
use crate::ksy::codes;
use gatewright_core::expr::{RuleError, Span};
use saphyr_parser::{Marker, ScalarStyle, Span as Mark, Tag};
use std::collections::{BTreeMap, BTreeSet};

/// The most keys that stand twice before nobody wants to read of more.
const MAX_DUPLICATES: usize = 100;

/// What a tag says about a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagged {
    Not,
    Text,
    /// `!!int` and its like: what the text is anyway, if it is plain.
    Typed,
}

/// A mapping or list whose end has not come.
#[derive(Debug)]
struct Open {
    start: usize,
    anchor: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Sequence(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        key: Option<Node>,
        names: BTreeSet<String>,
    },
}

/// Puts a tree together.
#[derive(Debug)]
pub(super) struct Builder<'t> {
    text: &'t str,
    places: Places<'t>,
    open: Vec<Open>,
    /// What aliases stand for. Number 0 is no anchor.
    anchors: BTreeMap<usize, Node>,
    budget: &'t mut Budget,
    tree: Tree,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, budget: &'t mut Budget) -> Self {
        Self {
            text,
            places: Places::new(text),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            budget,
            tree: Tree::default(),
        }
    }

    pub(super) fn finish(self) -> Tree {
        self.tree
    }

    /// The parser's own error.
    pub(super) fn syntax(&self, marker: &Marker, info: &str) -> RuleError {
        let at = self.places.byte(marker);
        let next = self.text.get(at..).and_then(|rest| rest.chars().next());
        let end = at.saturating_add(next.map_or(0, char::len_utf8));
        RuleError::new(codes::NOT_YAML, at..end, format!("not YAML: {info}"))
    }

    pub(super) fn document(&self, mark: &Mark) -> Result<(), RuleError> {
        if self.tree.root.is_none() {
            return Ok(());
        }
        let message = "a second document begins here, and a definition is one";
        Err(self.refused(mark, message))
    }

    /// Only the core schema's tags mean something.
    pub(super) fn tag(&self, tag: Option<&Tag>, mark: &Mark) -> Result<Tagged, RuleError> {
        const TYPED: [&str; 6] = ["int", "float", "bool", "null", "seq", "map"];
        let Some(tag) = tag else {
            return Ok(Tagged::Not);
        };
        let suffix = tag.suffix.as_str();
        match suffix {
            "str" if tag.is_yaml_core_schema() => Ok(Tagged::Text),
            _ if tag.is_yaml_core_schema() && TYPED.contains(&suffix) => Ok(Tagged::Typed),
            _ => Err(self.refused(mark, "this tag means nothing in a definition")),
        }
    }

    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Tagged,
        anchor: usize,
        mark: &Mark,
    ) -> Result<(), RuleError> {
        let style = style_of(style);
        if tag == Tagged::Typed && style != Style::Plain {
            return Err(self.refused(mark, "this tag does not go with quotes"));
        }
        let span = self.span(mark);
        let scalar = Scalar {
            verbatim: self.verbatim(text, style, &span),
            text: text.to_owned(),
            style,
            tagged_text: tag == Tagged::Text,
        };
        let node = Node {
            kind: Kind::Scalar(scalar),
            span,
        };
        self.count(Size::of(&node), mark)?;
        self.complete(node, anchor, mark)
    }

    pub(super) fn alias(&mut self, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        let Some(size) = self.anchors.get(&anchor).map(Size::of) else {
            return Err(self.refused(mark, "this alias stands within what it stands for"));
        };
        self.count(size, mark)?;
        let Some(mut node) = self.anchors.get(&anchor).cloned() else {
            return Ok(());
        };
        node.span = self.span(mark);
        if let Kind::Scalar(scalar) = &mut node.kind {
            scalar.verbatim = None;
        }
        self.complete(node, 0, mark)
    }

    pub(super) fn open_sequence(&mut self, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        self.open(Content::Sequence(Vec::new()), anchor, mark)
    }

    pub(super) fn open_mapping(&mut self, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        let content = Content::Mapping {
            entries: Vec::new(),
            key: None,
            names: BTreeSet::new(),
        };
        self.open(content, anchor, mark)
    }

    fn open(&mut self, content: Content, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        let size = Size {
            nodes: 1,
            text: 0,
            depth: 1,
        };
        self.count(size, mark)?;
        self.open.push(Open {
            start: self.places.byte(&mark.start),
            anchor,
            content,
        });
        Ok(())
    }

    /// The end of the innermost mapping or list.
    pub(super) fn close(&mut self, mark: &Mark) -> Result<(), RuleError> {
        let Some(Open {
            start,
            anchor,
            content,
        }) = self.open.pop()
        else {
            return Err(self.syntax(&mark.start, "an end without a start"));
        };
        let kind = match content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping { entries, .. } => Kind::Mapping(entries),
        };
        let span = if mark.is_empty() {
            self.block(start, &kind)
        } else {
            start..self.places.byte(&mark.end).max(start)
        };
        self.complete(Node { kind, span }, anchor, mark)
    }

    /// The place of a map or list without brackets, which the parser tells by what stands around it:
    /// from the first key or dash to the end of the last value.
    fn block(&self, start: usize, kind: &Kind) -> Span {
        let (first, last) = match kind {
            Kind::Sequence(items) => (items.first(), items.last()),
            Kind::Mapping(entries) => (None, entries.last().map(|entry| &entry.value)),
            Kind::Scalar(_) => (None, None),
        };
        let before = first.and_then(|first| self.text.get(..first.span.start));
        let start = before.and_then(|before| before.rfind('-')).unwrap_or(start);
        start..last.map_or(start, |last| last.span.end.max(start))
    }

    /// A whole node takes its place.
    fn complete(&mut self, node: Node, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        if anchor != 0 {
            self.remember(&node, anchor, mark)?;
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.tree.root = Some(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping { key, .. }) if key.is_none() => {
                if node.scalar().is_some_and(is_merge) {
                    return Err(self.refused(mark, "merge keys are not supported"));
                }
                *key = Some(node);
            }
            Some(Content::Mapping {
                entries,
                key,
                names,
            }) => {
                let Some(key) = key.take() else {
                    return Ok(());
                };
                let name = key.scalar().map(|scalar| scalar.text.clone());
                if name.is_some_and(|name| !names.insert(name)) {
                    return self.duplicate(&key);
                }
                entries.push(Entry { key, value: node });
            }
        }
        Ok(())
    }

    /// Keeps what aliases will stand for, which costs as much again.
    fn remember(&mut self, node: &Node, anchor: usize, mark: &Mark) -> Result<(), RuleError> {
        let size = Size {
            depth: 0,
            ..Size::of(node)
        };
        self.count(size, mark)?;
        self.anchors.insert(anchor, node.clone());
        Ok(())
    }

    fn duplicate(&mut self, key: &Node) -> Result<(), RuleError> {
        let message = format!("the key {} stands twice in this map", key.shown());
        let error = RuleError::new(codes::DUPLICATE_KEY, key.span.clone(), message);
        if self.tree.errors.len() >= MAX_DUPLICATES {
            return Err(error);
        }
        self.tree.errors.push(error);
        Ok(())
    }

    /// Takes what a node costs from the budget, before it is made.
    fn count(&mut self, size: Size, mark: &Mark) -> Result<(), RuleError> {
        let nodes = self.budget.nodes.checked_sub(size.nodes);
        let text = self.budget.text.checked_sub(size.text);
        let message = match (nodes, text) {
            (None, _) => "the definition has more values, aliases expanded, than are allowed",
            (_, None) => "the definition has more text, aliases expanded, than is allowed",
            (Some(nodes), Some(text)) => {
                *self.budget = Budget { nodes, text };
                if self.open.len().saturating_add(size.depth) <= MAX_DEPTH {
                    return Ok(());
                }
                "maps and lists stand too deep in each other"
            }
        };
        let error = RuleError::new(codes::TOO_LARGE, self.span(mark), message);
        Err(error)
    }

    /// What begins here has no end that could be waited for.
    pub(super) fn too_long(&self, marker: &Marker) -> RuleError {
        let at = self.places.byte(marker);
        let message =
            "too much stands here in one piece: a text, a comment, or what is in brackets";
        RuleError::new(codes::TOO_LARGE, at..at, message)
    }

    fn refused(&self, mark: &Mark, message: &str) -> RuleError {
        RuleError::new(codes::YAML_FEATURE, self.span(mark), message)
    }

    fn span(&self, mark: &Mark) -> Span {
        let start = self.places.byte(&mark.start);
        let end = self.places.byte(&mark.end).max(start);
        // The parser counts the blanks behind a plain text and the line's end behind a block.
        let text = self.text.get(start..end).unwrap_or_default();
        start..start.saturating_add(text.trim_end().len())
    }

    /// Where a scalar's text stands as it is, if it does: the parser's place of a block is that of
    /// its first line, and with more lines their indents stand between.
    fn verbatim(&self, text: &str, style: Style, span: &Span) -> Option<usize> {
        let quotes = match style {
            Style::Single | Style::Double => 1,
            Style::Plain | Style::Literal | Style::Folded => 0,
        };
        let start = span.start.checked_add(quotes)?;
        let written = self.text.get(start..)?;
        written.starts_with(text).then_some(start)
    }
}

fn is_merge(key: &Scalar) -> bool {
    key.style == Style::Plain && key.text == "<<"
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}
