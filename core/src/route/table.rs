//! The decision table: for each operation, the routes that may take it, in their order.

use super::codes::{CONTRADICTION, SHADOWED};
use super::condition::{Condition, Prospect};
use crate::codec::{Descriptor, Protocol};
use crate::expr::{RuleError, Source, Span};
use crate::message::{Message, OperationId, Slot};
use crate::translate::scope::{MessageScope, Subject, requests};
use crate::translate::{Facts, Findings, RouteSpec};
use std::sync::Arc;

/// Which message goes where. The default takes none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// By [`OperationId`].
    rows: Arc<[Row]>,
    /// The route that takes every request, whatever it says.
    sole: Option<usize>,
}

type Row = Vec<Candidate>;

/// A route that may take an operation.
#[derive(Clone, Debug)]
struct Candidate {
    route: usize,
    /// Without one the route takes every message of the operation.
    when: Option<Arc<Condition>>,
}

impl Table {
    /// Compiles the operations and conditions of a listener's routes, in their order. The list
    /// beside the table holds warnings.
    ///
    /// # Errors
    /// All errors in operations and conditions, each with its place. An operation that does not
    /// exist is reported by [`Translation::compile`](crate::translate::Translation::compile) too,
    /// in the same words.
    pub fn compile(
        routes: &[&RouteSpec],
        protocol: &Arc<dyn Protocol>,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        let mut findings = Findings::default();
        let mut rows = vec![Row::new(); protocol.descriptor().operations.len()];
        for (index, spec) in routes.iter().enumerate() {
            add(&mut rows, routes, index, spec, protocol, &mut findings);
        }
        let sole = sole(&rows, protocol.descriptor());
        let rows = rows.into();
        findings.finish(Some(Self { rows, sole }))
    }

    /// The route that takes every request, so that none needs to be read to be routed.
    #[must_use]
    pub const fn sole(&self) -> Option<usize> {
        self.sole
    }

    /// The first route that takes the message, as an index into the routes given.
    #[must_use]
    pub fn pick(&self, message: &Message, facts: &Facts) -> Option<usize> {
        let row = self.rows.get(usize::from(message.operation().0))?;
        let takes = |candidate: &&Candidate| {
            candidate
                .when
                .as_ref()
                .is_none_or(|when| when.holds(message, facts))
        };
        row.iter().find(takes).map(|candidate| candidate.route)
    }
}

impl Table {
    /// Whether a route looks at a field of an operation before it takes a message.
    #[must_use]
    pub fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        let row = self.rows.get(usize::from(operation.0));
        let conditions = row.into_iter().flatten().filter_map(|c| c.when.as_ref());
        conditions
            .into_iter()
            .any(|when| when.reads(operation, slot))
    }
}

fn add(
    rows: &mut [Row],
    routes: &[&RouteSpec],
    index: usize,
    spec: &RouteSpec,
    protocol: &Arc<dyn Protocol>,
    findings: &mut Findings,
) {
    let descriptor = protocol.descriptor();
    let subject = findings
        .take(Subject::of(spec, descriptor))
        .unwrap_or(Subject::Unknown);
    let operations = operations(subject, descriptor);
    let when = match &spec.when {
        None => None,
        Some(source) => {
            let scope = MessageScope::new(descriptor, subject);
            let compiled = findings.take(Condition::compile(source, protocol, scope));
            let Some((condition, prospect)) = compiled else {
                return;
            };
            if prospect == Prospect::Never {
                findings.warnings.push(contradiction(source));
            }
            (prospect != Prospect::Always).then(|| Arc::new(condition))
        }
    };
    if let Some(earlier) = shadowing(rows, routes, &operations, spec) {
        findings.warnings.push(shadowed(spec, earlier));
    }
    for operation in operations {
        if let Some(row) = rows.get_mut(usize::from(operation.0)) {
            row.push(Candidate {
                route: index,
                when: when.clone(),
            });
        }
    }
}

/// The first route of all requests, if it is the same and has no condition.
fn sole(rows: &[Row], descriptor: &Descriptor) -> Option<usize> {
    let mut firsts = requests(descriptor).map(|operation| {
        let first = rows.get(usize::from(operation.0))?.first()?;
        first.when.is_none().then_some(first.route)
    });
    let sole = firsts.next()??;
    firsts.all(|first| first == Some(sole)).then_some(sole)
}

fn operations(subject: Subject, descriptor: &Descriptor) -> Vec<OperationId> {
    match subject {
        Subject::One(operation) => vec![operation],
        Subject::EveryRequest => requests(descriptor).collect(),
        Subject::Unknown => Vec::new(),
    }
}

/// A route before `spec` that leaves no message of `operations` to it, if there is none that it
/// could take.
fn shadowing<'r>(
    rows: &[Row],
    routes: &[&'r RouteSpec],
    operations: &[OperationId],
    spec: &RouteSpec,
) -> Option<&'r RouteSpec> {
    let text = |source: &Option<Source>| source.as_ref().map(|s| s.text().trim().to_owned());
    let when = text(&spec.when);
    let taken = |operation: &OperationId| {
        let row = rows.get(usize::from(operation.0))?;
        let takes_all = |candidate: &&Candidate| {
            let earlier = routes.get(candidate.route);
            candidate.when.is_none() || earlier.is_some_and(|earlier| text(&earlier.when) == when)
        };
        row.iter().find(takes_all).map(|candidate| candidate.route)
    };
    let shadows: Option<Vec<usize>> = operations.iter().map(taken).collect();
    routes.get(*shadows?.first()?).copied()
}

fn shadowed(spec: &RouteSpec, earlier: &RouteSpec) -> RuleError {
    let place = |spec: &RouteSpec| -> Span {
        let source = spec.name.as_ref().or(spec.operation.as_ref());
        source.map_or(&spec.span, Source::span).clone()
    };
    let by = match &earlier.name {
        Some(name) => format!("route `{}`", name.text()),
        None => "an earlier route".to_owned(),
    };
    RuleError::new(
        SHADOWED,
        place(spec),
        format!("{by} takes every message of this one"),
    )
    .help("move this route before it, or give the other one a `when`")
}

fn contradiction(when: &Source) -> RuleError {
    RuleError::new(
        CONTRADICTION,
        when.span().clone(),
        "this condition never holds",
    )
}
