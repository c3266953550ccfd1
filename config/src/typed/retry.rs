//! What is tried again, as typed.

use crate::diagnostic::codes;
use crate::keys::endpoints as keys;
use crate::read::{Problem, Reader, Section, Spanned};
use gatewright_core::expr::Span;
use gatewright_core::retry::{Cause, RetryPolicy};

/// What an upstream says of retries.
#[derive(Debug)]
pub(crate) struct Retry {
    pub(crate) policy: RetryPolicy,
    /// Where it names tries that take too long.
    pub(crate) on_timeout: Option<Span>,
}

pub(super) fn read_retry(reader: &mut Reader<'_>, section: &Section<'_>) -> Retry {
    let retry = section.section(reader, &keys::RETRY);
    let (mut causes, mut on_timeout) = (Vec::new(), None);
    if retry.node(&keys::RETRY_ON).is_some() {
        for Spanned { value, span } in retry.texts(reader, &keys::RETRY_ON) {
            let cause = reader.accept(cause(&value), &span);
            if cause == Some(Cause::Timeout) {
                on_timeout = Some(span);
            }
            causes.extend(cause);
        }
    } else {
        causes.push(Cause::Connect);
    }
    let attempts = retry.count(reader, &keys::RETRY_ATTEMPTS);
    let once = attempts.span.is_some() && attempts.value == 1;
    if let (Some(node), true) = (retry.node(&keys::RETRY_ON), once) {
        let problem = Problem::warning(codes::UNUSED, "`on` is not used");
        let help = "with `attempts = 1` nothing is tried again";
        reader.problem(problem.help(help), node.span.clone());
    }
    let policy = RetryPolicy {
        attempts: u32::try_from(attempts.value).unwrap_or(u32::MAX),
        causes,
        budget: retry.share(reader, &keys::RETRY_BUDGET).value,
    };
    Retry { policy, on_timeout }
}

fn cause(text: &str) -> Result<Cause, Problem> {
    match text {
        "connect" => Ok(Cause::Connect),
        "reset" => Ok(Cause::Reset),
        "timeout" => Ok(Cause::Timeout),
        "4xx" => Ok(Cause::Class(4)),
        "5xx" => Ok(Cause::Class(5)),
        status => status
            .parse()
            .ok()
            .filter(|status| (400..600).contains(status))
            .map(Cause::Status)
            .ok_or_else(|| unknown(status)),
    }
}

fn unknown(text: &str) -> Problem {
    let message = format!("`on` takes no \"{}\"", text.escape_debug());
    Problem::new(codes::BAD_CHOICE, message)
        .help(r#""connect", "reset", "timeout", a status such as "503", or "5xx""#)
}
