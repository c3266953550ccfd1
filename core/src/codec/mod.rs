//! The contract between a protocol and everything else.
//!
//! A codec is synchronous and never owns a socket: bytes in, typed events out. Reading has two
//! steps. [`delimit`](ConnCodec::delimit) looks for the end of the next frame, the only place
//! where "not enough bytes yet" is an answer; [`decode`](ConnCodec::decode) then reads one whole
//! frame and either understands it or says why not.
//!
//! Most protocols carry one message a frame and keep no state between frames: they implement
//! [`FrameProtocol`] and get [`Protocol`] from it.

mod capabilities;
mod descriptor;
mod error;
mod frame;
mod grading;
mod heartbeat;
mod http;
pub mod json;
mod schema;
mod used;

pub use capabilities::{
    Admission, Capabilities, CorrelationKind, Drain, HalfClose, Needs, ReplyOrder, Retry, Unasked,
};
pub use descriptor::{Descriptor, Operation};
pub use error::{Cause, DecodeError, EncodeError, EncodeProblem, Recovery, foreign_preamble};
pub use frame::FrameProtocol;
pub use grading::{Grade, Grading};
pub use heartbeat::{Heartbeat, Vigil};
pub use http::HttpShape;
pub use schema::{
    EnumDef, EnumId, FieldDef, Form, Named, Presence, Scale, Schema, Shown, StructDef, StructId,
    Type,
};
pub use used::Used;

use crate::fault::Fault;
use crate::message::{Correlation, Message, OperationId, Value};
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Which end of a connection a codec serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The peer is a client: requests are read, replies written.
    Server,
    /// The peer is a server: requests are written, replies read.
    Client,
}

/// What [`ConnCodec::delimit`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimited {
    /// At least this many bytes more are needed.
    Need(NonZeroUsize),
    /// The first so many bytes of the buffer are one frame.
    Frame(NonZeroUsize),
}

impl Delimited {
    /// The answer for a frame of `total` bytes of which `have` are in the buffer.
    #[must_use]
    pub const fn at(total: NonZeroUsize, have: usize) -> Self {
        match NonZeroUsize::new(total.get().saturating_sub(have)) {
            Some(missing) => Self::Need(missing),
            None => Self::Frame(total),
        }
    }

    /// The answer when at least `n` bytes more are needed; zero counts as one.
    #[must_use]
    pub const fn need(n: usize) -> Self {
        match NonZeroUsize::new(n) {
            Some(n) => Self::Need(n),
            None => Self::Need(NonZeroUsize::MIN),
        }
    }
}

/// What [`ConnCodec::scan`] found at the start of a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// So many whole frames.
    pub frames: usize,
    /// The bytes that they take.
    pub bytes: usize,
}

/// One step of a conversation, read or to be written. Whole-frame protocols know only
/// [`Event::Head`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A message begins; it is complete unless its body is awaited
    /// ([`Body::Awaited`](crate::message::Body::Awaited)).
    Head(Message),
    /// The next bytes of the body of the message begun last.
    Body(Bytes),
    /// That body is complete. What follows it are HTTP's trailer fields, in the form of its header
    /// fields, or nothing ([`Value::Null`]).
    End(Value),
    /// That message will never be complete.
    Reset(Fault),
    /// Housekeeping of the protocol, not a message of the application.
    Control(Control),
}

impl Event {
    /// The message that is read or written by itself: a head, or the answer to a sign of life.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Head(message) => Some(message),
            Self::Control(Control::Heartbeat(answer)) => answer.as_deref(),
            Self::Body(_)
            | Self::End(_)
            | Self::Reset(_)
            | Self::Control(Control::GoAway | Control::Continue) => None,
        }
    }
}

/// Housekeeping that the engine understands.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// A sign of life, with the answer that the protocol prescribes, if any.
    Heartbeat(Option<Box<Message>>),
    /// The peer takes no new requests on this connection, or is told that we take none.
    GoAway,
    /// The peer waits to be told that the body of its message is wanted, or is told so. Written where
    /// nobody waits, it is nothing.
    Continue,
}

