//! The short way to a protocol: one message a frame, no state between frames.

use super::{
    ConnCodec, DecodeError, Delimited, Descriptor, EncodeError, EncodeProblem, Event, Overlong,
    Protocol, Rejected, Side,
};
use crate::fault::Fault;
use crate::message::Message;
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::sync::Arc;

/// A protocol in which each frame is one message. Implementing it gives [`Protocol`].
pub trait FrameProtocol: fmt::Debug + Send + Sync + 'static {
    /// Operations, fields and capabilities.
    fn descriptor(&self) -> &Arc<Descriptor>;

    /// The length of the frame at the start of `buf`, or how many bytes more it takes to know.
    ///
    /// # Errors
    /// If no frame can start like this, or one longer than `max_frame` does.
    fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError>;

    /// Reads one whole frame that arrived on `side`.
    ///
    /// # Errors
    /// With what was expected and got where.
    fn decode(&self, frame: Bytes, side: Side) -> Result<Message, DecodeError>;

    /// Appends one frame to `out`, which may be left in any state after an error.
    ///
    /// # Errors
    /// If a value does not fit its place on the wire.
    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError>;

    /// See [`ConnCodec::overlong`].
    fn overlong(&self, buf: &[u8]) -> Overlong {
        let _ = buf;
        Overlong::Unknown
    }

    /// See [`Protocol::reject`].
    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let _ = (request, fault);
        None
    }

    /// See [`Protocol::unframed`].
    fn unframed(&self, frame: &Bytes) -> Bytes {
        frame.clone()
    }

    /// See [`Protocol::framed`].
    ///
    /// # Errors
    /// If `message` is longer than the framing can say.
    fn framed(&self, message: Bytes) -> Result<Bytes, EncodeError> {
        Ok(message)
    }
}

impl<P: FrameProtocol> Protocol for P {
    fn descriptor(&self) -> &Arc<Descriptor> {
        FrameProtocol::descriptor(self)
    }

    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec> {
        Box::new(FrameCodec {
            protocol: self,
            side,
            max_frame,
        })
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        FrameProtocol::reject(self, request, fault)
    }

    fn unframed(&self, frame: &Bytes) -> Bytes {
        FrameProtocol::unframed(self, frame)
    }

    fn framed(&self, message: Bytes) -> Result<Bytes, EncodeError> {
        FrameProtocol::framed(self, message)
    }
}

#[derive(Debug)]
struct FrameCodec<P> {
    protocol: Arc<P>,
    side: Side,
    max_frame: usize,
}

impl<P: FrameProtocol> ConnCodec for FrameCodec<P> {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        self.protocol.delimit(buf, self.max_frame)
    }

    fn overlong(&self, buf: &[u8]) -> Overlong {
        self.protocol.overlong(buf)
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        self.protocol.decode(frame, self.side).map(Event::Head)
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let Some(message) = event.message() else {
            return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
        };
        let start = out.len();
        self.protocol
            .encode(message, out)
            .inspect_err(|_| out.truncate(start))
    }
}
