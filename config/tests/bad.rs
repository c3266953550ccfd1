//! Each file in `bad/` has something wrong; its snapshot beside it shows what a user sees.

mod definitions;
mod web;

use definitions::Stub;
use gatewright_codecs::ksy;
use gatewright_config::{Colour, Diagnostic, Protocols, explain_with, load_str, load_str_with};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn linked() -> Protocols {
    gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect()
}

fn protocols() -> Protocols {
    linked().with_definitions(Arc::new(Stub::default()))
}

/// The protocols for a case: one of HTTP is there for those about it.
fn protocols_for(case: &str) -> Protocols {
    let mut protocols = protocols();
    if case.starts_with("web-") {
        protocols.insert("web", web::Web::shared());
    }
    protocols
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let files = std::fs::read_dir(folder).unwrap();
    let mut cases: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    cases.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    cases.sort();
    cases
}

fn findings(path: &Path) -> Vec<Diagnostic> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    match load_str(name, &text, &protocols_for(name)) {
        Ok(loaded) => loaded.warnings,
        Err(found) => {
            assert!(
                found.iter().any(Diagnostic::is_error),
                "{name}: refused for warnings"
            );
            found
        }
    }
}

#[test]
fn each_bad_file_is_told_what_is_wrong_with_it() {
    let cases = cases();
    assert!(cases.len() >= 25);
    insta::with_settings!({ snapshot_path => "bad", prepend_module_to_snapshot => false, omit_expression => true }, {
        for path in cases {
            let found = findings(&path);
            assert!(!found.is_empty(), "{} is fine", path.display());
            let shown: Vec<String> = found.iter().map(|d| d.render(Colour::Plain)).collect();
            insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), shown.join("\n\n"));
        }
    });
}

#[test]
fn findings_are_in_the_order_of_the_files_and_can_be_explained() {
    for path in cases() {
        let found = findings(&path);
        let here = path.file_name().unwrap().to_str().unwrap();
        let order = |finding: &Diagnostic| {
            let place = finding.place.as_ref()?;
            let name = place.source.name().to_owned();
            Some((name != here, name, place.span.start))
        };
        let starts: Vec<_> = found.iter().map(order).collect();
        assert!(starts.is_sorted(), "{}", path.display());
        for diagnostic in found {
            assert!(
                explain_with(diagnostic.code, ksy::codes::ALL).is_some(),
                "{} is not explained",
                diagnostic.code
            );
        }
    }
}

#[test]
fn five_planted_errors_are_five_findings_at_their_places() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad/five.toml");
    let found = findings(&path);
    let places: Vec<_> = found
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().unwrap();
            let (start, end) = (place.start(), place.end());
            assert_eq!(start.line, end.line);
            let marked = place.source.slice(&place.span);
            (
                diagnostic.code,
                start.line,
                start.column,
                end.column,
                marked,
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("GW1005", 5, 19, 30, "\"5 minutes\""),
            ("GW1003", 9, 1, 8, "timeuot"),
            ("GW1011", 12, 8, 13, "\"pso\""),
            ("GW2004", 23, 35, 40, "amout"),
            ("GW2211", 25, 25, 33, "auth_rsq"),
        ]
    );
}

#[test]
fn a_definition_is_not_read_where_its_keys_are_wrong() {
    for name in ["definition-missing", "protocol-forms"] {
        let stub = Arc::new(Stub::default());
        let definitions = Arc::clone(&stub);
        let protocols = linked().with_definitions(definitions);
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/bad")
            .join(name);
        let text = std::fs::read_to_string(path.with_extension("toml")).unwrap();
        load_str("a.toml", &text, &protocols).unwrap_err();
        let asked: Vec<_> = stub.asked().into_iter().map(|(file, _)| file).collect();
        // The misspelled key is taken for the one that was meant, so that all errors are found.
        let meant: &[&str] = match name {
            "protocol-forms" => &["tests/bad/definitions/pos.ksy"],
            _ => &[],
        };
        let meant: Vec<_> = meant.iter().map(PathBuf::from).collect();
        assert_eq!(asked, meant, "{name}");
    }
}

#[test]
fn what_a_variable_stands_for_is_never_printed() {
    let environment = |name: &str| (name == "PW").then(|| "s3cret/?".to_owned());
    for (key, typed) in [
        ("upstreams.a.url", "h2c://user:${PW}@h:1"),
        ("upstreams.a.url", "tcp://${PW}"),
        ("upstreams.a.url", "${PW}://h"),
        ("upstreams.a.url", "unix://${PW}"),
        ("upstreams.a.url", "mock:${PW}"),
        ("upstreams.a.url", "mock:200?${PW}"),
        ("upstreams.a.tls.server-name", "${PW}"),
        ("upstreams.a.tls.ca", "${PW}"),
        ("listeners.a.bind", "${PW}"),
        ("listeners.a.bind", "tcp://${PW}"),
        ("listeners.a.bind", "ws://127.0.0.1:1/${PW}"),
        ("admin.http", "${PW}"),
        ("protocols.a.definition", "${PW}"),
    ] {
        let text = format!("{key} = \"{typed}\"\n");
        let found = load_str_with("a.toml", &text, &protocols(), &environment).unwrap_err();
        let shown: Vec<String> = found.iter().map(|d| d.render(Colour::Plain)).collect();
        let shown = shown.join("\n");
        assert!(!shown.contains("s3cret"), "{shown}");
        let own: Vec<_> = found
            .iter()
            .filter(|d| d.message.contains("${PW}"))
            .collect();
        assert_eq!(own.len(), 1, "{shown}");
    }
}

