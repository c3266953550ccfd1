//! What a code or a key means.

use crate::diagnostic::codes;
use crate::keys;
use crate::suggest::nearest;
use gatewright_core::expr::codes::Code;
use gatewright_core::{expr, route, translate};

/// The explanation of a diagnostic's code (`GW1003`) or of a configuration key, as its table
/// writes it (`listeners.*.limits.frame`), as a file has it (`listeners.pos.limits.frame`) or by
/// its last words (`limits.frame`). `None` if there is no such code or key.
#[must_use]
pub fn explain(code_or_key: &str) -> Option<String> {
    explain_with(code_or_key, &[])
}

/// The same where diagnostics may have `more` codes than those of configurations.
#[must_use]
pub fn explain_with(code_or_key: &str, more: &[Code]) -> Option<String> {
    explain_code(code_or_key, more).or_else(|| explain_key(code_or_key))
}

/// The code or key that somebody probably meant by a word that [`explain_with`] does not know.
#[must_use]
pub fn nearest_to_explain(typed: &str, more: &[Code]) -> Option<&'static str> {
    let codes = all_codes(more).map(|row| row.code);
    let keys = keys::all().flat_map(|key| [key.path, key.name()]);
    nearest(&typed.to_ascii_uppercase(), codes).or_else(|| nearest(typed, keys))
}

/// Every code that a diagnostic can have.
fn all_codes(more: &[Code]) -> impl Iterator<Item = &Code> {
    [
        codes::ALL,
        expr::codes::ALL,
        route::codes::ALL,
        translate::codes::ALL,
        more,
    ]
    .into_iter()
    .flatten()
}

fn explain_code(code: &str, more: &[Code]) -> Option<String> {
    let Code {
        code,
        title,
        explanation,
    } = all_codes(more).find(|row| row.code.eq_ignore_ascii_case(code))?;
    Some(format!("{code}: {title}\n\n{explanation}\n"))
}

fn explain_key(typed: &str) -> Option<String> {
    let texts: Vec<String> = keys::meant_by(typed)
        .into_iter()
        .map(keys::Key::explain)
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The codes in the sources of a folder: what can be emitted is written there.
    fn written_in(folder: &Path, codes: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                written_in(&path, codes);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let quoted = text
                    .match_indices("\"GW")
                    .filter_map(|(at, _)| text.get(at + 1..at + 7));
                codes.extend(
                    quoted
                        .filter(|code| code[2..].bytes().all(|b| b.is_ascii_digit()))
                        .map(str::to_owned),
                );
            }
        }
    }

    #[test]
    fn each_code_that_is_written_anywhere_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut codes = BTreeSet::new();
        for folder in ["config/src", "core/src", "gateway/src"] {
            written_in(&root.join(folder), &mut codes);
        }
        assert!(codes.len() >= 40, "{codes:?}");
        for code in codes {
            assert!(explain(&code).is_some(), "{code} is not explained");
        }
    }

    #[test]
    fn no_code_means_two_things() {
        let distinct: BTreeSet<&str> = all_codes(&[]).map(|row| row.code).collect();
        assert_eq!(distinct.len(), all_codes(&[]).count());
    }

    #[test]
    fn codes_and_keys_are_explained_and_nothing_else() {
        assert!(
            explain("GW1003")
                .unwrap()
                .starts_with("GW1003: unknown key")
        );
        assert_eq!(explain("gw1003"), explain("GW1003"));
        let frame = explain("listeners.pos.limits.frame").unwrap();
        assert!(
            frame.contains("default  \"64KiB\"") && frame.contains("memory "),
            "{frame}"
        );
        let idle = explain("limits.idle").unwrap();
        assert!(
            idle.contains("listeners.*.limits.idle") && idle.contains("upstreams.*.limits.idle")
        );
        for key in keys::all() {
            assert!(
                explain(key.path).is_some_and(|text| text.starts_with(key.path)),
                "{}",
                key.path
            );
        }
        assert_eq!(explain(&format!("GW{}", 9999)), None);
        assert_eq!(explain("colour"), None);
        assert_eq!(nearest_to_explain("limts", &[]), Some("limits"));
        assert_eq!(nearest_to_explain("gw103", &[]), Some("GW1003"));
        assert_eq!(nearest_to_explain("colour-of-the-sky", &[]), None);
    }
}
