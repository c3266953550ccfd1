//! `${NAME}` and `${NAME:-default}` in addresses and paths.

use super::Problem;
use crate::diagnostic::codes;
use std::str::EscapeDebug;

/// Where variables come from.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// A text with its variables replaced.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// As it was typed, if the value of a variable is in the text. That may be a secret.
    typed: Option<String>,
}

impl Expanded {
    /// How messages show a part of the text: without the values of variables.
    pub(crate) fn shown<'t>(&'t self, part: &'t str) -> EscapeDebug<'t> {
        self.typed.as_deref().unwrap_or(part).escape_debug()
    }
}

/// The text with its variables replaced.
pub(crate) fn expand(text: &str, environment: Environment<'_>) -> Result<Expanded, Problem> {
    let mut expanded = String::with_capacity(text.len());
    let mut typed = None;
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let (inner, after) = after
            .split_once('}')
            .ok_or_else(|| malformed("a `${` has no closing `}`"))?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !is_name(name) {
            return Err(malformed(format!(
                "`{}` is not the name of a variable",
                name.escape_debug()
            )));
        }
        match environment(name).filter(|value| !value.is_empty()) {
            Some(value) => {
                expanded.push_str(&value);
                typed = Some(text.to_owned());
            }
            None => expanded.push_str(default.ok_or_else(|| not_set(name))?),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(Expanded {
        text: expanded,
        typed,
    })
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(codes::BAD_VARIABLE, message).help("`${NAME}`, or `${NAME:-default}`")
}

fn not_set(name: &str) -> Problem {
    Problem::new(
        codes::BAD_VARIABLE,
        format!("the environment variable `{name}` is not set"),
    )
    .help(format!("set it, or give a default: `${{{name}:-…}}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_never_guessed() {
        let environment = |name: &str| match name {
            "HOST" => Some("pay.internal".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let read = |text| {
            expand(text, &environment)
                .ok()
                .map(|expanded| expanded.text)
        };
        assert_eq!(read("plain $HOST").as_deref(), Some("plain $HOST"));
        assert_eq!(
            read("h2c://${HOST}:80").as_deref(),
            Some("h2c://pay.internal:80")
        );
        assert_eq!(
            read("${NONE:-a}-${HOST}").as_deref(),
            Some("a-pay.internal")
        );
        assert_eq!(read("${EMPTY:-a}").as_deref(), Some("a"));
        assert_eq!(read("${NONE:-}").as_deref(), Some(""));
        for bad in ["${NONE}", "${EMPTY}", "${HOST", "${}", "${1A}", "${A B}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_of_variables_are_not_shown() {
        let environment = |name: &str| (name == "PW").then(|| "s3cret".to_owned());
        for (typed, shown) in [
            ("tcp://u:${PW}@h", "tcp://u:${PW}@h"),
            ("${NONE:-tcp}://h", "h"),
            ("tcp://h", "h"),
        ] {
            let expanded = expand(typed, &environment).unwrap();
            let (_, part) = expanded.text.split_once("://").unwrap();
            assert_eq!(expanded.shown(part).to_string(), shown);
        }
    }
}
