//! What a connection's reader makes of bytes, however they arrive.

use super::sameness::same_event;
use super::{Violation, hex, whole};
use crate::codec::{
    ConnCodec, DecodeError, Delimited, Event, Needs, Protocol, Recovery, Scanned, Side,
};
use crate::message::{Body, Kind, Message, Value};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

const READ: &str = "Reading";

/// One frame and what became of it; of a message whose body comes in parts, all its frames.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The frame's bytes.
    pub frame: Bytes,
    /// What was read, or why not. Of a message in parts the whole; its body stays awaited if the
    /// bytes ended before it did.
    pub result: Result<Event, DecodeError>,
    /// What followed the body.
    pub trailers: Value,
    /// What told that it is complete.
    pub end: End,
}

/// What tells that a message is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its one frame.
    Frame,
    /// The last of its parts.
    Parts,
    /// That the peer's direction ended.
    Connection,
}

impl Outcome {
    /// The message, if a whole one was read.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.result.as_ref().ok().and_then(whole)
    }

    /// Whether a message has begun and is not complete.
    pub(super) fn is_part(&self) -> bool {
        matches!(&self.result, Ok(Event::Head(message)) if message.body().whole().is_none())
    }
}

/// All that was read from a connection.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Frames in their order.
    pub outcomes: Vec<Outcome>,
    /// Why no frame can follow, if the framing was lost.
    pub lost: Option<DecodeError>,
    /// How many bytes of an incomplete frame are left; `None` if an error closed the connection.
    pub rest: Option<usize>,
}

/// A message of which parts are still to come.
struct Parts {
    message: Message,
    frames: BytesMut,
    body: BytesMut,
}

impl Reading {
    /// Reads chunks as a connection does: until they end, or an error closes it.
    ///
    /// # Errors
    /// A frame above the protocol's limit or beyond the bytes that are there, a need above that
    /// limit or one that proved untrue, an error that points outside what was looked at.
    pub fn of<'b>(
        protocol: &Arc<dyn Protocol>,
        side: Side,
        chunks: impl IntoIterator<Item = &'b [u8]>,
    ) -> Result<Self, Violation> {
        Self::passing(protocol, side, chunks, 0)
    }

    /// Reads chunks as a relay does, which takes up to `most` frames at once as
    /// [`ConnCodec::scan`] counts them and reads only those before which it stops.
    pub(super) fn passing<'b>(
        protocol: &Arc<dyn Protocol>,
        side: Side,
        chunks: impl IntoIterator<Item = &'b [u8]>,
        most: usize,
    ) -> Result<Self, Violation> {
        let max_frame = protocol.descriptor().capabilities.max_frame;
        let mut reader = Reader {
            codec: Arc::clone(protocol).codec(side, max_frame),
            protocol,
            side,
            max_frame,
            most,
            buf: BytesMut::new(),
            promised: 0,
            parts: None,
            reading: Self {
                outcomes: Vec::new(),
                lost: None,
                rest: None,
            },
        };
        for chunk in chunks {
            reader.buf.extend_from_slice(chunk);
            if reader.drain()? == Connection::Closed {
                reader.leave_parts();
                return Ok(reader.reading);
            }
        }
        reader.reading.rest = Some(reader.buf.len());
        reader.finish()?;
        Ok(reader.reading)
    }

    /// The one message that was read, if there was nothing else.
    pub(super) fn only_message(&self) -> Option<&Message> {
        match (&self.outcomes[..], &self.lost, self.rest) {
            ([outcome], None, Some(0)) => outcome.message(),
            _ => None,
        }
    }

    pub(super) fn first_difference(&self, other: &Self) -> Option<String> {
        for (n, (a, b)) in self.outcomes.iter().zip(&other.outcomes).enumerate() {
            let same = a.frame == b.frame && a.trailers == b.trailers && a.end == b.end;
            if !same || !same_result(&a.result, &b.result) {
                return Some(format!("frame {n}"));
            }
        }
        if self.outcomes.len() != other.outcomes.len() {
            return Some(format!(
                "{} frames and {}",
                self.outcomes.len(),
                other.outcomes.len()
            ));
        }
        // What a framing error says may depend on how much was there.
        if self.lost.is_some() != other.lost.is_some() {
            let cause = |reading: &Self| reading.lost.as_ref().map(DecodeError::cause);
            return Some(format!(
                "lost framing: {:?} and {:?}",
                cause(self),
                cause(other)
            ));
        }
        (self.rest != other.rest)
            .then(|| format!("bytes left: {:?} and {:?}", self.rest, other.rest))
    }
}

