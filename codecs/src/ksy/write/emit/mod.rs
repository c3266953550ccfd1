//! Fields to bytes, in the order of the definition.

mod cut;
mod places;
mod settle;
mod single;

use crate::ksy::model::TypeId;
use crate::ksy::plan::Code;
use crate::ksy::plan::Field;
use crate::ksy::plan::Form;
use crate::ksy::plan::Repeat;
use crate::ksy::plan::Valid;
use crate::ksy::read::Growth;
use crate::ksy::read::IoId;
use crate::ksy::read::Machine;
use crate::ksy::read::ObjectId;
use crate::ksy::read::Val;
use crate::ksy::read::eval::Here;
use crate::ksy::read::structure::Target;
use crate::ksy::write::Given;
use crate::ksy::write::Rules;
use crate::ksy::write::WriteError;
use crate::ksy::write::WriteProblem;
use bytes::Bytes;
use bytes::BytesMut;
use gatewright_core::expr::Comparison;
use gatewright_core::message::Value;
use places::placed;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A field that was laid out before its value was known.
#[derive(Debug)]
struct Hole<'p> {
    target: Target,
    form: &'p Form,
    name: &'p str,
    /// Where its bytes are, if it has whole ones of its own.
    at: Option<(usize, usize)>,
}

/// What must hold in the end.
#[derive(Debug)]
struct Check<'p> {
    code: &'p Code,
    here: Here,
    equals: Value,
    name: &'p str,
    /// How far the lists were written that it stands in: an element knows of those before it only.
    growth: Vec<Growth>,
}

/// Values that were found out too late to be laid out, for the next pass.
pub(super) type Solved = BTreeMap<Target, Value>;

