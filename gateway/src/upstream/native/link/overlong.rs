//! Replies that are too long: one of many on a connection is not to end the others.

use super::{Broken, State};
use crate::clock;
use crate::observe::UpstreamMetrics;
use crate::upstream::native::mailbox::Contents;
use bytes::{Buf, BytesMut};
use gatewright_core::codec::{Cause, DecodeError, Event, Overlong, Rejected, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Correlation;
use gatewright_core::reply::Answers;
use std::sync::Arc;

/// A reply that is longer is not passed over: the others would wait for its end for too long.
const SKIPPED: usize = 64 << 20;

/// What became of a reply that is too long.
#[derive(Clone, Copy, Debug)]
pub(super) enum Passed {
    /// Its exchange has failed, and nothing else.
    Over,
    /// More of it has to come first.
    NotYet,
}

impl State {
    /// Takes off what came of a reply that is too long. `false` if there is none.
    pub(super) fn skip(&mut self, inbound: &mut BytesMut) -> bool {
        let skipped = self.skipping.min(inbound.len());
        inbound.advance(skipped);
        self.skipping -= skipped;
        skipped > 0
    }

    /// Fails the one exchange whose reply is too long, if its beginning tells whose it is and where
    /// the next one starts.
    pub(super) fn pass_over(
        &mut self,
        inbound: &[u8],
        error: DecodeError,
        metrics: &UpstreamMetrics,
    ) -> Result<Passed, Broken> {
        if error.cause() != Cause::TooLong {
            return Err(Broken::Unreadable(error));
        }
        let (length, correlation) = match self.framing.overlong(inbound) {
            Overlong::Need => return Ok(Passed::NotYet),
            Overlong::Frame {
                length,
                correlation,
            } if length <= SKIPPED => (length, correlation),
            Overlong::Frame { .. } | Overlong::Unknown => return Err(Broken::Unreadable(error)),
        };
        self.skipping = length;
        let fault = Fault::sent(FaultClass::BadReply, "the reply is longer than `frame`");
        self.fail_reply(&correlation, fault, metrics)?;
        Ok(Passed::Over)
    }

    fn fail_reply(
        &mut self,
        correlation: &Correlation,
        fault: Fault,
        metrics: &UpstreamMetrics,
    ) -> Result<(), Broken> {
        if !self.ledger.is_empty() {
            self.note_replies(1)?;
        }
        if let Some(mailbox) = self.ledger.front().and_then(|front| front.owner.cloned())
            && mailbox.contents() == Contents::Frames
        {
            // One of several that are passed on: the protocol's own refusal takes its place.
            let refusal = self
                .refusal(&fault)
                .ok_or(Broken::Unasked("too long a reply"))?;
            mailbox.blame();
            mailbox.put_frames(&refusal, 1);
            if let Some(mailbox) = self.ledger.received_in_order(1, clock::turn()) {
                mailbox.complete();
            }
            return Ok(());
        }
        match self.ledger.received(correlation, clock::turn()) {
            Answers::Request(mailbox) => mailbox.fail(fault),
            Answers::Late | Answers::Part => metrics.dropped("late"),
            Answers::Unknown => return self.note_unknown(correlation, metrics),
        }
        Ok(())
    }

    fn refusal(&self, fault: &Fault) -> Option<BytesMut> {
        let rejected = Rejected {
            operation: None,
            correlation: Correlation::None,
            message: None,
            error: None,
        };
        let refusal = self.protocol.reject(&rejected, fault)?;
        let mut out = BytesMut::new();
        let mut codec = Arc::clone(&self.protocol).codec(Side::Server, usize::MAX);
        codec.encode(&Event::Head(refusal), &mut out).ok()?;
        Some(out)
    }
}
