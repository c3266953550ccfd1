//! Where a frame ends: one walk over its elements, which keeps its place between calls, so that
//! no byte is looked at twice however slowly a frame arrives.

use super::text::{self, Counted};
use super::wrong::{self, Wrong};
use super::{FORMAT, MAX_ELEMENTS, MAX_INLINE, MAX_NESTED, is_type};
use gatewright_core::codec::{DecodeError, Delimited, Overlong, Side};
use gatewright_core::message::Correlation;
use smallvec::SmallVec;
use std::num::NonZeroUsize;

/// The shortest element of a command: `$0`, the end of its line, and of its data.
const SHORTEST_ARGUMENT: usize = 6;
/// The shortest element of a reply: a type and the end of its line.
const SHORTEST_ELEMENT: usize = 3;

/// How far one connection's next frame is known. Has no memory of its own while no frame nests deeply.
#[derive(Debug)]
pub(super) struct Walk {
    side: Side,
    max_frame: usize,
    /// Whole elements take so many bytes of the frame.
    at: usize,
    /// No line behind `at` ends before this byte.
    seen: usize,
    /// Elements to come in the innermost aggregate that is open; the frame is the outermost.
    left: usize,
    /// The same for those around it.
    outer: SmallVec<[usize; 4]>,
    /// The sum of those.
    around: usize,
    /// Where a command's name is: its first byte and the one behind its last.
    name: [usize; 2],
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing of it is known.
    Awaiting,
    /// Its first element is.
    Inside,
    /// All of it is.
    Whole,
}

/// What was found of one element.
enum Element {
    /// It ends before this byte.
    Scalar(usize),
    /// So many elements follow, behind this byte.
    Aggregate { count: usize, end: usize },
    /// So many elements follow, and then the one that they say something about.
    Attribute { count: usize, end: usize },
    /// The buffer must hold at least so many bytes to tell.
    Short(usize),
}

/// A length and where its line ends.
struct Length {
    value: usize,
    end: usize,
}

/// Where the bytes that a length counts end, without and with the end of their line.
struct Data {
    text: usize,
    end: usize,
}

/// A string says at its beginning where it ends. Of an aggregate, only all of it tells.
pub(super) fn overlong(buf: &[u8]) -> Overlong {
    let Some((b'$' | b'!' | b'=', line)) = buf.split_first() else {
        return Overlong::Unknown;
    };
    match text::length(line) {
        Counted::Is { value, line } => Overlong::Frame {
            length: Length {
                value,
                end: line.saturating_add(1),
            }
            .data()
            .end,
            correlation: Correlation::None,
        },
        Counted::Short => Overlong::Need,
        Counted::Wrong { .. } => Overlong::Unknown,
    }
}

impl Length {
    const fn data(&self) -> Data {
        let text = self.end.saturating_add(self.value);
        Data {
            text,
            end: text.saturating_add(2),
        }
    }
}

impl Walk {
    pub(super) fn new(side: Side, max_frame: usize) -> Self {
        Self {
            side,
            max_frame,
            at: 0,
            seen: 0,
            left: 0,
            outer: SmallVec::new(),
            around: 0,
            name: [0; 2],
            state: State::Awaiting,
        }
    }

    /// The next frame begins: where the last one ended, or where it turned out to be wrong.
    pub(super) fn reset(&mut self) {
        self.at = 0;
        self.seen = 0;
        self.left = 0;
        self.around = 0;
        self.name = [0; 2];
        self.state = State::Awaiting;
        if self.outer.spilled() {
            self.outer = SmallVec::new();
        }
        self.outer.clear();
    }