/// Writes one message.
pub(super) struct Writer<'w, 'p> {
    pub(super) machine: Machine<'p>,
    pub(super) rules: &'p Rules,
    out: &'w mut BytesMut,
    /// How many bits of the last byte are not written yet.
    left: u8,
    /// Where they begin in it, counted from its lowest bit.
    low: u8,
    depth: usize,
    /// Where the stream that is being written begins.
    start: usize,
    /// Where the stream that is being written ends, if that is known.
    end: Option<usize>,
    /// Terminators that are left for whatever follows, and where they must stand.
    left_behind: Vec<(usize, &'p Bytes)>,
    /// Where streams must end, since nothing else ends the field before.
    ends: Vec<usize>,
    /// Structures that have instances in the frame itself.
    of_frame: Vec<ObjectId>,
    /// Which case was given for a switch.
    pub(super) cases: BTreeMap<Target, usize>,
    /// What is given for switches whose deciding value is not known yet.
    pub(super) later: BTreeMap<Target, Given>,
    /// Fields that are there and of which nothing has been concluded yet.
    pub(super) arrived: SmallVec<[(ObjectId, &'p Field); 16]>,
    /// Structures that stand for a number, and the fields that they are.
    pub(super) owners: BTreeMap<ObjectId, Target>,
    /// The numbers that structures stand for.
    pub(super) numbers: BTreeMap<ObjectId, Value>,
    /// Bits that conditions ask for, by field.
    pub(super) masks: BTreeMap<(ObjectId, usize), i128>,
    holes: SmallVec<[Hole<'p>; 4]>,
    checks: SmallVec<[Check<'p>; 2]>,
    judged: Vec<(Target, &'p Valid, &'p str)>,
    /// What an earlier pass found out.
    before: Solved,
    solved: Solved,
    again: bool,
}

impl<'w, 'p> Writer<'w, 'p> {
    pub(super) fn new(machine: Machine<'p>, rules: &'p Rules, out: &'w mut BytesMut) -> Self {
        Self {
            machine,
            rules,
            out,
            left: 0,
            low: 0,
            depth: 0,
            start: 0,
            end: None,
            left_behind: Vec::new(),
            ends: Vec::new(),
            of_frame: Vec::new(),
            cases: BTreeMap::new(),
            later: BTreeMap::new(),
            arrived: SmallVec::new(),
            owners: BTreeMap::new(),
            numbers: BTreeMap::new(),
            masks: BTreeMap::new(),
            holes: SmallVec::new(),
            checks: SmallVec::new(),
            judged: Vec::new(),
            before: BTreeMap::new(),
            solved: BTreeMap::new(),
            again: false,
        }
    }

    /// What was found out too late to be laid out in this pass.
    pub(super) fn into_solved(self) -> Solved {
        self.solved
    }

    /// Lays the message out. Says whether everything that it found out could still be filled in.
    pub(super) fn run(
        &mut self,
        root: TypeId,
        arguments: &[Value],
        given: &Given,
        before: Solved,
    ) -> Result<bool, WriteError> {
        let start = self.out.len();
        self.start = start;
        self.before = before;
        let from = self.out.len();
        let root = self.lay_out(root, arguments, given)?;
        self.structure(root)?;
        self.meet_terminators(from)?;
        self.fill_defaults()?;
        if self.again {
            return Ok(false);
        }
        self.meet_places(start)?;
        if let Some(hole) = self.holes.first() {
            let message = "this field must be given: nothing else says what it is";
            return Err(WriteError::new(WriteProblem::Missing, message).within(hole.name));
        }
        self.verify()?;
        Ok(true)
    }

    /// Puts what is given into its slots, and what follows from its being there.
    pub(super) fn lay_out(
        &mut self,
        root: TypeId,
        arguments: &[Value],
        given: &Given,
    ) -> Result<ObjectId, WriteError> {
        let arguments: SmallVec<[Val; 2]> = arguments.iter().cloned().map(Val::Plain).collect();
        let root = self.machine.begin(root, IoId::FRAME, None, &arguments)?;
        self.build(root, given)?;
        self.conclude()?;
        Ok(root)
    }

    /// Everything that is known only in the end.
    fn verify(&mut self) -> Result<(), WriteError> {
        for check in std::mem::take(&mut self.checks) {
            self.machine.set_growth(&check.growth);
            let same = self.machine.compared(
                &Val::Plain(check.equals),
                Comparison::Eq,
                check.code,
                &check.here,
            );
            self.machine.set_growth(&[]);
            let same = same?;
            if !same {
                let message = "its size, number of elements or presence contradicts another field";
                return Err(
                    WriteError::new(WriteProblem::Contradiction, message).within(check.name)
                );
            }
        }
        for (target, at) in std::mem::take(&mut self.cases) {
            self.verify_case(target, at)?;
        }
        for (target, valid, name) in std::mem::take(&mut self.judged) {
            self.machine
                .judge(target, valid)
                .map_err(|error| WriteError::from(error).within(name))?;
        }
        Ok(())
    }

    /// What was given for one case of a switch belongs to the value that decides.
    fn verify_case(&mut self, target: Target, at: usize) -> Result<(), WriteError> {
        let field = self.machine.ty(target.object).field(target.slot);
        let Some(Field {
            form: Form::Switch(switch),
            name,
            ..
        }) = field
        else {
            return Ok(());
        };
        let here = Here::at(target.object, target.index);
        let Some(on) = self.known(|machine| machine.eval(&switch.on, &here))? else {
            return Ok(());
        };
        let mut decided = switch.cases.len();
        for (number, (case, _)) in switch.cases.iter().enumerate() {
            if self.machine.compared(&on, Comparison::Eq, case, &here)? {
                decided = number;
                break;
            }
        }
        if decided == at.min(switch.cases.len()) {
            return Ok(());
        }
        let message = "what is given belongs to another value than the one that decides";
        Err(WriteError::new(WriteProblem::Contradiction, message).within(name))
    }

    fn structure(&mut self, object: ObjectId) -> Result<(), WriteError> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > crate::ksy::read::Limits::MESSAGE.depth {
            return Err(WriteError::new(
                WriteProblem::TooMuch,
                "structures nest too deep",
            ));
        }
        self.known(|machine| machine.decide_endian(object))?;
        let in_frame = !self.machine.is_apart(object);
        let mut instances = self.machine.ty(object).instances.iter();
        if instances.any(|instance| placed(instance, in_frame)) {
            self.of_frame.push(object);
        }
        for field in &self.machine.ty(object).fields {
            self.field(object, field)
                .map_err(|error| error.within(&field.name))?;
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn field(&mut self, object: ObjectId, field: &'p Field) -> Result<(), WriteError> {
        if !self.is_there(object, field)? {
            self.machine.set(object, field.slot, Val::Absent);
            return Ok(());
        }
        if matches!(field.repeat, Repeat::Once) {
            let target = Target {
                object,
                slot: field.slot,
                index: None,
            };
            return self.element(target, field);
        }
        let elements = self.elements(object, field)?;
        if elements == 0 && matches!(field.repeat, Repeat::Until(_)) {
            let message = "the list needs at least the element that ends it";
            return Err(WriteError::new(WriteProblem::Missing, message));
        }
        let Val::List(list) = self.machine.peek(object, field.slot) else {
            return Ok(());
        };
        self.machine.growing(*list);
        let done = (0..elements).try_for_each(|at| {
            let last = at.saturating_add(1) == elements;
            self.element_of_list(object, field, at, last)
                .map_err(|error| error.at(at))
        });
        self.machine.full_grown();
        done
    }

    fn element_of_list(
        &mut self,
        object: ObjectId,
        field: &'p Field,
        at: usize,
        last: bool,
    ) -> Result<(), WriteError> {
        let target = Target {
            object,
            slot: field.slot,
            index: Some(at),
        };
        self.element(target, field)?;
        self.machine.grown(at.saturating_add(1));
        // Where the stream ends is not known here, and the list says it.
        let Repeat::Until(until) = &field.repeat else {
            return Ok(());
        };
        if until.asks_stream() {
            return Ok(());
        }
        let it = self.machine.at_target(target).clone();
        let is_known = !matches!(it, Val::Unset);
        let here = Here::with(object, it, at);
        match self.known(|machine| machine.truth(until, &here))? {
            Some(ends) if ends != last => {
                let message = "the list does not end where its condition says so";
                return Err(WriteError::new(WriteProblem::Contradiction, message));
            }
            None if is_known => self.checks.push(Check {
                code: until,
                here,
                equals: Value::Bool(last),
                name: &field.name,
                growth: self.machine.growth(),
            }),
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Whether a field's condition holds.
    fn is_there(&mut self, object: ObjectId, field: &'p Field) -> Result<bool, WriteError> {
        let given = !matches!(self.machine.peek(object, field.slot), Val::Unset);
        let Some(condition) = &field.condition else {
            return Ok(true);
        };
        if condition.asks_stream() {
            return Ok(given);
        }
        let holds = self.known(|machine| machine.truth(condition, &Here::of(object)))?;
        match holds {
            Some(true) => Ok(true),
            Some(false) if given => {
                let message = "it is given, but its condition says that it is absent";
                Err(WriteError::new(WriteProblem::Contradiction, message))
            }
            Some(false) => Ok(false),
            // What the condition needs is not known: then the field's presence decides.
            None => {
                self.checks.push(Check {
                    code: condition,
                    here: Here::of(object),
                    equals: Value::Bool(given),
                    name: &field.name,
                    growth: self.machine.growth(),
                });
                Ok(given)
            }
        }
    }

    /// The number of elements; a list that is not given gets elements that follow from the rest.
    fn elements(&mut self, object: ObjectId, field: &'p Field) -> Result<usize, WriteError> {
        let here = Here::of(object);
        if let Val::List(list) = self.machine.peek(object, field.slot) {
            let elements = self.machine.list(*list).len();
            if let Repeat::Count(count) = &field.repeat {
                let equals = Value::Int(elements as i128);
                self.solve(count, &here, &equals)?;
                // A count below zero is none, too.
                let none = elements == 0
                    && self.known(|machine| machine.count_of_elements(count, object))? == Some(0);
                if !none {
                    self.checks.push(Check {
                        code: count,
                        here,
                        equals,
                        name: &field.name,
                        growth: self.machine.growth(),
                    });
                }
            }
            return Ok(elements);
        }
        let elements = match &field.repeat {
            Repeat::Count(count) => {
                self.solve(count, &here, &Value::Int(0))?;
                self.known(|machine| machine.size(count, &here))?
                    .unwrap_or_default()
            }
            Repeat::Once | Repeat::Eos | Repeat::Until(_) => 0,
        };
        let list = self.machine.new_list()?;
        for _ in 0..elements {
            self.machine.count()?;
            self.machine.push(list, Val::Unset);
        }
        self.machine.set(object, field.slot, Val::List(list));
        Ok(elements)
    }

    fn element(&mut self, target: Target, field: &'p Field) -> Result<(), WriteError> {
        let known = self.settle(target, field)?;
        self.form(target, field, &field.form)?;
        // Where in the stream something stands is for readers to judge.
        if let Some(valid) = field.valid.as_ref().filter(|valid| !valid.asks_stream()) {
            if known {
                self.machine.judge(target, valid)?;
            } else {
                self.judged.push((target, valid, &field.name));
            }
        }
        Ok(())
    }
}
