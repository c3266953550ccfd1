//! A route's `when`.
//!
//! Comparisons of a field with a constant, the usual case, are decided here by one look at the
//! field. They are a filter in front of the compiled expression, never another opinion: what
//! they cannot tell (a field that is absent, a type that is only known when it arrives) is left
//! to the expression.

use crate::codec::{Protocol, Type};
use crate::expr::{Comparison, Env, Expr, RuleError, Simple, Source, Var, View};
use crate::message::{Message, OperationId, Slot, Value};
use crate::translate::Facts;
use crate::translate::Paths;
use crate::translate::scope::{MessageEnv, MessageScope, Places, ReadJson};
use std::sync::Arc;

/// A compiled condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    protocol: Arc<dyn Protocol>,
    places: Places,
    tests: Vec<Test>,
    /// The condition, unless the tests are all of it.
    rest: Option<Expr>,
}

/// A comparison with a constant.
#[derive(Clone, Debug)]
struct Test {
    var: Var,
    op: Comparison,
    constant: Value,
}

/// Whether a condition can hold, as far as that is known at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    Always,
    Sometimes,
    Never,
}

impl Condition {
    /// Compiles a condition. The paths of JSON that its scope knows go to `json`: those of a whole
    /// table are read at once.
    pub(super) fn compile(
        source: &Source,
        protocol: &Arc<dyn Protocol>,
        mut scope: MessageScope<'_>,
        json: &mut Paths,
    ) -> Result<(Self, Prospect), RuleError> {
        let expr = Expr::condition(source, &mut scope)?;
        let conjuncts = expr.conjuncts();
        let prospect = prospect(&expr, &conjuncts.simple, &scope);
        let tests = conjuncts.simple.iter().map(Test::new).collect();
        let rest = (!conjuncts.whole).then(|| expr.clone());
        let mut places = scope.into_places();
        *json = places.take_json();
        Ok((
            Self {
                protocol: Arc::clone(protocol),
                places,
                tests,
                rest,
            },
            prospect,
        ))
    }

    /// Whether the condition looks at a field of an operation.
    pub(super) fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        self.places.read(operation, slot)
    }

    /// Whether the condition looks at a message's payload.
    pub(super) fn weighs_payload(&self) -> bool {
        self.places.weigh_payload()
    }

    /// Whether the condition holds for the message. One without a value does not hold.
    pub(super) fn holds(&self, message: &Message, facts: &Facts, json: &ReadJson<'_>) -> bool {
        let env = self.places.env(&self.protocol, message, facts, json);
        let passes = self
            .tests
            .iter()
            .all(|test| test.decide(&env) == Some(true));
        passes
            && (self
                .rest
                .as_ref()
                .is_none_or(|rest| rest.test(&env) == Ok(true)))
    }
}

impl Test {
    fn new(simple: &Simple<'_>) -> Self {
        Self {
            var: simple.var,
            op: simple.op,
            constant: simple.constant.clone(),
        }
    }

    /// What the expression would say, or nothing if it would fail.
    fn decide(&self, env: &MessageEnv<'_>) -> Option<bool> {
        let value = env.load(self.var).ok()?;
        self.op.holds(&value, &self.constant).ok()
    }
}

fn prospect(expr: &Expr, simple: &[Simple<'_>], scope: &MessageScope<'_>) -> Prospect {
    if let View::Constant(holds) = expr.view() {
        return if holds {
            Prospect::Always
        } else {
            Prospect::Never
        };
    }
    let contradicted = simple.iter().any(|one| {
        let range = scope.type_of(one.var).map(Range::of).unwrap_or_default();
        let range = simple
            .iter()
            .filter(|other| other.var == one.var)
            .fold(range, Range::narrowed);
        // What is absent differs from every number, and is in no order to any.
        one.op != Comparison::Ne && range.is_empty() || excluded(one, simple)
    });
    if contradicted {
        Prospect::Never
    } else {
        Prospect::Sometimes
    }
}

/// Whether another comparison of the same variable excludes the constant that this one demands.
fn excluded(one: &Simple<'_>, all: &[Simple<'_>]) -> bool {
    one.op == Comparison::Eq
        && all
            .iter()
            .filter(|other| other.var == one.var)
            .any(|other| match other.op {
                // As they are compared when a message comes: 1 and 1.0 are the same.
                Comparison::Eq | Comparison::Ne => {
                    other.op.holds(one.constant, other.constant) == Ok(false)
                }
                Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge => false,
            })
}

/// The numbers that a field can still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    min: i128,
    max: i128,
    /// From one to the next: of fields that may have a fraction, none.
    step: i128,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            min: i128::MIN,
            max: i128::MAX,
            step: 0,
        }
    }
}

impl Range {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Int { min, max } => Self {
                min: *min,
                max: *max,
                step: 1,
            },
            _ => Self::default(),
        }
    }

    fn narrowed(self, by: &Simple<'_>) -> Self {
        let Value::Int(n) = *by.constant else {
            return self;
        };
        let Self { min, max, step } = self;
        let above = n.saturating_add(step);
        let below = n.saturating_sub(step);
        let (min, max) = match by.op {
            Comparison::Eq => (min.max(n), max.min(n)),
            Comparison::Lt => (min, max.min(below)),
            Comparison::Le => (min, max.min(n)),
            Comparison::Gt => (min.max(above), max),
            Comparison::Ge => (min.max(n), max),
            Comparison::Ne if min == n => (above, max),
            Comparison::Ne if max == n => (min, below),
            Comparison::Ne => (min, max),
        };
        Self { min, max, step }
    }

    const fn is_empty(self) -> bool {
        self.min > self.max
    }
}
