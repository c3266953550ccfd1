//! The table and the reader agree: each row is read, and its default is what the plan has.

use super::{Fallback, Key, Kind, all, size, time};
use crate::diagnostic::{Diagnostic, codes};
use crate::load::{Loaded, load_str};
use crate::protocols::Protocols;

/// A whole configuration, row by row.
const BASE: [(&str, &str); 10] = [
    ("protocols.*.codec", "\"pos\""),
    ("listeners.*.bind", "\"tcp://127.0.0.1:0\""),
    ("listeners.*.protocol", "\"x\""),
    ("upstreams.*.url.url", "\"https://x\""),
    ("routes[].from", "\"x\""),
    ("routes[].to", "\"x\""),
    ("routes[].request.post", "\"/\""),
    ("routes[].reply[].on", "\"*\""),
    ("routes[].reply[].send", "\"auth_rsp\""),
    ("routes[].reply[].set", "{ status = 1 }"),
];

/// The base with one more value, or another one in the place of those at or below its path.
fn document(path: &str, value: &str) -> String {
    let replaced = |row: &str| {
        row.strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let mut rows: Vec<_> = BASE.into_iter().filter(|(row, _)| !replaced(row)).collect();
    rows.push((path, value));
    let lines = |table: &str, below: &[&str]| -> String {
        let of_table = rows
            .iter()
            .filter_map(|(row, value)| Some((row.strip_prefix(table)?, row, value)));
        of_table
            .filter(|(_, row, _)| !below.iter().any(|other| row.starts_with(other)))
            .map(|(key, _, value)| {
                format!("{} = {value}\n", key.replace('*', "x").replace("[]", ""))
            })
            .collect()
    };
    let mut text = lines("", &["routes[]."]);
    if path != "routes[]" {
        text += &format!("[[routes]]\n{}", lines("routes[].", &["routes[].reply[]."]));
        if path != "routes[].reply[]" {
            text += &format!("[[routes.reply]]\n{}", lines("routes[].reply[].", &[]));
        }
    }
    text
}

fn load(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let protocols: Protocols = gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect();
    load_str("gatewright.toml", text, &protocols)
}

/// All settings of a plan, but not its rules: those know their places.
#[track_caller]
fn settings(text: &str) -> String {
    let plan = load(text)
        .unwrap_or_else(|found| panic!("{text}\n{found:#?}"))
        .plan;
    let listeners: Vec<_> = plan
        .listeners
        .iter()
        .map(|l| (&l.name, l.bind, &l.forwarding, l.limits))
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {listeners:?} {:?}",
        plan.workers, plan.gather, plan.in_flight, plan.drain, plan.log, plan.admin, plan.upstreams
    )
}

/// A value that the row takes and that is not its default.
fn another_value(key: &Key) -> Option<String> {
    match &key.kind {
        Kind::Count(range) if is_default(key, *range.start()) => Some(range.end().to_string()),
        Kind::Count(range) => Some(range.start().to_string()),
        Kind::Size(range) => Some(format!("\"{}\"", size(*range.start()))),
        Kind::Share(range) => Some(format!("\"{}%\"", range.start())),
        Kind::Duration(range) => Some(format!("\"{}\"", time(*range.start()))),
        Kind::Flag => Some(matches!(key.fallback, Fallback::Value("false")).to_string()),
        Kind::Choice(words) => words.last().map(|word| format!("\"{word}\"")),
        _ => None,
    }
}

fn is_default(key: &Key, number: u64) -> bool {
    matches!(key.fallback, Fallback::Value(value) if value == number.to_string())
}

#[test]
fn each_row_is_read() {
    for key in all().filter(|key| !key.path.ends_with('*')) {
        // No key takes a date, so whoever reads the row complains about it.
        let text = document(key.path, "2026-01-01");
        let found = load(&text).expect_err(key.path);
        let complains = |diagnostic: &Diagnostic| {
            let marked = diagnostic
                .place
                .as_ref()
                .map(|place| place.source.slice(&place.span));
            marked == Some("2026-01-01") && diagnostic.code != codes::UNKNOWN_KEY
        };
        assert!(
            found.iter().any(complains),
            "nobody reads {}\n{text}\n{found:#?}",
            key.path
        );
        assert!(
            found
                .iter()
                .all(|diagnostic| diagnostic.code != codes::UNKNOWN_KEY),
            "{found:#?}"
        );
    }
}

#[test]
fn each_default_is_what_holds_without_the_key() {
    let without = settings(&document("log.filter", "\"info\""));
    for key in all() {
        if let Fallback::Value(value) = key.fallback {
            assert_eq!(
                settings(&document(key.path, value)),
                without,
                "{}",
                key.path
            );
        }
    }
}

#[test]
fn each_setting_reaches_the_plan() {
    let without = settings(&document("log.filter", "\"info\""));
    for key in all().filter(|key| {
        matches!(key.fallback, Fallback::Value(_)) && key.path != "upstreams.*.timeout"
    }) {
        if let Some(value) = another_value(key) {
            assert_ne!(
                settings(&document(key.path, &value)),
                without,
                "{}",
                key.path
            );
        }
    }
}

#[test]
fn values_at_both_ends_of_a_range_are_taken() {
    for key in all() {
        let ends = match &key.kind {
            // A protocol may allow less.
            _ if key.name() == "frame" => continue,
            Kind::Count(range) => [range.start().to_string(), range.end().to_string()],
            Kind::Size(range) => {
                [range.start(), range.end()].map(|end| format!("\"{}\"", size(*end)))
            }
            Kind::Duration(range) => {
                [range.start(), range.end()].map(|end| format!("\"{}\"", time(*end)))
            }
            Kind::Share(range) => [range.start(), range.end()].map(|end| format!("\"{end}%\"")),
            _ => continue,
        };
        for end in ends {
            settings(&document(key.path, &end));
        }
    }
}
