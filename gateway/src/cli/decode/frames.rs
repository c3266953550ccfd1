//! The frames of a recording, one after the other.

use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, ConnCodec, DecodeError, Delimited, Event, Protocol, Side};
use gatewright_core::message::{Kind, Message};
use std::fmt;
use std::sync::Arc;

/// Who sent the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum From {
    /// Requests and events: what a gateway reads from its clients.
    Client,
    /// Replies: what a client reads from a gateway.
    Server,
}

impl From {
    /// The word for it.
    pub(in crate::cli) const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Reads whole frames out of bytes that are all there.
///
/// If it is not known who sent them, each frame may come from either: what one codec cannot read,
/// because it goes the other way or at all, is read by the other.
#[derive(Debug)]
pub(in crate::cli) struct Frames {
    first: Box<dyn ConnCodec>,
    second: Option<Box<dyn ConnCodec>>,
    rest: Bytes,
    offset: usize,
    max_frame: usize,
    /// Nothing can be read behind an error: where the next frame begins is not known.
    over: bool,
}

/// One frame that could be read.
#[derive(Debug)]
pub(in crate::cli) struct Frame {
    /// Where it begins, in bytes from the start of the recording.
    pub(in crate::cli) offset: usize,
    /// Its length in bytes.
    pub(in crate::cli) length: usize,
    pub(in crate::cli) event: Event,
}

/// Why there are no more frames although there are more bytes.
#[derive(Debug)]
pub(in crate::cli) enum FrameError {
    /// They are not what the protocol says.
    Broken {
        /// Where the frame begins.
        offset: usize,
        error: DecodeError,
    },
    /// They end too early.
    Incomplete {
        /// Where the frame begins.
        offset: usize,
        /// The bytes that are there.
        have: usize,
        /// The bytes that are missing, at least.
        missing: usize,
    },
}

impl Frames {
    /// The frames of `bytes`, none of them longer than `max_frame` bytes.
    pub(in crate::cli) fn new(
        protocol: &Arc<dyn Protocol>,
        from: Option<From>,
        max_frame: usize,
        bytes: Bytes,
    ) -> Self {
        let codec = |side| Arc::clone(protocol).codec(side, max_frame);
        let (first, second) = match from {
            None => (codec(Side::Server), Some(codec(Side::Client))),
            Some(From::Client) => (codec(Side::Server), None),
            Some(From::Server) => (codec(Side::Client), None),
        };
        Self {
            first,
            second,
            rest: bytes,
            offset: 0,
            max_frame,
            over: false,
        }
    }

    fn read(&mut self) -> Result<Frame, FrameError> {
        let mut read = read(self.first.as_mut(), &self.rest, self.max_frame);
        if let (Err(Unread::Broken(error)), Some(second)) = (&read, &mut self.second) {
            let other = self::read(second.as_mut(), &self.rest, self.max_frame);
            // If neither can read it, the error of the side that it is of is the one to tell.
            if other.is_ok() || error.cause() == Cause::WrongDirection {
                read = other;
            }
        }
        let offset = self.offset;
        self.tell_second(&read);
        let (length, event) = read.map_err(|unread| match unread {
            Unread::Broken(error) => FrameError::Broken { offset, error },
            Unread::Incomplete(missing) => FrameError::Incomplete {
                offset,
                have: self.rest.len(),
                missing,
            },
        })?;
        self.rest = self.rest.slice(length..);
        self.offset += length;
        Ok(Frame {
            offset,
            length,
            event,
        })
    }
}

impl Frames {
    /// Lets the codec of replies know the requests: a protocol may read a reply with something of
    /// its request, as the client that sent it does.
    fn tell_second(&mut self, read: &Result<(usize, Event), Unread>) {
        if let (Ok((_, event)), Some(second)) = (read, &mut self.second)
            && matches!(event, Event::Head(message) if message.kind() == Kind::Request)
        {
            let _ = second.encode(event, &mut BytesMut::new());
        }
    }

    /// The same, where the bytes answer these requests: some replies are read with what their
    /// requests said.
    pub(in crate::cli) fn after(mut self, requests: &[Message]) -> Self {
        for request in requests {
            let event = Event::Head(request.clone());
            let _ = self.first.encode(&event, &mut BytesMut::new());
        }
        self
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over || self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        self.over = read.is_err();
        Some(read)
    }
}

enum Unread {
    Broken(DecodeError),
    Incomplete(usize),
}

fn read(
    codec: &mut dyn ConnCodec,
    bytes: &Bytes,
    max_frame: usize,
) -> Result<(usize, Event), Unread> {
    let length = match codec.delimit(bytes).map_err(Unread::Broken)? {
        Delimited::Need(missing) => return Err(Unread::Incomplete(missing.get())),
        Delimited::Frame(length) => length.get(),
    };
    if length > bytes.len() {
        let limit = format!("a frame of at most {max_frame} bytes");
        let error = DecodeError::new(Cause::TooLong, 0, limit, "a longer one");
        return Err(Unread::Broken(error));
    }
    let event = codec
        .decode(bytes.slice(..length))
        .map_err(Unread::Broken)?;
    Ok((length, event))
}

/// One line; places count from the start of the recording.
impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { offset, error } => write!(
                f,
                "at byte {}: expected {}, got {} (byte {} of the frame that begins at {offset})",
                offset.saturating_add(error.offset()),
                error.expected(),
                error.got(),
                error.offset(),
            ),
            Self::Incomplete {
                offset,
                have,
                missing,
            } => write!(
                f,
                "the frame that begins at byte {offset} is incomplete: \
                 {have} bytes are there, at least {missing} more are needed"
            ),
        }
    }
}
