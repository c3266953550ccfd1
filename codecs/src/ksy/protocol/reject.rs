//! Answers that the gateway gives itself: to heartbeats, and to what cannot be served.

use super::Ksy;
use super::operations::Way;
use crate::ksy::read::{Limits, Machine};
use crate::ksy::section::plan::OperationIndex;
use bytes::Bytes;
use gatewright_core::codec::{Presence, Rejected};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Message, OperationId, Record, Value};

impl Ksy {
    /// The answer to a heartbeat: what it has in common with it is the same.
    pub(super) fn answer(
        &self,
        heartbeat: &Message,
        answer: OperationIndex,
        way: Way,
    ) -> Option<Message> {
        let back = match way {
            Way::Request => Way::Reply,
            Way::Reply => Way::Request,
        };
        let told = self.operations.of(back).get(&answer)?;
        let mut fields = self.empty(told.id);
        let asked = &self.descriptor.record(heartbeat.operation()).fields;
        let answered = &self.descriptor.record(told.id).fields;
        for (place, field) in fields.iter_mut().zip(answered) {
            let same = asked.iter().position(|asked| asked.name == field.name);
            if let Some(value) = same.and_then(|at| heartbeat.fields().get(at)) {
                *place = value.clone();
            }
        }
        let mut message = self.descriptor.message(told.id, fields);
        self.descriptor
            .correlate(&mut message, heartbeat.correlation().clone());
        Some(message)
    }

    /// The native answer to a request that cannot be served.
    pub(super) fn rejection(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        let reject = self.section.reject.as_ref()?;
        // Without the request, nobody knows how to write its reply.
        if self.needs_request && request.message.is_none() {
            return None;
        }
        let told = self.operations.of(Way::Reply).get(&reject.operation)?;
        let record = self.descriptor.record(told.id);
        let mut fields = self.empty(told.id);
        let mut machine = Machine::new(&self.plan, Bytes::new(), Limits::MESSAGE);
        let class = fault.class().as_str();
        let values = machine.rejected(reject, class, class).ok()?;
        for (set, value) in reject.set.iter().zip(values) {
            let (slot, _) = record.field(&set.name)?;
            *fields.get_mut(slot.index())? = value;
        }
        let mut message = self.descriptor.message(told.id, fields);
        self.descriptor
            .correlate(&mut message, request.correlation.clone());
        Some(message)
    }

    /// The fields of an operation with their defaults.
    fn empty(&self, operation: OperationId) -> Record {
        let fields = self.descriptor.record(operation).fields.iter();
        let value = |presence: &Presence| match presence {
            Presence::Default(value) => value.clone(),
            Presence::Required | Presence::Optional => Value::Null,
        };
        fields.map(|field| value(&field.presence)).collect()
    }
}
