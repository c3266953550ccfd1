//! Each file in `bad/` has something wrong; its snapshot beside it shows what a user sees.

use gatewright_config::{Colour, Diagnostic, Protocols, load_str};
use std::path::{Path, PathBuf};

fn protocols() -> Protocols {
    gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect()
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
    match load_str(name, &text, &protocols()) {
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
fn findings_are_in_the_order_of_the_file_and_can_be_explained() {
    for path in cases() {
        let found = findings(&path);
        let starts: Vec<usize> = found
            .iter()
            .map(|d| d.place.as_ref().map_or(0, |place| place.span.start))
            .collect();
        assert!(starts.is_sorted(), "{}", path.display());
        for diagnostic in found {
            assert!(
                gatewright_config::explain(diagnostic.code).is_some(),
                "{} is not explained",
                diagnostic.code
            );
        }
    }
}
