//! Keys that no row of [`keys`](crate::keys) knows.

use super::{Problem, Reader};
use crate::diagnostic::codes;
use crate::keys::{self, Key, Kind};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value};

/// Notes every unknown key of the document. One that is nearly a key which its table lacks is
/// read as that one from here on, so that it is not missing as well.
pub(crate) fn unknown_keys(reader: &mut Reader<'_>, document: &mut Node) {
    if let Value::Table(table) = &mut document.value {
        in_table(reader, table, "");
    }
}

fn in_table(reader: &mut Reader<'_>, table: &mut Table, path: &'static str) {
    for index in 0..table.entries.len() {
        let entry = &table.entries[index];
        if !keys::below(path).any(|key| key.name() == entry.key) {
            reader.problem(unknown(entry, path), entry.key_span.clone());
            let meant = suggest::nearest(&entry.key, keys::below(path).map(Key::name));
            if let Some(meant) = meant.filter(|meant| table.get(meant).is_none()) {
                meant.clone_into(&mut table.entries[index].key);
            }
        }
        let entry = &mut table.entries[index];
        if let Some(key) = keys::below(path).find(|key| key.name() == entry.key) {
            in_value(reader, &mut entry.node, key);
        }
    }
}

fn in_value(reader: &mut Reader<'_>, node: &mut Node, key: &'static Key) {
    match (&key.kind, &mut node.value) {
        (
            Kind::Table | Kind::ExpandedTextsOrTables(_) | Kind::TableOrTables(_),
            Value::Table(table),
        ) => {
            in_table(reader, table, key.path);
        }
        (Kind::Named, Value::Table(table)) => {
            let Some(named) = keys::below(key.path).next() else {
                return;
            };
            for entry in &mut table.entries {
                in_value(reader, &mut entry.node, named);
            }
        }
        (
            Kind::Tables | Kind::ExpandedTextsOrTables(_) | Kind::TableOrTables(_),
            Value::List(items),
        ) => {
            for item in items {
                if let Value::Table(table) = &mut item.value {
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
    // Below this table, or in one beside it.
    let around = path.rsplit_once('.').map_or("", |(around, _)| around);
    let elsewhere = [path, around].into_iter().find_map(|place| {
        keys::all().find(|key| key.name() == typed && key.parent().starts_with(place))
    });
    if let Some(key) = elsewhere {
        return problem.help(format!("it belongs into `{}`", key.parent()));
    }
    let here: Vec<String> = here.map(|name| format!("`{name}`")).collect();
    problem.help(format!("{place} has {}", here.join(", ")))
}
