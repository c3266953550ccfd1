//! Instances that are read at a place of their own. They are not written: what they read must be a
//! part of the message already.

use super::Writer;
use crate::ksy::plan::Field;
use crate::ksy::read::ObjectId;
use crate::ksy::read::eval::Here;
use crate::ksy::write::{WriteError, WriteProblem};

/// Whether an instance is read from the stream of its structure, at a place that does not depend
/// on where that stream ends.
pub(super) fn placed(instance: &Field) -> bool {
    let pos = instance.pos.as_ref();
    instance.io.is_none() && pos.is_some_and(|pos| !pos.asks_stream())
}

impl<'p> Writer<'_, 'p> {
    /// Refuses a message, written from `start` on, whose instances read beyond its end.
    pub(super) fn meet_places(&mut self, start: usize) -> Result<(), WriteError> {
        let end = self.out.len().saturating_sub(start);
        for object in std::mem::take(&mut self.of_frame) {
            for instance in &self.machine.ty(object).instances {
                if placed(instance) && self.is_beyond(object, instance, end)? {
                    let message = "what this instance reads is not written: its place is beyond \
                                   the fields of the message";
                    let error = WriteError::new(WriteProblem::ReadOnly, message);
                    return Err(error.within(&instance.name));
                }
            }
        }
        Ok(())
    }

    fn is_beyond(
        &mut self,
        object: ObjectId,
        instance: &'p Field,
        end: usize,
    ) -> Result<bool, WriteError> {
        let here = Here::of(object);
        if let Some(condition) = &instance.condition
            && (condition.asks_stream()
                || self.known(|machine| machine.truth(condition, &here))? != Some(true))
        {
            return Ok(false);
        }
        let Some(pos) = &instance.pos else {
            return Ok(false);
        };
        let pos = self.known(|machine| machine.size(pos, &here))?;
        Ok(pos.is_some_and(|pos| pos >= end))
    }
}
