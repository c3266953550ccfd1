//! The parts of a body that is read, as they come: RFC 9112, 6 and 7.

use super::chunk::{self, Before, ChunkLine};
use super::head::{Length, trailers};
use super::search::{Search, Section};
use super::wrong;
use bytes::Bytes;
use gatewright_core::codec::{DecodeError, Delimited, Event};
use gatewright_core::message::Value;
use std::num::{NonZeroU64, NonZeroUsize};

/// What all extensions of a body's chunks may take together, in bytes: they mean nothing to anybody.
const MAX_EXTENSIONS: usize = 1 << 10;

/// What is to come of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// So many bytes.
    Bytes(NonZeroU64),
    /// Chunks.
    Chunks(Chunks),
    /// Whatever comes until the connection ends.
    Rest,
    /// Nothing but its end, which takes no bytes.
    End,
}

/// Where a reader of chunks is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Bytes to come of the chunk that has begun.
    left: u64,
    before: Before,
    /// What extensions took so far.
    extensions: usize,
}

/// What was read of a body.
pub(super) struct Part {
    pub(super) event: Event,
    /// What is to come; nothing if the message is complete.
    pub(super) rest: Option<Awaited>,
}

impl Awaited {
    /// The body of a message, if there is one to wait for.
    pub(super) fn of(length: Length) -> Option<Self> {
        match length {
            Length::None => None,
            Length::Exactly(n) => Some(Self::Bytes(n)),
            Length::Chunked => Some(Self::Chunks(Chunks {
                left: 0,
                before: Before::Head,
                extensions: 0,
            })),
            Length::UntilClose => Some(Self::Rest),
        }
    }

    /// How much of `buf` is the next part.
    pub(super) fn delimit(
        self,
        buf: &[u8],
        search: &mut Search,
        max_frame: usize,
    ) -> Result<Delimited, DecodeError> {
        let most = buf.len().min(max_frame);
        let data = match self {
            Self::Bytes(left) => at_most(left.get(), most),
            Self::Chunks(Chunks {
                left: 0,
                before,
                extensions,
            }) => {
                return match line(buf, before, extensions)? {
                    Some(line) => part(&line, buf, search, max_frame),
                    None => need(buf, max_frame),
                };
            }
            Self::Chunks(chunks) => at_most(chunks.left, most),
            Self::Rest | Self::End => most,
        };
        Ok(NonZeroUsize::new(data).map_or(Delimited::need(1), Delimited::Frame))
    }

    /// Reads one part.
    pub(super) fn decode(self, frame: Bytes) -> Result<Part, DecodeError> {
        match self {
            Self::Bytes(left) => {
                let rest = subtract(left.get(), &frame)?;
                let rest = NonZeroU64::new(rest).map_or(Self::End, Self::Bytes);
                data(frame, rest)
            }
            Self::Chunks(chunks) if chunks.left > 0 => {
                let left = subtract(chunks.left, &frame)?;
                data(frame, Self::Chunks(Chunks { left, ..chunks }))
            }
            Self::Chunks(chunks) => chunks.begun(frame),
            Self::Rest => data(frame, Self::Rest),
            Self::End => Err(wrong::value(0, "the end of the body", "more")),
        }
    }
}

impl Chunks {
    /// A line and the first of the data, or the last line and what follows it.
    fn begun(self, frame: Bytes) -> Result<Part, DecodeError> {
        let Some(line) = line(&frame, self.before, self.extensions)? else {
            return Err(wrong::cut(frame.len(), "the size of a chunk"));
        };
        if line.size == 0 {
            return Ok(Part {
                event: Event::End(trailers(frame, line.end)?),
                rest: None,
            });
        }
        let first = frame.slice(line.end.min(frame.len())..);
        let rest = Self {
            left: subtract(line.size, &first)?,
            before: Before::Chunk,
            extensions: self.extensions.saturating_add(line.extension),
        };
        data(first, Awaited::Chunks(rest))
    }
}

fn data(bytes: Bytes, rest: Awaited) -> Result<Part, DecodeError> {
    if bytes.is_empty() {
        return Err(wrong::cut(0, "data"));
    }
    Ok(Part {
        event: Event::Body(bytes),
        rest: Some(rest),
    })
}

fn line(buf: &[u8], before: Before, extensions: usize) -> Result<Option<ChunkLine>, DecodeError> {
    let line = chunk::line(buf, before)?;
    match &line {
        Some(line) if extensions.saturating_add(line.extension) > MAX_EXTENSIONS => {
            Err(chunk::long_extensions(line.end))
        }
        Some(_) | None => Ok(line),
    }
}

/// What stands behind the line is with it: no part is without data but the last.
fn part(
    line: &ChunkLine,
    buf: &[u8],
    search: &mut Search,
    max_frame: usize,
) -> Result<Delimited, DecodeError> {
    if line.size == 0 {
        search.skip(line.end);
        let end = search.advance(Section::Trailers, buf, max_frame)?;
        return match end.and_then(NonZeroUsize::new) {
            Some(end) => Ok(Delimited::Frame(end)),
            None => need(buf, max_frame),
        };
    }
    if line.end >= max_frame {
        return Err(wrong::long_frame(line.end.min(buf.len()), max_frame));
    }
    let have = buf.len().min(max_frame).saturating_sub(line.end);
    let end = line.end.saturating_add(at_most(line.size, have));
    match NonZeroUsize::new(end) {
        Some(end) if have > 0 => Ok(Delimited::Frame(end)),
        Some(_) | None => Ok(Delimited::need(1)),
    }
}

fn need(buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
    if buf.len() >= max_frame {
        return Err(wrong::long_frame(buf.len(), max_frame));
    }
    Ok(Delimited::need(1))
}

fn at_most(left: u64, have: usize) -> usize {
    usize::try_from(left).map_or(have, |left| left.min(have))
}

fn subtract(left: u64, data: &Bytes) -> Result<u64, DecodeError> {
    let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
    let rest = left.checked_sub(length);
    rest.ok_or_else(|| wrong::value(0, "the rest of the body", "more"))
}

/// The end of a body whose length was known.
pub(super) const fn end() -> Event {
    Event::End(Value::Null)
}
