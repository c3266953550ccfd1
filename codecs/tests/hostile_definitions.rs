//! Definitions that are attacks: each is refused, or read, within a second and 64 MiB.

use gatewright_codecs::ksy::load::{Loaded, Sources, Unreadable, load};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// One text, whatever the path.
struct One(String);

impl Sources for One {
    fn read(&self, _: &Path, limit: usize) -> Result<String, Unreadable> {
        if self.0.len() > limit {
            return Err(Unreadable::TooLarge);
        }
        Ok(self.0.clone())
    }
}

fn read(text: String) -> Result<Loaded, Unreadable> {
    load(Path::new("a.ksy"), &One(text), &[])
}

/// Lines by number behind a start, up to the longest file.
fn lines(start: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = start.to_owned();
    for number in 0..count {
        let line = line(number);
        if text.len() + line.len() > 1 << 20 {
            break;
        }
        text.push_str(&line);
    }
    text
}

fn bomb() -> String {
    let mut text = "meta: {id: a}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{below}]");
    }
    text
}

fn nested_types() -> String {
    let mut text = "meta: {id: a}\n".to_owned();
    for depth in 0..1000 {
        let indent = " ".repeat(2 * depth);
        if text.len() + 2 * indent.len() > (1 << 20) - 100 {
            break;
        }
        let _ = writeln!(text, "{indent}types:\n{indent} t:");
    }
    text
}

/// Texts that are refused as YAML.
fn bad_yaml() -> Vec<(&'static str, String)> {
    vec![
        ("ten megabytes", "#\n".repeat(5 << 20)),
        ("an alias bomb", bomb()),
        (
            "a bomb of text",
            format!(
                "a: &a {}\nb: [{}]",
                "x".repeat(100_000),
                "*a, ".repeat(10_000)
            ),
        ),
        (
            "depth by alias",
            lines("a0: &a0 x\n", 20_000, |n| {
                format!("a{}: &a{} [[[[[*a{n}]]]]]\n", n + 1, n + 1)
            }),
        ),
        ("brackets", "[".repeat(1 << 20)),
        ("braces", "{a: ".repeat(1 << 18)),
        ("dashes", "- ".repeat(1 << 19)),
        ("question marks", "? ".repeat(1 << 19)),
        (
            "elements in brackets",
            format!("[{}]", "a,".repeat(500_000)),
        ),
        ("a long text", format!("a: '{}'", "x".repeat(1_000_000))),
        ("a long key", format!("? {}\n: b", "x".repeat(1_000_000))),
    ]
}

/// Texts that are refused as definitions, some of them for their size.
fn bad_definitions() -> Vec<(&'static str, String)> {
    let meta = "meta: {id: a}\n";
    vec![
        ("nested types", nested_types()),
        (
            "flat types",
            lines(&format!("{meta}types:\n"), 90_000, |n| {
                format!(" t{n}: {{}}\n")
            }),
        ),
        (
            "fields",
            format!("{meta}seq:\n{}", "- {}\n".repeat(200_000)),
        ),
        (
            "faulty fields",
            format!("{meta}seq:\n{}", "- {}\n".repeat(49_000)),
        ),
        (
            "unknown keys",
            lines(&format!("{meta}seq:\n"), 16_000, |n| {
                format!("- {{x{n}: 1}}\n")
            }),
        ),
        (
            "one label for all",
            lines(&format!("{meta}enums:\n e:\n"), 24_000, |n| {
                format!("  {n}: a\n")
            }),
        ),
        (
            "arguments",
            format!("{meta}seq:\n- type: a({}1)\n", "1,".repeat(60_000)),
        ),
        (
            "brackets in a type",
            format!("{meta}seq:\n- type: a{}\n", "(".repeat(120_000)),
        ),
        (
            "parts of a name",
            format!("{meta}seq:\n- type: {}a\n", "a::".repeat(40_000)),
        ),
        (
            "digits",
            format!(
                "{meta}seq:\n- {{size: 1, pad-right: {}}}\n",
                "9".repeat(120_000)
            ),
        ),
        ("long paths", long_paths()),
        (
            "imports",
            format!("meta:\n  id: a\n  imports:\n{}", "  - /y\n".repeat(49_000)),
        ),
    ]
}

/// Faults far down, below keys that are as long as ids may be.
fn long_paths() -> String {
    let mut text = "meta: {id: a}\n".to_owned();
    for depth in 0..28 {
        let indent = " ".repeat(2 * depth);
        let _ = writeln!(text, "{indent}types:\n{indent} {}:", "k".repeat(250));
    }
    let indent = " ".repeat(56);
    text.push_str(&format!("{indent}seq:\n"));
    lines(&text, 15_000, |_| format!("{indent} - {{}}\n"))
}

/// Texts that are as large as may be, and in order.
fn large() -> Vec<(&'static str, String)> {
    let meta = "meta: {id: a, imports: b}\n";
    vec![
        (
            "fields",
            format!("{meta}seq:\n{}", "- {type: u1}\n".repeat(16_000)),
        ),
        (
            "types",
            lines(&format!("{meta}types:\n"), 24_000, |n| {
                format!(" t{n}: {{}}\n")
            }),
        ),
        (
            "values",
            lines(&format!("{meta}enums:\n e:\n"), 24_000, |n| {
                format!("  {n}: a{n}\n")
            }),
        ),
        (
            "instances",
            lines(&format!("{meta}instances:\n"), 12_000, |n| {
                format!(" i{n}: {{value: 1}}\n")
            }),
        ),
        (
            "imports",
            format!("meta:\n  id: a\n  imports:\n{}", "  - ./a\n".repeat(4000)),
        ),
    ]
}

fn timed(name: &str, text: String) -> Result<Loaded, Unreadable> {
    let start = Instant::now();
    let loaded = read(text);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{name} took {took:?}");
    loaded
}

/// One test, so that nothing else of this process runs beside it.
#[test]
fn hostile_definitions_cost_little() {
    for (name, text) in bad_yaml().into_iter().chain(bad_definitions()) {
        match timed(name, text) {
            Err(error) => assert_eq!((name, error), ("ten megabytes", Unreadable::TooLarge)),
            Ok(loaded) => assert!(loaded.findings.errors() > 0, "{name} was not refused"),
        }
        assert_peak(name);
    }
    for (name, text) in large() {
        // The import is the file itself under another name: all share one budget.
        let loaded = timed(name, text);
        assert!(loaded.is_ok(), "{name}");
        assert_peak(name);
    }
}

/// The most memory that this process ever had, the texts of this file included.
#[cfg(target_os = "linux")]
fn assert_peak(name: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .unwrap();
    let kib: usize = peak.trim().parse().unwrap();
    assert!(kib < 64 << 10, "{name}: {kib} KiB");
}

#[cfg(not(target_os = "linux"))]
fn assert_peak(_: &str) {}
