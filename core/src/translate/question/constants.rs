//! The scope of values that are known at load: no message is there to name a part of.

use crate::codec::{Descriptor, EnumId};
use crate::expr::{Binding, Env, EvalError, NameError, Scope, Step, Var, codes};
use crate::message::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A scope without names, but for the enums of a protocol.
#[derive(Debug)]
pub(super) struct Constants<'a> {
    descriptor: &'a Arc<Descriptor>,
}

impl<'a> Constants<'a> {
    pub(super) const fn new(descriptor: &'a Arc<Descriptor>) -> Self {
        Self { descriptor }
    }
}

impl Scope for Constants<'_> {
    fn resolve(&mut self, _: &[Step<'_>]) -> Result<Binding, NameError> {
        Err(NameError {
            code: codes::UNKNOWN_NAME,
            message: "there is no message here to take a value from".to_owned(),
            step: 0,
            help: Some(
                "values are constants here; `${NAME}` stands for a variable of the environment"
                    .to_owned(),
            ),
        })
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        enumeration(self.descriptor, name)
    }
}

impl Env for Constants<'_> {
    fn load(&self, _: Var) -> Result<Cow<'_, Value>, EvalError> {
        Ok(Cow::Owned(Value::Null))
    }
}

pub(super) fn enumeration(
    descriptor: &Arc<Descriptor>,
    name: &str,
) -> Option<(Arc<Descriptor>, EnumId)> {
    let enums = &descriptor.schema.enums;
    let index = enums.iter().position(|known| known.name == name)?;
    Some((Arc::clone(descriptor), EnumId(u16::try_from(index).ok()?)))
}
