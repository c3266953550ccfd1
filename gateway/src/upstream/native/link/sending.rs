//! What is sent on a connection, and under which id.

use super::{Link, OUTBOUND, Reach, State};
use crate::clock;
use crate::upstream::native::mailbox::Mailbox;
use crate::upstream::native::parcel::Parcel;
use gatewright_config::plan::Sharing;
use gatewright_core::codec::CorrelationKind;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Kind, Message};
use gatewright_core::reply::InUse;
use std::num::NonZeroU32;
use std::rc::Rc;

impl Link {
    /// Takes a parcel; its replies come to the mailbox.
    pub(in crate::upstream::native) fn send(
        self: &Rc<Self>,
        parcel: Parcel<'_>,
        to: &Rc<Mailbox>,
    ) -> Result<(), Fault> {
        let queued = self.queue(parcel, to);
        self.start_writing();
        queued
    }

    fn queue(self: &Rc<Self>, parcel: Parcel<'_>, to: &Rc<Mailbox>) -> Result<(), Fault> {
        let state = &mut *self.state.borrow_mut();
        if state.closed.is_some() {
            let detail = "the connection was closed before its use";
            return Err(Fault::unsent(FaultClass::Unreachable, detail));
        }
        if state.outbound.len() >= OUTBOUND {
            let detail = "the server takes no more bytes";
            return Err(Fault::unsent(FaultClass::Overload, detail));
        }
        let replies = self.replies_due(&parcel);
        let before = state.outbound.len();
        let correlation = match parcel {
            Parcel::Frames(frames, _) => {
                state.outbound.extend_from_slice(frames);
                Correlation::None
            }
            Parcel::Message(message) => {
                self.check_id(message, state)?;
                self.write(message, state)?
            }
        };
        state.reach = Reach::Waiting;
        state.served += replies.map_or(1, |replies| u64::from(replies.get()));
        if let Some(flushed) = &mut state.flushed {
            flushed.queue(state.outbound.len() - before, replies);
        }
        let Some(replies) = replies else {
            if let Correlation::Id(_) = correlation {
                state.unanswered = state.unanswered.saturating_add(1);
            }
            to.complete();
            return Ok(());
        };
        let entry = state
            .ledger
            .sent(&correlation, replies, Rc::clone(to))
            .map_err(|InUse| Fault::sent(FaultClass::Internal, "an id was given out twice"))?;
        to.note_sent(Rc::clone(self), entry, clock::turn());
        Ok(())
    }

    /// On a connection that clients share, nobody could tell whose the reply is to a request without an id
    /// where ids tell, or with a key that another one has.
    fn check_id(&self, message: &Message, state: &State) -> Result<(), Fault> {
        let by_id = matches!(
            self.descriptor.capabilities.correlation,
            CorrelationKind::Id { .. }
        );
        let (class, detail) = match message.correlation() {
            Correlation::None if by_id && self.sharing == Sharing::Shared => (
                FaultClass::BadRequest,
                "the request has no id by which its reply could be told",
            ),
            key @ Correlation::Key(_) if state.ledger.is_taken(key) => (
                FaultClass::Overload,
                "a request with this key waits for its reply on the connection",
            ),
            Correlation::None | Correlation::Id(_) | Correlation::Key(_) => return Ok(()),
        };
        match message.kind() {
            Kind::Request => Err(Fault::unsent(class, detail)),
            Kind::Reply | Kind::Event => Ok(()),
        }
    }

    /// How many replies a parcel has, if any.
    fn replies_due(&self, parcel: &Parcel<'_>) -> Option<NonZeroU32> {
        let answers = self.descriptor.capabilities.correlation != CorrelationKind::None;
        match parcel {
            Parcel::Message(message) => {
                (answers && message.kind() == Kind::Request).then_some(NonZeroU32::MIN)
            }
            Parcel::Frames(_, requests) => Some(*requests),
        }
    }

    /// Writes the message with an id of this connection's own, which it tells.
    fn write(&self, message: &mut Message, state: &mut State) -> Result<Correlation, Fault> {
        let theirs = message.correlation().clone();
        let ours = match &theirs {
            Correlation::Id(_) => match state.ledger.free_id() {
                Some(id) => Correlation::Id(id),
                None => {
                    let detail = "the connection has no id left";
                    return Err(Fault::unsent(FaultClass::Overload, detail));
                }
            },
            Correlation::None | Correlation::Key(_) => theirs.clone(),
        };
        self.descriptor.correlate(message, ours.clone());
        let written = state.write(message);
        self.descriptor.correlate(message, theirs);
        match written {
            Ok(()) => Ok(ours),
            Err(error) => Err(Fault::unsent(FaultClass::BadRequest, error.to_string())),
        }
    }
}
