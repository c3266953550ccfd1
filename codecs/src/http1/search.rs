//! Where a head, or the fields behind a body, end: lines are counted and their ends looked at once,
//! however slowly they arrive.

use super::wrong;
use super::{MAX_LINE, MAX_LINES};
use gatewright_core::codec::{DecodeError, Side};

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// A first line, fields, an empty line.
    Head(Side),
    /// Fields, an empty line.
    Trailers,
}

/// How far the lines of one frame are known.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// So many bytes were looked at.
    place: usize,
    /// The line that is looked at starts here.
    line: usize,
    /// Lines before it, an empty one before the head not counted.
    lines: usize,
}

impl Search {
    /// The next frame begins.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing was looked at yet.
    pub(super) const fn is_new(&self) -> bool {
        self.place == 0
    }

    /// Lines start no earlier than here: what is before them is of another kind.
    pub(super) fn skip(&mut self, to: usize) {
        self.place = self.place.max(to);
        self.line = self.line.max(to);
    }

    /// Where the section at the start of `buf` ends, if its last line is there.
    pub(super) fn advance(
        &mut self,
        section: Section,
        buf: &[u8],
        max_frame: usize,
    ) -> Result<Option<usize>, DecodeError> {
        self.check_start(section, buf)?;
        let start = self.place;
        for found in memchr::memchr_iter(b'\n', buf.get(start..).unwrap_or_default()) {
            let at = start.saturating_add(found);
            let end = at.saturating_add(1);
            let line = buf.get(self.line..at).unwrap_or_default();
            let Some((b'\r', text)) = line.split_last() else {
                return Err(self.lone_line_feed(buf, at));
            };
            if !text.is_empty() {
                self.note_line(section, buf, end)?;
            } else if self.lines > 0 || section == Section::Trailers {
                return self.within(end, max_frame).map(Some);
            } else {
                self.skip_empty(section, buf, end)?;
            }
        }
        self.place = buf.len();
        self.still_fits(section, buf.len(), max_frame)?;
        Ok(None)
    }

    /// The first byte tells that it is no HTTP, before there is a line.
    fn check_start(&self, section: Section, buf: &[u8]) -> Result<(), DecodeError> {
        let (Section::Head(side), Some(first)) = (section, buf.first()) else {
            return Ok(());
        };
        if self.place > 0 {
            return Ok(());
        }
        match (side, first) {
            (Side::Server, byte) if super::octets::is_token(*byte) || *byte == b'\r' => Ok(()),
            (Side::Server, _) => Err(wrong::start(buf, "the method of a request")),
            (Side::Client, b'H') => Ok(()),
            (Side::Client, _) => Err(wrong::start(buf, "the version of a response")),
        }
    }

    /// RFC 9112, 2.2: a recipient may take a lone LF for the end of a line. What is forwarded by one
    /// that does and one that does not is read as two different messages.
    fn lone_line_feed(&self, buf: &[u8], at: usize) -> DecodeError {
        let foreign = (self.lines == 0).then(|| wrong::foreign(buf)).flatten();
        foreign.unwrap_or_else(|| wrong::syntax(at, "a line that ends in CR LF", "LF alone"))
    }

    fn note_line(&mut self, section: Section, buf: &[u8], end: usize) -> Result<(), DecodeError> {
        if self.lines == 0 && matches!(section, Section::Head(_)) {
            if let Some(error) = wrong::foreign(buf) {
                return Err(error);
            }
            if end.saturating_sub(self.line) > MAX_LINE {
                return Err(wrong::long_first_line());
            }
        }
        if self.lines >= MAX_LINES {
            return Err(wrong::many_fields(self.line));
        }
        self.lines = self.lines.saturating_add(1);
        self.place = end;
        self.line = end;
        Ok(())
    }

    /// RFC 9112, 2.2: a server should ignore at least one empty line before a request. It ignores
    /// that one.
    fn skip_empty(&mut self, section: Section, buf: &[u8], end: usize) -> Result<(), DecodeError> {
        if self.line > 0 || section == Section::Head(Side::Client) {
            return Err(wrong::start(buf, "the first line of a message"));
        }
        self.place = end;
        self.line = end;
        Ok(())
    }

    fn within(&self, end: usize, max_frame: usize) -> Result<usize, DecodeError> {
        if end > max_frame {
            return Err(wrong::long_frame(self.line, max_frame));
        }
        Ok(end)
    }

    fn still_fits(
        &self,
        section: Section,
        have: usize,
        max_frame: usize,
    ) -> Result<(), DecodeError> {
        let in_first = self.lines == 0 && matches!(section, Section::Head(_));
        if in_first && have.saturating_sub(self.line) > MAX_LINE.min(max_frame) {
            return Err(wrong::long_first_line());
        }
        if have >= max_frame {
            return Err(if in_first {
                wrong::long_first_line()
            } else {
                wrong::long_frame(self.line, max_frame)
            });
        }
        Ok(())
    }
}
