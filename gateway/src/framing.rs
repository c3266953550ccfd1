//! Codecs as tokio-util's [`Decoder`] and [`Encoder`], so that they serve in any tokio program
//! through [`tokio_util::codec::Framed`], this gateway included.
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use gatewright::Framing;
//! use gatewright_codecs::pos::Pos;
//! use gatewright_core::codec::{Event, Protocol, Side};
//! use gatewright_core::message::OperationId;
//! use std::sync::Arc;
//! use tokio_util::codec::Framed;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), gatewright::FramingError> {
//! let pos = Arc::new(Pos::new());
//! let (terminal, host) = tokio::io::duplex(1024);
//! let mut terminal = Framed::new(terminal, Framing::new(pos.clone(), Side::Client, 65_536));
//! let mut host = Framed::new(host, Framing::new(pos.clone(), Side::Server, 65_536));
//!
//! // seq, merchant, pan, amount, currency
//! let fields = vec![7_u32.into(), "M123".into(), "4111".into(), 1250_u32.into(), 978_u16.into()];
//! let request = Protocol::descriptor(&*pos).message(OperationId(0), fields);
//! terminal.send(Event::Head(request)).await?;
//!
//! let Some(Event::Head(received)) = host.next().await.transpose()? else { panic!("a message") };
//! assert_eq!(received.fields()[1].as_str(), Some("M123"));
//! # Ok(())
//! # }
//! ```

use bytes::BytesMut;
use gatewright_core::codec::{
    Cause, ConnCodec, DecodeError, Delimited, EncodeError, Event, Overlong, Protocol, Recovery,
    Scanned, Side,
};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio_util::codec::{Decoder, Encoder};

/// One connection's codec over buffers.
///
/// As a [`Decoder`] it gives one event a frame. A decode error after which the connection can
/// go on ([`Recovery::Skip`], [`Recovery::Answer`]) has consumed its frame; after any other the
/// stream is over.
#[derive(Debug)]
pub struct Framing {
    codec: Box<dyn ConnCodec>,
    /// Bytes that must be there before looking again, so that a trickle costs no parsing. None behind
    /// a part of a body: something may be complete without another byte.
    needed: usize,
    /// No protocol's frames are longer than a `u32` tells. There is one of this in each idle connection.
    max_frame: u32,
    /// Nothing was read yet.
    is_new: bool,
}

impl Framing {
    /// A codec for one connection. Frames above `max_frame` bytes are refused.
    #[must_use]
    pub fn new(protocol: Arc<dyn Protocol>, side: Side, max_frame: usize) -> Self {
        Self {
            codec: protocol.codec(side, max_frame),
            needed: 1,
            max_frame: u32::try_from(max_frame).unwrap_or(u32::MAX),
            is_new: true,
        }
    }

    /// The next event in `buffer`, or `None` if it takes more bytes.
    ///
    /// # Errors
    /// If the bytes are not what the protocol says.
    pub fn read(&mut self, buffer: &mut BytesMut) -> Result<Option<Event>, DecodeError> {
        if self.needed == 0 {
            self.needed = 1;
            if let Some(event) = self.codec.due() {
                return Ok(Some(event));
            }
        }
        if !self.may_have_frame(buffer) {
            return Ok(None);
        }
        let length = match self.codec.delimit(buffer).map_err(close_after)? {
            Delimited::Need(more) => {
                self.needed = buffer.len().saturating_add(more.get());
                return if self.needed > self.max_frame as usize {
                    Err(self.too_long())
                } else {
                    Ok(None)
                };
            }
            Delimited::Frame(length) if length.get() > buffer.len() => return Err(self.too_long()),
            Delimited::Frame(length) => length.get(),
        };
        self.needed = 1;
        self.is_new = false;
        let event = self.codec.decode(buffer.split_to(length).freeze())?;
        if matches!(event, Event::Body(_)) {
            self.needed = 0;
        }
        Ok(Some(event))
    }

    /// What the end of the peer's direction completes: see [`ConnCodec::finish`].
    ///
    /// # Errors
    /// If it ends in the middle of a message.
    pub fn finish(&mut self) -> Result<Option<Event>, DecodeError> {
        self.codec.finish()
    }

    /// Counts the whole frames at the start of `buffer`, `most` at most, that can be passed on
    /// unread: see [`ConnCodec::scan`]. Take the counted bytes off before the next call.
    ///
    /// # Errors
    /// If the first bytes are not what the protocol says.
    pub fn scan(&mut self, buffer: &[u8], most: usize) -> Result<Scanned, DecodeError> {
        if !self.may_have_frame(buffer) {
            return Ok(Scanned::default());
        }
        let scanned = self.codec.scan(buffer, most).map_err(close_after)?;
        if scanned.frames > 0 {
            self.needed = 1;
            self.is_new = false;
        }
        Ok(scanned)
    }

