//! Which fields of a protocol's messages anybody looks at.

use super::Descriptor;
use crate::message::{OperationId, Slot};

/// The fields that routes and rules look at, by operation. A codec that knows them need not make values
/// of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    by_operation: Vec<Uses>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Uses {
    /// By slot.
    looked_at: Vec<bool>,
    resent: bool,
}

impl Used {
    /// The fields for which `looks` says so, and those that tell errors. Messages of operations for
    /// which `resent` says so go on as they are, with another id.
    #[must_use]
    pub fn of(
        descriptor: &Descriptor,
        looks: impl Fn(OperationId, Slot) -> bool,
        resent: impl Fn(OperationId) -> bool,
    ) -> Self {
        let uses = |(operation, id): (&super::Operation, OperationId)| {
            let grades = operation.grading.as_ref().map(|grading| grading.field);
            let slots = descriptor.record(id).fields.iter().zip((0..).map(Slot));
            let looked_at = |(_, slot)| grades == Some(slot) || looks(id, slot);
            Uses {
                looked_at: slots.map(looked_at).collect(),
                resent: resent(id),
            }
        };
        let operations = descriptor.operations.iter().zip((0..).map(OperationId));
        Self {
            by_operation: operations.map(uses).collect(),
        }
    }

    /// By slot, whether anybody looks at the field. Fields beyond its end are looked at.
    #[must_use]
    pub fn fields(&self, operation: OperationId) -> &[bool] {
        let uses = self.by_operation.get(usize::from(operation.0));
        uses.map_or(&[], |uses| &uses.looked_at)
    }

    /// Whether messages of an operation go on as they are.
    #[must_use]
    pub fn is_resent(&self, operation: OperationId) -> bool {
        let uses = self.by_operation.get(usize::from(operation.0));
        uses.is_none_or(|uses| uses.resent)
    }

    /// This field of an operation is looked at.
    pub fn take(&mut self, operation: OperationId, slot: Slot) {
        let uses = self.by_operation.get_mut(usize::from(operation.0));
        let place = uses.and_then(|uses| uses.looked_at.get_mut(slot.index()));
        if let Some(place) = place {
            *place = true;
        }
    }

    /// All fields of an operation are looked at.
    pub fn take_all(&mut self, operation: OperationId) {
        if let Some(uses) = self.by_operation.get_mut(usize::from(operation.0)) {
            uses.looked_at.fill(true);
        }
    }

    /// Whether nobody looks at some field.
    #[must_use]
    pub fn leaves_any(&self) -> bool {
        let mut all = self.by_operation.iter().flat_map(|uses| &uses.looked_at);
        all.any(|looked_at| !looked_at)
    }
}
