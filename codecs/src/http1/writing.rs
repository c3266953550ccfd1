//! What is sent to one connection's peer: heads, parts of bodies, and a word in between.

use super::asked::{Asked, Method, Stays, Unanswered};
use super::emit::{self, Framed};
use super::given::{Given, Of, fields};
use super::head::Version;
use super::schema;
use crate::framing::field::text;
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem};
use gatewright_core::message::{Message, Value};
use std::fmt::Write;

/// The writing half of a codec.
#[derive(Debug)]
pub(super) struct Writing {
    /// What is to come of the message that has begun.
    rest: Framed,
    /// Whether the peer was told that the message written last is the last one.
    told: Stays,
}

impl Writing {
    pub(super) const fn new() -> Self {
        Self {
            rest: Framed::Whole,
            told: Stays::Yes,
        }
    }

    pub(super) fn is_between_messages(&self) -> bool {
        self.rest == Framed::Whole
    }

    /// Whether the peer was told that no more messages come.
    pub(super) fn is_over(&self) -> bool {
        self.told == Stays::No
    }

    pub(super) fn request(
        &mut self,
        message: &Message,
        unanswered: &mut Unanswered,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        self.expect_between()?;
        if message.operation() != schema::REQUEST {
            return Err(none_such());
        }
        if !unanswered.has_place() {
            return Err(EncodeError::new("", EncodeProblem::OutOfRange));
        }
        let written = emit::request(message, out)?;
        self.rest = written.framed;
        unanswered.push(Asked {
            method: Method::of(text(message.field(schema::METHOD), "method")?),
            version: Version::V11,
            stays: written.stays,
        });
        Ok(())
    }

    pub(super) fn response(
        &mut self,
        message: &Message,
        asked: Asked,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        self.expect_between()?;
        if message.operation() != schema::RESPONSE {
            return Err(none_such());
        }
        let written = emit::response(message, asked, out)?;
        self.rest = written.framed;
        if written.stays == Stays::No {
            self.told = Stays::No;
        }
        Ok(())
    }

    /// The next bytes of the body that has begun. One that is said to have a length gets as many.
    pub(super) fn body(&mut self, bytes: &Bytes, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self.rest {
            Framed::Whole => Err(none_such()),
            Framed::Bytes(left) => {
                let length = u64::try_from(bytes.len()).ok();
                let left = length.and_then(|length| left.checked_sub(length));
                let left = left.ok_or_else(|| EncodeError::new("", EncodeProblem::OutOfRange))?;
                out.put_slice(bytes);
                self.rest = Framed::Bytes(left);
                Ok(())
            }
            // No chunk is empty but the last.
            Framed::Chunks if bytes.is_empty() => Ok(()),
            Framed::Chunks => {
                // The buffer grows: it takes whatever is written.
                let _ = write!(out, "{:x}\r\n", bytes.len());
                out.put_slice(bytes);
                out.put_slice(b"\r\n");
                Ok(())
            }
            Framed::Rest => {
                out.put_slice(bytes);
                Ok(())
            }
            Framed::Unasked => Ok(()),
        }
    }

    /// The end of that body. RFC 9110, 6.5.1: trailers are left out where there is no
    /// place for them, and such as none may be.
    pub(super) fn end(&mut self, trailers: &Value, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self.rest {
            Framed::Whole => return Err(none_such()),
            Framed::Bytes(0) | Framed::Rest | Framed::Unasked => {}
            Framed::Bytes(_) => return Err(EncodeError::new("", EncodeProblem::OutOfRange)),
            Framed::Chunks => {
                let trailers = fields(trailers)?;
                let given = Given::read(&trailers, Of::Trailers)?;
                out.put_slice(b"0\r\n");
                given.write(out);
                out.put_slice(b"\r\n");
            }
        }
        self.rest = Framed::Whole;
        Ok(())
    }

    fn expect_between(&self) -> Result<(), EncodeError> {
        if self.is_between_messages() && !self.is_over() {
            return Ok(());
        }
        Err(none_such())
    }
}

pub(super) fn none_such() -> EncodeError {
    EncodeError::new("", EncodeProblem::NotInProtocol)
}
