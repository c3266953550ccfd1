//! The path and query of the request that goes upstream.
//!
//! ```text
//! /v1/merchants/{merchant}/authorisations?cur={currency}
//!     literal    segment    literal            value
//! ```
//!
//! A constant in braces (`{'x'}`) is text of the template. Any other value can never end its
//! segment, its query parameter or the path: of its characters only the unreserved ones of RFC
//! 3986, section 2.3, are put in as they are, all others as %XX. What is left are the segments
//! `.` and `..`, whose characters are unreserved and which servers resolve against the path, and
//! segments that a value leaves empty: such messages are refused.

mod layout;
mod place;

use layout::Layout;

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
    Literal(String),
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
        Layout::of(source, &template)
    }

    /// Appends what a message has of its own to `out`, which is empty.
    pub(super) fn write(&self, env: &dyn Env, out: &mut String) -> Result<(), Fault> {
        let Self::Built(ops) = self else {
            return Ok(());
        };
        let mut start = 0;
        for op in ops {
            match op {
                Op::Literal(text) => out.push_str(text),
                Op::Value(part) => write_value(part, env, out)?,
                Op::Segment => start = out.len(),
                Op::SegmentEnd(emptiness) => {
                    check_segment(out.as_bytes().get(start..).unwrap_or_default(), *emptiness)?;
                }
            }
        }
        Ok(())
    }

    /// The target of a message for which [`write`](Self::write) wrote `written`.
    pub(super) fn finish(&self, written: Bytes) -> Result<PathAndQuery, Fault> {
        match self {
            Self::Fixed(target) => Ok(target.clone()),
            Self::Built(_) => PathAndQuery::from_maybe_shared(written)
                .map_err(|_| refused("the path is too long")),
        }
    }
}

/// Most values need no encoding (numbers, names): they are written to their place and only looked
/// over.
fn write_value(part: &Part, env: &dyn Env, out: &mut String) -> Result<(), Fault> {
    let start = out.len();
    part.write_text(env, out)
        .map_err(|error| bad_request(&error))?;
    let mut written = out.as_bytes().get(start..).unwrap_or_default().iter();
    if !written.all(|byte| is_unreserved(*byte)) {
        let plain = out.split_off(start);
        encode(&plain, out);
    }
    Ok(())
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

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| {
                char::from_digit(n.into(), 16)
                    .unwrap_or('0')
                    .to_ascii_uppercase()
            };
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
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
}
