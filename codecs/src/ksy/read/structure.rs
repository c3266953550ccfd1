//! Structures: their fields in sequence, their instances on demand.

use super::eval::Here;
use super::{Class, IoId, ListId, Machine, Object, ObjectId, ReadError, Traced, Val};
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, EndianPlan, Field, Form, Repeat, Valid};
use crate::ksy::spec::Endian;
use gatewright_core::expr::Comparison;
use gatewright_core::message::Value;

/// Where a value that was read is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ksy) struct Target {
    pub(in crate::ksy) object: ObjectId,
    pub(in crate::ksy) slot: usize,
    /// The element of the list that is in the slot, if it is repeated.
    pub(in crate::ksy) index: Option<usize>,
}

impl<'p> Machine<'p> {
    /// A structure of which nothing is read yet.
    pub(in crate::ksy) fn begin(
        &mut self,
        ty: TypeId,
        io: IoId,
        around: Option<(Option<ObjectId>, ObjectId)>,
        arguments: &[Val],
    ) -> Result<ObjectId, ReadError> {
        self.count()?;
        let too_many = || ReadError::new(Class::Other, "the message has too many structures");
        let id = ObjectId(u32::try_from(self.objects.len()).map_err(|_| too_many())?);
        let base = self.slots.len();
        let plan = self.plan.ty(ty);
        let end = base.checked_add(plan.slots()).ok_or_else(too_many)?;
        self.slots.resize(end, Val::Unset);
        let (parent, root) = around.map_or((None, id), |(parent, root)| (parent, root));
        self.objects.push(Object {
            ty,
            parent,
            root,
            io,
            endian: None,
            apart: false,
            base,
        });
        for (slot, argument) in arguments.iter().enumerate() {
            self.set(id, slot, argument.clone());
        }
        Ok(id)
    }

    /// Reads the fields of a structure.
    pub(in crate::ksy) fn fill(&mut self, id: ObjectId) -> Result<(), ReadError> {
        self.deeper("structures", |machine| {
            machine.decide_endian(id)?;
            let plan = machine.plan;
            for field in &plan.ty(machine.object(id).ty).fields {
                machine.member_in(id, field)?;
            }
            Ok(())
        })
    }

