//! The decision table: for each operation, the routes that may take it, in their order.

use super::codes::{CONTRADICTION, SHADOWED};
use super::condition::{Condition, Prospect};
use super::pattern::{Path, Pattern};
use crate::codec::{Descriptor, HttpShape, Protocol};
use crate::expr::{RuleError, Source, Span};
use crate::message::{Kind, Message, OperationId, Slot, Value};
use crate::translate::scope::{MessageScope, ReadJson, Subject, requests};
use crate::translate::{Facts, Findings, Paths, RouteSpec};
use std::sync::Arc;

/// Which message goes where. The default takes none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Table {
    compiled: Arc<Compiled>,
    /// The route that takes every request, whatever it says.
    sole: Option<usize>,
}

#[derive(Debug, Default)]
struct Compiled {
    /// By [`OperationId`].
    rows: Vec<Row>,
    /// What the conditions read of a message's JSON.
    json: Paths,
    /// Where messages keep the parts of HTTP, if they are HTTP's.
    http: Option<HttpShape>,
}

type Row = Vec<Candidate>;

/// A route that may take an operation.
#[derive(Clone, Debug)]
struct Candidate {
    route: usize,
    /// The methods and paths that it takes; without one, or in other protocols, all.
    pattern: Option<Arc<Pattern>>,
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
        let descriptor = protocol.descriptor();
        let mut findings = Findings::default();
        let mut builder = Builder {
            routes,
            protocol,
            compiled: Compiled {
                rows: vec![Row::new(); descriptor.operations.len()],
                json: Paths::default(),
                http: descriptor.http,
            },
        };
        for (index, spec) in routes.iter().enumerate() {
            builder.add(index, spec, &mut findings);
        }
        let sole = sole(&builder.compiled.rows, descriptor);
        let compiled = Arc::new(builder.compiled);
        findings.finish(Some(Self { compiled, sole }))
    }

    /// The route that takes every request, so that none needs to be read to be routed.
    #[must_use]
    pub const fn sole(&self) -> Option<usize> {
        self.sole
    }

    /// The first route that takes the message, as an index into the routes given.
    #[must_use]
    pub fn pick(&self, message: &Message, facts: &Facts) -> Option<usize> {
        let row = self.row(message)?;
        let line = match &self.compiled.http {
            Some(shape) => Some(RequestLine::of(message, shape)?),
            None => None,
        };
        let json = ReadJson::new(&self.compiled.json);
        let takes = |candidate: &&Candidate| {
            candidate.matches(line.as_ref())
                && (candidate.when.as_ref()).is_none_or(|when| when.holds(message, facts, &json))
        };
        row.iter().find(takes).map(|candidate| candidate.route)
    }

    /// The methods by which routes take the path of a request that no route takes by its own, as
    /// `Allow` lists them (RFC 9110, section 10.2.1); `None` if there are none. Conditions are not
    /// asked.
    #[must_use]
    pub fn allowed(&self, message: &Message) -> Option<String> {
        let line = RequestLine::of(message, self.compiled.http.as_ref()?)?;
        let path = line.path?;
        let patterns = self.row(message)?.iter().map(|c| c.pattern.as_deref());
        let mut methods: Vec<&str> = Vec::new();
        for pattern in patterns {
            let pattern = pattern?;
            if pattern.takes_path(&path) {
                if pattern.takes_method(line.method) {
                    return None;
                }
                methods.extend(pattern.methods().iter().map(http::Method::as_str));
            }
        }
        methods.sort_unstable();
        methods.dedup();
        (!methods.is_empty()).then(|| methods.join(", "))
    }

    fn row(&self, message: &Message) -> Option<&Row> {
        let operation = usize::from(message.operation().0);
        self.compiled.rows.get(operation)
    }

    /// Whether a route looks at a payload before it takes a message: then none can be picked before
    /// that is here.
    #[must_use]
    pub fn weighs_payload(&self) -> bool {
        let candidates = self.compiled.rows.iter().flatten();
        let mut conditions = candidates.filter_map(|candidate| candidate.when.as_ref());
        conditions.any(|when| when.weighs_payload())
    }

    /// The routes that may take messages of an operation, as indexes into the routes given.
    pub fn routes_of(&self, operation: OperationId) -> impl Iterator<Item = usize> {
        let row = self.compiled.rows.get(usize::from(operation.0));
        row.into_iter().flatten().map(|candidate| candidate.route)
    }

    /// Whether a route looks at a field of an operation before it takes a message.
    #[must_use]
    pub fn reads(&self, operation: OperationId, slot: Slot) -> bool {
        let row = self.compiled.rows.get(usize::from(operation.0));
        let of_line = |shape: &HttpShape| slot == shape.method || slot == shape.target;
        let compared = self.compiled.http.as_ref().is_some_and(of_line);
        row.into_iter().flatten().any(|candidate| {
            let when = candidate.when.as_ref();
            compared && candidate.pattern.is_some()
                || when.is_some_and(|when| when.reads(operation, slot))
        })
    }
}

/// What patterns are compared with.
struct RequestLine<'m> {
    method: &'m str,
    /// None for `*`, which asks for the server itself.
    path: Option<Path<'m>>,
}

impl<'m> RequestLine<'m> {
    /// That of a request; `None` if its path is nobody's.
    fn of(message: &'m Message, shape: &HttpShape) -> Option<Self> {
        let Value::Str(target) = message.field(shape.target) else {
            return None;
        };
        let path = match &**target {
            "*" => None,
            _ => Some(Path::of(target)?),
        };
        let method = message.field(shape.method).as_str()?;
        Some(Self { method, path })
    }
}

