//! The rules of ARCHITECTURE.md that a machine can hold: who may import whom, which names mean
//! nothing, what core may never touch, which versions are too old.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All Rust files below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no source");
    found
}

/// A file's code: comments and what follows its first test module left out.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

#[test]
fn crates_import_only_what_is_below_them() {
    let core: &[&str] = &["gatewright-core"];
    let allowed: [(&str, &[&str]); 8] = [
        ("core", &[]),
        ("codecs", core),
        ("config", core),
        (
            "gateway",
            &["gatewright-core", "gatewright-codecs", "gatewright-config"],
        ),
        ("proptests", &["gatewright-core", "gatewright-codecs"]),
        // What judges the gateway shares nothing with it.
        ("proptests/audit", &[]),
        ("proptests/simulation", core),
        (
            "benches",
            &["gatewright-core", "gatewright-codecs", "gatewright"],
        ),
    ];
    for (folder, allowed) in allowed {
        let manifest = read(format!("{folder}/Cargo.toml"));
        let dependencies = manifest
            .split("\n[dependencies]")
            .nth(1)
            .unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let ours = name.starts_with("gatewright");
            assert!(
                !ours || allowed.contains(&name),
                "{folder} must not depend on {name}"
            );
        }
    }
}

#[test]
fn core_touches_no_socket_clock_or_chance() {
    const BANNED: [&str; 9] = [
        "tokio",
        "mio::",
        "TcpStream",
        "UdpSocket",
        "std::fs",
        "Instant::now",
        "SystemTime::now",
        "RandomState::new",
        "thread::spawn",
    ];
    for path in sources("core/src")
        .into_iter()
        .filter(|path| !is_test(path))
    {
        let code = code(&path);
        for word in BANNED {
            assert!(!code.contains(word), "{} mentions {word}", path.display());
        }
    }
}

#[test]
fn only_the_clock_reads_the_time() {
    for path in sources("gateway/src")
        .into_iter()
        .filter(|path| !is_test(path))
    {
        let is_cli = path.components().any(|part| part.as_os_str() == "cli");
        if !is_cli && !path.ends_with("clock.rs") {
            assert!(
                !code(&path).contains("Instant::now"),
                "{} reads the time",
                path.display()
            );
        }
    }
}

/// What threads share, or could: proptests/README.md says of each why no interleaving can break it. What
/// is added here needs a word there, or a model of its interleavings.
#[test]
fn what_threads_share_is_listed() {
    const SHARES: [&str; 9] = [
        "Atomic",
        "Mutex",
        "RwLock",
        "Condvar",
        "OnceLock",
        "LazyLock",
        "Semaphore",
        "watch::",
        "mpsc::",
    ];
    let known = [
        "core/src/message/body.rs",
        "core/src/message/headers/mod.rs",
        "gateway/src/discovery/mod.rs",
        "gateway/src/dispatch/exchanges.rs",
        "gateway/src/http2/doorbell.rs",
        "gateway/src/lifecycle/gathering.rs",
        "gateway/src/lifecycle/running.rs",
        "gateway/src/lifecycle/worker.rs",
        "gateway/src/listen/places.rs",
        "gateway/src/observe/admin.rs",
        "gateway/src/observe/durations.rs",
        "gateway/src/upstream/roster.rs",
    ];
    let mut found: Vec<String> = ["core/src", "codecs/src", "config/src", "gateway/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|path| !is_test(path))
        .filter(|path| SHARES.iter().any(|word| code(path).contains(word)))
        .map(|path| {
            let path = path.strip_prefix(root()).expect("a file of ours");
            path.to_str().expect("a name in ASCII").to_owned()
        })
        .filter(|path| !path.starts_with("gateway/src/cli/"))
        .collect();
    found.sort();
    assert_eq!(found, known);
}

#[test]
fn the_checklist_names_tests_that_there_are() {
    let page = read("proptests/README.md");
    let (_, list) = page.split_once("## The checklist").expect("a checklist");
    let names = list.split('`').skip(1).step_by(2);
    // What is no name is a path, or a program of several tests.
    let names: Vec<&str> = names.filter(|name| name.contains('_')).collect();
    let names = names.iter().filter(|name| !name.contains('/'));
    let places = ["core/src", "codecs/src", "config", "gateway", "proptests"];
    let all: Vec<String> = (places.into_iter().flat_map(sources))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let mut looked_for = 0;
    for name in names {
        let test = format!("fn {name}()");
        assert!(all.iter().any(|text| text.contains(&test)), "{name}");
        looked_for += 1;
    }
    assert!(looked_for > 50, "{looked_for} names");
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    const BANNED: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];
    for folder in [
        "core",
        "codecs",
        "config",
        "gateway",
        "proptests",
        "benches",
    ] {
        for path in sources(folder) {
            let names = [path.file_stem(), path.parent().and_then(Path::file_name)];
            for name in names.into_iter().flatten() {
                assert!(
                    !BANNED.iter().any(|banned| name == *banned),
                    "{}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn codecs_do_not_import_each_other() {
    let names: Vec<_> = gatewright_codecs::BUILTIN
        .iter()
        .map(|row| row.folder)
        .collect();
    for name in &names {
        for path in sources(&format!("codecs/src/{name}")) {
            let code = code(&path);
            for other in names.iter().filter(|other| *other != name) {
                let import = format!("crate::{other}");
                assert!(
                    !code.contains(&import),
                    "{} imports {other}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn files_hold_one_idea() {
    for folder in ["core/src", "codecs/src", "config/src", "gateway/src"] {
        for path in sources(folder).into_iter().filter(|path| !is_test(path)) {
            let lines = code(&path)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count();
            assert!(lines <= 500, "{} has {lines} lines of code", path.display());
        }
    }
}

#[test]
fn locked_versions_are_past_the_known_faults() {
    let floors = [
        ("bytes", "1.11.1"),
        ("h2", "0.4.18"),
        ("hyper", "1.11.0"),
        ("rustls", "0.23.18"),
        ("rustls-webpki", "0.103.13"),
        ("slab", "0.4.11"),
        ("tokio", "1.44.2"),
        ("tokio-util", "0.7.20"),
    ];
    let lock = read("Cargo.lock");
    for (name, floor) in floors {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let entries = lock.split(&entry).skip(1);
        let versions: Vec<_> = entries.filter_map(|rest| rest.split('"').next()).collect();
        assert!(!versions.is_empty(), "{name} is not locked: drop its floor");
        for version in versions {
            assert!(
                number(version) >= number(floor),
                "{name} {version} is below {floor}"
            );
        }
    }
}

fn number(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}