fn same_result(a: &Result<Event, DecodeError>, b: &Result<Event, DecodeError>) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => same_event(a, b),
        (Err(a), Err(b)) => a == b,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

#[derive(PartialEq)]
enum Connection {
    Open,
    Closed,
}

struct Reader<'p> {
    codec: Box<dyn ConnCodec>,
    protocol: &'p Arc<dyn Protocol>,
    side: Side,
    max_frame: usize,
    /// Frames that are taken at once without being read; none if zero.
    most: usize,
    buf: BytesMut,
    /// No frame can end before the buffer holds so many bytes: the codec said so.
    promised: usize,
    parts: Option<Parts>,
    reading: Reading,
}

impl Reader<'_> {
    fn drain(&mut self) -> Result<Connection, Violation> {
        loop {
            while self.most > 0 && self.pass()? {}
            match self.codec.delimit(&self.buf) {
                Ok(Delimited::Need(more)) => {
                    return self.need(more.get()).map(|()| Connection::Open);
                }
                Ok(Delimited::Frame(len)) => {
                    if self.frame(len.get())? == Connection::Closed {
                        return Ok(Connection::Closed);
                    }
                }
                Err(error) => {
                    points_within(&error, &self.buf)?;
                    self.reading.lost = Some(error);
                    return Ok(Connection::Closed);
                }
            }
        }
    }

    /// Takes the frames that the codec counts, and says whether there were any. That it refuses
    /// the first one is for `delimit` to say.
    fn pass(&mut self) -> Result<bool, Violation> {
        let Ok(scanned) = self.codec.scan(&self.buf, self.most) else {
            return Ok(false);
        };
        if scanned.bytes > self.buf.len() || scanned.frames > self.most {
            return Err(miscounted(scanned, &self.buf));
        }
        let bytes = self.buf.split_to(scanned.bytes).freeze();
        let read = Reading::of(self.protocol, self.side, [&bytes[..]])?;
        let all_pass = read.outcomes.iter().all(|outcome| self.passes(outcome));
        if !all_pass || read.outcomes.len() != scanned.frames || read.rest != Some(0) {
            return Err(miscounted(scanned, &bytes));
        }
        self.reading.outcomes.extend(read.outcomes);
        if scanned.frames > 0 {
            self.promised = 0;
        }
        Ok(scanned.frames > 0)
    }

    /// Whether nobody needs to look at a frame before it is passed on.
    fn passes(&self, outcome: &Outcome) -> bool {
        let Some(message) = outcome.message() else {
            return false;
        };
        let operation = self.protocol.descriptor().operation(message.operation());
        match self.side {
            Side::Server => operation.needs == Needs::Nothing,
            Side::Client => message.kind() == Kind::Reply,
        }
    }

    fn need(&mut self, more: usize) -> Result<(), Violation> {
        let total = self.buf.len().saturating_add(more);
        if total > self.max_frame {
            let detail = format!(
                "needs {total} bytes, {} are allowed, after {}",
                self.max_frame,
                hex(&self.buf)
            );
            return Err(Violation::new(READ, detail));
        }
        self.promised = self.promised.max(total);
        Ok(())
    }

    fn frame(&mut self, len: usize) -> Result<Connection, Violation> {
        let have = self.buf.len();
        if len > have || len > self.max_frame {
            let detail = format!(
                "a frame of {len} bytes in {have}, {} are allowed: {}",
                self.max_frame,
                hex(&self.buf)
            );
            return Err(Violation::new(READ, detail));
        }
        if have < self.promised {
            let detail = format!(
                "a frame in {have} bytes after a need for {}: {}",
                self.promised,
                hex(&self.buf)
            );
            return Err(Violation::new(READ, detail));
        }
        self.promised = 0;
        let frame = self.buf.split_to(len).freeze();
        match self.codec.decode(frame.clone()) {
            Ok(event) => {
                let in_body = matches!(event, Event::Body(_));
                self.event(frame, event, End::Parts)?;
                if in_body && let Some(event) = self.codec.due() {
                    self.event(Bytes::new(), event, End::Parts)?;
                }
                Ok(Connection::Open)
            }
            Err(error) => self.error(frame, error),
        }
    }

    fn error(&mut self, frame: Bytes, error: DecodeError) -> Result<Connection, Violation> {
        points_within(&error, &frame)?;
        self.leave_parts();
        let connection = match error.recovery() {
            Recovery::Skip | Recovery::Answer => Connection::Open,
            Recovery::AnswerAndClose | Recovery::Close => Connection::Closed,
        };
        self.push(frame, Err(error), End::Frame);
        Ok(connection)
    }

    fn push(&mut self, frame: Bytes, result: Result<Event, DecodeError>, end: End) {
        self.reading.outcomes.push(Outcome {
            frame,
            result,
            trailers: Value::Null,
            end,
        });
    }

    /// Puts the parts of a message together, so that it does not matter which they are.
    fn event(&mut self, frame: Bytes, event: Event, end: End) -> Result<(), Violation> {
        match (event, self.parts.take()) {
            (Event::Head(message), None) if matches!(message.body(), Body::Awaited) => {
                self.parts = Some(Parts {
                    message,
                    frames: frame.into(),
                    body: BytesMut::new(),
                });
            }
            (Event::Body(bytes), Some(mut parts)) if !bytes.is_empty() => {
                parts.frames.extend_from_slice(&frame);
                parts.body.extend_from_slice(&bytes);
                self.parts = Some(parts);
            }
            (Event::End(trailers), Some(mut parts)) => {
                parts.frames.extend_from_slice(&frame);
                let body = if parts.body.is_empty() {
                    Body::Empty
                } else {
                    Body::Whole(parts.body.freeze())
                };
                self.reading.outcomes.push(Outcome {
                    frame: parts.frames.freeze(),
                    result: Ok(Event::Head(parts.message.with_body(body))),
                    trailers,
                    end,
                });
            }
            (event @ (Event::Control(_) | Event::Head(_) | Event::Reset(_)), None) => {
                self.push(frame, Ok(event), End::Frame);
            }
            (event, parts) => {
                let what = if parts.is_some() { "inside" } else { "outside" };
                let detail = format!("{event:?} {what} a body: {}", hex(&frame));
                return Err(Violation::new(READ, detail));
            }
        }
        Ok(())
    }

    /// The peer sends no more.
    fn finish(&mut self) -> Result<(), Violation> {
        match self.codec.finish() {
            Ok(Some(event)) => self.event(Bytes::new(), event, End::Connection)?,
            Ok(None) => {}
            Err(error) => {
                self.error(Bytes::new(), error)?;
            }
        }
        self.leave_parts();
        Ok(())
    }

    /// A message that will not be complete is kept as far as it came.
    fn leave_parts(&mut self) {
        if let Some(parts) = self.parts.take() {
            let event = Event::Head(parts.message);
            self.push(parts.frames.freeze(), Ok(event), End::Frame);
        }
    }
}

