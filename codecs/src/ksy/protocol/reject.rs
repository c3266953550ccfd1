//! Answers that the gateway gives itself: to heartbeats, and to what cannot be served.

use super::Ksy;
use super::operations::{Way, direction};
use crate::ksy::read::{Limits, Machine, Val};
use crate::ksy::section::plan::OperationIndex;
use gatewright_core::codec::{Presence, Rejected};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Correlation, Message, OperationId, Record, Value};

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
        // An id that no reply can carry reaches nobody.
        if let Correlation::Id(id) = request.correlation
            && !self.descriptor.id_fits(id)
        {
            return None;
        }
        let mut machine = self.read_again(request.message);
        let operation = machine.rejecting(&self.section, reject).ok()??;
        let told = self.operations.of(Way::Reply).get(&operation)?;
        let record = self.descriptor.record(told.id);
        let mut fields = self.empty(told.id);
        let class = fault.class().as_str();
        let values = machine.rejected(reject, class, class).ok()?;
        for (set, value) in reject.set.iter().zip(values) {
            let (slot, _) = record.field(&set.name)?;
            let place = fields.get_mut(slot.index())?;
            // What the request has not stays what it is by default.
            if !value.is_null() {
                *place = value;
            }
        }
        let mut message = self.descriptor.message(told.id, fields);
        self.descriptor
            .correlate(&mut message, request.correlation.clone());
        Some(message)
    }

    /// A machine that has read the request, if its frame is still there: what the answer repeats
    /// of it is seldom needed, so nobody keeps it.
    fn read_again(&self, request: Option<&Message>) -> Machine<'_> {
        let direction = direction(&self.section, Way::Request);
        let frame = request.and_then(Message::frame);
        let frame = frame.and_then(|frame| direction.framer.unescape(frame).ok());
        let read = frame.is_some();
        let mut machine = Machine::new(&self.plan, frame.unwrap_or_default(), Limits::MESSAGE);
        if read {
            let arguments = self.request_arguments.iter().cloned().map(Val::Plain);
            let arguments: Vec<Val> = arguments.collect();
            // What could not be read is not there for the answer either.
            let _ = machine.read(direction.root, &arguments);
        }
        machine
    }

    /// The fields of an operation with their defaults.
    pub(super) fn empty(&self, operation: OperationId) -> Record {
        let fields = self.descriptor.record(operation).fields.iter();
        let value = |presence: &Presence| match presence {
            Presence::Default(value) => value.clone(),
            Presence::Required | Presence::Optional | Presence::Computed => Value::Null,
        };
        fields.map(|field| value(&field.presence)).collect()
    }
}
