//! Probes of endpoints as typed.

use super::question::{QuestionKeys, read_question};
use crate::diagnostic::codes;
use crate::keys::endpoints as keys;
use crate::read::{Problem, Reader, Section, Spanned};
use gatewright_core::translate::QuestionSpec;
use http::uri::PathAndQuery;
use std::time::Duration;

/// How endpoints are probed.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) probe: Probe,
    pub(crate) every: Duration,
    pub(crate) timeout: Duration,
}

/// What a probe does.
#[derive(Debug)]
pub(crate) enum Probe {
    Connect,
    Get(Spanned<PathAndQuery>),
    Ask(QuestionSpec),
}

const QUESTION: QuestionKeys = QuestionKeys {
    send: &keys::HEALTH_SEND,
    set: &keys::HEALTH_SET,
    expect: &keys::HEALTH_EXPECT,
    when: &keys::HEALTH_WHEN,
};

pub(super) fn read_check(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Check> {
    section.node(&keys::HEALTH)?;
    let health = section.section(reader, &keys::HEALTH);
    let path = read_path(reader, &health);
    let question = read_question(reader, &health, &QUESTION);
    note_several(reader, &health);
    let every = health.duration_if(reader, &keys::HEALTH_EVERY);
    let timeout = health.duration_if(reader, &keys::HEALTH_TIMEOUT);
    let get = path.map(Probe::Get);
    Some(Check {
        probe: (question.map(Probe::Ask)).or(get).unwrap_or(Probe::Connect),
        every: every.unwrap_or(Duration::from_secs(2)),
        timeout: timeout.unwrap_or(Duration::from_secs(1)),
    })
}

/// A probe does one thing.
fn note_several(reader: &mut Reader<'_>, health: &Section<'_>) {
    let asks = [&keys::HEALTH_PATH, &keys::HEALTH_SEND];
    let asks = asks.iter().filter(|key| health.node(key).is_some()).count();
    let connects = health.flag_if(reader, &keys::HEALTH_CONNECT);
    if asks + usize::from(connects == Some(true)) > 1 || (asks == 0 && connects == Some(false)) {
        let message = "a probe is a GET of a `path`, a message to `send`, or `connect = true`";
        let problem = Problem::new(codes::EXACTLY_ONE, message).help("keep one of them");
        reader.problem(problem, health.place().clone());
    }
}

fn read_path(reader: &mut Reader<'_>, health: &Section<'_>) -> Option<Spanned<PathAndQuery>> {
    let path = health.text(reader, &keys::HEALTH_PATH)?;
    let span = path.span.unwrap_or_else(|| health.place().clone());
    let read = reader.accept(path_and_query(&path.value), &span)?;
    Some(Spanned::new(read, span))
}

fn path_and_query(path: &str) -> Result<PathAndQuery, Problem> {
    let refused = || {
        let message = format!("\"{}\" is not a path", path.escape_debug());
        Problem::new(codes::BAD_CHOICE, message).help("such as \"/healthz\", with its `/`")
    };
    let read = Some(path).filter(|path| path.starts_with('/'));
    read.and_then(|path| path.parse().ok()).ok_or_else(refused)
}
