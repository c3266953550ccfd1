//! A request whose payload comes after it: read whole first, or passed on as it comes.

use super::{Connection, Ended, Work};
use crate::dispatch::Arrival;
use bytes::{Bytes, BytesMut};
use gatewright_core::codec::{Cause, Control, DecodeError, Event, Recovery, Rejected};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, BodySender, Message, Value};
use std::task::Context;

/// Bytes of a payload that may wait for the upstream, beyond one chunk.
const BUDGET: usize = 64 << 10;

/// The request that is being read.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Its rules look at all of it.
    Collecting(Collecting),
    /// It is on its way already.
    Passing(BodySender),
    /// Nobody wants the rest; so many bytes of it may still come.
    Unwanted(usize),
}

#[derive(Debug)]
pub(super) struct Collecting {
    request: Message,
    at: Arrival,
    body: Vec<Bytes>,
    length: usize,
}

impl Incoming {
    /// Whether no more of it is to be read for now. If so, the task is woken once it is.
    pub(super) fn is_choked(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Passing(to) => to.poll_ready(cx).is_pending(),
            Self::Collecting(_) | Self::Unwanted(_) => false,
        }
    }
}

impl Collecting {
    /// Pieces of one read lie one behind the other; most payloads are one piece.
    fn finish(self) -> Message {
        let Self {
            mut request,
            mut body,
            length,
            ..
        } = self;
        let whole = match body.len() {
            0 => Bytes::new(),
            1 => body.remove(0),
            _ => {
                let mut whole = BytesMut::with_capacity(length);
                body.iter().for_each(|piece| whole.extend_from_slice(piece));
                whole.freeze()
            }
        };
        request.set_body(whole.into());
        request
    }
}

impl Connection {
    /// A message begins whose payload follows.
    pub(super) fn handle_beginning(
        &mut self,
        work: &mut Work,
        mut request: Message,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        if self.session.in_flight() == 0 && work.streaming.is_none() {
            // What does not fit here is not waited for: RFC 9110, section 10.1.1.
            let go_on = Event::Control(Control::Continue);
            let _ = self.framing.write(&go_on, &mut work.outbound);
        }
        if !self.listener.dispatch.passes_on(&request, &self.facts()) {
            work.incoming = Some(Box::new(Incoming::Collecting(Collecting {
                request,
                at,
                body: Vec::new(),
                length: 0,
            })));
            return Ok(());
        }
        let (to, body) = Body::stream(BUDGET);
        request.set_body(body);
        work.incoming = Some(Box::new(Incoming::Passing(to)));
        self.handle_message(work, request, at, cx)
    }

    /// More of that payload.
    pub(super) fn handle_payload(
        &mut self,
        work: &mut Work,
        chunk: Bytes,
        at: Arrival,
    ) -> Result<(), Ended> {
        let most = self.listener.limits.body;
        match work.incoming.as_deref_mut() {
            Some(Incoming::Collecting(collecting)) => {
                // Its time counts from its first byte.
                work.partial_since = Some(collecting.at.began);
                collecting.length += chunk.len();
                if collecting.length > most {
                    self.refuse_payload(work, at);
                } else {
                    collecting.body.push(chunk);
                }
                Ok(())
            }
            Some(incoming @ Incoming::Passing(_)) => {
                if let Incoming::Passing(to) = incoming
                    && to.send(chunk).is_err()
                {
                    *incoming = Incoming::Unwanted(most);
                }
                Ok(())
            }
            Some(Incoming::Unwanted(left)) => match left.checked_sub(chunk.len()) {
                Some(less) => {
                    *left = less;
                    Ok(())
                }
                None => Err(Ended("unwanted-payload")),
            },
            None => Err(Ended("payload-without-message")),
        }
    }

    /// The payload is complete.
    pub(super) fn handle_end(
        &mut self,
        work: &mut Work,
        trailers: Value,
        at: Arrival,
        cx: &Context<'_>,
    ) -> Result<(), Ended> {
        let Some(incoming) = work.incoming.take() else {
            return Err(Ended("payload-without-message"));
        };
        match *incoming {
            Incoming::Collecting(collecting) => {
                let began = collecting.at.began;
                let at = Arrival { began, ..at };
                work.partial_since = None;
                self.handle_message(work, collecting.finish(), at, cx)
            }
            Incoming::Passing(to) => {
                to.end(trailers);
                Ok(())
            }
            Incoming::Unwanted(_) => Ok(()),
        }
    }

    /// Answers a request that is too long, and reads no further.
    fn refuse_payload(&mut self, work: &mut Work, at: Arrival) {
        let most = self.listener.limits.body;
        let expected = format!("a payload of at most {most} bytes");
        let error = DecodeError::new(Cause::TooLong, 0, expected, "a longer one")
            .with_recovery(Recovery::AnswerAndClose);
        self.listener.metrics.decode_error(&error);
        tracing::info!(peer = %self.peer, listener = %self.listener.name, %error, "closing");
        let refused = match work.incoming.take().map(|incoming| *incoming) {
            Some(Incoming::Collecting(collecting)) => Some(collecting.request),
            Some(Incoming::Passing(_) | Incoming::Unwanted(_)) | None => None,
        };
        let fault = Fault::unsent(FaultClass::BadRequest, error.to_string());
        let rejected = Rejected {
            operation: refused.as_ref().map(Message::operation),
            correlation: refused
                .as_ref()
                .map(|request| request.correlation().clone())
                .unwrap_or_default(),
            message: refused.as_ref(),
            error: Some(&error),
        };
        if let Some(answer) = self.listener.dispatch.refuse_unread(&rejected, &fault) {
            self.session.handle_local_answer(answer, at.now);
        }
        work.partial_since = None;
        work.inbound.clear();
        self.end_by("payload-too-long");
        self.session.handle_close();
    }

    /// Whoever said that this was its last message gets its replies, and then the end.
    pub(super) fn close_if_ended(&mut self) {
        if self.framing.has_ended() {
            self.end_by("last-message");
            self.session.handle_close();
        }
    }
}