/// A protocol: one shared, immutable value for all connections.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// Operations, fields and capabilities.
    fn descriptor(&self) -> &Arc<Descriptor>;

    /// The codec of one connection.
    /// Frames above `max_frame` bytes are refused before anything is allocated for them.
    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec>;

    /// The same protocol for connections of which only the fields `used` are looked at: in messages
    /// that its codecs read, others may be null. They are checked all the same, and messages that are
    /// resent can be written. `None` if that is of no use to it.
    fn using(self: Arc<Self>, used: &Used) -> Option<Arc<dyn Protocol>> {
        let _ = used;
        None
    }

    /// The native answer to a request that cannot be served, or `None` if the protocol has no
    /// way to say so (the connection is closed then).
    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message>;

    /// The message's own bytes: `frame` without what a stream transport adds around it.
    fn unframed(&self, frame: &Bytes) -> Bytes {
        frame.clone()
    }

    /// The reverse of [`unframed`](Self::unframed).
    ///
    /// # Errors
    /// If `message` is longer than the framing can say.
    fn framed(&self, message: Bytes) -> Result<Bytes, EncodeError> {
        Ok(message)
    }
}

/// What the beginning of a frame above the limit tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlong {
    /// Not enough: nobody knows where the next frame starts, or whose this one is.
    Unknown,
    /// More of it has to be there first.
    Need,
    /// All that is needed to do without it.
    Frame {
        /// Its length, in bytes.
        length: usize,
        /// The request that it answers.
        correlation: Correlation,
    },
}

/// What is known of a request that gets no proper reply.
#[derive(Clone, Debug)]
pub struct Rejected<'a> {
    /// Its operation, if so much could be read.
    pub operation: Option<OperationId>,
    /// What its reply must carry.
    pub correlation: Correlation,
    /// The whole request, if it could be read.
    pub message: Option<&'a Message>,
    /// Why it could not be read: some protocols have an answer for each kind of fault.
    pub error: Option<&'a DecodeError>,
}

impl<'a> From<&'a Message> for Rejected<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            operation: Some(message.operation()),
            correlation: message.correlation().clone(),
            message: Some(message),
            error: None,
        }
    }
}

/// The codec of one connection and side.
pub trait ConnCodec: fmt::Debug + Send {
    /// Looks for the end of the next frame in `buf`, which starts where the last frame ended.
    /// Called again with a longer `buf` after [`Delimited::Need`]; a codec that searches keeps
    /// its place, so that no byte is scanned twice.
    ///
    /// # Errors
    /// Framing errors always close the connection: nobody knows where the next frame starts.
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError>;

    /// Counts the whole frames at the start of `buf`, `most` at most, that can be passed on
    /// without being read: each is a good message that needs nothing of its connection
    /// ([`Needs::Nothing`]) and, among those of servers, a reply. Builds no message.
    ///
    /// It may stop before any frame; what to do with that one, [`delimit`](Self::delimit) and
    /// [`decode`](Self::decode) tell. The caller then takes the counted bytes off its buffer:
    /// the next call, of this or of `delimit`, starts where they ended. Without an implementation
    /// it counts none.
    ///
    /// # Errors
    /// Those of [`delimit`](Self::delimit), if the first frame has one.
    fn scan(&mut self, buf: &[u8], most: usize) -> Result<Scanned, DecodeError> {
        let _ = (buf, most);
        Ok(Scanned::default())
    }

    /// Looks at the beginning of a server's frame that [`delimit`](Self::delimit) found
    /// [too long](Cause::TooLong), so that it may be passed over: on a connection that many share,
    /// one reply is not to end the others. Without an implementation it tells nothing.
    fn overlong(&self, buf: &[u8]) -> Overlong {
        let _ = buf;
        Overlong::Unknown
    }

    /// Whether the peer said in its messages that the last one that was read is its last (HTTP's
    /// `Connection: close`), or was told so in one that was written. Replies that are due are still
    /// written.
    fn has_ended(&self) -> bool {
        false
    }

    /// Reads one whole frame.
    ///
    /// # Errors
    /// With what was expected and got where, and what can still be done about it.
    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError>;

    /// What the bytes read last completed beside their own event, and takes no bytes itself: the
    /// [end](Event::End) of a body whose length was known. Asked once after each [`Event::Body`],
    /// before the next [`delimit`](Self::delimit).
    fn due(&mut self) -> Option<Event> {
        None
    }

    /// The peer ended its direction; what that completes: a body that lasts as long as its
    /// connection. Asked once no whole frame is left. Part of a frame is the caller's to notice, who
    /// has its bytes.
    ///
    /// # Errors
    /// If a message has begun and its end must have come first.
    fn finish(&mut self) -> Result<Option<Event>, DecodeError> {
        Ok(None)
    }

    /// Appends the event's bytes to `out`. After an error `out` is as it was.
    ///
    /// # Errors
    /// If a value does not fit its place on the wire: nothing is ever cut to fit.
    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError>;
}
