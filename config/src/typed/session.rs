//! What connections begin with, as typed.

use super::question::{QuestionKeys, read_question};
use crate::diagnostic::codes;
use crate::keys::session as keys;
use crate::read::{Problem, Reader, Section};
use gatewright_core::expr::Span;
use gatewright_core::translate::QuestionSpec;

/// So many messages a connection may begin with.
const MOST: usize = 16;

const QUESTION: QuestionKeys = QuestionKeys {
    send: &keys::OPEN_SEND,
    set: &keys::OPEN_SET,
    expect: &keys::OPEN_EXPECT,
    when: &keys::OPEN_WHEN,
};

/// What the connections of an upstream begin with.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) open: Vec<QuestionSpec>,
    /// Where it was typed, if it was.
    pub(crate) span: Option<Span>,
}

impl Session {
    pub(super) fn read(reader: &mut Reader<'_>, upstream: &Section<'_>) -> Self {
        let session = upstream.section(reader, &keys::SESSION);
        let items = session.items(reader, &keys::OPEN);
        let mut open = Vec::with_capacity(items.len());
        for item in items {
            let section = Section::of(reader, keys::OPEN.name(), item);
            open.extend(read_question(reader, &section, &QUESTION));
        }
        let node = session.node(&keys::OPEN);
        if let (Some(node), true) = (node, open.len() > MOST) {
            let message = format!("`open` has more than {MOST} messages");
            let problem = Problem::new(codes::OUT_OF_RANGE, message);
            reader.problem(problem, node.span.clone());
        }
        Self {
            open,
            span: node.map(|node| node.span.clone()),
        }
    }
}
