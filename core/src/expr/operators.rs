//! What operators take and give.

use super::ast::{Arith, Node, Unary};
use super::builtin::Sort;
use super::check::{Checked, Checker, Typed, same_home};
use super::op::{Op, OpKind};
use super::{Comparison, RuleError, Span, codes};
use crate::codec::{Descriptor, Type};
use crate::message::Value;
use std::sync::Arc;

/// Operations of one type.
type Unified = (Vec<Op>, Type, Option<Arc<Descriptor>>);

impl Checker<'_> {
    pub(super) fn not(&mut self, of: &Node<'_>, span: &Span) -> Checked {
        let of = self.truth(of)?;
        self.finish(OpKind::Not(Box::new(of)), Type::Bool, None, span)
    }

    pub(super) fn unary(&mut self, operator: Unary, of: &Node<'_>, span: &Span) -> Checked {
        let value = self.check(of)?;
        let ty = match (operator, value.sort()) {
            (Unary::Invert, Sort::Int | Sort::Any) => Type::INT,
            (Unary::Negate | Unary::Plus, Sort::Int) => Type::INT,
            (Unary::Negate | Unary::Plus, Sort::Float) => Type::Float,
            (Unary::Negate | Unary::Plus, Sort::Any) => Type::Any,
            _ => return Err(operand(operator.sign(), &value, &of.span)),
        };
        self.finish(OpKind::Unary(operator, Box::new(value.op)), ty, None, span)
    }

    pub(super) fn all_or_any(
        &mut self,
        kind: fn(Vec<Op>) -> OpKind,
        all: &[Node<'_>],
        span: &Span,
    ) -> Checked {
        let ops = all
            .iter()
            .map(|node| self.truth(node))
            .collect::<Result<Vec<_>, _>>()?;
        self.finish(kind(ops), Type::Bool, None, span)
    }

    fn truth(&mut self, node: &Node<'_>) -> Result<Op, RuleError> {
        let value = self.check(node)?;
        match value.sort() {
            Sort::Bool | Sort::Any => Ok(value.op),
            _ => Err(not_a_condition(&value, &node.span)),
        }
    }

    /// A constant goes to the right, where whoever takes a condition apart looks for it.
    pub(super) fn compare(&mut self, op: Comparison, two: &[Node<'_>; 2], span: &Span) -> Checked {
        let (left, right) = (self.check(&two[0])?, self.check(&two[1])?);
        comparable(op, &left, &right, span)?;
        let kind = match left.op.constant() {
            Some(_) => OpKind::Compare(op.mirrored(), Box::new([right.op, left.op])),
            None => OpKind::Compare(op, Box::new([left.op, right.op])),
        };
        self.finish(kind, Type::Bool, None, span)
    }

    pub(super) fn arith(&mut self, op: Arith, two: &[Node<'_>; 2], span: &Span) -> Checked {
        let (left, right) = (self.check(&two[0])?, self.check(&two[1])?);
        let ty = match (left.sort(), right.sort()) {
            (Sort::Int, Sort::Int) => Type::INT,
            (Sort::Int | Sort::Any, Sort::Int | Sort::Any) if !op.takes_floats() => Type::INT,
            (Sort::Str, Sort::Str) if op == Arith::Add => joined(&left.ty, &right.ty),
            (Sort::Str, Sort::Any) | (Sort::Any, Sort::Str) if op == Arith::Add => Type::STR,
            (Sort::Float, Sort::Int | Sort::Float | Sort::Any)
            | (Sort::Int | Sort::Any, Sort::Float)
                if op.takes_floats() =>
            {
                Type::Float
            }
            (Sort::Int | Sort::Any, Sort::Int | Sort::Any) => Type::Any,
            (Sort::Str, _) if op == Arith::Add => return Err(not_text(&right, &two[1].span)),
            (_, Sort::Str) if op == Arith::Add => return Err(not_text(&left, &two[0].span)),
            (Sort::Int | Sort::Any, _) => return Err(operand(op.sign(), &right, &two[1].span)),
            (Sort::Float, _) if op.takes_floats() => {
                return Err(operand(op.sign(), &right, &two[1].span));
            }
            _ => return Err(operand(op.sign(), &left, &two[0].span)),
        };
        self.finish(
            OpKind::Arith(op, Box::new([left.op, right.op])),
            ty,
            None,
            span,
        )
    }

    pub(super) fn choose(&mut self, three: &[Node<'_>; 3], span: &Span) -> Checked {
        let [condition, branches @ ..] = three;
        let condition = self.truth(condition)?;
        let checked = branches
            .iter()
            .map(|node| self.check(node))
            .collect::<Result<Vec<_>, _>>()?;
        let (ops, ty, home) = self.unified(checked, branches, "the branches of `?:`")?;
        let Ok([then, otherwise]) = <[Op; 2]>::try_from(ops) else {
            return Err(RuleError::new(
                codes::SYNTAX,
                span.clone(),
                "`?:` has two branches",
            ));
        };
        self.finish(
            OpKind::Choose(Box::new([condition, then, otherwise])),
            ty,
            home,
            span,
        )
    }

    /// The values as values of one type: integers become floats if they must, and `null` is of
    /// any type.
    pub(super) fn unified(
        &self,
        all: Vec<Typed>,
        nodes: &[Node<'_>],
        what: &str,
    ) -> Result<Unified, RuleError> {
        let mut common: Option<(Type, Option<Arc<Descriptor>>)> = None;
        for (value, node) in all.iter().zip(nodes).filter(|(value, _)| !value.is_null()) {
            common = Some(match common {
                None => (value.ty.clone(), value.home.clone()),
                Some((ty, home)) => {
                    let same_home = same_home(home.as_ref(), value.home.as_ref());
                    let ty = unify(&ty, &value.ty, same_home)
                        .ok_or_else(|| mismatch(what, value, node))?;
                    (ty, home.or_else(|| value.home.clone()))
                }
            });
        }
        let (ty, home) = common.unwrap_or((Type::Any, None));
        let ops = all.into_iter().map(|value| match (&ty, &value.ty) {
            (Type::Float, Type::Int { .. }) => to_float(value.op),
            _ => value.op,
        });
        Ok((ops.collect(), ty, home))
    }
}

fn mismatch(what: &str, value: &Typed, node: &Node<'_>) -> RuleError {
    let message = format!("{what} need one type, but this is {}", value.describe());
    let error = RuleError::new(codes::MISMATCH, node.span.clone(), message);
    error.help("convert one of them, such as with string(x)")
}

fn to_float(op: Op) -> Op {
    let at = op.at.clone();
    match op.kind {
        OpKind::Const(Value::Int(n)) => Op {
            kind: OpKind::Const(Value::Float(n as f64)),
            at,
        },
        kind => Op {
            kind: OpKind::ToFloat(Box::new(Op {
                kind,
                at: at.clone(),
            })),
            at,
        },
    }
}

fn joined(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Str { max_len: a }, Type::Str { max_len: b }) => Type::Str {
            max_len: a.saturating_add(*b),
        },
        _ => Type::STR,
    }
}

/// The type of values of which each is of one or the other.
fn unify(a: &Type, b: &Type, same_home: bool) -> Option<Type> {
    Some(match (a, b) {
        (Type::Int { min: a, max: b }, Type::Int { min: c, max: d }) => Type::Int {
            min: *a.min(c),
            max: *b.max(d),
        },
        (Type::Int { .. } | Type::Float, Type::Int { .. } | Type::Float) => Type::Float,
        (Type::Str { max_len: a }, Type::Str { max_len: b }) => Type::Str { max_len: *a.max(b) },
        (Type::Bytes { max_len: a }, Type::Bytes { max_len: b }) => {
            Type::Bytes { max_len: *a.max(b) }
        }
        (Type::Enum(_) | Type::Struct(_), _) if a == b && same_home => a.clone(),
        // JSON would take away what the type says about labels and fields.
        (Type::Enum(_) | Type::Struct(_), _) | (_, Type::Enum(_) | Type::Struct(_)) => return None,
        (Type::List(x), Type::List(y)) => match unify(x, y, same_home)? {
            Type::Float if x != y => return None,
            element => Type::List(Box::new(element)),
        },
        (Type::Bool, Type::Bool) => Type::Bool,
        (Type::Any, _) | (_, Type::Any) => Type::Any,
        _ => return None,
    })
}

fn comparable(op: Comparison, left: &Typed, right: &Typed, span: &Span) -> Result<(), RuleError> {
    let null = left.is_null() || right.is_null();
    let home = same_home(left.home.as_ref(), right.home.as_ref());
    let fits = if op.orders() {
        !null && ordered(left.sort(), right.sort())
    } else {
        null || equatable(&left.ty, &right.ty, home)
    };
    if fits {
        return Ok(());
    }
    let (a, b) = (left.describe(), right.describe());
    let message = format!("`{}` cannot compare {a} with {b}", op.sign());
    let mut error = RuleError::new(codes::COMPARISON, span.clone(), message);
    error.help = comparison_help(op, left.sort(), right.sort()).map(str::to_owned);
    Err(error)
}

const fn ordered(left: Sort, right: Sort) -> bool {
    matches!(
        (left, right),
        (
            Sort::Int | Sort::Float | Sort::Any,
            Sort::Int | Sort::Float | Sort::Any
        ) | (Sort::Str | Sort::Any, Sort::Str)
            | (Sort::Str | Sort::Bytes, Sort::Any)
            | (Sort::Bytes | Sort::Any, Sort::Bytes)
    )
}

fn equatable(left: &Type, right: &Type, same_home: bool) -> bool {
    match (left, right) {
        (Type::Enum(a), Type::Enum(b)) => a == b && same_home,
        // JSON may have the label or the number: the author has to say which.
        (Type::Enum(_), _) | (_, Type::Enum(_)) => false,
        (Type::Any, _) | (_, Type::Any) | (Type::Bool, Type::Bool) => true,
        (Type::Int { .. } | Type::Float, Type::Int { .. } | Type::Float) => true,
        (Type::Str { .. }, Type::Str { .. }) | (Type::Bytes { .. }, Type::Bytes { .. }) => true,
        (Type::List(a), Type::List(b)) => equatable(a, b, same_home),
        (Type::List(item), Type::Bytes { .. }) | (Type::Bytes { .. }, Type::List(item)) => {
            matches!(**item, Type::Int { .. })
        }
        _ => false,
    }
}

const fn comparison_help(op: Comparison, left: Sort, right: Sort) -> Option<&'static str> {
    match (left, right) {
        (Sort::Enum, Sort::Enum) if op.orders() => {
            Some("enums have no order: compare their numbers with .to_i")
        }
        (Sort::Enum, Sort::Any) | (Sort::Any, Sort::Enum) => {
            Some("take the enum's number with .to_i, or its label with string(x)")
        }
        (Sort::Enum, _) | (_, Sort::Enum) => {
            Some("compare with a label of that enum, `name::label`, or its number with .to_i")
        }
        (Sort::Bytes, Sort::Str) | (Sort::Str, Sort::Bytes) => {
            Some("read the bytes as text with .to_s(\"UTF-8\")")
        }
        (Sort::Str, Sort::Int | Sort::Float) | (Sort::Int | Sort::Float, Sort::Str) => {
            Some("convert one side with int(x) or string(x)")
        }
        _ => None,
    }
}

fn not_text(value: &Typed, span: &Span) -> RuleError {
    let message = format!("`+` joins text to text, not to {}", value.describe());
    let error = RuleError::new(codes::OPERAND, span.clone(), message);
    match value.sort() {
        Sort::Bytes => error.help("read bytes as text with .to_s(\"UTF-8\")"),
        Sort::List | Sort::Struct => error,
        _ => error.help("convert it with string(x)"),
    }
}

fn operand(sign: &str, value: &Typed, span: &Span) -> RuleError {
    let message = format!("`{sign}` does not take {}", value.describe());
    let error = RuleError::new(codes::OPERAND, span.clone(), message);
    match value.sort() {
        Sort::Enum => error.help("take its number with .to_i"),
        Sort::Str => error.help("read a number from text with .to_i"),
        Sort::Bytes => error.help("read bytes as text with .to_s(\"UTF-8\")"),
        Sort::Bool | Sort::Int | Sort::Float | Sort::List | Sort::Struct | Sort::Any => error,
    }
}

/// The error for a value where a truth value is needed.
pub(super) fn not_a_condition(value: &Typed, span: &Span) -> RuleError {
    let message = format!("a truth value is needed here, not {}", value.describe());
    let error = RuleError::new(codes::CONDITION, span.clone(), message);
    match value.sort() {
        Sort::Int | Sort::Float => error.help("compare it, such as with `!= 0`"),
        Sort::Str | Sort::Bytes => error.help("compare it, or test `.length > 0`"),
        Sort::Enum => error.help("compare it with a label, `name::label`"),
        Sort::Bool | Sort::List | Sort::Struct | Sort::Any => error,
    }
}
