//! What has no form in Lua.

use gatewright_core::expr::Span;

/// A part of a structure that cannot be translated, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) span: Span,
    pub(super) reason: String,
}

/// Lua, or why there is none.
pub(super) type Translated = Result<String, Refusal>;

impl Refusal {
    pub(super) fn new(span: &Span, reason: impl Into<String>) -> Self {
        Self {
            span: span.clone(),
            reason: reason.into(),
        }
    }
}
