//! The one expression language, Kaitai's: parsed, typed against a protocol, compiled at load.

pub mod codes;
mod compiled;
mod error;
mod format;
mod scope;
mod simple;
mod source;
mod template;

pub use compiled::Expr;
pub use error::{EvalError, Problem};
pub use format::{Align, Format, Radix};
pub use scope::{Binding, Env, NameError, Scope, Step, Var};
pub use simple::{Comparison, Conjuncts, Simple, View};
pub use source::{RuleError, Source, Span};
pub use template::{Part, Template};
