//! What rules change in the header fields of requests of HTTP, and of their answers, that are handed on.

mod change;

pub(super) use change::{Changed, TOLD_BY_THE_GATEWAY};

use super::load::{Findings, bad_request};
use super::reply::{On, condition, warnings};
use super::scope::{
    Answers, MessageScope, Places, ReadJson, ReplyEnv, ReplyPlace, ReplyScope, Subject,
};
use super::{AmendSpec, Facts, Outcome, ReplySpec, RequestSpec, RouteSpec, codes};
use crate::codec::Protocol;
use crate::expr::{EvalError, Expr, RuleError, Source};
use crate::fault::Fault;
use crate::message::Message;
use change::{Change, Typed};
use http::HeaderName;
use std::sync::Arc;

/// The compiled rules of a route that hands on.
#[derive(Debug)]
pub(super) struct Amendments {
    protocol: Arc<dyn Protocol>,
    /// What the variables of the request's parts and facts mean, in both directions.
    places: Places,
    request: Change,
    replies: Vec<Rule>,
    reply_places: Box<[ReplyPlace]>,
    paths: super::Paths,
}

/// A compiled reply rule.
#[derive(Debug)]
struct Rule {
    on: On,
    when: Option<Expr>,
    change: Change,
}

impl Amendments {
    /// Compiles the rules of a route, but for its `when`.
    pub(super) fn compile(
        spec: &RouteSpec,
        protocol: &Arc<dyn Protocol>,
        findings: &mut Findings,
    ) -> Self {
        let descriptor = protocol.descriptor();
        let subject = findings.take(Subject::of(spec, descriptor));
        let mut scope = MessageScope::new(descriptor, subject.unwrap_or(Subject::Unknown));
        let request = match &spec.request {
            Some(RequestSpec::Amended(typed)) => {
                let (headers, amend) = (&typed.headers, typed.amend.as_ref());
                Change::compile(Typed::of_request(headers, amend), &mut scope, findings)
            }
            Some(RequestSpec::Http(_) | RequestSpec::Message(_)) | None => Change::default(),
        };
        let mut scope = ReplyScope::new(scope, Answers::HandedOn);
        let rules = spec.replies.iter();
        let rules = rules.map(|rule| Rule::compile(rule, &mut scope, findings));
        let replies = rules.collect::<Vec<_>>().into_iter().flatten().collect();
        let never_used = warnings(spec, Answers::HandedOn, descriptor);
        findings.warnings.extend(never_used);
        let (reply_places, places, paths) = scope.into_parts();
        Self {
            protocol: Arc::clone(protocol),
            places,
            request,
            replies,
            reply_places,
            paths,
        }
    }

    /// Whether a rule looks at the payload of a request.
    pub(super) fn weighs_payload(&self) -> bool {
        self.places.weigh_payload()
    }

    /// What of a request ends here.
    pub(super) fn ends_of_requests(&self) -> &[HeaderName] {
        self.request.ends()
    }

    /// What is changed in a request.
    pub(super) fn request(&self, request: &Message, facts: &Facts) -> Result<Changed<'_>, Fault> {
        let json = ReadJson::new(self.places.json());
        let env = self.places.env(&self.protocol, request, facts, &json);
        let changed = self.request.evaluate(&env);
        changed.map_err(|error| bad_request(&error))
    }

    /// What is changed in what a client gets for an outcome: by the first rule that takes it.
    pub(super) fn reply(
        &self,
        request: &Message,
        outcome: &Outcome<'_>,
        facts: &Facts,
    ) -> Result<Changed<'_>, EvalError> {
        let json = ReadJson::new(self.places.json());
        let request = self.places.env(&self.protocol, request, facts, &json);
        let env = ReplyEnv::new(&self.reply_places, request, &self.paths, *outcome);
        for rule in self.replies.iter().filter(|rule| rule.on.takes(outcome)) {
            match rule.when.as_ref().map_or(Ok(true), |when| when.test(&env)) {
                Ok(true) => return rule.change.evaluate(&env),
                Ok(false) => {}
                // Without an answer there is nothing to blame: the next rule may do.
                Err(_) if matches!(outcome, Outcome::Fault(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Changed::default())
    }
}

impl Rule {
    fn compile(
        spec: &ReplySpec,
        scope: &mut ReplyScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let on = findings.take(On::compile(&spec.on, scope.answers()));
        scope.answer_to(on);
        let when = condition(spec, scope, findings);
        findings.errors.extend(makes_a_reply(spec));
        let headers = spec.response.as_ref().map(|r| r.headers.as_slice());
        let typed = Typed::of_reply(headers.unwrap_or_default(), spec.amend.as_ref());
        let change = Change::compile(typed, scope, findings);
        Some(Self {
            on: on?,
            when: when?,
            change,
        })
    }
}

/// The error of a rule that says more than what changes.
fn makes_a_reply(spec: &ReplySpec) -> Option<RuleError> {
    let made = spec.response.as_ref().filter(|response| {
        response.status.is_some() || !matches!(response.body, super::BodySpec::Empty)
    });
    let made = made.map(|response| &response.span);
    let sources = [&spec.send, &spec.bytes, &spec.label.event, &spec.label.id];
    let typed = sources.into_iter().find_map(Option::as_ref);
    let set = spec.set.first().map(|(name, _)| name);
    let span = made.or_else(|| typed.or(set).map(Source::span))?;
    let message = "answers are handed on by this route: a rule changes their header fields";
    let error = RuleError::new(codes::HANDED_ON, span.clone(), message);
    Some(error.help("it has `on`, `when`, `headers`, `add-headers` and `remove-headers`; a request of its own begins with `request.get` or the like"))
}

impl<'s> Typed<'s> {
    fn of_request(headers: &'s [(Source, Source)], amend: Option<&'s AmendSpec>) -> Self {
        Self {
            refused: &TOLD_BY_THE_GATEWAY,
            ..Self::of_reply(headers, amend)
        }
    }

    fn of_reply(headers: &'s [(Source, Source)], amend: Option<&'s AmendSpec>) -> Self {
        Self {
            set: headers,
            add: amend.map_or(&[], |amend| &amend.add),
            remove: amend.map_or(&[], |amend| &amend.remove),
            refused: &[],
        }
    }
}
