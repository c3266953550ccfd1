//! Instances that are read at a place of their own. They are not written: what they read must be a
//! part of the message already.

use super::Writer;
use crate::ksy::plan::Field;
use crate::ksy::read::eval::Here;
use crate::ksy::read::{Class, ObjectId};
use crate::ksy::write::{WriteError, WriteProblem};
use bytes::Bytes;

/// Whether an instance is read from the frame, if its structure stands in that (and not in a
/// stream of its own, or whether or not).
pub(super) fn placed(instance: &Field, in_frame: bool) -> bool {
    let from_frame = match &instance.io {
        None => in_frame,
        Some(io) => io.is_frame(),
    };
    instance.pos.is_some() && from_frame
}

impl<'p> Writer<'_, 'p> {
    /// Refuses a message, written from `start` on, whose instances read beyond its end.
    pub(super) fn meet_places(&mut self, start: usize) -> Result<(), WriteError> {
        if self.of_frame.is_empty() {
            return Ok(());
        }
        let frame = self.out.get(start..).unwrap_or_default();
        self.machine.written(Bytes::copy_from_slice(frame));
        let end = frame.len();
        for object in std::mem::take(&mut self.of_frame) {
            let in_frame = !self.machine.is_apart(object);
            for instance in &self.machine.ty(object).instances {
                if placed(instance, in_frame) && self.is_beyond(object, instance, end)? {
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
            && self.known(|machine| machine.truth(condition, &here))? != Some(true)
        {
            return Ok(false);
        }
        let place = instance.pos.as_ref();
        let place = place.map(|pos| self.machine.size(pos, &here));
        Ok(match place {
            Some(Err(error)) => error.class() != Class::Unread,
            // There it may be satisfied with nothing, which is not what was read.
            Some(Ok(place)) if place >= end => true,
            _ => {
                let read = self.machine.member(object, instance.slot);
                read.is_err_and(|error| error.class() == Class::Eof)
            }
        })
    }
}
