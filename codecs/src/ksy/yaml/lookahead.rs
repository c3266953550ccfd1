//! Bounds how far the parser reads ahead of what it tells.

use std::cell::Cell;

/// How many characters may be read until the next event, and whether more were asked for.
#[derive(Debug)]
pub(super) struct Lookahead {
    most: usize,
    left: Cell<usize>,
    exhausted: Cell<bool>,
}

impl Lookahead {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            left: Cell::new(most),
            exhausted: Cell::new(false),
        }
    }

    /// The characters of a text, which ends early once too many are read at a time.
    pub(super) fn characters<'a>(&'a self, text: &'a str) -> impl Iterator<Item = char> + 'a {
        text.chars().take_while(|_| {
            let left = self.left.get().checked_sub(1);
            self.exhausted.set(self.exhausted.get() || left.is_none());
            self.left.set(left.unwrap_or_default());
            left.is_some()
        })
    }

    /// An event came.
    pub(super) fn renew(&self) {
        self.left.set(self.most);
    }

    /// Whether the text was cut short.
    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted.get()
    }
}
