//! Text to a tree.

use super::build::Builder;
use super::lookahead::Lookahead;
use super::{Budget, MAX_FILE, MAX_LOOKAHEAD, Node};
use crate::ksy::codes;
use gatewright_core::expr::RuleError;
use saphyr_parser::{Event, Marker, Parser, Span as Mark};

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The document; `None` if the file cannot be read as one.
    pub root: Option<Node>,
    /// What is wrong with it. Keys that stand twice are left out and reading goes on; every other
    /// fault is the last.
    pub errors: Vec<RuleError>,
}

/// Reads a file of one document, and takes what it costs from the budget.
#[must_use]
pub fn read(text: &str, budget: &mut Budget) -> Tree {
    if text.len() > MAX_FILE {
        let message = format!(
            "the file has {} bytes, and {MAX_FILE} are the most",
            text.len()
        );
        return failed(Vec::new(), RuleError::new(codes::TOO_LARGE, 0..0, message));
    }
    let mut builder = Builder::new(text, budget);
    let done = events(text, &mut builder);
    let tree = builder.finish();
    match done {
        Err(error) => failed(tree.errors, error),
        Ok(()) if tree.root.is_none() => {
            let message = "expected a map, got nothing";
            failed(
                tree.errors,
                RuleError::new(codes::WRONG_TYPE, 0..0, message),
            )
        }
        Ok(()) => tree,
    }
}

fn events(text: &str, builder: &mut Builder<'_>) -> Result<(), RuleError> {
    let lookahead = Lookahead::new(MAX_LOOKAHEAD);
    let mut parser = Parser::new_from_iter(lookahead.characters(text));
    let mut reached = Marker::default();
    while let Some(step) = parser.next_event() {
        if lookahead.is_exhausted() {
            return Err(builder.too_long(&reached));
        }
        lookahead.renew();
        let (event, mark) = step.map_err(|error| builder.syntax(error.marker(), error.info()))?;
        reached = mark.start;
        take(builder, event, &mark)?;
    }
    Ok(())
}

fn failed(mut errors: Vec<RuleError>, last: RuleError) -> Tree {
    errors.push(last);
    Tree { root: None, errors }
}

fn take(builder: &mut Builder<'_>, event: Event<'_>, mark: &Mark) -> Result<(), RuleError> {
    match event {
        Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        Event::DocumentStart(_) => builder.document(mark),
        Event::Alias(anchor) => builder.alias(anchor, mark),
        Event::Scalar(text, style, anchor, tag) => {
            let tag = builder.tag(tag.as_deref(), mark)?;
            builder.scalar(&text, style, tag, anchor, mark)
        }
        Event::SequenceStart(anchor, tag) => {
            builder.tag(tag.as_deref(), mark)?;
            builder.open_sequence(anchor, mark)
        }
        Event::MappingStart(anchor, tag) => {
            builder.tag(tag.as_deref(), mark)?;
            builder.open_mapping(anchor, mark)
        }
        Event::SequenceEnd | Event::MappingEnd => builder.close(mark),
    }
}
