//! An expression, ready to run.

use super::builtin::Sort;
use super::check::{Checker, Typed};
use super::op::{Budget, Op, OpKind, Run};
use super::operators::not_a_condition;
use super::parse::parse;
use super::{Conjuncts, Env, EvalError, RuleError, Scope, Source, Span, Var, View, bytes, format};
use crate::codec::{Descriptor, Type};
use crate::message::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// An expression, checked against what is in scope and ready to run.
#[derive(Clone, Debug)]
pub struct Expr {
    op: Op,
    ty: Type,
    descriptor: Option<Arc<Descriptor>>,
}

impl Expr {
    /// Reads, checks and compiles an expression.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place and a way out.
    pub fn compile(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        check(source, scope)
            .map(|(value, _)| value.into())
            .map_err(|error| located(source, error))
    }

    /// The same for an expression that must be true or false.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and if its type is neither `bool` nor known only when it
    /// runs.
    pub fn condition(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let (value, span) = check(source, scope).map_err(|error| located(source, error))?;
        match value.sort() {
            Sort::Bool | Sort::Any => Ok(value.into()),
            _ => Err(located(source, not_a_condition(&value, &span))),
        }
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
        self.op.constant()
    }

    /// The variable, if the expression is one and nothing else.
    #[must_use]
    pub const fn var(&self) -> Option<Var> {
        match self.op.kind {
            OpKind::Load(var) => Some(var),
            _ => None,
        }
    }

    /// Runs it. A plain variable is one [`Env::load`], borrowed if that is. At most 1 MiB of
    /// text, bytes and lists is produced on the way.
    ///
    /// # Errors
    /// If it has no value for this message.
    pub fn eval<'e>(&'e self, env: &'e dyn Env) -> Result<Cow<'e, Value>, EvalError> {
        self.op.eval(&mut Run {
            env,
            budget: Budget::full(),
        })
    }

    /// Runs it as a condition.
    ///
    /// # Errors
    /// If it has no value for this message, or one that is neither true nor false.
    pub fn test(&self, env: &dyn Env) -> Result<bool, EvalError> {
        self.op.truth(&mut Run {
            env,
            budget: Budget::full(),
        })
    }

    /// Appends its value as text: an enum by its label if it has one.
    ///
    /// # Errors
    /// If it has no value, or none with a text form, for this message.
    pub fn write_text(&self, env: &dyn Env, out: &mut String) -> Result<(), EvalError> {
        // Base64 of a payload is the largest text there is: it goes straight to its place.
        if let OpKind::Call(builtin, args) = &self.op.kind
            && builtin.name == "base64"
            && let [of] = args.as_slice()
        {
            let value = of.eval(&mut Run {
                env,
                budget: Budget::full(),
            })?;
            bytes::write_base64(
                bytes::raw(&value).map_err(|error| error.at(self.op.at.clone()))?,
                out,
            );
            return Ok(());
        }
        let value = self.eval(env)?;
        match self.label(&value) {
            Some(label) => out.push_str(label),
            None => format::write(&value, out).map_err(|error| error.at(self.op.at.clone()))?,
        }
        Ok(())
    }

    /// Whether it writes nothing but letters, digits and `+/=`: text that no escape can change.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(&self.op.kind, OpKind::Call(builtin, _) if matches!(builtin.name, "base64" | "hex"))
    }

    /// Its place in the configuration file.
    #[must_use]
    pub const fn span(&self) -> &Span {
        &self.op.at
    }

    /// The condition taken apart into comparisons with constants, as far as it consists of them.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::of(&self.op)
    }

    /// The comparisons with constants that must all hold for the condition to hold.
    #[must_use]
    pub fn conjuncts(&self) -> Conjuncts<'_> {
        Conjuncts::of(self.view())
    }
}

impl From<Typed> for Expr {
    fn from(value: Typed) -> Self {
        Self {
            op: value.op,
            ty: value.ty,
            descriptor: value.home,
        }
    }
}

fn check(source: &Source, scope: &mut dyn Scope) -> Result<(Typed, Span), RuleError> {
    let node = parse(source.text())?;
    let value = Checker { source, scope }.check(&node)?;
    Ok((value, node.span))
}

/// The error with its place in the file instead of the expression.
fn located(source: &Source, error: RuleError) -> RuleError {
    RuleError {
        span: source.locate(error.span),
        ..error
    }
}
