#![no_main]
//! Any text as a configuration: a plan, or findings that each have a place in the text, an
//! explanation and a form for people.

use gatewright_config::{Colour, Diagnostic, Protocols, explain, load_str_with};
use gatewright_fuzz::PROTOCOLS;
use std::sync::{Arc, LazyLock};

static BUILTIN: LazyLock<Protocols> = LazyLock::new(|| {
    let protocols = PROTOCOLS.iter();
    protocols
        .map(|(name, protocol)| (*name, Arc::clone(protocol)))
        .collect()
});

fn variable(name: &str) -> Option<String> {
    match name {
        "EMPTY" => Some(String::new()),
        "LONG" => Some("é".repeat(300)),
        _ => None,
    }
}

fn check(text: &str, finding: &Diagnostic) {
    assert!(
        explain(finding.code).is_some(),
        "{finding:?} is not explained"
    );
    if let Some(place) = &finding.place {
        assert!(
            text.get(place.span.clone()).is_some(),
            "{finding:?} has no place in the text"
        );
        assert!(place.start() <= place.end());
    }
    for colour in [Colour::Plain, Colour::Ansi] {
        assert!(finding.render(colour).contains(finding.code));
    }
    _ = finding.to_json().to_string();
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let found = match load_str_with("fuzz.toml", text, &BUILTIN, &variable) {
        Ok(loaded) => {
            _ = loaded.plan.memory().total();
            assert!(!loaded.warnings.iter().any(Diagnostic::is_error));
            loaded.warnings
        }
        Err(found) => {
            assert!(
                found.iter().any(Diagnostic::is_error),
                "refused for warnings"
            );
            found
        }
    };
    found.iter().for_each(|finding| check(text, finding));
});