    /// Whether nothing of the next frame is known yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.state == State::Awaiting && self.seen == 0
    }

    pub(super) const fn max_frame(&self) -> usize {
        self.max_frame
    }

    /// The bytes of `frame`, which was walked to its end, that are the name of a command; none
    /// if it is not an array.
    pub(super) fn name<'f>(&self, frame: &'f [u8]) -> &'f [u8] {
        let [start, end] = self.name;
        frame.get(start..end).unwrap_or_default()
    }

    /// Goes on to the end of the frame at the start of `buf`. Once it is there, it stays there
    /// until the [`reset`](Self::reset).
    pub(super) fn advance(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let short = match self.side {
            Side::Server => self.command(buf)?,
            Side::Client => self.reply(buf)?,
        };
        if let Some(total) = short {
            return self.need(total, buf);
        }
        self.state = State::Whole;
        match NonZeroUsize::new(self.at) {
            Some(end) if end.get() <= self.max_frame => Ok(Delimited::Frame(end)),
            Some(_) | None => Err(wrong::too_long(0, self.max_frame)),
        }
    }

    fn need(&self, total: usize, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let total = total.max(buf.len().saturating_add(1));
        if total > self.max_frame {
            return Err(wrong::too_long(self.at.min(buf.len()), self.max_frame));
        }
        Ok(Delimited::need(total.saturating_sub(buf.len())))
    }

    // ---- commands

    /// How many bytes there must be for the rest of a command, if it is not all there.
    fn command(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        if self.state == State::Awaiting {
            match buf.first() {
                None => return Ok(Some(1)),
                Some(b'*') if buf.get(1) == Some(&b'-') => return self.null_command(buf),
                Some(b'*') => match self.length(buf)? {
                    Some(count) => self.arguments(count)?,
                    None => return Ok(Some(0)),
                },
                Some(first) => return self.inline(*first, buf),
            }
        }
        while self.left > 0 {
            if let Some(total) = self.argument(buf)? {
                return Ok(Some(total));
            }
        }
        Ok(None)
    }

    fn arguments(&mut self, count: Length) -> Result<(), DecodeError> {
        if count.value > MAX_ELEMENTS {
            return Err(wrong::too_many(self.at));
        }
        self.left = count.value;
        self.at = count.end;
        self.state = State::Inside;
        Ok(())
    }

    /// A null array, which asks for nothing.
    fn null_command(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        let Some(end) = self.line(1, buf, 2, |_| true)? else {
            return Ok(Some(0));
        };
        if buf.get(1..end) != Some(b"-1") {
            return Err(Wrong::Value.at(1, "a length, or -1"));
        }
        self.at = end.saturating_add(2);
        Ok(None)
    }

    /// One bulk string; how many bytes there must be if it is not all there.
    fn argument(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        let others = self.left.saturating_sub(1);
        let rest = others.saturating_mul(SHORTEST_ARGUMENT);
        match buf.get(self.at) {
            Some(b'$') => {}
            Some(other) if is_type(*other) => {
                return Err(Wrong::Direction.at(self.at, "a bulk string"));
            }
            Some(_) => return Err(Wrong::Type.at(self.at, "a bulk string")),
            None => {
                let this = self.at.saturating_add(SHORTEST_ARGUMENT);
                return Ok(Some(this.saturating_add(rest)));
            }
        }
        let Some(length) = self.length(buf)? else {
            return Ok(Some(buf.len().saturating_add(1).saturating_add(rest)));
        };
        let data = length.data();
        if buf.len() < data.end {
            return Ok(Some(data.end.saturating_add(rest)));
        }
        ends_line(buf, data.text)?;
        if self.name == [0; 2] {
            self.name = [length.end, data.text];
        }
        self.at = data.end;
        self.left = others;
        Ok(None)
    }

    fn inline(&mut self, first: u8, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        wrong::first_of_inline(first, buf)?;
        let Some(end) = self.line(0, buf, MAX_INLINE, is_inline)? else {
            return Ok(Some(0));
        };
        wrong::http(buf.get(..end).unwrap_or_default())?;
        self.at = end.saturating_add(2);
        Ok(None)
    }

    // ---- replies

    /// How many bytes there must be for the rest of a reply, if it is not all there.
    fn reply(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        if self.state == State::Awaiting {
            self.left = 1;
            self.state = State::Inside;
        }
        while self.left > 0 {
            match self.element(buf)? {
                Element::Scalar(end) => {
                    self.at = end;
                    self.left = self.left.saturating_sub(1);
                }
                Element::Aggregate { count, end } => {
                    self.left = self.left.saturating_sub(1);
                    self.open(count, end)?;
                }
                Element::Attribute { count, end } => self.open(count, end)?,
                Element::Short(total) => return Ok(Some(self.with_rest(total))),
            }
            while self.left == 0
                && let Some(left) = self.outer.pop()
            {
                self.around = self.around.saturating_sub(left);
                self.left = left;
            }
        }
        Ok(None)
    }

    /// What an aggregate claims to hold takes no memory, and takes bytes: a frame that it does not
    /// fit into is refused as soon as they are waited for.
    fn open(&mut self, count: usize, end: usize) -> Result<(), DecodeError> {
        if self.outer.len() >= MAX_NESTED {
            return Err(wrong::too_deep(self.at));
        }
        self.at = end;
        if count > 0 {
            self.outer.push(self.left);
            self.around = self.around.saturating_add(self.left);
            self.left = count;
        }
        Ok(())
    }

    /// The bytes that it takes to the end of the element at hand and of all that are to follow.
    const fn with_rest(&self, total: usize) -> usize {
        let elements = self.left.saturating_add(self.around);
        let others = elements.saturating_sub(1).saturating_mul(SHORTEST_ELEMENT);
        total.saturating_add(others)
    }

    fn element(&mut self, buf: &[u8]) -> Result<Element, DecodeError> {
        let Some(first) = buf.get(self.at) else {
            return Ok(Element::Short(self.at.saturating_add(SHORTEST_ELEMENT)));
        };
        match first {
            b'+' | b'-' => self.scalar(buf, usize::MAX, |_| true),
            b':' => self.scalar(buf, text::INTEGER, |line| text::integer(line).is_some()),
            b'_' => self.scalar(buf, 0, <[u8]>::is_empty),
            b'#' => self.scalar(buf, 1, |line| matches!(line, b"t" | b"f")),
            b',' => self.scalar(buf, text::DOUBLE, text::is_double),
            b'(' => self.scalar(buf, text::BIG_NUMBER, text::is_big_number),
            b'$' | b'*' if buf.get(self.at.saturating_add(1)) == Some(&b'-') => {
                self.scalar(buf, 2, |line| line == b"-1")
            }
            b'$' | b'!' => self.bulk(buf, |_| true),
            b'=' => self.bulk(buf, |data| match data.split_first_chunk::<FORMAT>() {
                Some((format, [b':', ..])) => text::is_format(format),
                Some(_) | None => false,
            }),
            b'*' | b'~' | b'%' | b'|' | b'>' => self.aggregate(*first, buf),
            b'.' | b';' => Err(wrong::streamed(self.at)),
            _ => Err(wrong::first_of_reply(self.at, buf)),
        }
    }

    /// A type and one line.
    fn scalar(
        &mut self,
        buf: &[u8],
        longest: usize,
        is_good: impl Fn(&[u8]) -> bool,
    ) -> Result<Element, DecodeError> {
        let start = self.at.saturating_add(1);
        let Some(end) = self.line(start, buf, longest, |_| true)? else {
            return Ok(Element::Short(buf.len().saturating_add(1)));
        };
        if !is_good(buf.get(start..end).unwrap_or_default()) {
            return Err(Wrong::Value.at(start, "a value of this type"));
        }
        Ok(Element::Scalar(end.saturating_add(2)))
    }

    /// A type, a length, and so many bytes.
    fn bulk(&self, buf: &[u8], is_good: impl Fn(&[u8]) -> bool) -> Result<Element, DecodeError> {
        let Some(length) = self.length(buf)? else {
            return Ok(Element::Short(buf.len().saturating_add(1)));
        };
        let data = length.data();
        if buf.len() < data.end {
            return Ok(Element::Short(data.end));
        }
        ends_line(buf, data.text)?;
        if !is_good(buf.get(length.end..data.text).unwrap_or_default()) {
            return Err(Wrong::Value.at(length.end, "three letters and a colon"));
        }
        Ok(Element::Scalar(data.end))
    }

    fn aggregate(&self, first: u8, buf: &[u8]) -> Result<Element, DecodeError> {
        let Some(Length { value, end }) = self.length(buf)? else {
            return Ok(Element::Short(buf.len().saturating_add(1)));
        };
        let count = value.saturating_mul(2);
        Ok(match first {
            b'|' => Element::Attribute { count, end },
            b'%' => Element::Aggregate { count, end },
            b'>' if self.at > 0 || value == 0 => {
                return Err(Wrong::Value.at(self.at, "a push that stands alone and says something"));
            }
            _ => Element::Aggregate { count: value, end },
        })
    }

    // ---- lines

    /// The length behind the type byte at hand, if its line is all there.
    fn length(&self, buf: &[u8]) -> Result<Option<Length>, DecodeError> {
        let start = self.at.saturating_add(1);
        match text::length(buf.get(start..).unwrap_or_default()) {
            Counted::Is { value, line } => Ok(Some(Length {
                value,
                end: start.saturating_add(line),
            })),
            Counted::Short => Ok(None),
            Counted::Wrong { at } => Err(wrong::length(self.side, start, at, buf)),
        }
    }

    /// Where the line that starts at `start` ends, if its end is there.
    fn line(
        &mut self,
        start: usize,
        buf: &[u8],
        longest: usize,
        may_hold: impl Fn(u8) -> bool,
    ) -> Result<Option<usize>, DecodeError> {
        let from = self.seen.max(start);
        let unseen = buf.get(from..).unwrap_or_default();
        let stop = unseen
            .iter()
            .position(|byte| matches!(byte, b'\r' | b'\n') || !may_hold(*byte));
        let end = from.saturating_add(stop.unwrap_or(unseen.len()));
        if end.saturating_sub(start) > longest {
            return Err(Wrong::Value.at(start, "a shorter line"));
        }
        self.seen = end;
        match (buf.get(end), buf.get(end.saturating_add(1))) {
            (None, _) | (Some(b'\r'), None) => Ok(None),
            (Some(b'\r'), Some(b'\n')) => Ok(Some(end)),
            (Some(_), _) => Err(Wrong::Value.at(end, "text and the end of its line, 0d 0a")),
        }
    }
}

/// Whether an inline command may hold a byte: text, blanks, and what other encodings need.
const fn is_inline(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

fn ends_line(buf: &[u8], start: usize) -> Result<(), DecodeError> {
    match buf.get(start..start.saturating_add(2)) {
        Some(b"\r\n") => Ok(()),
        Some(_) | None => Err(Wrong::Value.at(start, "the end of the data, 0d 0a")),
    }
}
