//! Findings that a syntax error may have caused: they would only hide it.

use crate::diagnostic::{Diagnostic, codes};
use crate::source::SourceFile;
use std::ops::Range;

/// Findings about something that is not there. With a line that could not be read, it may be.
const OF_ABSENCE: [&str; 5] = [
    codes::MISSING_KEY,
    codes::UNKNOWN_NAME,
    codes::EXACTLY_ONE,
    codes::EMPTY,
    codes::UNUSED,
];

/// Removes what syntax errors may have caused: findings of absence, and all others in the same
/// table of the file.
pub(crate) fn remove(found: &mut Vec<Diagnostic>, source: &SourceFile) {
    let starts = |diagnostic: &Diagnostic| {
        diagnostic
            .place
            .as_ref()
            .map_or(0, |place| place.span.start)
    };
    let broken: Vec<Range<usize>> = found
        .iter()
        .filter(|diagnostic| diagnostic.code == codes::SYNTAX)
        .map(|diagnostic| block(source.text(), starts(diagnostic)))
        .collect();
    if broken.is_empty() {
        return;
    }
    found.retain(|diagnostic| {
        let beside = broken
            .iter()
            .any(|block| block.contains(&starts(diagnostic)));
        diagnostic.code == codes::SYNTAX || !(beside || OF_ABSENCE.contains(&diagnostic.code))
    });
}

/// From the table header before a byte to the one behind it.
fn block(text: &str, at: usize) -> Range<usize> {
    let headers = text.match_indices("\n[").map(|(newline, _)| newline + 1);
    let start = headers
        .clone()
        .take_while(|header| *header <= at)
        .last()
        .unwrap_or(0);
    let mut headers = headers;
    let end = headers
        .find(|header| *header > at)
        .unwrap_or(text.len() + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_table_of_the_file() {
        let text = "a = 1\n[b]\nc = 2\n[d]\n";
        assert_eq!(block(text, 3), 0..6);
        assert_eq!(block(text, 6), 6..16);
        assert_eq!(block(text, 12), 6..16);
        assert_eq!(block(text, 20), 16..21);
    }
}
