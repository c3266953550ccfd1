//! What a reply has to be.

use super::QuestionSpec;
use super::constants::enumeration;
use crate::codec::{Descriptor, EnumId, Grade, Named, Protocol};
use crate::expr::codes::UNKNOWN_NAME;
use crate::expr::suggest::did_you_mean;
use crate::expr::{Binding, Env, EvalError, Expr, NameError, RuleError, Scope, Source, Step, Var};
use crate::message::{Kind, Message, OperationId, Slot, Value};
use crate::translate::Findings;
use crate::translate::codes::EXPECT;
use crate::translate::scope::names;
use std::borrow::Cow;
use std::sync::Arc;

/// A compiled expectation.
#[derive(Debug)]
pub(super) enum Expectation {
    /// Any reply that is no error.
    NoError,
    /// A reply of this operation, for which the condition holds.
    Reply(OperationId, Option<Expr>),
}

impl Expectation {
    pub(super) fn compile(
        spec: &QuestionSpec,
        protocol: &Arc<dyn Protocol>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let descriptor = protocol.descriptor();
        let Some(expect) = &spec.expect else {
            return match &spec.when {
                None => Some(Self::NoError),
                Some(when) => {
                    let message = "a condition on a reply without its operation";
                    let error = RuleError::new(EXPECT, when.span().clone(), message);
                    findings.refuse(error.help("name it with `expect`"))
                }
            };
        };
        let operation = findings.take(reply_named(expect, descriptor))?;
        let mut scope = Reply {
            descriptor,
            operation,
        };
        let when = match &spec.when {
            Some(when) => Some(findings.take(Expr::condition(when, &mut scope))?),
            None => None,
        };
        Some(Self::Reply(operation, when))
    }

    /// A condition without a value for the reply does not hold.
    pub(super) fn is_met_by(&self, reply: &Message, protocol: &Arc<dyn Protocol>) -> bool {
        match self {
            Self::NoError => protocol.descriptor().grade(reply) == Grade::Fine,
            Self::Reply(operation, when) => {
                let holds = |when: &Expr| when.test(&Fields(reply)) == Ok(true);
                reply.operation() == *operation && when.as_ref().is_none_or(holds)
            }
        }
    }
}

fn reply_named(expect: &Source, descriptor: &Descriptor) -> Result<OperationId, RuleError> {
    let found = descriptor.operation_named(expect.text());
    let is_reply = |id: &OperationId| descriptor.operation(*id).kind == Kind::Reply;
    found.filter(is_reply).ok_or_else(|| {
        let operations = descriptor.operations.iter();
        let replies = operations.filter(|o| o.kind == Kind::Reply);
        let names: Vec<&str> = replies.map(|o| o.name.as_ref()).collect();
        let name = expect.text().escape_debug();
        let message = format!("protocol `{}` has no reply `{name}`", descriptor.name);
        let help = did_you_mean(expect.text(), names.iter().copied())
            .unwrap_or_else(|| format!("its replies are `{}`", names.join("`, `")));
        RuleError::new(EXPECT, expect.span().clone(), message).help(help)
    })
}

/// The names of a condition: the fields of the reply, by slot.
struct Reply<'a> {
    descriptor: &'a Arc<Descriptor>,
    operation: OperationId,
}

impl Scope for Reply<'_> {
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let name = match path.first() {
            Some(Step::Name(name)) => *name,
            Some(Step::Key(_) | Step::Index(_)) | None => "",
        };
        let record = self.descriptor.record(self.operation);
        let Some(Named { slot, field, used }) = record.named(&names(path)) else {
            let operation = &self.descriptor.operation(self.operation).name;
            return Err(NameError {
                code: UNKNOWN_NAME,
                message: format!("message `{operation}` has no field `{name}`"),
                step: 0,
                help: did_you_mean(name, record.fields.iter().map(|f| f.name.as_ref())),
            });
        };
        Ok(Binding {
            var: Var(slot.0.into()),
            ty: field.ty.clone(),
            descriptor: Some(Arc::clone(self.descriptor)),
            used,
        })
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        enumeration(self.descriptor, name)
    }
}

/// The fields of a reply, by slot.
struct Fields<'a>(&'a Message);

impl Env for Fields<'_> {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        let slot = u16::try_from(var.0).ok().map(Slot);
        let value = slot.and_then(|slot| self.0.fields().get(slot.index()));
        Ok(value.map_or(Cow::Owned(Value::Null), Cow::Borrowed))
    }
}