fn miscounted(scanned: Scanned, bytes: &[u8]) -> Violation {
    let detail = format!(
        "{scanned:?} are not so many frames to pass on: {}",
        hex(bytes)
    );
    Violation::new("scanned", detail)
}

fn points_within(error: &DecodeError, bytes: &[u8]) -> Result<(), Violation> {
    if error.offset() <= bytes.len() {
        return Ok(());
    }
    Err(Violation::new(
        READ,
        format!(
            "an error beyond the {} bytes looked at: {error}",
            bytes.len()
        ),
    ))
}

/// Cut anywhere, the bytes give the same messages and errors as in one piece.
///
/// # Errors
/// The first difference.
pub fn any_chunking(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    bytes: &[u8],
    cuts: &[usize],
) -> Result<(), Violation> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(bytes.len())).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([bytes.len()]);
    let chunked = Reading::of(
        protocol,
        side,
        starts.zip(ends).map(|(start, end)| &bytes[start..end]),
    )?;
    let whole = Reading::of(protocol, side, [bytes])?;
    match whole.first_difference(&chunked) {
        Some(what) => {
            let detail = format!(
                "read by the {side:?}, in one piece or cut at {cuts:?}: {what} differ in {}",
                hex(bytes)
            );
            Err(Violation::new("any_chunking", detail))
        }
        None => Ok(()),
    }
}

/// What the codec counts as frames to pass on are such, and with those that are read between
/// them they are the frames of the bytes, however these arrive.
///
/// # Errors
/// A wrong count, or the first difference.
pub fn scanned(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    bytes: &[u8],
    most: usize,
) -> Result<(), Violation> {
    let whole = Reading::of(protocol, side, [bytes])?;
    for size in [bytes.len().max(1), 1, 7] {
        let passed = Reading::passing(protocol, side, bytes.chunks(size), most)?;
        if let Some(what) = whole.first_difference(&passed) {
            let detail = format!(
                "{what} differ for the {side:?} that passes on {most} frames at once, \
                 in chunks of {size}: {}",
                hex(bytes)
            );
            return Err(Violation::new("scanned", detail));
        }
    }
    Ok(())
}
