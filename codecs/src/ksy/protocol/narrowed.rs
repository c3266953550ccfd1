//! A protocol of which only some fields are looked at: values are made of these only. Everything is
//! read and checked as ever.

use super::Ksy;
use super::codec::KsyCodec;
use super::operations::{Told, Way, direction};
use super::shape::Part;
use crate::ksy::model::TypeId;
use gatewright_core::codec::{
    ConnCodec, CorrelationKind, Descriptor, Protocol, Rejected, Side, Used,
};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Message, OperationId, Slot};
use std::sync::Arc;

/// A protocol, and the fields of its messages that are looked at.
#[derive(Debug)]
struct Narrowed {
    whole: Arc<Ksy>,
    used: Arc<Used>,
}

impl Ksy {
    /// The same protocol with no more values than are needed; `None` if that is all.
    pub(super) fn narrowed(self: Arc<Self>, used: &Used) -> Option<Arc<dyn Protocol>> {
        let mut used = used.clone();
        for way in [Way::Request, Way::Reply] {
            let patches = self.patches(way);
            for told in self.operations.of(way).values() {
                let rewritten = used.is_resent(told.id) && !patches;
                if rewritten || self.is_answered_here(told.id) {
                    used.take_all(told.id);
                }
                self.take_judged(told, &mut used);
            }
        }
        let used = Arc::new(used);
        (used.leaves_any()).then(|| Arc::new(Narrowed { whole: self, used }) as Arc<dyn Protocol>)
    }

    /// Whether another id is put into the frame that a message came in. Else it is written anew, of
    /// all its fields.
    fn patches(&self, way: Way) -> bool {
        let fixed = match way {
            Way::Request => &self.request_id,
            Way::Reply => &self.reply_id,
        };
        match self.descriptor.capabilities.correlation {
            CorrelationKind::Fifo | CorrelationKind::None => true,
            CorrelationKind::Key => false,
            CorrelationKind::Id { .. } => {
                fixed.is_some() && !direction(&self.section, way).framer.is_escaped()
            }
        }
    }

    /// Making some values may fail, and a message is as good as it would be if they were looked at.
    fn take_judged(&self, told: &Told, used: &mut Used) {
        for (place, slot) in told.shape.fields.iter().zip((0..).map(Slot)) {
            if self.may_fail(&place.part, &mut Vec::new()) {
                used.take(told.id, slot);
            }
        }
    }

    /// Whether a value of that form may not be one, though its bytes are as they should be.
    fn may_fail(&self, part: &Part, seen: &mut Vec<TypeId>) -> bool {
        match part {
            Part::Plain => false,
            Part::Digits(_) | Part::Number(_) | Part::Computed => true,
            Part::List(part) => self.may_fail(part, seen),
            Part::OneOf(choices) => choices.iter().any(|choice| match choice.ty {
                Some(ty) => self.structure_may_fail(ty, seen),
                None => self.may_fail(&choice.part, seen),
            }),
            Part::Struct(ty) => self.structure_may_fail(*ty, seen),
        }
    }

    fn structure_may_fail(&self, ty: TypeId, seen: &mut Vec<TypeId>) -> bool {
        // One that was seen is found out about already, or is within itself.
        if seen.contains(&ty) {
            return false;
        }
        seen.push(ty);
        let shape = self.operations.nested.get(&ty);
        let mut fields = shape.iter().flat_map(|shape| &shape.fields);
        fields.any(|place| self.may_fail(&place.part, seen))
    }

    /// Whether the gateway's own answer repeats its fields.
    fn is_answered_here(&self, operation: OperationId) -> bool {
        let index = self.operations.indexes.get(usize::from(operation.0));
        let heartbeat = self.section.heartbeat.as_ref();
        heartbeat.is_some_and(|heartbeat| Some(&heartbeat.sign.operation) == index)
    }
}

impl Protocol for Narrowed {
    fn descriptor(&self) -> &Arc<Descriptor> {
        self.whole.descriptor()
    }

    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec> {
        let (whole, used) = (Arc::clone(&self.whole), Arc::clone(&self.used));
        Box::new(KsyCodec::new(whole, Some(used), side, max_frame))
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        self.whole.reject(request, fault)
    }
}
