//! From what an expression says to what it does: names are looked up, types checked, constants
//! computed. Places in errors are those in the expression's own text.

use super::ast::{Kind, Node};
use super::builtin::Sort;
use super::names::Path;
use super::op::{Budget, Op, OpKind, Run};
use super::scope::Scope;
use super::suggest::did_you_mean;
use super::{Env, EvalError, Problem, RuleError, Source, Span, Var, codes};
use crate::codec::{Descriptor, Type};
use crate::message::Value;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// An operation and what is known of its values.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) op: Op,
    pub(super) ty: Type,
    /// Whose structures and enums the type names.
    pub(super) home: Option<Arc<Descriptor>>,
}

impl Typed {
    pub(super) const fn sort(&self) -> Sort {
        Sort::of(&self.ty)
    }

    /// Whether it is the literal `null`.
    pub(super) fn is_null(&self) -> bool {
        self.op.constant() == Some(&Value::Null)
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match (&self.ty, &self.home) {
            (Type::Enum(id), Some(home)) => format!("enum `{}`", home.schema.enumeration(*id).name),
            (Type::Struct(id), Some(home)) => {
                format!("structure `{}`", home.schema.structure(*id).name)
            }
            (Type::Any, _) if self.is_null() => "null".to_owned(),
            _ => self.sort().describe().to_owned(),
        }
    }
}

/// Whether two types from different descriptors can name the same things.
pub(super) fn same_home(a: Option<&Arc<Descriptor>>, b: Option<&Arc<Descriptor>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

pub(super) type Checked = Result<Typed, RuleError>;

pub(super) struct Checker<'c> {
    pub(super) source: &'c Source,
    pub(super) scope: &'c mut dyn Scope,
}

/// Constants have no variables.
#[derive(Debug)]
pub(super) struct NoEnv;

impl Env for NoEnv {
    fn load(&self, _: Var) -> Result<Cow<'_, Value>, EvalError> {
        Err(EvalError::new(
            Problem::Unavailable,
            "a constant has no variables",
        ))
    }
}

impl Checker<'_> {
    pub(super) fn check(&mut self, node: &Node<'_>) -> Checked {
        let span = &node.span;
        match &node.kind {
            Kind::Null => Ok(self.constant(Value::Null, Type::Any, span)),
            Kind::Bool(b) => Ok(self.constant(Value::Bool(*b), Type::Bool, span)),
            Kind::Int(n) => Ok(self.constant(Value::Int(*n), Type::Int { min: *n, max: *n }, span)),
            Kind::Float(x) => Ok(self.constant(Value::Float(*x), Type::Float, span)),
            Kind::Str(text) => {
                let ty = Type::Str {
                    max_len: text.len(),
                };
                Ok(self.constant(Value::Str(text.clone()), ty, span))
            }
            Kind::List(items) => self.list(items, span),
            Kind::Name(name) => self.path(&Path::root(name, node)),
            Kind::Attr(of, name) => match Path::of(node) {
                Some(path) => self.path(&path),
                None => self.check(of).and_then(|of| self.attribute(of, name, node)),
            },
            Kind::Index(two) => match Path::of(node) {
                Some(path) => self.path(&path),
                None => self.element(two, node),
            },
            Kind::Format(_) | Kind::Cast(..) | Kind::SizeOf { .. } => Err(RuleError::new(
                codes::DEFINITIONS_ONLY,
                span.clone(),
                "rules have no such form",
            )
            .help("text with expressions in it is a template, \"a{b}\"")),
            Kind::Label { enumeration, label } => self.label(enumeration, label, span),
            Kind::Not(of) => self.not(of, span),
            Kind::Unary(operator, of) => self.unary(*operator, of, span),
            Kind::All(all) => self.all_or_any(OpKind::All, all, span),
            Kind::Any(all) => self.all_or_any(OpKind::Any, all, span),
            Kind::Compare(op, two) => self.compare(*op, two, span),
            Kind::Arith(op, two) => self.arith(*op, two, span),
            Kind::Choose(three) => self.choose(three, span),
            Kind::Call(callee, args) => self.call(callee, args, span),
        }
    }

    pub(super) fn constant(&self, value: Value, ty: Type, span: &Span) -> Typed {
        let op = Op {
            kind: OpKind::Const(value),
            at: self.source.locate(span.clone()),
        };
        Typed { op, ty, home: None }
    }

    /// An operation on checked inputs; computed at once if these are constants.
    pub(super) fn finish(
        &self,
        kind: OpKind,
        ty: Type,
        home: Option<Arc<Descriptor>>,
        span: &Span,
    ) -> Checked {
        let op = Op {
            kind,
            at: self.source.locate(span.clone()),
        };
        let inputs = op.inputs();
        if inputs.is_empty() || inputs.iter().any(|input| input.constant().is_none()) {
            return Ok(Typed { op, ty, home });
        }
        let value = op
            .eval(&mut Run {
                env: &NoEnv,
                budget: Budget::full(),
            })
            .map(Cow::into_owned);
        let value = value.map_err(|error| {
            RuleError::new(
                codes::ALWAYS_FAILS,
                span.clone(),
                format!("this always fails: {error}"),
            )
        })?;
        let ty = match (ty, &value) {
            (Type::Int { .. }, Value::Int(n)) => Type::Int { min: *n, max: *n },
            (Type::Str { .. }, Value::Str(text)) => Type::Str {
                max_len: text.len(),
            },
            (Type::Bytes { .. }, Value::Bytes(bytes)) => Type::Bytes {
                max_len: bytes.len(),
            },
            (ty, _) => ty,
        };
        Ok(Typed {
            home,
            ..self.constant(value, ty, span)
        })
    }

    /// A list of constants from 0 to 255 is a byte array, in Kaitai and so here.
    fn list(&mut self, items: &[Node<'_>], span: &Span) -> Checked {
        let checked = items
            .iter()
            .map(|item| self.check(item))
            .collect::<Result<Vec<_>, _>>()?;
        let byte = |item: &Typed| {
            item.op
                .constant()
                .and_then(Value::as_int)
                .and_then(|n| u8::try_from(n).ok())
        };
        if let Some(bytes) = checked.iter().map(byte).collect::<Option<Vec<u8>>>()
            && checked.iter().all(|item| item.sort() == Sort::Int)
        {
            let ty = Type::Bytes {
                max_len: bytes.len(),
            };
            return Ok(self.constant(Value::Bytes(Bytes::from(bytes)), ty, span));
        }
        let (ops, ty, home) = self.unified(checked, items, "the elements of a list")?;
        self.finish(OpKind::List(ops), Type::List(Box::new(ty)), home, span)
    }

    fn label(&self, enumeration: &str, label: &str, span: &Span) -> Checked {
        let error = |message| RuleError::new(codes::UNKNOWN_ENUM, span.clone(), message);
        let found = self.scope.enumeration(enumeration);
        let (home, id) =
            found.ok_or_else(|| error(format!("there is no enum `{enumeration}` here")))?;
        let def = home.schema.enumeration(id);
        let Some(n) = def.value(label) else {
            let mut unknown = error(format!("enum `{enumeration}` has no label `{label}`"));
            unknown.help = did_you_mean(label, def.labels.iter().map(|(_, label)| label.as_ref()));
            return Err(unknown);
        };
        Ok(Typed {
            home: Some(home),
            ..self.constant(Value::Int(n), Type::Enum(id), span)
        })
    }
}
