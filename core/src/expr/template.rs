//! Text with `{expressions}` in it.

use super::{Env, EvalError, Expr, Format, RuleError, Scope, Source};
use crate::codec::Type;
use crate::message::Value;
use bytestring::ByteString;
use std::borrow::Cow;

/// Text with expressions in it, such as `/v1/{merchant}/x-{seq:08x}`.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
    ty: Type,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text as it stands there.
    Literal(ByteString),
    /// A value.
    Expr {
        /// What gives the value.
        expr: Expr,
        /// How it is written, if not in the usual way.
        format: Option<Format>,
    },
}

impl Template {
    /// Reads, checks and compiles a template. `{expr}` and nothing else keeps the expression's
    /// type; everything else is text.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place and a way out.
    pub fn compile(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let _ = scope;
        Err(RuleError::new(
            super::codes::BRACE,
            source.span().clone(),
            "not readable yet",
        ))
    }

    /// The same for a place that takes only text, such as a path or a header:
    /// [`write_text`](Self::write_text) then fails for no static type.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and if the template is one expression whose values have no
    /// text form.
    pub fn compile_text(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        Self::compile(source, scope)
    }

    /// Its pieces, in order. No two literals are neighbours.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The type of its values.
    #[must_use]
    pub const fn ty(&self) -> &Type {
        &self.ty
    }

    /// The expression, if the template is `{expr}` and nothing else.
    #[must_use]
    pub fn single(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Expr { expr, format: None }] => Some(expr),
            _ => None,
        }
    }

    /// Its value: the expression's own if it is [`single`](Self::single), text otherwise.
    ///
    /// # Errors
    /// If one of its expressions has no value, or none with a text form, for this message.
    pub fn eval<'e>(&'e self, env: &'e dyn Env) -> Result<Cow<'e, Value>, EvalError> {
        if let Some(expr) = self.single() {
            return expr.eval(env);
        }
        let mut out = String::new();
        self.write_text(env, &mut out)?;
        Ok(Cow::Owned(Value::Str(out.into())))
    }

    /// Appends its text to `out`, which may be left with part of it after an error.
    ///
    /// # Errors
    /// If one of its expressions has no value, or none with a text form, for this message.
    pub fn write_text(&self, env: &dyn Env, out: &mut String) -> Result<(), EvalError> {
        let _ = (env, out);
        Ok(())
    }
}
