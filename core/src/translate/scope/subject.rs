//! Which messages a route's rules will see.

use super::message::requests;
use crate::codec::Descriptor;
use crate::expr::RuleError;
use crate::expr::suggest::did_you_mean;
use crate::message::{Kind, OperationId};
use crate::route::codes::{NO_REQUESTS, NOT_A_REQUEST, UNKNOWN_OPERATION};
use crate::route::pattern::Pattern;
use crate::translate::RouteSpec;
use std::sync::Arc;

/// Which messages the rules will see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Those of one operation.
    One(OperationId),
    /// All requests of the protocol.
    EveryRequest,
    /// HTTP requests with the methods and paths of a pattern; all if there is none.
    Http(Option<Arc<Pattern>>),
    /// The operation named does not exist. That is an error already, so that each name passes.
    Unknown,
}

impl Subject {
    /// The messages that a route takes, but for its `when`.
    pub(crate) fn of(spec: &RouteSpec, descriptor: &Descriptor) -> Result<Self, RuleError> {
        if descriptor.http.is_some() {
            let pattern = spec.operation.as_ref().map(Pattern::parse).transpose()?;
            return Ok(Self::Http(pattern.map(Arc::new)));
        }
        let Some(operation) = &spec.operation else {
            return match requests(descriptor).next() {
                Some(_) => Ok(Self::EveryRequest),
                None => {
                    let message = format!("protocol `{}` has no requests", descriptor.name);
                    Err(RuleError::new(NO_REQUESTS, spec.span.clone(), message)
                        .help("name the `operation`"))
                }
            };
        };
        let names = || {
            descriptor
                .operations
                .iter()
                .filter(|o| o.kind != Kind::Reply)
                .map(|o| o.name.as_ref())
        };
        let error = |code, message: String| {
            let mut error = RuleError::new(code, operation.span().clone(), message);
            error.help = did_you_mean(operation.text(), names()).or_else(|| {
                let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                Some(format!("it has {}", names.join(", "))).filter(|_| !names.is_empty())
            });
            error
        };
        let Some(id) = descriptor.operation_named(operation.text()) else {
            let name = operation.text().escape_debug();
            return Err(error(
                UNKNOWN_OPERATION,
                format!("protocol `{}` has no operation `{name}`", descriptor.name),
            ));
        };
        match descriptor.operation(id).kind {
            Kind::Request | Kind::Event => Ok(Self::One(id)),
            Kind::Reply => Err(error(
                NOT_A_REQUEST,
                format!("operation `{}` is a reply", operation.text()),
            )),
        }
    }

    /// Whether somebody waits for a reply to these messages.
    pub(crate) fn has_replies(&self, descriptor: &Descriptor) -> bool {
        match self {
            Self::One(id) => descriptor.operation(*id).kind == Kind::Request,
            Self::EveryRequest | Self::Http(_) | Self::Unknown => true,
        }
    }
}
