//! What the gateway itself asks endpoints, in their protocol.

use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::plan::{Check, CheckPlan, Speech};
use crate::read::{Problem, Reader};
use crate::typed::{Probe, Upstream};
use gatewright_core::codec::Protocol;
use gatewright_core::translate::{Question, QuestionSpec};
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
        Probe::Get(path) => Check::Get(path.clone()),
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
