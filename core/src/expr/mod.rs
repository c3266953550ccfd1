//! The one expression language, Kaitai's: parsed, typed against a protocol, compiled at load.
//!
//! An [`Expr`] or a [`Template`] is compiled once, against a [`Scope`] that knows the names, and
//! then runs for each message, against an [`Env`] that has the values. In between stand, in this
//! order, `token` (text to tokens), `parse` (tokens to `ast`), `check` (`ast` to `op`: names,
//! types, constants) and `op` (running). `builtin` is the table of functions and methods.
//!
//! The language is Kaitai's, in its order of precedence: `?:`, `or`, `and`, `not`, comparisons
//! (which do not chain), `|`, `^`, `&`, shifts, `+ -`, `* / %` (which round down), unary
//! `- + ~`, then calls, indexes and `.names`. What the rules of a gateway need beyond it:
//!
//! - `null` is the absent value. `x == null` tests for it; it equals nothing else, has no order,
//!   and to compute with it is an error.
//! - JSON has the type [`Any`](crate::codec::Type::Any) and is checked when it runs: values of
//!   different types are not equal and have no order. What a JSON object has not is `null`.
//!   Objects have no methods, so `json.size` is a member of an object and a method of a list.
//! - An enum is compared with labels of the same enum, `kind::auth_req`. As text it is its label.
//! - Functions, such as `base64(x)`; Kaitai has methods only.
//!
//! Limits: an expression has at most 4 KiB and nests at most 64 levels deep; one run produces at
//! most 1 MiB. Integers have 128 bits and never wrap: what does not fit is an [`EvalError`].

mod arith;
mod ast;
mod braces;
mod builtin;
mod bytes;
mod calls;
pub mod charset;
mod check;
pub mod codes;
mod compare;
mod compiled;
mod error;
mod format;
mod lists;
mod names;
mod numbers;
mod op;
mod operators;
mod parse;
mod scope;
mod simple;
mod source;
pub mod suggest;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod token;

pub use compiled::Expr;
pub use error::{EvalError, Problem};
pub(crate) use format::write_int;
pub use format::{Align, Format, Radix};
pub use scope::{Binding, Env, NameError, Scope, Step, Var};
pub use simple::{Comparison, Conjuncts, Simple, View};
pub use source::{RuleError, Source, Span};
pub use template::{Part, Template};

/// What an expression says, before it is known what its names mean.
pub mod syntax {
    pub use super::ast::{Arith, Kind, Node, Unary};
    pub use super::braces::expressions;
    pub use super::parse::parse;
}

/// What operators and methods do with values, for whoever compiles [`syntax`] in another way
/// than [`Expr`] does: definitions of protocols.
pub mod semantics {
    pub use super::arith::{binary, unary};
    pub use super::builtin::{Body, Builtin, Gives, Sort, methods};
    pub use super::compare::order;
    pub use super::op::{Budget, Outcome};

    /// A value's usual text: integers in decimal, floats as short as they can be.
    ///
    /// # Errors
    /// If it has none: bytes, lists, structures, what is absent.
    pub fn text(value: &crate::message::Value) -> Result<bytestring::ByteString, super::EvalError> {
        let mut text = String::new();
        super::format::write(value, &mut text)?;
        Ok(text.into())
    }
}