#[test]
fn a_program_that_reads_no_definitions_says_so() {
    let text = "[protocols.till]\ndefinition = \"tests/bad/definitions/pos.ksy\"\n";
    let found = load_str("a.toml", text, &linked()).unwrap_err();
    let refused = found.iter().find(|finding| finding.code == "GW1022");
    let place = refused.unwrap().place.as_ref().unwrap();
    let marked = place.source.slice(&place.span);
    assert_eq!(marked, "\"tests/bad/definitions/pos.ksy\"");
}

#[test]
fn programs_get_the_same_as_json() {
    let text = "[listeners.pos]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"pos\"\nprotocl = 1\n";
    let found = load_str("a.toml", text, &protocols()).unwrap_err();
    let unknown = found
        .iter()
        .find(|diagnostic| diagnostic.code == "GW1003")
        .unwrap();
    assert_eq!(
        unknown.to_json().to_string(),
        r#"{"code":"GW1003","severity":"error","message":"unknown key `protocl`","file":"a.toml","line":4,"column":1,"end":{"line":4,"column":8},"span":{"start":60,"end":67},"help":"did you mean `protocol`?"}"#
    );
}

#[test]
fn colour_changes_the_look_and_nothing_else() {
    let found = load_str("a.toml", "colour = 1", &protocols()).unwrap_err();
    let coloured = found[0].render(Colour::Ansi);
    assert!(coloured.contains('\u{1b}'));
    assert!(!found[0].render(Colour::Plain).contains('\u{1b}'));
}

#[test]
fn text_that_is_not_utf_8_is_refused_where_it_stops_to_be() {
    let path = std::env::temp_dir().join(format!("gatewright-config-{}.toml", std::process::id()));
    std::fs::write(&path, b"[log]\nfilter = \"\xff\"\n").unwrap();
    let found = gatewright_config::load(&path, &protocols()).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let start = found[0].place.as_ref().unwrap().start();
    assert_eq!((found[0].code, start.line, start.column), ("GW1001", 2, 11));
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for text in [
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{ a = ".repeat(100_000)),
    ] {
        let found = load_str("a.toml", &text, &protocols()).unwrap_err();
        assert_eq!(found[0].code, "GW1001");
    }
}

#[test]
fn places_are_right_whatever_the_file_looks_like() {
    for text in [
        "\u{feff}[log]\nfiltre = \"info\"\n",
        "[log]\r\nfiltre = \"info\"\r\n",
        "# \u{fc}\n[log]\nformat = \"text\" # \u{20ac}\nfiltre = 1",
        "log = { format = \"text\", filtre = 1 }",
        "log.filtre = 1",
        "[log]\n\"filtre\" = 1",
    ] {
        let found = load_str("a.toml", text, &protocols()).unwrap_err();
        let unknown = found.iter().find(|diagnostic| diagnostic.code == "GW1003");
        let place = unknown
            .and_then(|unknown| unknown.place.clone())
            .expect(text);
        assert_eq!(
            place.source.slice(&place.span).trim_matches('"'),
            "filtre",
            "{text:?}"
        );
    }
}

#[test]
fn an_error_in_a_rule_is_pointed_at_in_every_kind_of_string() {
    let rest = r#"
        [listeners.pos]
        bind = "tcp://127.0.0.1:0"
        protocol = "pos"
        [upstreams.payments]
        url = "mock:"
        [[routes]]
        from = "pos"
        to = "payments"
        operation = "auth_req"
        request.post = "/"
        reply = [ { on = "*", send = "auth_rsp", set = { status = 96 } } ]
        when = "#;
    let quoted = [
        ("\"amout > 0\"", "amout"),
        ("'amout > 0'", "amout"),
        ("\"\"\"amout > 0\"\"\"", "amout"),
        ("\"\"\"\namout > 0\"\"\"", "amout"),
        ("'''\r\namout > 0'''", "amout"),
        // The characters do not stand in the file as they are, so all of the string is meant.
        (r#""amou\u0074 > 0""#, r#""amou\u0074 > 0""#),
    ];
    for (when, marked) in quoted {
        let found = load_str("a.toml", &format!("{rest}{when}\n"), &protocols()).unwrap_err();
        let [one] = found.as_slice() else {
            panic!("{found:#?}")
        };
        let place = one.place.as_ref().unwrap();
        assert_eq!(
            (one.code, place.source.slice(&place.span)),
            ("GW2004", marked),
            "{when}"
        );
    }
}
