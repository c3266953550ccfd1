//! Where expressions stand in a template.

use super::{RuleError, Span, codes};

/// A piece of a template; ranges are those of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text, `{{` and `}}` already replaced.
    Literal(String),
    /// `{expr}` or `{expr:format}`.
    Expr { expr: Span, format: Option<Span> },
}

/// Takes a template apart.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, RuleError> {
    let mut all = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(['{', '}']).unwrap_or(rest.len());
        let (before, rest) = rest.split_at(plain);
        literal.push_str(before);
        at += plain;
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.extend(rest.chars().next());
            at += 2;
        } else if rest.starts_with('}') {
            let error = RuleError::new(codes::BRACE, at..at + 1, "this `}` closes nothing");
            return Err(error.help("write `}}` for the character"));
        } else if rest.starts_with('{') {
            if !literal.is_empty() {
                all.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            let (piece, end) = expression(text, at)?;
            all.push(piece);
            at = end;
        }
    }
    if !literal.is_empty() {
        all.push(Piece::Literal(literal));
    }
    Ok(all)
}

/// The expressions of a template, in their order; none of one that cannot be read.
#[must_use]
pub fn expressions(text: &str) -> Vec<&str> {
    let pieces = pieces(text).unwrap_or_default();
    let expressions = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Literal(_) => None,
        Piece::Expr { expr, .. } => text.get(expr),
    });
    expressions.collect()
}

/// The expression whose brace opens at `open`, and where the text goes on behind it.
///
/// A format starts at the first `:` that belongs to no bracket, no `::` and no `?`. The
/// expression language itself has no braces outside of its text literals.
fn expression(text: &str, open: usize) -> Result<(Piece, usize), RuleError> {
    let start = open + 1;
    let (mut depth, mut questions, mut format) = (0_usize, 0_usize, None);
    let mut bytes = text.bytes().enumerate().skip(start).peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' | b'\'' => skip_text(&mut bytes, byte),
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'?' if depth == 0 => questions += 1,
            b':' if bytes.next_if(|(_, next)| *next == b':').is_some() => {}
            b':' if depth == 0 && questions > 0 => questions -= 1,
            b':' if depth == 0 && format.is_none() => format = Some(at),
            b'}' => {
                let expr = start..format.unwrap_or(at);
                return Ok((
                    Piece::Expr {
                        expr,
                        format: format.map(|colon| colon + 1..at),
                    },
                    at + 1,
                ));
            }
            _ => {}
        }
    }
    let error = RuleError::new(codes::BRACE, open..open + 1, "this `{` is not closed");
    Err(error.help("write `{{` for the character"))
}

/// Goes on to the end of a text literal.
fn skip_text(bytes: &mut impl Iterator<Item = (usize, u8)>, quote: u8) {
    while let Some((_, byte)) = bytes.next() {
        if byte == quote {
            return;
        }
        if byte == b'\\' && quote == b'"' {
            bytes.next();
        }
    }
}
