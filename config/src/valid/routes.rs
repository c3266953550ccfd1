//! Routes, compiled once for each protocol that their listeners speak.

use super::fit::{self, Destination};
use super::{Names, Spoken};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{EndpointKind, RouteAction, RoutePlan, Service, Sharing, Speech};
use crate::read::{Problem, Reader};
use crate::typed::{Route, Upstream};
use gatewright_core::codec::Protocol;
use gatewright_core::expr::RuleError;
use gatewright_core::route::Table;
use gatewright_core::translate::{
    BalanceKey, Conversion, Proxy, RequestSpec, RouteSpec, Translation,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All routes of a file.
pub(super) struct Routes<'f> {
    compiled: Vec<Compiled<'f>>,
}

/// An error that the reader knows.
struct Noted;

/// One route whose rules could be read.
struct Compiled<'f> {
    spec: &'f RouteSpec,
    /// By index.
    listeners: Vec<usize>,
    /// By index, if there is one of its name.
    upstream: Option<usize>,
    /// One for each protocol of the listeners, if all of its parts are right.
    plans: Vec<(Arc<dyn Protocol>, Arc<RoutePlan>)>,
}

impl<'f> Routes<'f> {
    /// Looks up and compiles all routes. `spoken` holds the protocol of each listener.
    pub(super) fn new(
        reader: &mut Reader<'_>,
        names: &Names<'f>,
        spoken: &[Option<Spoken>],
        speeches: &[Option<Speech>],
    ) -> Self {
        let mut compiled = Vec::with_capacity(names.file.routes.len());
        for (index, route) in names.file.routes.iter().enumerate() {
            note_same_name(reader, &names.file.routes, index);
            compiled.extend(compile(reader, names, spoken, speeches, index, route));
        }
        let routes = Self { compiled };
        routes.note_unreachable(reader, spoken);
        routes.note_half_bound(reader, names, speeches);
        routes
    }

    /// The table and the routes of one listener; `None` if not all of them are right.
    pub(super) fn of_listener(
        &self,
        listener: usize,
        protocol: &Arc<dyn Protocol>,
    ) -> Option<(Table, Vec<Arc<RoutePlan>>)> {
        let plans: Option<Vec<_>> = self
            .taking(listener)
            .map(|route| route.plan(protocol))
            .collect();
        let (table, _) = Table::compile(&self.specs(listener), protocol).ok()?;
        Some((table, plans?))
    }

    fn taking(&self, listener: usize) -> impl Iterator<Item = &Compiled<'f>> {
        self.compiled
            .iter()
            .filter(move |route| route.listeners.contains(&listener))
    }

    fn specs(&self, listener: usize) -> Vec<&'f RouteSpec> {
        self.taking(listener).map(|route| route.spec).collect()
    }

    /// Notes what the tables find. A warning is about a route that one listener's messages never
    /// reach; it stands only if that holds for all of the route's listeners.
    fn note_unreachable(&self, reader: &mut Reader<'_>, spoken: &[Option<Spoken>]) {
        let mut warned: BTreeMap<(usize, String), (RuleError, usize)> = BTreeMap::new();
        for (listener, spoken) in spoken.iter().enumerate() {
            let Some(spoken) = spoken else { continue };
            match Table::compile(&self.specs(listener), &spoken.protocol) {
                Ok((_, warnings)) => {
                    for warning in warnings {
                        let key = (warning.span.start, warning.message.clone());
                        warned.entry(key).or_insert((warning, 0)).1 += 1;
                    }
                }
                Err(errors) => note_all(reader, Severity::Error, errors),
            }
        }
        for (warning, times) in warned.into_values() {
            let owner = self
                .compiled
                .iter()
                .rev()
                .find(|route| route.spec.span.start <= warning.span.start);
            if owner.is_none_or(|route| times >= route.listeners.len()) {
                note_all(reader, Severity::Warning, vec![warning]);
            }
        }
    }
}

impl Routes<'_> {
    /// A client that is bound takes all that it says later to where its first message went: notes
    /// routes of the same listener that would be passed over.
    fn note_half_bound(
        &self,
        reader: &mut Reader<'_>,
        names: &Names<'_>,
        speeches: &[Option<Speech>],
    ) {
        let is_bound = |route: &&Compiled<'_>| {
            let speech = route
                .upstream
                .and_then(|index| speeches.get(index)?.as_ref());
            speech.is_some_and(|speech| speech.sharing == Sharing::Bound)
        };
        for (index, listener) in names.file.listeners.iter().enumerate() {
            let bound = self.taking(index).find(is_bound);
            let other = self.taking(index).find(|route| !is_bound(route));
            let (Some(_), Some(other)) = (bound, other) else {
                continue;
            };
            let name = &listener.name.value;
            let message =
                format!("a route of `{name}` that clients bound by another one pass over");
            let problem = Problem::new(codes::MISMATCH, message);
            let help =
                "all routes of a listener lead to upstreams with `sharing = \"bound\"`, or none";
            reader.problem(problem.help(help), other.spec.span.clone());
        }
    }
}

