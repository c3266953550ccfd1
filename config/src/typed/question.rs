//! Messages of the gateway's own as typed, and what their replies have to be.

use super::rules::set_value;
use crate::diagnostic::codes;
use crate::keys::{Fallback, Key};
use crate::read::{Problem, Reader, Section, expand, key_source};
use crate::tree::{Node, Table, Value};
use gatewright_core::expr::Source;
use gatewright_core::translate::{QuestionSpec, SetSpec};

/// Where the parts of a question stand.
#[derive(Debug)]
pub(super) struct QuestionKeys {
    pub(super) send: &'static Key,
    pub(super) set: &'static Key,
    pub(super) expect: &'static Key,
    pub(super) when: &'static Key,
}

/// A question; `None` if there is none, or none that can be read, which is noted.
pub(super) fn read_question(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    keys: &QuestionKeys,
) -> Option<QuestionSpec> {
    let set = values(reader, section, keys.set);
    let expect = section.source(reader, keys.expect);
    let when = section.source(reader, keys.when);
    if section.node(keys.send).is_none() {
        if matches!(keys.send.fallback, Fallback::Required) {
            section.node_or_note(reader, keys.send);
            return None;
        }
        let others = [keys.set, keys.expect, keys.when];
        let other = others
            .iter()
            .find_map(|key| Some((key, section.node(key)?)));
        if let Some((key, node)) = other {
            let message = format!("`{}` without an operation to `send`", key.name());
            let problem = Problem::new(codes::MISSING_KEY, message);
            reader.problem(
                problem.help("add `send = \"OPERATION\"`"),
                node.span.clone(),
            );
        }
        return None;
    }
    Some(QuestionSpec {
        send: section.source(reader, keys.send)?,
        set: set?,
        expect,
        when,
        span: section.place().clone(),
    })
}

fn values(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &Key,
) -> Option<Vec<(Source, SetSpec)>> {
    let Some(node) = section.node(key) else {
        return Some(Vec::new());
    };
    let Value::Table(table) = &node.value else {
        let problem = Problem::wrong_type(key.name(), &key.kind.describe(), node);
        reader.problem(problem, node.span.clone());
        return None;
    };
    fields(reader, table)
}

fn fields(reader: &mut Reader<'_>, table: &Table) -> Option<Vec<(Source, SetSpec)>> {
    let read = (table.entries.iter()).map(|entry| {
        let value = constant(reader, &entry.key, &entry.node)?;
        Some((key_source(reader, entry), value))
    });
    // All of them are looked at.
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

/// A value without names. A text with variables in it is taken as it is after that: what they hold
/// is not looked at.
fn constant(reader: &mut Reader<'_>, field: &str, node: &Node) -> Option<SetSpec> {
    let span = node.span.clone();
    match &node.value {
        Value::Text(text) if text.contains("${") || !text.contains('{') => {
            let text = reader.accept(expand(text, reader.environment), &span)?;
            Some(SetSpec::Text(text.text, span))
        }
        Value::List(items) => {
            let values = items.iter().map(|item| constant(reader, field, item));
            let values: Vec<_> = values.collect();
            let values = values.into_iter().collect::<Option<_>>()?;
            Some(SetSpec::List(values, span))
        }
        Value::Table(table) => Some(SetSpec::Table(fields(reader, table)?, span)),
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Flag(_) | Value::Time => {
            set_value(reader, field, node)
        }
    }
}
