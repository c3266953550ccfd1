//! What a condition says in so many words, for whoever builds decision tables from conditions.

use super::Var;
use super::op::{Op, OpKind};
use crate::message::Value;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A comparison of a variable with a constant; `3 < x` is given as `x > 3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simple<'a> {
    /// The variable.
    pub var: Var,
    /// What is asked.
    pub op: Comparison,
    /// The constant: of the variable's type, or [`Value::Null`].
    pub constant: &'a Value,
}

/// A condition taken apart.
#[derive(Clone, Debug, PartialEq)]
pub enum View<'a> {
    /// One comparison with a constant.
    Simple(Simple<'a>),
    /// A constant.
    Constant(bool),
    /// `a and b and c`.
    All(Vec<Self>),
    /// `a or b or c`.
    Any(Vec<Self>),
    /// Anything else: run it to know.
    Other,
}

/// The parts of a condition that all must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Conjuncts<'a> {
    /// The comparisons with constants among them.
    pub simple: Vec<Simple<'a>>,
    /// Whether these comparisons are the whole condition.
    pub whole: bool,
}

impl<'a> View<'a> {
    pub(super) fn of(op: &'a Op) -> Self {
        match &op.kind {
            OpKind::Const(Value::Bool(holds)) => Self::Constant(*holds),
            OpKind::All(all) => Self::All(all.iter().map(Self::of).collect()),
            OpKind::Any(all) => Self::Any(all.iter().map(Self::of).collect()),
            OpKind::Compare(op, two) => match (&two[0].kind, &two[1].kind) {
                (OpKind::Load(var), OpKind::Const(constant)) => Self::Simple(Simple {
                    var: *var,
                    op: *op,
                    constant,
                }),
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

impl<'a> Conjuncts<'a> {
    pub(super) fn of(view: View<'a>) -> Self {
        let mut conjuncts = Self {
            simple: Vec::new(),
            whole: true,
        };
        conjuncts.add(view);
        conjuncts
    }

    fn add(&mut self, view: View<'a>) {
        match view {
            View::Simple(simple) => self.simple.push(simple),
            View::Constant(true) => {}
            View::All(all) => all.into_iter().for_each(|view| self.add(view)),
            View::Constant(false) | View::Any(_) | View::Other => self.whole = false,
        }
    }
}
