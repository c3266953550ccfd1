//! Where a template's literal text stands.

use std::ops::Range;

/// Where the character with the `nth` byte of a template's literal text stands in the template.
pub(super) fn find_literal(template: &str, nth: usize) -> Option<Range<usize>> {
    let mut seen = 0;
    let mut reading = Reading::Literal;
    let mut chars = template.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        reading = match (reading, c) {
            (Reading::Literal, c) => {
                let doubled =
                    matches!(c, '{' | '}') && chars.next_if(|(_, next)| *next == c).is_some();
                if matches!(c, '{' | '}') && !doubled {
                    reading = Reading::Expression;
                    continue;
                }
                if (seen..seen + c.len_utf8()).contains(&nth) {
                    return Some(at..at + c.len_utf8() + usize::from(doubled));
                }
                seen += c.len_utf8();
                reading
            }
            (Reading::Expression, '}') => Reading::Literal,
            (Reading::Expression, '"' | '\'') => Reading::Quoted(c),
            (Reading::Quoted('"'), '\\') => {
                chars.next();
                reading
            }
            (Reading::Quoted(quote), c) if c == quote => Reading::Expression,
            (reading, _) => reading,
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
    fn a_literal_byte_is_found_in_its_template() {
        assert_eq!(find_literal("/a b", 2), Some(2..3));
        assert_eq!(find_literal("/{x}/ ", 2), Some(5..6));
        assert_eq!(find_literal("/{'}'}{{# ", 2), Some(8..9));
        assert_eq!(find_literal("/{\"\\\"}\"}é", 2), Some(8..10));
        assert_eq!(find_literal("/", 1), None);
    }
}
