//! What fields are that nobody gave: found before they are laid out, or filled in after.

use super::Hole;
use super::Writer;
use super::cut::not_in_charset;
use crate::ksy::plan::Field;
use crate::ksy::plan::Form;
use crate::ksy::plan::Repeat;
use crate::ksy::plan::Valid;
use crate::ksy::read::ObjectId;
use crate::ksy::read::Val;
use crate::ksy::read::eval::Here;
use crate::ksy::read::structure::Target;
use crate::ksy::write::FieldCodec;
use crate::ksy::write::WriteError;
use crate::ksy::write::WriteProblem;
use crate::ksy::write::number;
use bytes::BytesMut;
use gatewright_core::message::Value;
use smallvec::SmallVec;
use std::collections::btree_map::Entry;

impl<'p> Writer<'_, 'p> {
    /// Finds a value for an element that has none. Says whether it has one now.
    pub(super) fn settle(&mut self, target: Target, field: &'p Field) -> Result<bool, WriteError> {
        if !matches!(self.machine.at_target(target), Val::Unset) {
            return Ok(true);
        }
        match self.settled(target, field)? {
            Some(value) => {
                self.machine.replace(target, Val::Plain(value));
                Ok(true)
            }
            None => Ok(matches!(field.form, Form::Contents(_))),
        }
    }

    pub(super) fn settled(
        &mut self,
        target: Target,
        field: &'p Field,
    ) -> Result<Option<Value>, WriteError> {
        if let Some(value) = self.before.get(&target) {
            return Ok(Some(value.clone()));
        }
        let key = (target.object, target.slot);
        if let Some(bits) = self.masks.get(&key) {
            return Ok(Some(Value::Int(*bits)));
        }
        let here = Here::at(target.object, target.index);
        let rule = self.rules.field((self.type_of(target.object), target.slot));
        let fixed = match &field.valid {
            Some(Valid::Eq(code)) => Some(code),
            _ => None,
        };
        for code in fixed.into_iter().chain(&rule.derived) {
            if let Some(Val::Plain(value)) = self.known(|machine| machine.eval(code, &here))? {
                return Ok(Some(value));
            }
        }
        if rule.check {
            return Ok(Some(Value::Int(0)));
        }
        if rule.flag {
            return Ok(Some(match field.form {
                Form::Bits { truth: true, .. } => Value::Bool(false),
                _ => Value::Int(0),
            }));
        }
        if rule.solvable && target.index.is_none() {
            return Ok(None);
        }
        Ok(rule.default.clone())
    }

    /// Fields that sizes and counts left open have their defaults, from which others may follow.
    pub(super) fn fill_defaults(&mut self) -> Result<(), WriteError> {
        while let Some((at, value)) = self.open_default() {
            let hole = self.holes.swap_remove(at);
            (self.machine).replace(hole.target, Val::Plain(value.clone()));
            self.fill(&hole, &value)?;
            for at in 0..self.checks.len() {
                let Some(check) = self.checks.get(at) else {
                    break;
                };
                let (code, here, equals) = (check.code, check.here.clone(), check.equals.clone());
                self.solve(code, &here, &equals)?;
            }
        }
        Ok(())
    }

    /// The hole of a field that was left open and has a default.
    fn open_default(&self) -> Option<(usize, Value)> {
        self.holes.iter().enumerate().find_map(|(at, hole)| {
            let key = (self.type_of(hole.target.object), hole.target.slot);
            let default = self.rules.field(key).default.as_ref()?;
            Some((at, default.clone()))
        })
    }

    pub(super) fn hole(
        &mut self,
        target: Target,
        field: &'p Field,
        form: &'p Form,
        at: Option<(usize, usize)>,
    ) {
        self.holes.push(Hole {
            target,
            form,
            name: &field.name,
            at,
        });
    }

    /// Fills in what was found out about a field that is laid out already.
    pub(in crate::ksy::write) fn fill_hole(
        &mut self,
        target: Target,
        value: &Value,
    ) -> Result<(), WriteError> {
        // What is found out of one that was laid out is mostly found out soon.
        let Some(at) = self.holes.iter().rposition(|hole| hole.target == target) else {
            return Ok(());
        };
        let hole = self.holes.swap_remove(at);
        self.fill(&hole, value)
    }

    fn fill(&mut self, hole: &Hole<'p>, value: &Value) -> Result<(), WriteError> {
        let target = hole.target;
        if let (Form::Struct { .. }, Some(place)) = (hole.form, hole.at)
            && self.fill_number(target, place)
        {
            return Ok(());
        }
        let mut bytes = BytesMut::new();
        let filled = match hole.form {
            Form::Int {
                signed,
                width,
                order,
            } => {
                let order = self.order(target, *order)?;
                number::put_int(value, *signed, *width, order, &mut bytes)
            }
            Form::Text(_, charset) => match value {
                Value::Str(text) => charset
                    .encode(text, &mut bytes)
                    .map_err(|_| not_in_charset()),
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        filled.map_err(|error| error.within(hole.name))?;
        match hole.at {
            Some((from, len)) if len == bytes.len() && !bytes.is_empty() => {
                if let Some(place) = self.out.get_mut(from..from.saturating_add(len)) {
                    place.copy_from_slice(&bytes);
                }
            }
            _ => {
                self.solved.insert(target, value.clone());
                self.again = true;
            }
        }
        Ok(())
    }

    /// Fills in the structure of a number, if it takes just the bytes that were left for it.
    /// Whatever else comes of it is for the next pass to find.
    fn fill_number(&mut self, target: Target, (from, len): (usize, usize)) -> bool {
        let Val::Object(object) = *self.machine.at_target(target) else {
            return false;
        };
        let key = (self.type_of(target.object), target.slot);
        let Some(codec) = self.rules.field(key).codec else {
            return false;
        };
        // It is written behind everything else, wherever in a byte that ends, and then moved.
        let before = (self.left, self.low, self.depth);
        let (end, holes) = (self.out.len(), self.holes.len());
        self.align();
        let written = matches!(self.lay_number(target, object, codec), Ok(true))
            && self.structure(object).is_ok();
        (self.left, self.low, self.depth) = before;
        let bytes: SmallVec<[u8; 16]> = self.out.get(end..).unwrap_or_default().into();
        self.out.truncate(end);
        match self.out.get_mut(from..from.saturating_add(len)) {
            Some(place) if written && bytes.len() == len && self.holes.len() == holes => {
                place.copy_from_slice(&bytes);
                true
            }
            _ => false,
        }
    }

    /// Holes in bytes that were processed cannot be filled in any more.
    pub(super) fn again_for(&mut self, from: usize) {
        for hole in &mut self.holes {
            if hole.at.is_some_and(|(at, _)| at >= from) {
                hole.at = None;
            }
        }
    }

    /// Whether a structure stands for a number.
    pub(in crate::ksy::write) fn holds_number(&self, object: ObjectId) -> bool {
        self.owners.contains_key(&object)
    }

    /// Says which number a structure stands for.
    pub(in crate::ksy::write) fn set_number(
        &mut self,
        object: ObjectId,
        value: &Value,
    ) -> Result<(), WriteError> {
        let Entry::Vacant(unsaid) = self.numbers.entry(object) else {
            return Ok(());
        };
        unsaid.insert(value.clone());
        match self.owners.get(&object).copied() {
            Some(target) => self.fill_hole(target, value),
            None => Ok(()),
        }
    }

    /// Lays the number that a structure stands for into its one list of bytes. Says whether that
    /// is known.
    pub(super) fn lay_number(
        &mut self,
        target: Target,
        object: ObjectId,
        codec: FieldCodec,
    ) -> Result<bool, WriteError> {
        let Some(field) = self.machine.ty(object).fields.first() else {
            return Ok(true);
        };
        if !matches!(self.machine.peek(object, field.slot), Val::Unset) {
            return Ok(true);
        }
        let said = self.numbers.get(&object);
        let Some(Value::Int(n)) = said.or_else(|| self.before.get(&target)).cloned() else {
            return Ok(false);
        };
        if !matches!(
            field.repeat,
            Repeat::Eos | Repeat::Count(_) | Repeat::Until(_)
        ) {
            return self.lay_digits(object, n).map(|()| true);
        }
        let list = self.machine.new_list()?;
        for byte in &number::coded(n, Some(codec), None)? {
            self.machine.count()?;
            self.machine.push(list, Val::Plain(Value::from(*byte)));
        }
        self.machine.set(object, field.slot, Val::List(list));
        Ok(true)
    }

    /// Lays the decimal digits of a number into the fields of a structure, one each.
    fn lay_digits(&mut self, object: ObjectId, number: i128) -> Result<(), WriteError> {
        let fields = &self.machine.ty(object).fields;
        let mut rest = number;
        for field in fields.iter().rev() {
            let digit = rest.rem_euclid(10);
            rest = rest.div_euclid(10);
            self.machine
                .set(object, field.slot, Val::Plain(Value::Int(digit)));
        }
        if rest == 0 {
            return Ok(());
        }
        let message = format!("the number has more than {} digits", fields.len());
        Err(WriteError::new(WriteProblem::DoesNotFit, message))
    }
}
