//! The reply rules of a route, in their order.

use super::on::On;
use super::response;
use super::rule::{Rule, Told};
use crate::codec::{Descriptor, Protocol, Rejected};
use crate::expr::{EvalError, RuleError, Source};
use crate::fault::{Fault, FaultClass};
use crate::message::{Message, Slot};
use crate::translate::codes::{NEVER, NO_REST, ONE_WAY};
use crate::translate::json::Paths;
use crate::translate::load::Findings;
use crate::translate::scope::{
    Answers, MessageEnv, MessageScope, Places, ReplyEnv, ReplyPlace, ReplyScope,
};
use crate::translate::{Outcome, RouteSpec};
use std::sync::Arc;

/// Compiled reply rules.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Replies {
    rules: Vec<Rule>,
    places: Box<[ReplyPlace]>,
    paths: Paths,
}

/// What the rules made of an outcome.
enum Verdict {
    /// This reply.
    Reply(Message),
    /// No rule takes it, or one leaves it to the protocol.
    Untaken,
    /// The rule that takes it, or the question whether it does, has no value for this answer.
    Failed(EvalError),
}

impl Replies {
    /// Compiles the reply rules of a route. Beside them is what the variables of the request
    /// mean, those of `request`'s own rules among them.
    pub(in crate::translate) fn compile(
        spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
        request: MessageScope<'_>,
        answers: Answers<'_>,
        findings: &mut Findings,
    ) -> (Self, Places) {
        let waits = request.subject().has_replies(protocol.descriptor());
        let mut scope = ReplyScope::new(request, answers);
        let mut rules = Vec::new();
        if waits {
            let compiled = spec
                .replies
                .iter()
                .map(|spec| Rule::compile(spec, protocol, &mut scope, findings));
            rules.extend(compiled.flatten());
            findings
                .warnings
                .extend(warnings(spec, answers, protocol.descriptor()));
        } else if let Some(rule) = spec.replies.first() {
            let message = "the operation is an event: nobody waits for a reply";
            let error = RuleError::new(ONE_WAY, rule.span.clone(), message);
            findings
                .errors
                .push(error.help("leave out the reply rules"));
        }
        let (places, request_places, paths) = scope.into_parts();
        (
            Self {
                rules,
                places,
                paths,
            },
            request_places,
        )
    }

    /// Whether one of the rules looks at this field of an answer that is a message.
    pub(in crate::translate) fn read(&self, slot: Slot) -> bool {
        self.places.contains(&ReplyPlace::Field(slot))
    }

    /// The native reply to the message of `request`; see
    /// [`Translation::reply`](crate::translate::Translation::reply).
    pub(in crate::translate) fn reply(
        &self,
        request: MessageEnv<'_>,
        outcome: &Outcome<'_>,
    ) -> Option<Message> {
        match (self.apply(request, outcome), outcome) {
            (Verdict::Reply(message), _) => Some(message),
            (Verdict::Untaken | Verdict::Failed(_), Outcome::Fault(fault)) => {
                reject(request, fault)
            }
            (Verdict::Failed(error), _) => {
                let detail = error.detail().to_owned();
                self.bad_reply(request, &Fault::sent(FaultClass::BadReply, detail))
            }
            (Verdict::Untaken, Outcome::Answer(answer)) => {
                let class = FaultClass::Status(answer.status.as_u16());
                reject(
                    request,
                    &Fault::sent(class, "no reply rule takes this status"),
                )
            }
            (Verdict::Untaken, Outcome::Sent) if request.is_http() => accepted(request),
            (Verdict::Untaken, Outcome::Message(_) | Outcome::Sent) => {
                let detail = "no reply rule takes this reply";
                reject(request, &Fault::sent(FaultClass::BadReply, detail))
            }
        }
    }

    /// What the rule for a message makes of it, where all that the upstream says is passed on. Rules for
    /// everything are for faults there.
    pub(in crate::translate) fn event(
        &self,
        request: MessageEnv<'_>,
        event: &Message,
    ) -> Result<Option<Told>, EvalError> {
        let outcome = Outcome::Message(event);
        let env = ReplyEnv::new(&self.places, request, &self.paths, outcome);
        let on = On::Operation(event.operation());
        for rule in self.rules.iter().filter(|rule| rule.on == on) {
            if rule
                .when
                .as_ref()
                .map_or(Ok(true), |when| when.test(&env))?
            {
                return rule.tell(request, &env);
            }
        }
        Ok(None)
    }