impl Routes<'_> {
    /// No request waits for longer than the time that its route gives it.
    pub(super) fn note_idle_waits(&self, reader: &mut Reader<'_>, names: &Names<'_>) {
        for (index, upstream) in names.file.upstreams.iter().enumerate() {
            let routes = self.compiled.iter().filter(|c| c.upstream == Some(index));
            let times = routes
                .flat_map(|route| &route.plans)
                .map(|(_, plan)| plan.timeout);
            if let (Some(span), Some(longest)) = (&upstream.queue_wait, times.max())
                && upstream.limits.queue_wait > longest
            {
                let problem = Problem::warning(codes::UNUSED, "`queue-wait` is not used");
                let help = format!("`timeout` is over by then: {longest:?}");
                reader.problem(problem.help(help), span.clone());
            }
        }
    }

    /// Where no try has a time of its own, none is tried again for its time.
    pub(super) fn note_idle_retries(&self, reader: &mut Reader<'_>, names: &Names<'_>) {
        for (index, upstream) in names.file.upstreams.iter().enumerate() {
            let routes = self.compiled.iter().filter(|c| c.upstream == Some(index));
            let mut plans = routes.flat_map(|route| &route.plans).peekable();
            let Some(span) = &upstream.retry.on_timeout else {
                continue;
            };
            if plans.peek().is_some() && plans.all(|(_, plan)| plan.tries.is_none()) {
                let problem = Problem::warning(codes::UNUSED, "\"timeout\" is not used");
                let help =
                    "no try has a time of its own: add `try-timeout` or `first-byte-timeout`";
                reader.problem(problem.help(help), span.clone());
            }
        }
    }
}

impl Compiled<'_> {
    fn plan(&self, protocol: &Arc<dyn Protocol>) -> Option<Arc<RoutePlan>> {
        self.plans
            .iter()
            .find(|(compiled_for, _)| Arc::ptr_eq(compiled_for, protocol))
            .map(|(_, plan)| Arc::clone(plan))
    }
}

fn compile<'f>(
    reader: &mut Reader<'_>,
    names: &Names<'f>,
    spoken: &[Option<Spoken>],
    speeches: &[Option<Speech>],
    index: usize,
    route: &'f Route,
) -> Option<Compiled<'f>> {
    let listeners = listeners(reader, names, route);
    let upstream = route.to.as_ref().and_then(|to| names.upstream(reader, to));
    let of = |listener: &usize| spoken.get(*listener).and_then(Option::as_ref);
    let destination = upstream.and_then(|index| Destination::of(names, speeches, index));
    let of_listeners: Vec<&Spoken> = listeners.iter().filter_map(of).collect();
    fit::note_misfits(reader, route, destination, &of_listeners);
    if let Some(upstream) = upstream {
        let whole = names.file.upstreams[upstream].timeout;
        route
            .tries
            .note_idle(reader, route.timeout.unwrap_or(whole));
    }
    let spec = route.spec.as_ref()?;
    let typed = Arc::new(spec.clone());
    let mut compiled = Compiled {
        spec,
        listeners,
        upstream,
        plans: Vec::new(),
    };
    for Spoken { protocol, service } in compiled.listeners.clone().iter().filter_map(of) {
        if compiled.plan(protocol).is_some() {
            continue;
        }
        let action = action(reader, spec, *service, protocol, destination);
        let Some(upstream) = upstream else { continue };
        let key = balance_key(reader, &names.file.upstreams[upstream], spec, protocol);
        if let (Some(action), Ok(key)) = (action, key) {
            let mut plan = route_plan(names, index, route, upstream, action, &typed);
            plan.balance_key = key;
            compiled.plans.push((Arc::clone(protocol), Arc::new(plan)));
        }
    }
    Some(compiled)
}

