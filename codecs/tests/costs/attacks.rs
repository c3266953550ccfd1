//! Definitions that are attacks on whoever loads them.

use crate::meter::{cheap, load, load_made, protocol, reason};
use gatewright_codecs::ksy::Refused;
use std::path::Path;

/// Whether a definition may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    Loaded,
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Types in types.
fn nested_types(depth: usize) -> String {
    let types = "{types: {t: ".repeat(depth);
    format!(
        "meta: {{id: a}}\ntypes: {{t: {types}{{}}{}}}\n",
        "}}".repeat(depth)
    )
}

/// Each type consists of two of the next one.
fn doubled(levels: usize) -> String {
    let types = lines(levels, |n| {
        format!(
            "  t{n}: {{seq: [{{id: a, type: t{0}}}, {{id: b, type: t{0}}}]}}\n",
            n + 1
        )
    });
    format!("types:\n{types}  t{levels}: {{seq: [{{id: v, type: u1}}]}}\n")
}

/// Each type consists of the next one.
fn chained(levels: usize) -> String {
    let types = lines(levels, |n| {
        format!("  t{n}: {{seq: [{{id: a, type: t{}}}]}}\n", n + 1)
    });
    format!("types:\n{types}  t{levels}: {{seq: [{{id: v, type: u1}}]}}\n")
}

/// A section for a root with the members `len` and `body`.
const SECTION: &str = "meta: {id: a, endian: be}
-gateway:
  frame: {auto: true, max: 64KiB}
  operation: body.k
  order: fifo
seq: [{id: len, type: u2}, {id: body, type: body, size: len}]
";

/// As many operations as kinds, each with a structure of its own.
fn operations(kinds: usize, fields: usize) -> String {
    let cases = lines(kinds, |n| format!("        'k::m{n}': m{n}\n"));
    let fields = lines(fields, |n| format!("      - {{id: f{n}, type: u1}}\n"));
    let types = lines(kinds, |n| format!("  m{n}:\n    seq:\n{fields}"));
    let labels = lines(kinds, |n| format!("    {n}: m{n}\n"));
    format!(
        "{SECTION}types:\n  body:\n    seq:\n    - {{id: k, type: u2, enum: k}}\n    - id: v\n      type:\n       switch-on: k\n       cases:\n{cases}{types}enums:\n  k:\n{labels}"
    )
}

fn definitions() -> Vec<(&'static str, String, Fate)> {
    use Fate::{Loaded, Refused};
    let meta = "meta: {id: a, endian: be}\n";
    let value = |code: &str| format!("{meta}instances: {{v: {{value: \"{code}\"}}}}\n");
    vec![
        ("ten megabytes", "#\n".repeat(5 << 20), Refused),
        (
            "ten thousand types in each other",
            nested_types(10_000),
            Refused,
        ),
        ("types in each other", nested_types(25), Loaded),
        ("a long expression", value(&"1+".repeat(1 << 19)), Refused),
        ("a deep expression", value(&"(".repeat(100_000)), Refused),
        ("minus signs", value(&"-".repeat(4000)), Refused),
        ("brackets", value(&"[".repeat(4000)), Refused),
        ("conditions", value(&"1?".repeat(2000)), Refused),
        (
            "members",
            value(&format!("_root{}", "._root".repeat(60))),
            Loaded,
        ),
        (
            "long expressions",
            format!(
                "{meta}instances:\n{}",
                lines(240, |n| format!(
                    " i{n}: {{value: '1{}'}}\n",
                    "+1".repeat(62)
                ))
            ),
            Loaded,
        ),
        (
            "a type of itself",
            format!("{meta}seq: [{{id: t, type: a}}]\n"),
            Loaded,
        ),
        (
            "doubled types",
            format!("{meta}seq: [{{id: t, type: t0}}]\n{}", doubled(64)),
            Loaded,
        ),
        (
            "chained types",
            format!("{meta}seq: [{{id: t, type: t0}}]\n{}", chained(5000)),
            Refused,
        ),
        (
            "chained instances with deep expressions",
            format!(
                "{meta}instances:\n{} i60: {{value: 1}}\n",
                lines(60, |n| format!(
                    " i{n}: {{value: \"{}i{}\"}}\n",
                    "-".repeat(55),
                    n + 1
                ))
            ),
            Refused,
        ),
        (
            "sizes of chained types",
            format!(
                "{meta}seq: [{{id: t, type: t0}}, {{id: s, size: sizeof<t0>}}]\n{}",
                chained(5000)
            ),
            Refused,
        ),
        (
            "sizes of doubled types",
            format!(
                "{meta}seq: [{{id: s, size: 'sizeof<t0>'}}]\n{}",
                doubled(120)
            ),
            Refused,
        ),
        (
            "instances that need each other",
            format!("{meta}instances: {{a: {{value: b}}, b: {{value: a}}}}\n"),
            Refused,
        ),
        (
            "chained instances",
            format!(
                "{meta}instances:\n{} i5000: {{value: 1}}\n",
                lines(5000, |n| format!(" i{n}: {{value: i{}}}\n", n + 1))
            ),
            Refused,
        ),
        (
            "chained instances backwards",
            format!(
                "{meta}instances:\n i0: {{value: 1}}\n{}",
                lines(5000, |n| format!(" i{}: {{value: i{n} + i{n}}}\n", n + 1))
            ),
            Loaded,
        ),
        (
            "values",
            format!(
                "{meta}enums:\n e:\n{}",
                lines(65_536, |n| format!("  {n}: a{n}\n"))
            ),
            Refused,
        ),
        (
            "cases",
            format!(
                "{meta}seq:\n- {{id: k, type: u2}}\n- id: v\n  type:\n   switch-on: k\n   cases:\n{}",
                lines(20_000, |n| format!("    {n}: u1\n"))
            ),
            Loaded,
        ),
        (
            "choices",
            format!(
                "{meta}seq:\n- {{id: k, type: u2, valid: {{any-of: [{}]}}}}\n",
                lines(10_000, |n| format!("{n},"))
            ),
            Loaded,
        ),
        (
            "sizes",
            format!(
                "{meta}seq:\n- {{id: k, size: 0xffffffffffffffff * 0xffffffffffffffff}}\n- {{id: s, size: -1}}\n"
            ),
            Refused,
        ),
        (
            "parameters",
            format!(
                "{meta}seq: [{{id: n, type: u1}}, {{id: t, type: t0(n)}}]\ntypes:\n{}  t3000: {{params: [{{id: p, type: u1}}], seq: [{{id: v, size: p}}]}}\n",
                lines(3000, |n| format!(
                    "  t{n}: {{params: [{{id: p, type: u1}}], seq: [{{id: a, type: t{}(p)}}]}}\n",
                    n + 1
                ))
            ),
            Refused,
        ),
    ]
}

