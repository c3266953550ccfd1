//! An expression, ready to run.

use super::{Conjuncts, Env, EvalError, RuleError, Scope, Source, Var, View};
use crate::codec::{Descriptor, Type};
use crate::message::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// An expression, checked against what is in scope and ready to run.
#[derive(Clone, Debug)]
pub struct Expr {
    ty: Type,
    descriptor: Option<Arc<Descriptor>>,
    value: Value,
}

impl Expr {
    /// Reads, checks and compiles an expression.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place and a way out.
    pub fn compile(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let _ = scope;
        Err(RuleError::new(
            super::codes::SYNTAX,
            source.span().clone(),
            "not readable yet",
        ))
    }

    /// The same for an expression that must be true or false.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and if its type is neither `bool` nor known only when it
    /// runs.
    pub fn condition(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        Self::compile(source, scope)
    }

    /// Its static type.
    #[must_use]
    pub const fn ty(&self) -> &Type {
        &self.ty
    }

    /// Whose structures and enums the type names, if it names any.
    #[must_use]
    pub const fn descriptor(&self) -> Option<&Arc<Descriptor>> {
        self.descriptor.as_ref()
    }

    /// The label of a value of this expression, if its type is an enum that has one for it.
    #[must_use]
    pub fn label(&self, value: &Value) -> Option<&str> {
        let Type::Enum(id) = self.ty else { return None };
        self.descriptor
            .as_ref()?
            .schema
            .enumeration(id)
            .label(value.as_int()?)
    }

    /// Its value, if that is the same for every message.
    #[must_use]
    pub const fn constant(&self) -> Option<&Value> {
        Some(&self.value)
    }

    /// The variable, if the expression is one and nothing else.
    #[must_use]
    pub const fn var(&self) -> Option<Var> {
        None
    }

    /// Runs it. A plain variable is one [`Env::load`], borrowed if that is.
    ///
    /// # Errors
    /// If it has no value for this message.
    pub fn eval<'e>(&'e self, env: &'e dyn Env) -> Result<Cow<'e, Value>, EvalError> {
        let _ = env;
        Ok(Cow::Borrowed(&self.value))
    }

    /// Runs it as a condition.
    ///
    /// # Errors
    /// If it has no value for this message, or one that is neither true nor false.
    pub fn test(&self, env: &dyn Env) -> Result<bool, EvalError> {
        self.eval(env).map(|value| *value == Value::Bool(true))
    }

    /// The condition taken apart into comparisons with constants, as far as it consists of them.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        View::Other
    }

    /// The comparisons with constants that must all hold for the condition to hold.
    #[must_use]
    pub const fn conjuncts(&self) -> Conjuncts<'_> {
        Conjuncts {
            simple: Vec::new(),
            whole: false,
        }
    }
}