    /// What the beginning of a frame tells that [`read`](Self::read) found too long: see
    /// [`ConnCodec::overlong`]. Where that is its length, take as many bytes off before the next
    /// call, however they come.
    #[must_use]
    pub fn overlong(&mut self, buffer: &[u8]) -> Overlong {
        self.needed = 1;
        self.codec.overlong(buffer)
    }

    /// Whether no frame was read yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether the last message of the connection was read or written: see
    /// [`ConnCodec::has_ended`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.codec.has_ended()
    }

    /// Whether [`read`](Self::read) would look at `buffer`, rather than wait for more bytes.
    #[must_use]
    pub fn may_have_frame(&self, buffer: &[u8]) -> bool {
        buffer.len() >= self.needed
    }

    /// Appends the event's bytes to `out`, or leaves it as it was.
    ///
    /// # Errors
    /// If a value does not fit its place on the wire.
    pub fn write(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.codec.encode(event, out)
    }

    /// What a codec that asks for more than a frame can hold is answered with.
    fn too_long(&self) -> DecodeError {
        DecodeError::new(
            Cause::TooLong,
            0,
            format!("a frame of at most {} bytes", self.max_frame),
            "a longer one",
        )
        .with_recovery(Recovery::Close)
    }
}

/// Nothing was consumed, and nobody knows where the next frame starts: a codec that would go on
/// would meet the same bytes again, for ever.
fn close_after(error: DecodeError) -> DecodeError {
    let recovery = match error.recovery() {
        Recovery::Answer | Recovery::AnswerAndClose => Recovery::AnswerAndClose,
        Recovery::Skip | Recovery::Close => Recovery::Close,
    };
    error.with_recovery(recovery)
}

/// What [`Framing`] fails with as a [`Decoder`] or [`Encoder`].
#[derive(Debug)]
pub enum FramingError {
    /// The transport failed.
    Io(io::Error),
    /// The bytes are not what the protocol says.
    Decode(DecodeError),
    /// The message does not fit the wire.
    Encode(EncodeError),
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FramingError {}

impl From<io::Error> for FramingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Decoder for Framing {
    type Item = Event;
    type Error = FramingError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Event>, FramingError> {
        self.read(src).map_err(FramingError::Decode)
    }
}

impl Encoder<Event> for Framing {
    type Error = FramingError;

    fn encode(&mut self, event: Event, dst: &mut BytesMut) -> Result<(), FramingError> {
        self.write(&event, dst).map_err(FramingError::Encode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_core::message::{Correlation, Value};

    /// Forgets that an error of framing leaves the bytes where they are.
    #[derive(Debug)]
    struct Careless;

    impl ConnCodec for Careless {
        fn delimit(&mut self, _: &[u8]) -> Result<Delimited, DecodeError> {
            let error = DecodeError::new(Cause::BadMagic, 0, "magic", "none");
            Err(error.answering(None, Correlation::Id(1)))
        }

        fn decode(&mut self, _: bytes::Bytes) -> Result<Event, DecodeError> {
            unreachable!("no frame has an end")
        }

        fn encode(&mut self, _: &Event, _: &mut BytesMut) -> Result<(), EncodeError> {
            Ok(())
        }
    }

    #[test]
    fn lost_framing_always_closes() {
        let mut framing = Framing {
            codec: Box::new(Careless),
            needed: 1,
            max_frame: 64,
            is_new: true,
        };
        let error = framing.read(&mut BytesMut::from(&b"x"[..])).unwrap_err();
        assert_eq!(error.recovery(), Recovery::AnswerAndClose);
        assert_eq!(*error.correlation(), Correlation::Id(1));
    }

    #[test]
    fn a_body_ends_without_another_byte() {
        let http = Arc::new(gatewright_codecs::http1::Http::new());
        let mut framing = Framing::new(http, Side::Server, 1024);
        let text = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok";
        let mut buffer = BytesMut::from(&text[..]);
        let mut events = Vec::new();
        while framing.may_have_frame(&buffer) {
            match framing.read(&mut buffer).unwrap() {
                Some(event) => events.push(event),
                None => break,
            }
        }
        let body = Event::Body(bytes::Bytes::from_static(b"ok"));
        let end = Event::End(Value::Null);
        assert_eq!(events[1..], [body, end]);
    }
}
