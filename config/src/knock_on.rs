//! Findings that a syntax error may have caused: they would only hide it.

use crate::diagnostic::{Diagnostic, codes};
use crate::source::SourceFile;
use std::ops::Range;

/// Findings about something that is not there. With a line that could not be read, it may be.
const OF_ABSENCE: [&str; 4] = [
    codes::MISSING_KEY,
    codes::UNKNOWN_NAME,
    codes::EXACTLY_ONE,
    codes::EMPTY,
];

/// Removes what syntax errors may have caused from findings in the order of the file: findings
/// of absence, warnings, all others in the same table, and syntax errors that go on from line to line
/// because a list before them has no end.
pub(crate) fn remove(found: &mut Vec<Diagnostic>, source: &SourceFile) {
    let broken: Vec<Range<usize>> = found
        .iter()
        .filter(|diagnostic| diagnostic.code == codes::SYNTAX)
        .map(|diagnostic| block(source.text(), start(diagnostic)))
        .collect();
    if broken.is_empty() {
        return;
    }
    found.retain(|diagnostic| {
        let beside = broken
            .iter()
            .any(|block| block.contains(&start(diagnostic)));
        let caused = beside || !diagnostic.is_error() || OF_ABSENCE.contains(&diagnostic.code);
        diagnostic.code == codes::SYNTAX || !caused
    });
    remove_runs(found, source);
}

/// Keeps the first syntax error of a line and, inside of a list without an end, the first of
/// all.
fn remove_runs(found: &mut Vec<Diagnostic>, source: &SourceFile) {
    let mut last: Option<usize> = None;
    let mut in_list = false;
    found.retain(|diagnostic| {
        if diagnostic.code != codes::SYNTAX {
            return true;
        }
        let here = start(diagnostic);
        let goes_on = last.is_some_and(|last| match lines_between(source.text(), last, here) {
            None => true,
            Some(between) => in_list && between == 0,
        });
        last = Some(here);
        in_list = (goes_on && in_list)
            || ["array", "inline table"]
                .iter()
                .any(|list| diagnostic.message.contains(list));
        !goes_on
    });
}

/// How many lines with something on them lie between two places; `None` for places on the same
/// line.
fn lines_between(text: &str, before: usize, after: usize) -> Option<usize> {
    let (_, rest) = text.get(before..after)?.split_once('\n')?;
    let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    Some(whole.lines().filter(content).count())
}

fn start(diagnostic: &Diagnostic) -> usize {
    diagnostic
        .place
        .as_ref()
        .map_or(0, |place| place.span.start)
}

/// From the table header before a byte to the one behind it.
fn block(text: &str, at: usize) -> Range<usize> {
    let mut headers = text.match_indices("\n[").map(|(newline, _)| newline + 1);
    let start = headers
        .clone()
        .take_while(|header| *header <= at)
        .last()
        .unwrap_or(0);
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

    #[test]
    fn lines_without_content_do_not_count() {
        let text = "a\n\n# b\nc\nd";
        assert_eq!(lines_between(text, 0, 0), None);
        assert_eq!(lines_between(text, 0, 7), Some(0));
        assert_eq!(lines_between(text, 0, 9), Some(1));
    }
}