impl Candidate {
    fn matches(&self, line: Option<&RequestLine<'_>>) -> bool {
        let (Some(pattern), Some(line)) = (&self.pattern, line) else {
            return true;
        };
        let path = line.path.as_ref();
        pattern.takes_method(line.method) && path.is_some_and(|path| pattern.takes_path(path))
    }

    /// Whether it leaves nothing to a later route with this pattern and condition. The same names
    /// in a condition mean the same only beside the same pattern.
    fn takes_all(&self, spec: &RouteSpec, later: &Later<'_>) -> bool {
        let unconditional = self.when.is_none();
        match (&self.pattern, later.pattern) {
            (None, _) if unconditional => true,
            (Some(own), Some(other)) if unconditional => own.covers(other),
            (own, other) => own.as_deref() == other && text(&spec.when) == later.when,
        }
    }
}

/// What a route takes of the messages that the ones before it leave.
struct Later<'a> {
    pattern: Option<&'a Pattern>,
    when: Option<&'a str>,
}

fn text(source: &Option<Source>) -> Option<&str> {
    source.as_ref().map(|source| source.text().trim())
}

/// Puts routes into rows.
struct Builder<'a> {
    routes: &'a [&'a RouteSpec],
    protocol: &'a Arc<dyn Protocol>,
    compiled: Compiled,
}

impl<'a> Builder<'a> {
    fn add(&mut self, index: usize, spec: &RouteSpec, findings: &mut Findings) {
        let descriptor = self.protocol.descriptor();
        let subject = findings.take(Subject::of(spec, descriptor));
        let subject = subject.unwrap_or(Subject::Unknown);
        let Some(when) = self.condition(spec, subject.clone(), findings) else {
            return;
        };
        let pattern = match &subject {
            Subject::Http(pattern) => pattern.clone(),
            Subject::One(_) | Subject::EveryRequest | Subject::Unknown => None,
        };
        let mut operations = operations(&subject, descriptor);
        if takes_events(spec, &subject) {
            operations.extend(events(descriptor));
        }
        let later = Later {
            pattern: pattern.as_deref(),
            when: text(&spec.when),
        };
        if let Some(earlier) = self.shadowing(&operations, &later) {
            findings.warnings.push(shadowed(spec, earlier));
        }
        for operation in operations {
            if let Some(row) = self.compiled.rows.get_mut(usize::from(operation.0)) {
                row.push(Candidate {
                    route: index,
                    pattern: pattern.clone(),
                    when: when.clone(),
                });
            }
        }
    }

    /// A route's condition, if it needs one; `None` if it is wrong.
    fn condition(
        &mut self,
        spec: &RouteSpec,
        subject: Subject,
        findings: &mut Findings,
    ) -> Option<Option<Arc<Condition>>> {
        let Some(source) = &spec.when else {
            return Some(None);
        };
        let json = std::mem::take(&mut self.compiled.json);
        let scope = MessageScope::with_json(self.protocol.descriptor(), subject, json);
        let json = &mut self.compiled.json;
        let compiled = findings.take(Condition::compile(source, self.protocol, scope, json));
        let (condition, prospect) = compiled?;
        if prospect == Prospect::Never {
            findings.warnings.push(contradiction(source));
        }
        Some((prospect != Prospect::Always).then(|| Arc::new(condition)))
    }

    /// A route that leaves no message of `operations` to a later one, if there is none that it
    /// could take.
    fn shadowing(&self, operations: &[OperationId], later: &Later<'_>) -> Option<&'a RouteSpec> {
        let taken = |operation: &OperationId| {
            let row = self.compiled.rows.get(usize::from(operation.0))?;
            let takes_all = |candidate: &&Candidate| {
                let spec = self.routes.get(candidate.route);
                spec.is_some_and(|spec| candidate.takes_all(spec, later))
            };
            row.iter().find(takes_all).map(|candidate| candidate.route)
        };
        let shadows: Option<Vec<usize>> = operations.iter().map(taken).collect();
        self.routes.get(*shadows?.first()?).copied()
    }
}

/// The first route of all requests, if it is the same and has no condition.
fn sole(rows: &[Row], descriptor: &Descriptor) -> Option<usize> {
    let mut firsts = requests(descriptor).map(|operation| {
        let first = rows.get(usize::from(operation.0))?.first()?;
        let takes_all = first.when.is_none() && first.pattern.is_none();
        takes_all.then_some(first.route)
    });
    let sole = firsts.next()??;
    firsts.all(|first| first == Some(sole)).then_some(sole)
}

/// A route that names no operation, has no condition and makes nothing of messages passes all of
/// them on, those too that nobody answers.
fn takes_events(spec: &RouteSpec, subject: &Subject) -> bool {
    matches!(subject, Subject::EveryRequest) && spec.request.is_none() && spec.when.is_none()
}

fn events(descriptor: &Descriptor) -> impl Iterator<Item = OperationId> {
    let operations = descriptor.operations.iter().zip((0..).map(OperationId));
    operations
        .filter(|(operation, _)| operation.kind == Kind::Event)
        .map(|(_, id)| id)
}

fn operations(subject: &Subject, descriptor: &Descriptor) -> Vec<OperationId> {
    match subject {
        Subject::One(operation) => vec![*operation],
        Subject::EveryRequest | Subject::Http(_) => requests(descriptor).collect(),
        Subject::Unknown => Vec::new(),
    }
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