fn protocols() -> Vec<(&'static str, String, Fate)> {
    use Fate::{Loaded, Refused};
    let single = SECTION.replace("body.k", "'\"m\"'");
    vec![
        (
            "doubled types",
            format!(
                "{single}{}  body: {{seq: [{{id: t, type: t0}}]}}\n",
                doubled(64)
            ),
            Loaded,
        ),
        (
            "chained types",
            format!(
                "{single}{}  body: {{seq: [{{id: t, type: t0}}]}}\n",
                chained(5000)
            ),
            Refused,
        ),
        (
            "a type of itself",
            format!("{single}types: {{body: {{seq: [{{id: t, type: body}}]}}}}\n"),
            Loaded,
        ),
        ("operations", operations(400, 20), Loaded),
        ("many operations", operations(2000, 1), Loaded),
        (
            "a switch of all cases for each operation",
            format!(
                "{SECTION}types:\n  body:\n    seq:\n    - {{id: k, type: u2, enum: k}}\n{}enums:\n  k:\n{}",
                lines(100, |field| format!(
                    "    - id: v{field}\n      type:\n       switch-on: k\n       cases:\n{}",
                    lines(100, |n| format!("        'k::m{n}': u1\n"))
                )),
                lines(4000, |n| format!("    {n}: m{n}\n"))
            ),
            Loaded,
        ),
    ]
}

fn check<T>(name: &str, fate: Fate, load: impl FnOnce() -> Result<T, Refused>) -> Option<String> {
    let loaded = match cheap(name, load) {
        Ok(loaded) => loaded,
        Err(cost) => return Some(cost),
    };
    match (loaded, fate) {
        (Ok(_), Fate::Loaded) | (Err(_), Fate::Refused) => None,
        (Ok(_), Fate::Refused) => Some(format!("{name}: loaded")),
        (Err(why), Fate::Loaded) => Some(format!("{name}: {}", reason(&why))),
    }
}

#[test]
fn hostile_definitions_load_cheaply() {
    let all = definitions().into_iter();
    let faults = all.filter_map(|(name, text, fate)| check(name, fate, || load(&text)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn hostile_sections_load_cheaply() {
    let all = protocols().into_iter();
    let faults = all.filter_map(|(name, text, fate)| check(name, fate, || protocol(&text)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each file imports the next one, for ever.
#[test]
fn imports_have_an_end() {
    let number = |path: &Path| {
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("");
        name.trim_start_matches('f').parse().unwrap_or(0_usize)
    };
    let text = |path: &Path| Some(format!("meta: {{id: f, imports: f{}}}\n", number(path) + 1));
    let loaded = cheap("imports", || load_made(text)).expect("little");
    let why = reason(&loaded.expect_err("too many files"));
    assert!(why.contains("at most"), "{why}");
}
