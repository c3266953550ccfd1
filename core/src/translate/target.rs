//! The path and query of the request that goes upstream.
//!
//! ```text
//! /v1/merchants/{merchant}/authorisations?cur={currency}
//!     literal    segment    literal            value
//! ```
//!
//! A value can never end its segment, its query parameter or the path: of its characters only
//! the unreserved ones of RFC 3986, section 2.3, are put in as they are, all others as %XX. What
//! is left are the segments `.` and `..`, whose characters are unreserved and which servers
//! resolve against the path, and segments that a value leaves empty: such messages are refused.

use super::codes::TARGET;
use super::load::bad_request;
use crate::expr::{Env, Part, RuleError, Scope, Source, Template};
use crate::fault::{Fault, FaultClass};
use bytes::Bytes;
use http::uri::PathAndQuery;

/// A compiled path and query.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The same for every message.
    Fixed(PathAndQuery),
    /// Put together for each message.
    Built(Vec<Op>),
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Literal(Vec<u8>),
    /// A value, percent-encoded.
    Value(Part),
    /// Here begins a segment with a value in it.
    Segment,
    /// Here it ends.
    SegmentEnd(Emptiness),
}

/// Whether a segment may turn out empty. One with a literal in it cannot; in one of values only
/// it would change which resource the path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emptiness {
    Impossible,
    Refused,
}

impl Target {
    pub(super) fn compile(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let template = Template::compile_text(source, scope)?;
        let mut layout = Layout::new(source);
        for part in template.parts() {
            match part {
                Part::Literal(text) => layout.literal(text.as_bytes())?,
                Part::Expr { .. } => layout.value(part)?,
            }
        }
        layout.finish()
    }

    pub(super) fn write(&self, env: &dyn Env) -> Result<PathAndQuery, Fault> {
        let ops = match self {
            Self::Fixed(target) => return Ok(target.clone()),
            Self::Built(ops) => ops,
        };
        let (mut out, mut scratch) = (Vec::with_capacity(128), String::new());
        let mut start = 0;
        for op in ops {
            match op {
                Op::Literal(text) => out.extend_from_slice(text),
                Op::Value(part) => {
                    scratch.clear();
                    part.write_text(env, &mut scratch)
                        .map_err(|error| bad_request(&error))?;
                    encode(&scratch, &mut out);
                }
                Op::Segment => start = out.len(),
                Op::SegmentEnd(emptiness) => {
                    check_segment(out.get(start..).unwrap_or_default(), *emptiness)?
                }
            }
        }
        PathAndQuery::from_maybe_shared(Bytes::from(out))
            .map_err(|_| refused("the path is too long"))
    }
}

fn refused(why: &'static str) -> Fault {
    Fault::unsent(FaultClass::BadRequest, why)
}

fn check_segment(segment: &[u8], emptiness: Emptiness) -> Result<(), Fault> {
    if segment.is_empty() && emptiness == Emptiness::Refused {
        return Err(refused("a value leaves a segment of the path empty"));
    }
    if is_dots(segment) {
        return Err(refused("a value makes a segment of the path `.` or `..`"));
    }
    Ok(())
}

/// Whether a server resolves this segment against the path instead of looking it up, also if it
/// decodes `%2e` first.
fn is_dots(segment: &[u8]) -> bool {
    let dot = |rest: &mut &[u8]| {
        let after = rest
            .strip_prefix(b".")
            .or_else(|| rest.strip_prefix(b"%2e"))
            .or_else(|| rest.strip_prefix(b"%2E"));
        after.map(|after| *rest = after).is_some()
    };
    let mut rest = segment;
    let one = dot(&mut rest);
    one && (rest.is_empty() || (dot(&mut rest) && rest.is_empty()))
}

/// RFC 3986, section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(text: &str, out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(byte);
        } else {
            let digits = [byte >> 4, byte & 15]
                .map(|digit| HEX.get(usize::from(digit)).copied().unwrap_or(b'0'));
            out.extend_from_slice(&[b'%', digits[0], digits[1]]);
        }
    }
}

/// Checks the text of a template and cuts its path into segments.
struct Layout<'a> {
    source: &'a Source,
    ops: Vec<Op>,
    /// The segment that is being read, without its slash.
    segment: Vec<Op>,
    part: Component,
    /// Bytes of literal text before the current literal.
    seen: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Component {
    /// Not even the first slash was seen.
    Start,
    Path,
    Query,
}

