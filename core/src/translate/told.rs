//! What reply rules tell, for whoever describes a route instead of running it.

use super::RouteSpec;
use super::reply::On;
use super::scope::{Answers, MessageScope, ReplyScope, Subject};
use crate::codec::Protocol;
use crate::expr::{RuleError, Source, Template};
use std::sync::Arc;

/// Compiles one value of a reply rule for the outcomes of `on` alone: its types are those of the
/// rule. `protocol` is that of the clients, `upstream` that of the replies, unless they are HTTP's.
///
/// # Errors
/// What is wrong with it; nothing, if the route's rules were compiled before.
pub fn told(
    value: &Source,
    on: &Source,
    route: &RouteSpec,
    protocol: &Arc<dyn Protocol>,
    upstream: Option<&Arc<dyn Protocol>>,
) -> Result<Template, RuleError> {
    let descriptor = protocol.descriptor();
    let request = MessageScope::new(descriptor, Subject::of(route, descriptor)?);
    let answers = upstream.map_or(Answers::Http, |upstream| {
        Answers::of(route, upstream.descriptor())
    });
    let mut scope = ReplyScope::new(request, answers);
    scope.answer_to(Some(On::compile(on, answers)?));
    Template::compile(value, &mut scope)
}
