//! What a scalar means, where somebody asks.

use crate::ksy::codes;
use gatewright_core::expr::{RuleError, Source, Span};

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// As it is.
    Plain,
    /// In 'single quotes'.
    Single,
    /// In "double quotes".
    Double,
    /// As a block after `|`.
    Literal,
    /// As a block after `>`.
    Folded,
}

/// A text of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, quotes and escapes resolved.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// The byte of the file from which on the text stands exactly as it is; `None` if it was
    /// written in another form (escapes, folded lines, an alias).
    pub verbatim: Option<usize>,
    /// Whether the tag `!!str` says that a plain text is nothing but text.
    pub tagged_text: bool,
}

/// What a plain text means by the core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Null,
    Bool(bool),
    Int,
    Float,
    Text,
}

impl Scalar {
    /// The text as a source of expressions.
    #[must_use]
    pub fn source(&self, span: &Span) -> Source {
        match self.verbatim {
            Some(start) => Source::verbatim(self.text.clone(), start),
            None => Source::escaped(self.text.clone(), span.clone()),
        }
    }

    pub(super) fn meaning(&self) -> Meaning {
        if self.style != Style::Plain || self.tagged_text {
            return Meaning::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
            "true" | "True" | "TRUE" => Meaning::Bool(true),
            "false" | "False" | "FALSE" => Meaning::Bool(false),
            text if is_int(text) => Meaning::Int,
            text if is_float(text) => Meaning::Float,
            _ => Meaning::Text,
        }
    }

    /// The text as messages show it.
    pub(super) fn shown(&self) -> String {
        match self.meaning() {
            Meaning::Null => "null".to_owned(),
            _ => format!("`{}`", shortened(&self.text)),
        }
    }
}

/// A text as messages show it: its start, if it is long, with what cannot be seen escaped.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MOST {
            shown.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

fn is_int(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (radix, digits) = radix(digits);
    digits.starts_with(|c: char| c.is_digit(radix))
        && digits.chars().all(|c| c.is_digit(radix) || c == '_')
}

fn is_float(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let known = matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN");
    let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    known || starts && digits.contains(['.', 'e', 'E']) && digits.parse::<f64>().is_ok()
}

fn radix(digits: &str) -> (u32, &str) {
    const PREFIXES: [(&str, u32); 3] = [("0x", 16), ("0o", 8), ("0b", 2)];
    let known = PREFIXES
        .iter()
        .find_map(|(prefix, radix)| Some((*radix, digits.strip_prefix(prefix)?)));
    known.unwrap_or((10, digits))
}

/// The integer that a text spells.
pub(crate) fn integer(text: &str, span: &Span) -> Result<i128, RuleError> {
    if !is_int(text) {
        let message = format!("expected an integer, got `{}`", shortened(text));
        return Err(RuleError::new(codes::WRONG_TYPE, span.clone(), message));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = radix(digits);
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        let message = format!(
            "`{}` is octal for some and decimal for others",
            shortened(text)
        );
        let error = RuleError::new(codes::WRONG_TYPE, span.clone(), message);
        return Err(error.help("write it without the zeros in front, or with `0x`"));
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    let magnitude = i128::from_str_radix(&digits, radix).map_err(|_| {
        let message = format!("`{}` is larger than any integer", shortened(text));
        RuleError::new(codes::OUT_OF_RANGE, span.clone(), message)
    })?;
    Ok(if negative {
        magnitude.saturating_neg()
    } else {
        magnitude
    })
}

/// The truth value that a text spells. Where one is due, the words of YAML 1.1 can mean nothing
/// else.
pub(super) fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "yes", "on"]) {
        Some(true)
    } else {
        is(["false", "no", "off"]).then_some(false)
    }
}