impl<'a> Layout<'a> {
    const fn new(source: &'a Source) -> Self {
        Self {
            source,
            ops: Vec::new(),
            segment: Vec::new(),
            part: Component::Start,
            seen: 0,
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
                    self.end_segment()?;
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
        match byte {
            b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' => Ok(()),
            b'?' => Ok(()),
            b'%' => match text.get(at + 1..at + 3) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(()),
                _ => Err(self
                    .error(at, "`%` is not followed by two hexadecimal digits")
                    .help("a percent sign itself is %25")),
            },
            b'#' => Err(self
                .error(at, "a target has no fragment")
                .help("`#` as a character is %23")),
            byte if is_unreserved(byte) => Ok(()),
            byte => Err(self
                .error(at, "this character cannot stand in a path or query")
                .help(format!("write it as %{byte:02X}"))),
        }
    }

    fn no_slash(&self) -> RuleError {
        let start = self.source.locate(0..self.source.text().len().min(1));
        RuleError::new(TARGET, start, "the path does not start with `/`")
    }

    fn end_segment(&mut self) -> Result<(), RuleError> {
        let segment = std::mem::take(&mut self.segment);
        let literals = segment
            .iter()
            .filter(|op| matches!(op, Op::Literal(_)))
            .count();
        match (segment.as_slice(), literals) {
            ([], _) => {}
            ([Op::Literal(text)], _) => {
                if is_dots(text) {
                    let message = "a segment `.` or `..` is resolved by servers, not looked up";
                    return Err(RuleError::new(TARGET, self.source.span().clone(), message));
                }
                text.iter().for_each(|byte| push(&mut self.ops, *byte));
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
            Component::Path => self.end_segment()?,
            Component::Query => {}
        }
        let [Op::Literal(text)] = self.ops.as_slice() else {
            return Ok(Target::Built(self.ops));
        };
        PathAndQuery::try_from(text.as_slice())
            .map(Target::Fixed)
            .map_err(|error| RuleError::new(TARGET, self.source.span().clone(), error.to_string()))
    }

    /// An error at a byte of the current literal.
    fn error(&self, at: usize, message: &str) -> RuleError {
        let span =
            find_literal(self.source.text(), self.seen + at).map(|range| self.source.locate(range));
        RuleError::new(
            TARGET,
            span.unwrap_or_else(|| self.source.span().clone()),
            message,
        )
    }
}

fn push(ops: &mut Vec<Op>, byte: u8) {
    match ops.last_mut() {
        Some(Op::Literal(text)) => text.push(byte),
        _ => ops.push(Op::Literal(vec![byte])),
    }
}

/// Where the character with the `nth` byte of a template's literal text stands in the template.
fn find_literal(template: &str, nth: usize) -> Option<std::ops::Range<usize>> {
    let mut seen = 0;
    let mut depth = Reading::Literal;
    let mut chars = template.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        depth = match (depth, c) {
            (Reading::Literal, '{' | '}') if chars.next_if(|(_, next)| *next == c).is_none() => {
                Reading::Expression
            }
            (Reading::Literal, c) => {
                if (seen..seen + c.len_utf8()).contains(&nth) {
                    return Some(at..at + c.len_utf8());
                }
                seen += c.len_utf8();
                Reading::Literal
            }
            (Reading::Expression, '}') => Reading::Literal,
            (Reading::Expression, '"' | '\'') => Reading::Quoted(c),
            (Reading::Quoted('"'), '\\') => {
                chars.next();
                depth
            }
            (Reading::Quoted(quote), c) if c == quote => Reading::Expression,
            (depth, _) => depth,
        };
    }
    None
}

#[derive(Clone, Copy)]
enum Reading {
    Literal,
    Expression,
    Quoted(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_found_in_every_spelling() {
        for dots in [".", "..", "%2e", "%2E.", ".%2e", "%2e%2E"] {
            assert!(is_dots(dots.as_bytes()), "{dots}");
        }
        for other in ["", "...", ".a", "a.", "%2f", "%2e%2e%2e"] {
            assert!(!is_dots(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_literal_byte_is_found_in_its_template() {
        assert_eq!(find_literal("/a b", 2), Some(2..3));
        assert_eq!(find_literal("/{x}/ ", 2), Some(5..6));
        assert_eq!(find_literal("/{'}'}{{# ", 2), Some(8..9));
        assert_eq!(find_literal("/{\"\\\"}\"}é", 2), Some(8..10));
        assert_eq!(find_literal("/", 1), None);
    }
}
