//! The path that a request is for.

use super::Captured;
use super::percent::{decoded, has_dots, is_text};
use bytestring::ByteString;
use std::str::Split;

/// A path that can be compared with patterns: it starts with a slash, has nothing that a server
/// may take for a segment `.` or `..`, and each of its segments is percent-encoded UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'a> {
    target: &'a ByteString,
    /// Without its first slash.
    inner: &'a str,
    segments: usize,
}

/// The segments of a path, as they came.
#[derive(Clone, Debug)]
pub(super) struct Segments<'a> {
    split: Split<'a, char>,
    left: usize,
}

impl<'a> Path<'a> {
    /// The path of a target in origin form; `None` if it is none, or nobody's.
    pub(crate) fn of(target: &'a ByteString) -> Option<Self> {
        let whole = target.split_once('?').map_or(&**target, |(path, _)| path);
        let inner = whole.strip_prefix('/')?;
        let mut path = Self {
            target,
            inner,
            segments: 0,
        };
        for segment in inner.split('/') {
            path.segments += 1;
            if has_dots(segment) || !is_text(segment) {
                return None;
            }
        }
        Some(path)
    }

    pub(super) fn segments(&self) -> Segments<'a> {
        Segments {
            split: self.inner.split('/'),
            left: self.segments,
        }
    }

    /// A part of it, decoded.
    pub(crate) fn get(&self, captured: Captured) -> Option<ByteString> {
        match captured {
            Captured::Segment(index) => {
                let segment = self.segments().nth(index)?;
                decoded(self.target, segment)
            }
            Captured::From(index) => {
                let before = self.segments().take(index);
                let length: usize = before.map(|segment| segment.len() + 1).sum();
                decoded(self.target, self.inner.get(length..)?)
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.saturating_sub(1);
        self.split.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Segments<'_> {}
