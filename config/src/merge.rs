//! Several files as one document.

use crate::tree::{Node, Table, Value};
use gatewright_core::expr::Span;

/// A key that an earlier file has, too.
#[derive(Debug)]
pub(crate) struct Clash {
    pub(crate) key: String,
    pub(crate) span: Span,
    /// Where it was first.
    pub(crate) first: Span,
}

/// Adds a later document to one. A table of the document itself, such as `[listeners]`, may have
/// its keys in several files and a list, such as `[[routes]]`, its elements; what is deeper is in
/// one file.
pub(crate) fn merge(document: &mut Table, later: Table) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for entry in later.entries {
        let Some(first) = document.get_mut(&entry.key) else {
            document.entries.push(entry);
            continue;
        };
        match (&mut first.node.value, entry.node.value) {
            (Value::Table(first), Value::Table(later)) => clashes.extend(add(first, later)),
            (Value::List(first), Value::List(later)) => first.extend(later),
            (_, _) => clashes.push(Clash {
                key: entry.key,
                span: entry.key_span,
                first: first.key_span.clone(),
            }),
        }
    }
    clashes
}

fn add(table: &mut Table, later: Table) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for entry in later.entries {
        match table.get(&entry.key) {
            Some(first) => clashes.push(Clash {
                key: entry.key,
                span: entry.key_span,
                first: first.key_span.clone(),
            }),
            None => table.entries.push(entry),
        }
    }
    clashes
}

/// Moves all places of a document to where its file begins among the others.
pub(crate) fn shift(node: &mut Node, by: usize) {
    moved(&mut node.span, by);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Table(table) => {
            for entry in &mut table.entries {
                moved(&mut entry.key_span, by);
                shift(&mut entry.node, by);
            }
        }
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Flag(_) | Value::Time => {}
    }
}

pub(crate) fn moved(span: &mut Span, by: usize) {
    span.start += by;
    span.end += by;
}
