//! Messages whose bodies follow them: collected until they are whole.

use super::{Connection, Ended, Work};
use crate::collected::Collected;
use crate::dispatch::Arrival;
use bytes::Bytes;
use gatewright_core::codec::{Cause, Control, DecodeError, Event, Recovery};
use gatewright_core::message::{Body, Message};
use std::task::Context;
use std::time::Instant;

/// A message and what came of its body so far.
#[derive(Debug)]
pub(in crate::serve) struct Arriving {
    message: Message,
    body: Collected,
    /// When its first byte came.
    began: Instant,
}

impl Connection {
    /// A message has come whose body is to follow. Until that is whole, all of it is one frame to
    /// the limit of its time.
    pub(super) fn await_body(
        &mut self,
        work: &mut Work,
        message: Message,
        at: Arrival,
        cx: &Context<'_>,
    ) {
        work.arriving = Some(Box::new(Arriving {
            message,
            body: Collected::default(),
            began: at.began,
        }));
        work.partial_since = Some(at.began);
        self.session.handle_heartbeat(at.now);
        self.alarm
            .set(at.began + self.listener.limits.frame_time, cx);
    }

    pub(super) fn handle_body(
        &mut self,
        work: &mut Work,
        chunk: Bytes,
        at: Arrival,
    ) -> Result<(), Ended> {
        let Some(arriving) = &mut work.arriving else {
            return Err(Ended("stray-body"));
        };
        work.partial_since = Some(arriving.began);
        let most = self.listener.limits.body;
        if arriving.body.len().saturating_add(chunk.len()) > most {
            let error = too_long(most, &arriving.message);
            self.announce_end(work);
            self.handle_decode_error(work, &error, at.now);
            return Ok(());
        }
        arriving.body.push(chunk);
        Ok(())
    }

    pub(super) fn handle_end_of_body(
        &mut self,
        work: &mut Work,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        let Some(arriving) = work.arriving.take() else {
            return Err(Ended("stray-body"));
        };
        let Arriving {
            message,
            body,
            began,
        } = *arriving;
        let message = message.with_body(Body::Whole(body.finish()));
        self.handle_message(work, message, Arrival { began, ..at }, cx)
    }

    /// Tells a client that waits for that to send its body. What it was told before comes first.
    pub(super) fn invite_body(&mut self, work: &mut Work) {
        if work.arriving.is_some() && self.session.is_quiet() {
            let invitation = Event::Control(Control::Continue);
            // Nothing in it could fail to fit the wire, and a client that hears nothing sends its body
            // all the same (RFC 9110, 10.1.1).
            let _ = self.framing.write(&invitation, &mut work.outbound);
        }
    }

    /// Has the reply that is written next say that it is the last one, where the protocol has a way
    /// to. Not where others are due before the last one.
    pub(super) fn announce_end(&mut self, work: &mut Work) {
        if self.session.in_flight() <= 1 {
            // Other protocols have nothing to say.
            let _ = (self.framing).write(&Event::Control(Control::GoAway), &mut work.outbound);
        }
    }

    /// Takes no more requests once the client, or we, said that the last one was the last.
    pub(super) fn close_if_ended(&mut self) {
        if self.tie.is_none() && self.framing.has_ended() && !self.session.is_closing() {
            self.end_by("last-message");
            self.session.handle_close();
        }
    }
}

/// A body above the limit. Nobody reads the rest of it, so the connection ends with the answer.
pub(in crate::serve) fn too_long(most: usize, message: &Message) -> DecodeError {
    let expected = format!("a body of at most {most} bytes");
    DecodeError::new(Cause::LongBody, 0, expected, "a longer one")
        .answering(Some(message.operation()), message.correlation().clone())
        .with_recovery(Recovery::AnswerAndClose)
}