    /// Asks the rules a second and last time.
    fn bad_reply(&self, request: MessageEnv<'_>, fault: &Fault) -> Option<Message> {
        match self.apply(request, &Outcome::Fault(fault)) {
            Verdict::Reply(message) => Some(message),
            Verdict::Untaken | Verdict::Failed(_) => reject(request, fault),
        }
    }

    fn apply(&self, request: MessageEnv<'_>, outcome: &Outcome<'_>) -> Verdict {
        let env = ReplyEnv::new(&self.places, request, &self.paths, *outcome);
        let takes = |rule: &&Rule| rule.on.takes(outcome) && !is_left(rule.on, request, outcome);
        for rule in self.rules.iter().filter(takes) {
            match rule.when.as_ref().map_or(Ok(true), |when| when.test(&env)) {
                Ok(true) => {}
                Ok(false) => continue,
                // Without an answer there is nothing to blame: the next rule may do.
                Err(_) if matches!(outcome, Outcome::Fault(_)) => continue,
                Err(error) => return Verdict::Failed(error),
            }
            return match rule.build(request, &env) {
                Ok(Some(message)) => Verdict::Reply(correlated(message, request)),
                Ok(None) => Verdict::Untaken,
                Err(error) => Verdict::Failed(error),
            };
        }
        Verdict::Untaken
    }
}

/// Whether a rule for everything leaves an outcome to the protocol. A client that speaks HTTP and
/// did not say what was asked of it wants to know that it was its own fault.
fn is_left(on: On, request: MessageEnv<'_>, outcome: &Outcome<'_>) -> bool {
    let unfit = matches!(outcome, Outcome::Fault(fault) if fault.class() == FaultClass::BadRequest);
    unfit && on == On::Everything && request.is_http()
}

/// What a client gets that speaks HTTP, once what it asked for is sent.
fn accepted(request: MessageEnv<'_>) -> Option<Message> {
    let descriptor = request.protocol.descriptor();
    let shape = descriptor.http.as_ref()?;
    Some(correlated(response::accepted(shape, descriptor), request))
}

fn correlated(mut reply: Message, request: MessageEnv<'_>) -> Message {
    request
        .protocol
        .descriptor()
        .correlate(&mut reply, request.message.correlation().clone());
    reply
}

fn reject(request: MessageEnv<'_>, fault: &Fault) -> Option<Message> {
    request
        .protocol
        .reject(&Rejected::from(request.message), fault)
}

/// Warnings about the reply rules of a route: of those that are never used, and of outcomes that none takes.
pub(in crate::translate) fn warnings(
    route: &RouteSpec,
    answers: Answers<'_>,
    descriptor: &Descriptor,
) -> Vec<RuleError> {
    let handed_on = matches!(answers, Answers::HandedOn);
    let is_left =
        |on: On| descriptor.http.is_some() && on == On::Fault(FaultClass::BadRequest) && !handed_on;
    let mut warnings = Vec::new();
    let mut earlier: Vec<On> = Vec::new();
    for spec in &route.replies {
        let Ok(on) = On::compile(&spec.on, answers) else {
            continue;
        };
        let takes =
            |earlier: &On| earlier.covers(on) && !(*earlier == On::Everything && is_left(on));
        if earlier.iter().any(takes) {
            let message = format!(
                "an earlier rule takes every outcome of `{}`",
                spec.on.text()
            );
            warnings.push(RuleError::new(NEVER, spec.on.span().clone(), message));
        }
        if spec.when.is_none() {
            earlier.push(on);
        }
    }
    if !earlier.contains(&On::Everything) && route.events.is_none() && !handed_on {
        let message = "some outcomes of this route have no reply rule";
        let span = route
            .name
            .as_ref()
            .map_or(&route.span, Source::span)
            .clone();
        warnings.push(
            RuleError::new(NO_REST, span, message).help("end the rules with one for `on = \"*\"`"),
        );
    }
    warnings
}
