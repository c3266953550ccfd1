//! What the gateway itself asks endpoints, in their protocol.

use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{Authority, Check, CheckPlan, Endpoint, EndpointKind, Speech};
use crate::read::{Problem, Reader, Spanned};
use crate::typed::{Probe, Upstream};
use gatewright_core::codec::{Descriptor, HttpShape, Protocol};
use gatewright_core::expr::Source;
use gatewright_core::message::Slot;
use gatewright_core::translate::{Question, QuestionSpec, SetSpec};
use http::uri::PathAndQuery;
use std::sync::Arc;

/// How the endpoints of an upstream are probed; `None` if they are not, or not as it was typed,
/// which is noted.
pub(super) fn check(
    reader: &mut Reader<'_>,
    upstream: &Upstream,
    speech: Option<&Speech>,
) -> Option<CheckPlan> {
    let typed = upstream.check.as_ref()?;
    let check = match &typed.probe {
        Probe::Connect => Check::Connect,
        Probe::Get(path) => get(reader, upstream, speech, path)?,
        Probe::Ask(spec) => {
            let question = question(reader, upstream, speech, spec)?;
            note_unanswered(reader, &question, spec);
            Check::Ask(question)
        }
    };
    Some(CheckPlan {
        check,
        every: typed.every,
        timeout: typed.timeout,
    })
}

/// A GET, as HTTP/2 has it, or as a message of the upstream's protocol.
fn get(
    reader: &mut Reader<'_>,
    upstream: &Upstream,
    speech: Option<&Speech>,
    path: &Spanned<PathAndQuery>,
) -> Option<Check> {
    if upstream.endpoints.first()?.kind() != EndpointKind::Stream {
        return Some(Check::Get(path.value.clone()));
    }
    let http = speech.and_then(|speech| Some((speech, speech.protocol.descriptor().http?)));
    let Some((speech, shape)) = http else {
        // What a protocol is that is not known, nobody can tell.
        if upstream.protocol.is_none() || speech.is_some() {
            let problem = Problem::new(codes::MISMATCH, "a `path` for an upstream of bytes");
            let help = "HTTP has paths: `connect = true`, or a message to `send`";
            reader.problem(problem.help(help), path.span.clone());
        }
        return None;
    };
    let spec = get_spec(upstream, speech.protocol.descriptor(), &shape, path);
    compiled(reader, &spec, &speech.protocol).map(Check::Ask)
}

/// A request whose response has to be a 2xx. RFC 9112, 3.2: it says whom it asks, as the first URL does.
fn get_spec(
    upstream: &Upstream,
    descriptor: &Descriptor,
    shape: &HttpShape,
    path: &Spanned<PathAndQuery>,
) -> QuestionSpec {
    let span = &path.span;
    let source = |text: &str| Source::escaped(text, span.clone());
    let field = |operation, slot: Slot| {
        let field = descriptor.record(operation).fields.get(slot.index());
        field.map_or_else(String::new, |field| field.name.to_string())
    };
    let first = upstream.endpoints.first().and_then(Endpoint::authority);
    let authority = first.map_or_else(|| "localhost".to_owned(), Authority::to_string);
    let set = [
        (shape.method, "GET"),
        (shape.target, path.value.as_str()),
        (shape.authority, &authority),
    ];
    let set = set.map(|(slot, value)| {
        let name = field(shape.request, slot);
        (source(&name), SetSpec::Text(value.to_owned(), span.clone()))
    });
    let status = field(shape.response, shape.status);
    QuestionSpec {
        send: source(&descriptor.operation(shape.request).name),
        set: set.into(),
        expect: Some(source(&descriptor.operation(shape.response).name)),
        when: Some(source(&format!("{status} >= 200 and {status} < 300"))),
        span: span.clone(),
    }
}

/// A question to the endpoints of an upstream.
fn question(
    reader: &mut Reader<'_>,
    upstream: &Upstream,
    speech: Option<&Speech>,
    spec: &QuestionSpec,
) -> Option<Question> {
    let Some(speech) = speech else {
        if upstream.protocol.is_none() {
            let message = "a message to `send` to an upstream without a `protocol`";
            let help = "say what its bytes are: `protocol = \"\u{2026}\"`";
            let problem = Problem::new(codes::MISMATCH, message).help(help);
            reader.problem(problem, spec.send.span().clone());
        }
        return None;
    };
    compiled(reader, spec, &speech.protocol)
}

/// The compiled question; what is wrong with it is noted.
pub(super) fn compiled(
    reader: &mut Reader<'_>,
    spec: &QuestionSpec,
    protocol: &Arc<dyn Protocol>,
) -> Option<Question> {
    let source = Arc::clone(&reader.source);
    match Question::compile(spec, protocol) {
        Ok(question) => Some(question),
        Err(errors) => {
            for error in errors {
                let found = Diagnostic::rule(Severity::Error, error, Arc::clone(&source));
                reader.note(found);
            }
            None
        }
    }
}

/// What is not answered shows nothing.
fn note_unanswered(reader: &mut Reader<'_>, question: &Question, spec: &QuestionSpec) {
    if !question.is_answered() {
        let message = format!("`{}` has no reply", spec.send.text());
        let help = "a probe goes by the reply: `send` a request";
        let problem = Problem::new(codes::MISMATCH, message).help(help);
        reader.problem(problem, spec.send.span().clone());
    }
}
