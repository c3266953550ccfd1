//! Signs of life between a link and its server.

use super::{Broken, Contents, Link, Mailbox, OUTBOUND, State, clock};
use crate::observe::UpstreamMetrics;
use gatewright_core::codec::{CorrelationKind, Event, Side};
use gatewright_core::health::{Beat, Pulse, Turn};
use gatewright_core::message::{Correlation, Kind, Message};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Instant;

impl Link {
    /// The server has sent something.
    pub(in crate::upstream::native) fn note_heard(&self) {
        let state = &mut *self.state.borrow_mut();
        state.reach = state.reach.heard();
        if let Some(pulse) = &mut state.pulse {
            pulse.handle_heard(clock::now());
        }
    }

    /// Shows the server that the gateway is there, and gives up one that is not.
    pub(super) fn keep_alive(&self, now: Instant, metrics: &UpstreamMetrics) {
        let state = &mut *self.state.borrow_mut();
        let Some(vigil) = self.descriptor.heartbeat.as_ref() else {
            return;
        };
        let vigil = vigil.of(Side::Client);
        let turn = vigil
            .sign
            .as_ref()
            .map_or(Turn::Free, |sign| self.turn(sign, state));
        let beat = match &mut state.pulse {
            Some(pulse) => pulse.handle_timeout(turn, now),
            None => Beat::Wait,
        };
        match beat {
            Beat::Wait => {}
            Beat::Send(nth) => {
                let sign = match &vigil.sign {
                    Some(sign) if self.is_answered(sign) => self.ask(sign.clone(), state, now),
                    Some(_) => {
                        let sign = vigil.nth_sign(&self.descriptor, nth);
                        sign.filter(|sign| state.say(sign))
                    }
                    None => None,
                };
                if sign.is_some() {
                    metrics.sign_sent();
                }
            }
            Beat::GiveUp => {
                metrics.silent();
                state.close("silent");
            }
        }
    }

    /// Where order tells whose a reply is, that to a sign would wait for all that are due before it.
    fn turn(&self, sign: &Message, state: &State) -> Turn {
        let waits = self.tells_by_order() && self.is_answered(sign) && !state.ledger.is_empty();
        if waits { Turn::Taken } else { Turn::Free }
    }

    fn is_answered(&self, sign: &Message) -> bool {
        let answers = self.descriptor.capabilities.correlation != CorrelationKind::None;
        answers && sign.kind() == Kind::Request
    }

    /// Sends a sign that has a reply, which is for nobody.
    fn ask(&self, mut sign: Message, state: &mut State, now: Instant) -> Option<Message> {
        if let Correlation::Id(_) = sign.correlation() {
            let id = state.ledger.free_id()?;
            self.descriptor.correlate(&mut sign, Correlation::Id(id));
        }
        let nobody = Rc::new(Mailbox::new(Contents::Message));
        let correlation = sign.correlation().clone();
        // One that has no number of its own waits until the last one was answered.
        let entry = state
            .ledger
            .sent(&correlation, NonZeroU32::MIN, nobody)
            .ok()?;
        if let Some(last) = state.sign.replace(Box::new(entry)) {
            state.ledger.abandon(&last, now);
        }
        state.say_for(&sign, Some(NonZeroU32::MIN)).then_some(sign)
    }
}

impl State {
    fn say(&mut self, sign: &Message) -> bool {
        self.say_for(sign, None)
    }

    /// Writes a message of the gateway's own that has so many replies. It was written once when the
    /// protocol was loaded, so it fits.
    fn say_for(&mut self, message: &Message, replies: Option<NonZeroU32>) -> bool {
        let before = self.outbound.len();
        let event = Event::Head(message.clone());
        let written = self.framing.write(&event, &mut self.outbound).is_ok();
        if let Some(flushed) = &mut self.flushed {
            flushed.queue(self.outbound.len() - before, replies);
        }
        written
    }

    /// Answers a sign of life. An answer that does not fit is none: the server will end the connection.
    pub(super) fn answer_sign(&mut self, answer: &Message) -> Result<(), Broken> {
        if self.outbound.len() >= OUTBOUND {
            let unread = "signs of life whose answers it does not take";
            return Err(Broken::Unasked(unread));
        }
        self.say_for(answer, None);
        Ok(())
    }

    /// Whether a sign of life that came is but the answer to one that was sent.
    pub(super) fn takes_echo(&mut self) -> bool {
        self.pulse.as_deref_mut().is_some_and(Pulse::takes_echo)
    }
}
