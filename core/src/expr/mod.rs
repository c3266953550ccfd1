//! The one expression language, Kaitai's: parsed, typed against a protocol, compiled at load.

mod source;

pub use source::{RuleError, Source, Span};