    /// Does something one level deeper. What comes after an error is not deeper for it.
    fn deeper(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut Self) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        if self.depth >= self.limits.depth {
            let message = format!("{what} nest more than {} deep", self.limits.depth);
            return Err(ReadError::new(Class::Other, message));
        }
        self.depth = self.depth.saturating_add(1);
        let done = read(self);
        self.depth = self.depth.saturating_sub(1);
        done
    }

    /// Decides the order of bytes of a structure whose definition does not fix it.
    pub(in crate::ksy) fn decide_endian(&mut self, id: ObjectId) -> Result<(), ReadError> {
        let endian = self.decided_endian(id)?;
        if endian.is_none() && !matches!(self.ty(id).endian, EndianPlan::Fixed) {
            let message = "nothing decides in which order the bytes of numbers stand";
            let at = self.stream(self.object(id).io).pos;
            return Err(ReadError::new(Class::Endian, message).at(at));
        }
        if let Some(object) = self.objects.get_mut(id.0 as usize) {
            object.endian = endian;
        }
        Ok(())
    }

    fn decided_endian(&mut self, id: ObjectId) -> Result<Option<Endian>, ReadError> {
        let object = self.object(id);
        match &self.plan.ty(object.ty).endian {
            EndianPlan::Fixed => Ok(None),
            EndianPlan::Inherited => {
                Ok(object.parent.and_then(|parent| self.object(parent).endian))
            }
            EndianPlan::Decided { cases, otherwise } => {
                for (case, endian) in cases {
                    if self.truth(case, &Here::of(id))? {
                        return Ok(Some(*endian));
                    }
                }
                Ok(*otherwise)
            }
        }
    }

    /// Reads a field, or an instance, into its slot.
    pub(in crate::ksy) fn member_in(
        &mut self,
        id: ObjectId,
        field: &'p Field,
    ) -> Result<(), ReadError> {
        self.member_unnamed(id, field)
            .map_err(|(error, index)| error.within(&field.name, index))
    }

    fn member_unnamed(
        &mut self,
        id: ObjectId,
        field: &'p Field,
    ) -> Result<(), (ReadError, Option<usize>)> {
        let plain = |error| (error, None);
        if let Some(condition) = &field.condition
            && !self.truth(condition, &Here::of(id)).map_err(plain)?
        {
            self.set(id, field.slot, Val::Absent);
            return Ok(());
        }
        let io = match &field.io {
            Some(io) => self.stream_of(io, &Here::of(id)).map_err(plain)?,
            None => self.object(id).io,
        };
        let Some(pos) = &field.pos else {
            if field.io.is_none() {
                return self.repeated(id, field, io);
            }
            let before = self.stream(io);
            let done = self.repeated(id, field, io);
            self.restore(io, before);
            return done;
        };
        let pos = self.size(pos, &Here::of(id)).map_err(plain)?;
        let before = self.stream(io);
        if let Some(stream) = self.streams.get_mut(io.index()) {
            stream.seek(pos);
        }
        let done = self.repeated(id, field, io);
        self.restore(io, before);
        done
    }

    fn restore(&mut self, io: IoId, before: super::Io) {
        if let Some(stream) = self.streams.get_mut(io.index()) {
            *stream = before;
        }
    }

    fn repeated(
        &mut self,
        id: ObjectId,
        field: &'p Field,
        io: IoId,
    ) -> Result<(), (ReadError, Option<usize>)> {
        let plain = |error| (error, None);
        if matches!(field.repeat, Repeat::Once) {
            let target = Target {
                object: id,
                slot: field.slot,
                index: None,
            };
            return self.element(target, field, io).map_err(plain);
        }
        let list = self.new_list().map_err(plain)?;
        self.set(id, field.slot, Val::List(list));
        let count = match &field.repeat {
            Repeat::Count(count) => Some(self.count_of_elements(count, id).map_err(plain)?),
            Repeat::Once | Repeat::Eos | Repeat::Until(_) => None,
        };
        self.growing(list);
        let done = self.elements(id, field, io, list, count);
        self.full_grown();
        done.map_err(|(error, at)| (error, Some(at)))
    }

    /// Reads the elements of a list, as many as are said or as there are.
    fn elements(
        &mut self,
        id: ObjectId,
        field: &'p Field,
        io: IoId,
        list: ListId,
        count: Option<usize>,
    ) -> Result<(), (ReadError, usize)> {
        let mut at: usize = 0;
        loop {
            let here = |error| (error, at);
            let more = match (&field.repeat, count) {
                (_, Some(count)) => at < count,
                (Repeat::Eos, _) => !self.stream(io).at_end(),
                _ => true,
            };
            if !more {
                return Ok(());
            }
            let target = Target {
                object: id,
                slot: field.slot,
                index: Some(at),
            };
            self.count().map_err(here)?;
            self.element(target, field, io).map_err(here)?;
            let whole = at.saturating_add(1);
            self.grown(whole);
            if let Repeat::Until(until) = &field.repeat {
                let it = self.last_of(list);
                if self.truth(until, &Here::with(id, it, at)).map_err(here)? {
                    return Ok(());
                }
            }
            at = whole;
        }
    }

    /// Reads one element and judges it.
    fn element(&mut self, target: Target, field: &'p Field, io: IoId) -> Result<(), ReadError> {
        let stream = self.stream(io);
        let start = stream.pos;
        let entry = self.trace.as_mut().map(|trace| {
            trace.push(Traced {
                object: target.object,
                slot: target.slot,
                index: target.index,
                io,
                start,
                unread_bits: match &field.form {
                    Form::Bits { .. } => stream.unread_bits(),
                    _ => 0,
                },
                end: None,
            });
            trace.len().saturating_sub(1)
        });
        let located = |error: ReadError| match (stream.buffer, &field.form) {
            // A computed value has no place.
            (0, Form::Value(_)) => error,
            (0, _) => error.at(start),
            // What came of processing is nowhere in the frame, but what was processed is.
            _ => error.nowhere(),
        };
        self.read_form(target, &field.form, io).map_err(located)?;
        let end = self.stream(io).pos;
        if let Some(entry) = entry
            && let Some(traced) = self.trace.as_mut().and_then(|trace| trace.get_mut(entry))
        {
            traced.end = Some(end);
        }
        match &field.valid {
            Some(valid) => self.judge(target, valid).map_err(located),
            None => Ok(()),
        }
    }

    pub(in crate::ksy) fn judge(
        &mut self,
        target: Target,
        valid: &'p Valid,
    ) -> Result<(), ReadError> {
        let good = match self.judged_at_hand(target, valid) {
            Some(good) => {
                self.step()?;
                good
            }
            None => self.judged(target, valid)?,
        };
        if good {
            return Ok(());
        }
        let message = match valid {
            Valid::Eq(_) => "the value is not the one that it must be",
            Valid::Range { .. } => "the value is outside of its range",
            Valid::AnyOf(_) => "the value is none of those that it may be",
            Valid::InEnum(_) => "the value has no label in its enum",
            Valid::Expr(_) => "the value does not fulfil its condition",
        };
        Err(ReadError::new(Class::Validation, message))
    }

    /// Whether a value is good, if constants tell: nothing is computed or copied for that.
    fn judged_at_hand(&self, target: Target, valid: &Valid) -> Option<bool> {
        let n = match (self.at_target(target), valid) {
            (Val::Plain(Value::Int(n)), _) => n,
            (Val::Plain(Value::Str(text)), Valid::Eq(code)) => match code.constant()? {
                Value::Str(only) => return Some(text == only),
                _ => return None,
            },
            _ => return None,
        };
        let bound = |code: &Option<Code>| match code {
            Some(code) => code.constant()?.as_int().map(Some),
            None => Some(None),
        };
        match valid {
            Valid::Eq(code) => Some(code.constant()?.as_int()? == *n),
            Valid::Range { min, max } => {
                let (min, max) = (bound(min)?, bound(max)?);
                Some(min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max))
            }
            Valid::AnyOf(_) | Valid::InEnum(_) | Valid::Expr(_) => None,
        }
    }

    fn judged(&mut self, target: Target, valid: &'p Valid) -> Result<bool, ReadError> {
        let it = self.at_target(target).clone();
        let here = Here::with(target.object, it.clone(), target.index.unwrap_or_default());
        Ok(match valid {
            Valid::Eq(code) => self.compared(&it, Comparison::Eq, code, &here)?,
            Valid::Range { min, max } => {
                let above = match min {
                    Some(min) => self.compared(&it, Comparison::Ge, min, &here)?,
                    None => true,
                };
                above
                    && match max {
                        Some(max) => self.compared(&it, Comparison::Le, max, &here)?,
                        None => true,
                    }
            }
            Valid::AnyOf(codes) => {
                let mut any = false;
                for code in codes {
                    any = any || self.compared(&it, Comparison::Eq, code, &here)?;
                }
                any
            }
            Valid::InEnum(id) => match &it {
                Val::Plain(Value::Int(n)) => self.plan.enumeration(*id).label(*n).is_some(),
                _ => false,
            },
            Valid::Expr(code) => self.truth(code, &here)?,
        })
    }

    /// Computes or reads an instance, unless that has been done.
    pub(in crate::ksy) fn demand(&mut self, id: ObjectId, slot: usize) -> Result<(), ReadError> {
        let plan = self.plan;
        let Some(field) = plan.ty(self.object(id).ty).instance(slot) else {
            return Err(ReadError::new(
                Class::Unread,
                "a field is used before it is read",
            ));
        };
        if !self.is_within_reach(id, field) {
            let message = "an instance is read at a place that is not written yet";
            return Err(ReadError::new(Class::Unread, message));
        }
        self.set(id, slot, Val::Busy);
        let done = self.deeper("instances", |machine| machine.member_in(id, field));
        if let Err(error) = &done {
            // What needs fields that are still to come may be asked for again.
            if matches!(field.form, Form::Value(_)) || error.class() == Class::Unread {
                self.set(id, slot, Val::Unset);
            } else {
                self.failed.insert((id.0, slot), error.clone());
            }
        }
        done
    }
}
