//! What is given, laid into slots, and what follows from its being there.

use super::emit::Writer;
use super::{Given, WriteError, WriteProblem};
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Field, Form, Parent, Repeat};
use crate::ksy::read::eval::Here;
use crate::ksy::read::structure::Target;
use crate::ksy::read::{IoId, ObjectId, Val};
use gatewright_core::message::Value;

impl<'p> Writer<'_, 'p> {
    /// A structure in the place of a target. Its parameters are passed as far as they are known.
    pub(super) fn create(
        &mut self,
        target: Target,
        form: &'p Form,
    ) -> Result<ObjectId, WriteError> {
        let Form::Struct {
            ty,
            parent,
            foreign,
            cut,
            ..
        } = form
        else {
            return Err(WriteError::new(
                WriteProblem::WrongType,
                "a structure does not belong here",
            ));
        };
        let here = Here::at(target.object, target.index);
        let parent = match parent {
            Parent::Owner => Some(target.object),
            Parent::None => None,
            Parent::Other(code) => self.machine.object_of(code, &here).ok().flatten(),
        };
        let root = self.machine.object(target.object).root;
        let around = (!foreign).then_some((parent, root));
        let object = self.machine.begin(*ty, IoId::FRAME, around, &[])?;
        if cut.is_some() || self.machine.is_apart(target.object) {
            self.machine.set_apart(object);
        }
        self.pass(target, form, object)?;
        let key = (self.type_of(target.object), target.slot);
        if self.rules.field(key).codec.is_some() {
            self.owners.insert(object, target);
        }
        Ok(object)
    }

    /// Passes what is known of a structure's parameters.
    pub(super) fn pass(
        &mut self,
        target: Target,
        form: &'p Form,
        object: ObjectId,
    ) -> Result<(), WriteError> {
        let Form::Struct { arguments, .. } = form else {
            return Ok(());
        };
        let here = Here::at(target.object, target.index);
        for (slot, argument) in arguments.iter().enumerate() {
            if let Some(val) = self.known(|machine| machine.eval(argument, &here))? {
                self.machine.set(object, slot, val);
            }
        }
        Ok(())
    }

    /// Lays what is given for a structure into its slots.
    pub(super) fn build(&mut self, object: ObjectId, given: &Given) -> Result<(), WriteError> {
        let members = match given {
            Given::Struct(members) => members,
            Given::Nothing => return Ok(()),
            Given::Plain(_) | Given::Case(..) | Given::List(_) => {
                return Err(WriteError::new(
                    WriteProblem::WrongType,
                    "a structure is needed",
                ));
            }
        };
        let plan = self.machine.ty(object);
        for field in &plan.fields {
            let given = members.get(field.slot).unwrap_or(&Given::Nothing);
            if *given != Given::Nothing {
                self.lay(object, field, given)
                    .map_err(|error| error.within(&field.name))?;
            }
        }
        Ok(())
    }

    fn lay(&mut self, object: ObjectId, field: &'p Field, given: &Given) -> Result<(), WriteError> {
        let target = |index| Target {
            object,
            slot: field.slot,
            index,
        };
        match (&field.repeat, given) {
            (Repeat::Once, given) => self.place(target(None), &field.form, given)?,
            (_, Given::List(elements)) => {
                let list = self.machine.new_list()?;
                self.machine.set(object, field.slot, Val::List(list));
                for (at, given) in elements.iter().enumerate() {
                    self.machine.count()?;
                    self.place(target(Some(at)), &field.form, given)
                        .map_err(|error| error.at(at))?;
                }
            }
            _ => return Err(WriteError::new(WriteProblem::WrongType, "a list is needed")),
        }
        self.arrived.push((object, field));
        Ok(())
    }

    fn place(&mut self, target: Target, form: &'p Form, given: &Given) -> Result<(), WriteError> {
        match (form, given) {
            (Form::Switch(switch), Given::Case(at, given)) => {
                self.cases.insert(target, *at);
                let form = match switch.cases.get(*at) {
                    Some((case, form)) => {
                        let here = Here::at(target.object, target.index);
                        if let Val::Plain(value) = self.machine.eval(case, &here)? {
                            self.solve(&switch.on, &here, &value)?;
                        }
                        Some(form)
                    }
                    None => switch.otherwise.as_ref(),
                };
                let form = form.ok_or_else(|| {
                    WriteError::new(WriteProblem::WrongType, "there is no such case")
                })?;
                self.place(target, form, given)
            }
            (Form::Switch(_), given) => {
                let Some(chosen) = self.chosen_if_known(target, form)? else {
                    // What decides is found out while the message is laid out.
                    self.machine.put(target, Val::Unset);
                    self.later.insert(target, given.clone());
                    return Ok(());
                };
                if let (None, Given::Nothing) = (chosen, given) {
                    self.machine.put(target, Val::Absent);
                    return Ok(());
                }
                let chosen = chosen.ok_or_else(|| {
                    WriteError::new(
                        WriteProblem::Contradiction,
                        "nothing of this kind belongs here",
                    )
                })?;
                self.place(target, chosen, given)
            }
            (Form::Struct { .. }, Given::Plain(value)) => self.code_number(target, form, value),
            (Form::Struct { .. }, given) => {
                let object = self.create(target, form)?;
                self.machine.put(target, Val::Object(object));
                self.build(object, given)
            }
            (_, Given::Plain(value)) => {
                self.machine.put(target, Val::Plain(value.clone()));
                Ok(())
            }
            (_, Given::Nothing) => {
                self.machine.put(target, Val::Unset);
                Ok(())
            }
            (_, Given::Struct(_) | Given::Case(..) | Given::List(_)) => Err(WriteError::new(
                WriteProblem::WrongType,
                "a single value is needed",
            )),
        }
    }

    /// A number where the definition has a structure that holds one (a varint).
    fn code_number(
        &mut self,
        target: Target,
        form: &'p Form,
        value: &Value,
    ) -> Result<(), WriteError> {
        let object = self.create(target, form)?;
        self.machine.put(target, Val::Object(object));
        self.numbers.insert(object, value.clone());
        Ok(())
    }

    /// Puts what was given for a switch where it belongs, now that what decides is known.
    pub(super) fn place_late(&mut self, target: Target, form: &'p Form) -> Result<(), WriteError> {
        let Some(given) = self.later.remove(&target) else {
            return Ok(());
        };
        match (form, given) {
            (Form::Struct { .. }, Given::Plain(value)) => self.code_number(target, form, &value),
            (Form::Struct { .. }, given) => {
                let object = self.create(target, form)?;
                self.machine.replace(target, Val::Object(object));
                self.build(object, &given)?;
                self.conclude()
            }
            (_, Given::Plain(value)) => {
                self.machine.replace(target, Val::Plain(value));
                Ok(())
            }
            _ => Err(WriteError::new(
                WriteProblem::WrongType,
                "a single value is needed",
            )),
        }
    }

    fn chosen_if_known(
        &mut self,
        target: Target,
        form: &'p Form,
    ) -> Result<Option<Option<&'p Form>>, WriteError> {
        let Form::Switch(switch) = form else {
            return Ok(Some(Some(form)));
        };
        let here = Here::at(target.object, target.index);
        if self
            .known(|machine| machine.eval(&switch.on, &here))?
            .is_none()
        {
            return Ok(None);
        }
        self.chosen(target, form).map(Some)
    }

    /// The form that a switch has for a target; `None` if it has none for its value.
    pub(super) fn chosen(
        &mut self,
        target: Target,
        form: &'p Form,
    ) -> Result<Option<&'p Form>, WriteError> {
        let Form::Switch(switch) = form else {
            return Ok(Some(form));
        };
        if let Some(at) = self.cases.get(&target) {
            let case = switch.cases.get(*at).map(|(_, form)| form);
            return Ok(case.or(switch.otherwise.as_ref()));
        }
        let here = Here::at(target.object, target.index);
        let on = self.machine.eval(&switch.on, &here)?;
        for (case, form) in &switch.cases {
            let same = gatewright_core::expr::Comparison::Eq;
            if self.machine.compared(&on, same, case, &here)? {
                return Ok(Some(form));
            }
        }
        Ok(switch.otherwise.as_ref())
    }

    /// What follows from fields' being there: their conditions hold, their counts are known.
    pub(super) fn conclude(&mut self) -> Result<(), WriteError> {
        while let Some((object, field)) = self.arrived.pop() {
            let here = Here::of(object);
            if let Some(condition) = &field.condition {
                self.imply(condition, &here, true)
                    .map_err(|error| error.within(&field.name))?;
            }
            if let (Repeat::Count(count), Val::List(list)) =
                (&field.repeat, self.machine.peek(object, field.slot))
            {
                let elements = Value::Int(self.machine.list(*list).len() as i128);
                self.solve(count, &here, &elements)
                    .map_err(|error| error.within(&field.name))?;
            }
        }
        Ok(())
    }

    /// The structure in a slot, created if there is none yet.
    pub(super) fn structure_in(&mut self, object: ObjectId, slot: usize) -> Option<ObjectId> {
        match self.machine.peek(object, slot) {
            Val::Object(id) => return Some(*id),
            Val::Unset => {}
            _ => return None,
        }
        let field = self
            .machine
            .ty(object)
            .fields
            .iter()
            .find(|field| field.slot == slot)?;
        if !matches!(field.repeat, Repeat::Once) || !matches!(field.form, Form::Struct { .. }) {
            return None;
        }
        let target = Target {
            object,
            slot,
            index: None,
        };
        let created = self.create(target, &field.form).ok()?;
        self.machine.set(object, slot, Val::Object(created));
        self.arrived.push((object, field));
        Some(created)
    }

    pub(super) fn type_of(&self, object: ObjectId) -> TypeId {
        self.machine.object(object).ty
    }
}