/// What a route does with messages of a protocol; `None` if that is wrong, which is noted.
fn action(
    reader: &mut Reader<'_>,
    spec: &RouteSpec,
    service: Service,
    protocol: &Arc<dyn Protocol>,
    destination: Option<Destination<'_>>,
) -> Option<RouteAction> {
    let kind = destination.map(|to| to.kind);
    match (service, kind, &spec.request) {
        (Service::Relay, _, _) => Some(RouteAction::Relay),
        (Service::Messages, Some(EndpointKind::Stream), Some(RequestSpec::Message(_))) => {
            let upstream = &destination?.speech?.protocol;
            let compiled = Conversion::compile(spec, protocol, upstream);
            noted(reader, compiled).map(RouteAction::Convert)
        }
        (Service::Messages, Some(EndpointKind::Stream), Some(RequestSpec::Http(_))) => None,
        (Service::Messages, Some(EndpointKind::Stream), Some(RequestSpec::Amended(_)) | None) => {
            match Proxy::of(protocol) {
                Some(proxy) => {
                    let proxy = proxy.traced(destination?.traceparent);
                    noted(reader, proxy.with_rules(spec)).map(RouteAction::Proxy)
                }
                None => Some(RouteAction::Forward),
            }
        }
        (Service::Messages, _, Some(RequestSpec::Http(_))) => {
            let compiled = Translation::compile(spec, protocol);
            noted(reader, compiled).map(RouteAction::Translate)
        }
        (Service::Messages, Some(EndpointKind::Http), Some(RequestSpec::Amended(_)) | None) => {
            let deadline = destination?.deadline_header.cloned();
            let proxy = Proxy::of(protocol)?.withholding(deadline);
            noted(reader, proxy.with_rules(spec)).map(RouteAction::Proxy)
        }
        (Service::Messages, _, Some(RequestSpec::Message(_) | RequestSpec::Amended(_)) | None) => {
            None
        }
    }
}

/// The listeners of a route, by index, each once.
fn listeners(reader: &mut Reader<'_>, names: &Names<'_>, route: &Route) -> Vec<usize> {
    let mut listeners: Vec<usize> = Vec::with_capacity(route.from.len());
    for from in &route.from {
        match names.listener(reader, from) {
            Some(listener) if listeners.contains(&listener) => {
                let message = format!("listener `{}` is named twice", from.value);
                reader.problem(Problem::new(codes::DUPLICATE, message), from.span.clone());
            }
            Some(listener) => listeners.push(listener),
            None => {}
        }
    }
    listeners
}

fn route_plan(
    names: &Names<'_>,
    index: usize,
    route: &Route,
    upstream: usize,
    action: RouteAction,
    spec: &Arc<RouteSpec>,
) -> RoutePlan {
    let name = match &route.name {
        Some(name) => name.value.clone(),
        None => format!("#{}", index + 1),
    };
    let whose = &names.file.upstreams[upstream];
    RoutePlan {
        name: name.into(),
        upstream,
        spec: Arc::clone(spec),
        action,
        timeout: route.timeout.unwrap_or(whose.timeout),
        tries: route.tries.or(&whose.tries),
        balance_key: None,
    }
}

/// The key of an upstream for the messages of one of its routes; the error is noted.
fn balance_key(
    reader: &mut Reader<'_>,
    upstream: &Upstream,
    spec: &RouteSpec,
    protocol: &Arc<dyn Protocol>,
) -> Result<Option<BalanceKey>, Noted> {
    let compile = |source| BalanceKey::compile(source, spec, protocol);
    let compiled = upstream.key.as_ref().map(compile).transpose();
    compiled.map_err(|error| {
        note_all(reader, Severity::Error, vec![error]);
        Noted
    })
}

/// The compiled rules, if there are any; errors and warnings are noted.
fn noted<T>(
    reader: &mut Reader<'_>,
    compiled: Result<(T, Vec<RuleError>), Vec<RuleError>>,
) -> Option<T> {
    match compiled {
        Ok((rules, warnings)) => {
            note_all(reader, Severity::Warning, warnings);
            Some(rules)
        }
        Err(errors) => {
            note_all(reader, Severity::Error, errors);
            None
        }
    }
}

fn note_all(reader: &mut Reader<'_>, severity: Severity, found: Vec<RuleError>) {
    let source = Arc::clone(&reader.source);
    for error in found {
        reader.note(Diagnostic::rule(severity, error, Arc::clone(&source)));
    }
}

fn note_same_name(reader: &mut Reader<'_>, routes: &[Route], index: usize) {
    let Some(name) = routes.get(index).and_then(|route| route.name.as_ref()) else {
        return;
    };
    let mut before = routes
        .iter()
        .take(index)
        .filter_map(|route| route.name.as_ref());
    if before.any(|other| other.value == name.value) {
        let problem = Problem::new(
            codes::DUPLICATE,
            format!("a route before this one is named `{}` too", name.value),
        );
        reader.problem(problem, name.span.clone());
    }
}
