//! From the parser's places, in characters, to ours, in bytes.

use saphyr_parser::Marker;

/// After how many characters the place of a byte is noted.
const STEP: usize = 64;

/// Where the characters of a text stand.
#[derive(Debug)]
pub(super) struct Places<'t> {
    text: &'t str,
    /// The byte of each `STEP`th character; none for a text of ASCII alone.
    marks: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(STEP)
                .map(|(at, _)| at)
                .collect()
        };
        Self { text, marks }
    }

    /// The byte of a character; the text's length for what lies beyond it.
    pub(super) fn byte(&self, marker: &Marker) -> usize {
        let index = marker.index();
        if self.marks.is_empty() {
            return index.min(self.text.len());
        }
        let base = self.marks.get(index / STEP).copied();
        let rest = base.and_then(|base| self.text.get(base..).map(|rest| (base, rest)));
        let Some((base, rest)) = rest else {
            return self.text.len();
        };
        let within = rest.char_indices().nth(index % STEP);
        within.map_or(self.text.len(), |(at, _)| base.saturating_add(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_bytes() {
        for text in ["plain".repeat(50), "aü€𝄞".repeat(70)] {
            let places = Places::new(&text);
            for (index, (at, _)) in text.char_indices().enumerate() {
                assert_eq!(places.byte(&Marker::new(index, 1, 0)), at);
            }
            let end = text.chars().count();
            assert_eq!(places.byte(&Marker::new(end, 1, 0)), text.len());
            assert_eq!(places.byte(&Marker::new(end + 1000, 1, 0)), text.len());
        }
    }
}
