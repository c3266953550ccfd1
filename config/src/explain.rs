//! What a code or a key means.

use crate::diagnostic::codes;
use crate::keys;

/// The explanation of a diagnostic's code (`GW1003`) or of a configuration key, as its table
/// writes it (`listeners.*.limits.frame`), as a file has it (`listeners.pos.limits.frame`) or by
/// its last words (`limits.frame`). `None` if there is no such code or key.
#[must_use]
pub fn explain(code_or_key: &str) -> Option<String> {
    explain_code(code_or_key).or_else(|| explain_key(code_or_key))
}

fn explain_code(code: &str) -> Option<String> {
    let explained = codes::EXPLAINED
        .iter()
        .find(|explained| explained.code.eq_ignore_ascii_case(code))?;
    Some(format!(
        "{}: {}\n\n{}\n",
        explained.code, explained.title, explained.text
    ))
}

fn explain_key(typed: &str) -> Option<String> {
    let texts: Vec<String> = keys::meant_by(typed)
        .into_iter()
        .map(keys::Key::explain)
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}
