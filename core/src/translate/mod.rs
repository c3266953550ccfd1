//! Rules both ways, compiled at load; total: every outcome has a native answer.

mod exchange;
mod spec;

pub use exchange::{Facts, HttpAnswer, HttpRequest, Outcome};
pub use spec::{BodySpec, JsonSpec, ReplySpec, RequestSpec, RouteSpec, SetSpec};

use crate::codec::{Protocol, Rejected};
use crate::expr::RuleError;
use crate::fault::{Fault, FaultClass};
use crate::message::Message;
use std::sync::Arc;

/// The compiled rules of one route.
#[derive(Clone, Debug)]
pub struct Translation {
    protocol: Arc<dyn Protocol>,
}

impl Translation {
    /// Compiles a route's rules against the protocol of its messages. The list beside the
    /// translation holds warnings.
    ///
    /// # Errors
    /// All errors of the route, each with its place.
    pub fn compile(
        _spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        Ok((
            Self {
                protocol: Arc::clone(protocol),
            },
            Vec::new(),
        ))
    }

    /// The HTTP request of a message.
    ///
    /// # Errors
    /// If a value may not stand where the rules put it. Nothing was sent then.
    pub fn request(&self, _message: &Message, _facts: &Facts) -> Result<HttpRequest, Fault> {
        Err(Fault::unsent(FaultClass::Internal, "no rules"))
    }

    /// The native answer to `request`: that of the first rule that takes the outcome, or else
    /// the protocol's own way to refuse. `None` if the protocol has none: the connection is to
    /// be closed.
    pub fn reply(
        &self,
        request: &Message,
        _outcome: &Outcome<'_>,
        _facts: &Facts,
    ) -> Option<Message> {
        self.protocol.reject(
            &Rejected::from(request),
            &Fault::sent(FaultClass::Internal, "no rules"),
        )
    }
}
