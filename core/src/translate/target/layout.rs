//! Cutting a target's template into segments, and checking its text.

use super::place::find_literal;
use super::{Emptiness, Op, Target, is_dots, is_unreserved};
use crate::expr::{Part, RuleError, Source, Template};
use crate::translate::codes::TARGET;
use http::uri::PathAndQuery;
use std::ops::Range;

/// Checks the text of a template and cuts its path into segments.
pub(super) struct Layout<'a> {
    source: &'a Source,
    ops: Vec<Op>,
    /// The segment that is being read, without its slash.
    segment: Vec<Op>,
    part: Component,
    /// Bytes of literal text before the current literal.
    seen: usize,
    /// Whether all literal text stands in the template as such. A constant in braces is literal
    /// text too, but its characters have no place there.
    verbatim: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Component {
    /// Not even the first slash was seen.
    Start,
    Path,
    Query,
}

impl<'a> Layout<'a> {
    /// The target of a template.
    pub(super) fn of(source: &Source, template: &Template) -> Result<Target, RuleError> {
        let lengths = template.parts().iter().map(|part| match part {
            Part::Literal(text) => text.len(),
            Part::Expr { .. } => 0,
        });
        let last = lengths.sum::<usize>().saturating_sub(1);
        let mut layout = Layout::new(source);
        layout.verbatim = find_literal(source.text(), last).is_some();
        for part in template.parts() {
            match part {
                Part::Literal(text) => layout.literal(text.as_bytes())?,
                Part::Expr { .. } => layout.value(part)?,
            }
        }
        layout.finish()
    }

    const fn new(source: &'a Source) -> Self {
        Self {
            source,
            ops: Vec::new(),
            segment: Vec::new(),
            part: Component::Start,
            seen: 0,
            verbatim: false,
        }
    }

    fn literal(&mut self, text: &[u8]) -> Result<(), RuleError> {
        for (at, byte) in text.iter().enumerate() {
            self.check(text, at, *byte)?;
            match (self.part, *byte) {
                (Component::Start, _) => {
                    self.part = Component::Path;
                    push(&mut self.ops, b'/');
                }
                (Component::Path, b'/' | b'?') => {
                    self.end_segment(self.seen + at)?;
                    push(&mut self.ops, *byte);
                    if *byte == b'?' {
                        self.part = Component::Query;
                    }
                }
                (Component::Path, byte) => push(&mut self.segment, byte),
                (Component::Query, byte) => push(&mut self.ops, byte),
            }
        }
        self.seen += text.len();
        Ok(())
    }

    fn value(&mut self, part: &Part) -> Result<(), RuleError> {
        match self.part {
            Component::Start => return Err(self.no_slash()),
            Component::Path => self.segment.push(Op::Value(part.clone())),
            Component::Query => self.ops.push(Op::Value(part.clone())),
        }
        Ok(())
    }

    fn check(&self, text: &[u8], at: usize, byte: u8) -> Result<(), RuleError> {
        if self.part == Component::Start && byte != b'/' {
            return Err(self.no_slash());
        }
        let here = self.seen + at..self.seen + at + 1;
        match byte {
            b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' => Ok(()),
            b'?' => Ok(()),
            b'%' => match text.get(at + 1..at + 3) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(()),
                _ => Err(self
                    .error(here, "`%` is not followed by two hexadecimal digits")
                    .help("a percent sign itself is %25")),
            },
            b'#' => Err(self
                .error(here, "a target has no fragment")
                .help("`#` as a character is %23")),
            byte if is_unreserved(byte) => Ok(()),
            byte => Err(self
                .error(here, "this character cannot stand in a path or query")
                .help(format!("write it as %{byte:02X}"))),
        }
    }

    fn no_slash(&self) -> RuleError {
        let first = self.source.text().chars().next().map_or(0, char::len_utf8);
        let start = self.source.locate(0..first);
        RuleError::new(TARGET, start, "the path does not start with `/`")
    }

    /// Ends a segment before that byte of the template's literal text.
    fn end_segment(&mut self, end: usize) -> Result<(), RuleError> {
        let segment = std::mem::take(&mut self.segment);
        let literals = segment
            .iter()
            .filter(|op| matches!(op, Op::Literal(_)))
            .count();
        match (segment.as_slice(), literals) {
            ([], _) => {}
            ([Op::Literal(text)], _) => {
                if is_dots(text.as_bytes()) {
                    let message = "a segment `.` or `..` is resolved by servers, not looked up";
                    return Err(self.error(end - text.len()..end, message));
                }
                text.bytes().for_each(|byte| push(&mut self.ops, byte));
            }
            (_, literals) => {
                let emptiness = if literals == 0 {
                    Emptiness::Refused
                } else {
                    Emptiness::Impossible
                };
                self.ops.push(Op::Segment);
                self.ops.extend(segment);
                self.ops.push(Op::SegmentEnd(emptiness));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Target, RuleError> {
        match self.part {
            Component::Start => return Err(self.no_slash()),
            Component::Path => self.end_segment(self.seen)?,
            Component::Query => {}
        }
        let [Op::Literal(text)] = self.ops.as_slice() else {
            return Ok(Target::Built(self.ops));
        };
        PathAndQuery::try_from(text.as_str())
            .map(Target::Fixed)
            .map_err(|error| RuleError::new(TARGET, self.source.span().clone(), error.to_string()))
    }

    /// An error at these bytes of the template's literal text.
    fn error(&self, bytes: Range<usize>, message: &str) -> RuleError {
        let text = self.source.text();
        let find = |at| find_literal(text, at).filter(|_| self.verbatim);
        let ends = find(bytes.start).zip(find(bytes.end - 1));
        let span = ends.map(|(first, last)| self.source.locate(first.start..last.end));
        let span = span.unwrap_or_else(|| self.source.span().clone());
        RuleError::new(TARGET, span, message)
    }
}

/// Appends a checked byte, which is ASCII.
fn push(ops: &mut Vec<Op>, byte: u8) {
    match ops.last_mut() {
        Some(Op::Literal(text)) => text.push(char::from(byte)),
        _ => ops.push(Op::Literal(char::from(byte).into())),
    }
}
