//! What is wrong with a message's JSON, and where.

use std::fmt;

/// One field whose JSON does not say what the protocol can carry. No text shows a field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    path: String,
    message: String,
    suggestion: Option<String>,
}

impl FieldError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
            suggestion: None,
        }
    }

    /// The same error with the name, among those that exist, that was probably meant.
    pub(super) fn suggest<'a>(mut self, typed: &str, names: impl Iterator<Item = &'a str>) -> Self {
        const LIKELY: f64 = 0.7;
        let scored = names.map(|name| {
            (
                strsim::normalized_damerau_levenshtein(&typed.to_lowercase(), &name.to_lowercase()),
                name,
            )
        });
        let best = scored
            .filter(|(score, _)| *score >= LIKELY)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        self.suggestion = best.map(|(_, name)| name.to_owned());
        self
    }

    /// The same error, found inside the member `name`.
    pub(super) fn within(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }

    /// The same error, found inside the element `index`.
    pub(super) fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }

    /// Where: `auth_req.amount`, `query.questions[0].name`; empty for the message as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The name that was probably meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FieldError {}
