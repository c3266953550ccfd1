//! Keys that no row of [`keys`](crate::keys) knows.

use super::{Problem, Reader};
use crate::diagnostic::codes;
use crate::keys::{self, Key, Kind};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value};

/// Notes every unknown key of the document.
pub(crate) fn unknown_keys(reader: &mut Reader<'_>, document: &Node) {
    if let Value::Table(table) = &document.value {
        in_table(reader, table, "");
    }
}

fn in_table(reader: &mut Reader<'_>, table: &Table, path: &'static str) {
    for entry in &table.entries {
        match keys::below(path).find(|key| key.name() == entry.key) {
            Some(key) => in_value(reader, &entry.node, key),
            None => reader.problem(unknown(entry, path), entry.key_span.clone()),
        }
    }
}

fn in_value(reader: &mut Reader<'_>, node: &Node, key: &'static Key) {
    match (&key.kind, &node.value) {
        (Kind::Table, Value::Table(table)) => in_table(reader, table, key.path),
        (Kind::Named, Value::Table(table)) => {
            let Some(named) = keys::below(key.path).next() else {
                return;
            };
            for entry in &table.entries {
                in_value(reader, &entry.node, named);
            }
        }
        (Kind::Tables, Value::List(items)) => {
            for item in items {
                if let Value::Table(table) = &item.value {
                    in_table(reader, table, key.path);
                }
            }
        }
        // A value of another kind is the reader's to refuse.
        _ => {}
    }
}

fn unknown(entry: &Entry, path: &'static str) -> Problem {
    let typed = entry.key.as_str();
    let place = if path.is_empty() {
        "the top level".to_owned()
    } else {
        format!("`{path}`")
    };
    let problem = Problem::new(
        codes::UNKNOWN_KEY,
        format!("unknown key `{}`", typed.escape_debug()),
    );
    let here = keys::below(path).map(Key::name);
    if let Some(near) = suggest::nearest(typed, here.clone()) {
        return problem.help(format!("did you mean `{near}`?"));
    }
    let elsewhere = keys::all().find(|key| key.name() == typed && key.parent().starts_with(path));
    if let Some(key) = elsewhere {
        return problem.help(format!("it belongs into `{}`", key.parent()));
    }
    let here: Vec<String> = here.map(|name| format!("`{name}`")).collect();
    problem.help(format!("{place} has {}", here.join(", ")))
}
