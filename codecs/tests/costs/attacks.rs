//! Definitions that are attacks on whoever loads them.

use crate::meter::{cheap, load, load_made, protocol, reason};
use gatewright_codecs::ksy::Refused;
use std::path::Path;

/// A definition, and what becomes of it.
struct Attack {
    name: &'static str,
    text: String,
    fate: Fate,
}

/// Whether a definition may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    Loaded,
}

const fn refused(name: &'static str, text: String) -> Attack {
    let fate = Fate::Refused;
    Attack { name, text, fate }
}

const fn loaded(name: &'static str, text: String) -> Attack {
    let fate = Fate::Loaded;
    Attack { name, text, fate }
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

/// What every definition here begins with.
const META: &str = "meta: {id: a, endian: be}\n";

fn expressions() -> Vec<Attack> {
    let value = |code: &str| format!("{META}instances: {{v: {{value: \"{code}\"}}}}\n");
    vec![
        refused("a long expression", value(&"1+".repeat(1 << 19))),
        refused("a deep expression", value(&"(".repeat(100_000))),
        refused("minus signs", value(&"-".repeat(4000))),
        refused("brackets", value(&"[".repeat(4000))),
        refused("conditions", value(&"1?".repeat(2000))),
        loaded("members", value(&format!("_root{}", "._root".repeat(60)))),
        loaded(
            "long expressions",
            format!(
                "{META}instances:\n{}",
                lines(240, |n| format!(
                    " i{n}: {{value: '1{}'}}\n",
                    "+1".repeat(62)
                ))
            ),
        ),
        refused(
            "sizes",
            format!(
                "{META}seq:\n- {{id: k, size: 0xffffffffffffffff * 0xffffffffffffffff}}\n- {{id: s, size: -1}}\n"
            ),
        ),
    ]
}

fn types() -> Vec<Attack> {
    vec![
        refused("ten thousand types in each other", nested_types(10_000)),
        loaded("types in each other", nested_types(25)),
        refused(
            "names that may be in many places",
            format!(
                "{}seq:\n{}",
                nested_types(25),
                lines(3000, |n| format!(
                    "- {{id: f{n}, type: '{}z'}}\n",
                    "t::".repeat(60)
                ))
            ),
        ),
        loaded(
            "a type of itself",
            format!("{META}seq: [{{id: t, type: a}}]\n"),
        ),
        loaded(
            "doubled types",
            format!("{META}seq: [{{id: t, type: t0}}]\n{}", doubled(64)),
        ),
        refused(
            "chained types",
            format!("{META}seq: [{{id: t, type: t0}}]\n{}", chained(5000)),
        ),
        refused(
            "sizes of chained types",
            format!(
                "{META}seq: [{{id: t, type: t0}}, {{id: s, size: sizeof<t0>}}]\n{}",
                chained(5000)
            ),
        ),
        refused(
            "sizes of doubled types",
            format!(
                "{META}seq: [{{id: s, size: 'sizeof<t0>'}}]\n{}",
                doubled(120)
            ),
        ),
        refused(
            "parameters",
            format!(
                "{META}seq: [{{id: n, type: u1}}, {{id: t, type: t0(n)}}]\ntypes:\n{}  t3000: {{params: [{{id: p, type: u1}}], seq: [{{id: v, size: p}}]}}\n",
                lines(3000, |n| format!(
                    "  t{n}: {{params: [{{id: p, type: u1}}], seq: [{{id: a, type: t{}(p)}}]}}\n",
                    n + 1
                ))
            ),
        ),
    ]
}

fn instances() -> Vec<Attack> {
    vec![
        refused(
            "instances that need each other",
            format!("{META}instances: {{a: {{value: b}}, b: {{value: a}}}}\n"),
        ),
        refused(
            "chained instances",
            format!(
                "{META}instances:\n{} i5000: {{value: 1}}\n",
                lines(5000, |n| format!(" i{n}: {{value: i{}}}\n", n + 1))
            ),
        ),
        refused(
            "chained instances with deep expressions",
            format!(
                "{META}instances:\n{} i60: {{value: 1}}\n",
                lines(60, |n| format!(
                    " i{n}: {{value: \"{}i{}\"}}\n",
                    "-".repeat(55),
                    n + 1
                ))
            ),
        ),
        loaded(
            "chained instances backwards",
            format!(
                "{META}instances:\n i0: {{value: 1}}\n{}",
                lines(5000, |n| format!(" i{}: {{value: i{n} + i{n}}}\n", n + 1))
            ),
        ),
    ]
}

fn tables() -> Vec<Attack> {
    vec![
        refused("ten megabytes", "#\n".repeat(5 << 20)),
        refused(
            "values",
            format!(
                "{META}enums:\n e:\n{}",
                lines(65_536, |n| format!("  {n}: a{n}\n"))
            ),
        ),
        loaded(
            "cases",
            format!(
                "{META}seq:\n- {{id: k, type: u2}}\n- id: v\n  type:\n   switch-on: k\n   cases:\n{}",
                lines(20_000, |n| format!("    {n}: u1\n"))
            ),
        ),
        loaded(
            "choices",
            format!(
                "{META}seq:\n- {{id: k, type: u2, valid: {{any-of: [{}]}}}}\n",
                lines(10_000, |n| format!("{n},"))
            ),
        ),
    ]
}

fn protocols() -> Vec<Attack> {
    let single = SECTION.replace("body.k", "'\"m\"'");
    vec![
        loaded(
            "doubled types",
            format!(
                "{single}{}  body: {{seq: [{{id: t, type: t0}}]}}\n",
                doubled(64)
            ),
        ),
        refused(
            "chained types",
            format!(
                "{single}{}  body: {{seq: [{{id: t, type: t0}}]}}\n",
                chained(5000)
            ),
        ),
        loaded(
            "a type of itself",
            format!("{single}types: {{body: {{seq: [{{id: t, type: body}}]}}}}\n"),
        ),
        loaded("operations", operations(400, 20)),
        loaded("many operations", operations(2000, 1)),
        loaded(
            "a switch of all cases for each operation",
            format!(
                "{SECTION}types:\n  body:\n    seq:\n    - {{id: k, type: u2, enum: k}}\n{}enums:\n  k:\n{}",
                lines(100, |field| format!(
                    "    - id: v{field}\n      type:\n       switch-on: k\n       cases:\n{}",
                    lines(100, |n| format!("        'k::m{n}': u1\n"))
                )),
                lines(4000, |n| format!("    {n}: m{n}\n"))
            ),
        ),
    ]
}

impl Attack {
    /// What is wrong with how it is loaded.
    fn fault<T>(&self, load: impl FnOnce(&str) -> Result<T, Refused>) -> Option<String> {
        let name = self.name;
        match (cheap(name, || load(&self.text)), self.fate) {
            (Ok(Ok(_)), Fate::Loaded) | (Ok(Err(_)), Fate::Refused) => None,
            (Ok(Ok(_)), Fate::Refused) => Some(format!("{name}: loaded")),
            (Ok(Err(why)), Fate::Loaded) => Some(format!("{name}: {}", reason(&why))),
            (Err(cost), _) => Some(cost),
        }
    }
}

#[test]
fn hostile_definitions_load_cheaply() {
    let all = [expressions(), types(), instances(), tables()];
    let faults = all.iter().flatten().filter_map(|attack| attack.fault(load));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn hostile_sections_load_cheaply() {
    let all = protocols();
    let faults = all.iter().filter_map(|attack| attack.fault(protocol));
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
    let made = cheap("imports", || load_made(text)).expect("little");
    let why = reason(&made.expect_err("too many files"));
    assert!(why.contains("at most"), "{why}");
}
