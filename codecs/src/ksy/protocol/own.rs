//! Messages that the gateway sends of its own accord: signs of life, and the last word when it
//! drains. Each is written once at load, and read again, so that it can always be sent.

use super::Ksy;
use super::load::Unmade;
use super::operations::Way;
use crate::ksy::section::plan::{HeartbeatPlan, OperationIndex, OwnPlan};
use bytes::BytesMut;
use gatewright_core::codec::{CorrelationKind, Drain, Heartbeat, Vigil};
use gatewright_core::message::{Correlation, Kind, Message, Record};
use std::sync::Arc;
use std::time::Duration;

/// Of so many signs in a row, one has to be answered.
const SIGNS: u32 = 3;

impl Ksy {
    /// The same protocol with these messages.
    pub(super) fn with_own_messages(mut self) -> Result<Self, Unmade> {
        let farewell = match &self.section.drain {
            Some(drain) => self.own(drain, drain.operation, Way::Reply)?,
            None => None,
        };
        let heartbeat = match &self.section.heartbeat {
            Some(heartbeat) => self.heartbeat(heartbeat)?,
            None => None,
        };
        let descriptor = Arc::make_mut(&mut self.descriptor);
        descriptor.heartbeat = heartbeat;
        if farewell.is_some() {
            descriptor.capabilities.drain = Drain::Announced;
        }
        self.farewell = farewell;
        Ok(self)
    }

    fn heartbeat(&self, plan: &HeartbeatPlan) -> Result<Option<Heartbeat>, Unmade> {
        let Some(every) = plan.every.or(plan.silence) else {
            return Ok(None);
        };
        Ok(Some(Heartbeat {
            clients: self.vigil(plan, every, Way::Reply)?,
            servers: self.vigil(plan, every, Way::Request)?,
        }))
    }

    /// What is done about the side that messages of that way go to.
    fn vigil(&self, plan: &HeartbeatPlan, every: Duration, way: Way) -> Result<Vigil, Unmade> {
        let sign = match (plan.every, self.sign(plan, way)) {
            (Some(_), Some(operation)) => self.own(&plan.sign, operation, way)?,
            _ => None,
        };
        let answers = self.descriptor.capabilities.correlation != CorrelationKind::None;
        let owes =
            |sign: &Message| plan.answer.is_some() || (answers && sign.kind() == Kind::Request);
        let usual = sign.as_ref().filter(|sign| owes(sign));
        let usual = usual.map(|_| every.saturating_mul(SIGNS));
        Ok(Vigil {
            every,
            silence: plan.silence.or(usual),
            echoes: sign.is_some() && plan.answer == Some(plan.sign.operation),
            sign,
        })
    }

    /// The message that goes that way: the heartbeat itself, or what a server says by itself where
    /// others would have answered.
    fn sign(&self, plan: &HeartbeatPlan, way: Way) -> Option<OperationIndex> {
        let candidates = [Some(plan.sign.operation), plan.answer];
        let goes = |index: &OperationIndex| {
            let told = self.operations.of(way).get(index);
            let kind = told.map(|told| self.descriptor.operation(told.id).kind);
            match way {
                Way::Request => kind.is_some(),
                Way::Reply => kind == Some(Kind::Event),
            }
        };
        candidates.into_iter().flatten().find(goes)
    }

    /// A message of the gateway's own; `None` if it never goes that way, or nobody knows how it is
    /// written before there is a request.
    fn own(
        &self,
        plan: &OwnPlan,
        operation: OperationIndex,
        way: Way,
    ) -> Result<Option<Message>, Unmade> {
        let Some(told) = self.operations.of(way).get(&operation) else {
            return Ok(None);
        };
        if way == Way::Reply && self.reply_needs_request() {
            return Ok(None);
        }
        let mut fields = self.empty(told.id);
        // What is set belongs to the heartbeat itself.
        let set = if operation == plan.operation {
            &*plan.set
        } else {
            &[]
        };
        let record = self.descriptor.record(told.id);
        for (name, value) in set {
            let slot = record.field(name).map(|(slot, _)| slot.index());
            match slot.and_then(|slot| fields.get_mut(slot)) {
                Some(place) => *place = value.clone(),
                None => {
                    let name = name.escape_debug();
                    return Err(self.unsayable(plan, format!("it has no field `{name}`")));
                }
            }
        }
        let described = self.descriptor.operation(told.id);
        let id = described
            .id
            .and_then(|slot| record.fields.get(slot.index()));
        let said = id.is_some_and(|id| set.iter().any(|(name, _)| *name == id.name));
        let numbered = described.kind == Kind::Request && id.is_some();
        let mut wrong = String::new();
        for correlation in [Correlation::None, Correlation::Id(1)] {
            let is_id = correlation != Correlation::None;
            if (said && is_id) || (numbered && !is_id) {
                continue;
            }
            let mut message = Message::new(described.kind, told.id, Record::clone(&fields));
            self.descriptor.correlate(&mut message, correlation);
            match self.tried(&message, way) {
                // A key consists of its fields, and nobody gives it out.
                Ok(key @ Correlation::Key(_)) => return Ok(Some(message.with_correlation(key))),
                Ok(Correlation::None | Correlation::Id(_)) => return Ok(Some(message)),
                Err(error) => wrong = error,
            }
        }
        Err(self.unsayable(plan, wrong))
    }

    /// Writes a message and reads it again: the correlation that it has then.
    fn tried(&self, message: &Message, way: Way) -> Result<Correlation, String> {
        let arguments = match way {
            Way::Request => &self.request_arguments,
            Way::Reply => &self.reply_arguments,
        };
        let mut out = BytesMut::new();
        let written = self.write(message, way, arguments, &mut out);
        written.map_err(|error| error.to_string())?;
        let read = self.read(out.freeze(), way, arguments, None);
        let read = read.map_err(|error| error.to_string())?;
        Ok(read.message.correlation().clone())
    }

    fn unsayable(&self, plan: &OwnPlan, why: String) -> Unmade {
        let name = &self.section.op(plan.operation).name;
        Unmade::Unsayable {
            of: self.section.file,
            message: format!("`{name}` cannot be sent by the gateway itself: {why}"),
            span: plan.span.clone(),
        }
    }
}
