//! Definitions to layouts.

use super::writing::{Places, puts};
use super::{Fallback, Item, Known, Layout, MAX_PLACES, Number, Range, Size, Way};
use crate::ksy::model::TypeId;
use crate::ksy::plan::{
    ByteOrder, Code, Cut, EndianPlan, Field, Form, Op, Parent, Plan, Repeat, Size as PlanSize,
    Valid,
};
use crate::ksy::protocol::operations::{Operations, Told, Way as Direction, direction};
use crate::ksy::protocol::paths::key;
use crate::ksy::protocol::shape::Part;
use crate::ksy::section::plan::{OperationIndex, SectionPlan, ToldBy};
use crate::ksy::write::{FieldKey, Rules};
use gatewright_core::codec::{CorrelationKind, Descriptor, Presence};
use gatewright_core::expr::charset::Charset;
use gatewright_core::expr::syntax::Arith;
use gatewright_core::message::Value;

/// The layout of one direction; `None` if its messages need the machine.
pub(in crate::ksy::protocol) fn compile(
    plan: &Plan,
    section: &SectionPlan,
    rules: &Rules,
    descriptor: &Descriptor,
    operations: &Operations,
    way: Direction,
) -> Option<Layout> {
    let direction = direction(section, way);
    if direction.framer.is_escaped() || !direction.arguments.is_empty() {
        return None;
    }
    let operation = match section.told_by {
        ToldBy::Enum(_) => Some(key(plan, direction.root, &direction.operation)?),
        // All messages are of one operation.
        ToldBy::Text => {
            let always = says_always(plan, direction.root, &direction.operation);
            (always && operations.of(way).len() == 1).then_some(None)?
        }
    };
    let mut compiler = Compiler {
        plan,
        rules,
        operation,
        places: Vec::new(),
        depth: 0,
    };
    let mut items = Vec::new();
    compiler.structure(direction.root, &mut items)?;
    let id = match (descriptor.capabilities.correlation, direction.id.as_slice()) {
        (CorrelationKind::Id { .. }, [id]) => {
            Some(compiler.place_of(key(plan, direction.root, &id.code)?)?)
        }
        (CorrelationKind::Fifo | CorrelationKind::None, _) => None,
        (CorrelationKind::Id { .. } | CorrelationKind::Key, _) => return None,
    };
    let mut known = Vec::new();
    for (index, told) in operations.of(way) {
        known.push(compiler.known(section, descriptor, *index, told, &items, id)?);
    }
    known.sort_by_key(|known: &Known| known.number);
    let place = |at| known.iter().position(|known| usize::from(known.id.0) == at);
    let by_id = (0..descriptor.operations.len()).map(place).collect();
    Some(Layout {
        by_id,
        operation: match compiler.operation {
            Some(key) => Some(compiler.place_of(key)?),
            None => None,
        },
        id,
        items,
        operations: known,
    })
}

/// Whether an expression is a constant, perhaps of an instance.
fn says_always(plan: &Plan, ty: TypeId, code: &Code) -> bool {
    let instance = match code.op {
        Op::Own(slot) => plan.ty(ty).instance(slot),
        _ => None,
    };
    match instance.map(|instance| &instance.form) {
        Some(Form::Value(code)) => code.constant().is_some(),
        _ => code.constant().is_some(),
    }
}

struct Compiler<'c> {
    plan: &'c Plan,
    rules: &'c Rules,
    /// The field that tells operations, unless there is only one.
    operation: Option<FieldKey>,
    /// The field of each place.
    places: Vec<FieldKey>,
    depth: usize,
}

impl Compiler<'_> {
    fn place_of(&self, key: FieldKey) -> Option<usize> {
        self.places.iter().position(|known| *known == key)
    }

    /// A place for a field. One that is met twice, in two parts of one type, has none.
    fn new_place(&mut self, key: FieldKey) -> Option<usize> {
        if self.places.len() >= MAX_PLACES || self.places.contains(&key) {
            return None;
        }
        self.places.push(key);
        self.places.len().checked_sub(1)
    }

    fn structure(&mut self, ty: TypeId, items: &mut Vec<Item>) -> Option<()> {
        self.depth = self.depth.checked_add(1).filter(|depth| *depth < 16)?;
        let plan = self.plan.ty(ty);
        if !plan.params.is_empty() || !matches!(plan.endian, EndianPlan::Fixed) {
            return None;
        }
        for field in &plan.fields {
            self.field(ty, field, items)?;
        }
        self.depth = self.depth.checked_sub(1)?;
        Some(())
    }

    fn field(&mut self, ty: TypeId, field: &Field, items: &mut Vec<Item>) -> Option<()> {
        let rule = self.rules.field((ty, field.slot));
        let plain = field.condition.is_none()
            && field.pos.is_none()
            && field.io.is_none()
            && matches!(field.repeat, Repeat::Once)
            && rule.codec.is_none()
            && rule.derived.is_none();
        if !plain {
            return None;
        }
        self.form(ty, field, &field.form, items)
    }

    fn form(
        &mut self,
        ty: TypeId,
        field: &Field,
        form: &Form,
        items: &mut Vec<Item>,
    ) -> Option<()> {
        let key = (ty, field.slot);
        match form {
            Form::Contents(bytes) if field.valid.is_none() => {
                items.push(Item::Contents(bytes.clone()));
            }
            Form::Int {
                signed,
                width,
                order: ByteOrder::Fixed(order),
            } => {
                let range = limited(range(*signed, *width)?, field.valid.as_ref())?;
                let number = Number {
                    signed: *signed,
                    width: *width,
                    order: *order,
                    range,
                };
                let place = self.new_place(key)?;
                items.push(Item::Number { number, place });
            }
            Form::Bytes(cut) if field.valid.is_none() => {
                items.push(self.run(ty, key, cut, None)?);
            }
            Form::Text(cut, charset) if field.valid.is_none() => {
                let shared = matches!(charset, Charset::Ascii | Charset::Utf8);
                items.push(self.run(ty, key, cut, shared.then_some(*charset))?);
                if !shared {
                    return None;
                }
            }
            Form::Struct {
                ty: inner,
                arguments,
                cut,
                parent: Parent::Owner,
                ..
            } if arguments.is_empty() => {
                if let Some(cut) = cut {
                    items.push(Item::Enter(self.plain_cut(ty, cut)?));
                }
                self.structure(*inner, items)?;
                if cut.is_some() {
                    items.push(Item::Leave);
                }
            }
            // Values for which nothing is said have no form. Where they have one, the machine reads it.
            Form::Switch(switch) if switch.otherwise.is_none() => {
                let decides = self.operation?;
                if super::super::paths::key(self.plan, ty, &switch.on) != Some(decides) {
                    return None;
                }
                let mut ways = Vec::new();
                for (case, form) in &switch.cases {
                    let mut items = Vec::new();
                    self.form(ty, field, form, &mut items)?;
                    ways.push(Way {
                        number: case.constant()?.as_int()?,
                        items,
                    });
                }
                // What comes before has to have told it.
                self.place_of(decides)?;
                items.push(Item::Choose { ways });
            }
            _ => return None,
        }
        Some(())
    }

    fn run(
        &mut self,
        ty: TypeId,
        key: FieldKey,
        cut: &Cut,
        charset: Option<Charset>,
    ) -> Option<Item> {
        if cut.terminator.is_some() || cut.process.is_some() {
            return None;
        }
        // Text is put into its field at once, so it must be known of which operation.
        if self
            .operation
            .is_some_and(|key| self.place_of(key).is_none())
        {
            return None;
        }
        Some(Item::Run {
            size: self.size(ty, &cut.size)?,
            pad: cut.pad_right,
            charset,
            place: self.new_place(key)?,
        })
    }

    fn plain_cut(&self, ty: TypeId, cut: &Cut) -> Option<Size> {
        let plain = cut.terminator.is_none() && cut.process.is_none() && cut.pad_right.is_none();
        plain.then(|| self.size(ty, &cut.size)).flatten()
    }

    fn size(&self, ty: TypeId, size: &PlanSize) -> Option<Size> {
        match size {
            PlanSize::Eos => Some(Size::Rest),
            PlanSize::Terminated => None,
            PlanSize::Of(code) => match code.constant() {
                Some(value) => usize::try_from(value.as_int()?).ok().map(Size::Fixed),
                None => self.linear(ty, code),
            },
        }
    }

    fn linear(&self, ty: TypeId, code: &Code) -> Option<Size> {
        if let Some(key) = key(self.plan, ty, code) {
            return Some(Size::Linear {
                place: self.place_of(key)?,
                times: 1,
                plus: 0,
            });
        }
        let Op::Arith(op, two) = &code.op else {
            return None;
        };
        let [a, b] = &**two;
        let (of, by) = match (a.constant(), b.constant()) {
            (None, Some(by)) => (a, by.as_int()?),
            (Some(by), None) if matches!(op, Arith::Add | Arith::Mul) => (b, by.as_int()?),
            _ => return None,
        };
        let Size::Linear { place, times, plus } = self.linear(ty, of)? else {
            return None;
        };
        let (times, plus) = match op {
            Arith::Add => (times, plus.checked_add(by)?),
            Arith::Sub => (times, plus.checked_sub(by)?),
            Arith::Mul => (times.checked_mul(by)?, plus.checked_mul(by)?),
            _ => return None,
        };
        Some(Size::Linear { place, times, plus })
    }

    /// The places of numbers that are fields of an operation, and those.
    fn numbers(&self, items: &[Item], slots: &[Option<usize>]) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        number_places(items, &mut places);
        let field = |place: usize| Some((place, (*slots.get(place)?)?));
        places.into_iter().filter_map(field).collect()
    }

    fn known(
        &self,
        section: &SectionPlan,
        descriptor: &Descriptor,
        index: OperationIndex,
        told: &Told,
        items: &[Item],
        id: Option<usize>,
    ) -> Option<Known> {
        let operation = section.op(index);
        let (kind, presets) = match told.presets.as_slice() {
            [(kind, presets)] => (*kind, presets),
            _ => return None,
        };
        let record = descriptor.record(told.id);
        let mut fallbacks = vec![Fallback::Missing; self.places.len()];
        for (place, key) in self.places.iter().enumerate() {
            let rule = self.rules.field(*key);
            let fallback = fallbacks.get_mut(place)?;
            if rule.check {
                *fallback = Fallback::Value(Value::Int(0));
            } else if rule.solvable && rule.always {
                *fallback = Fallback::Length;
            }
        }
        let mut slots = vec![None; self.places.len()];
        for (slot, (place, field)) in told.shape.fields.iter().zip(&record.fields).enumerate() {
            if !matches!(place.part, Part::Plain) {
                return None;
            }
            let at = self.place_of(place.key)?;
            if let Presence::Default(value) = &field.presence {
                *fallbacks.get_mut(at)? = Fallback::Value(value.clone());
            }
            *slots.get_mut(at)? = Some(slot);
        }
        for preset in presets {
            *fallbacks.get_mut(self.place_of(preset.key)?)? = Fallback::Value(preset.value.clone());
        }
        constants(items, &mut fallbacks)?;
        let number = match self.operation {
            Some(_) => operation.number?,
            None => 0,
        };
        let places = Places {
            id,
            slots: &slots,
            fallbacks: &fallbacks,
        };
        Some(Known {
            number,
            puts: puts(items, number, &places),
            index,
            id: told.id,
            kind,
            fields: record.fields.len(),
            numbers: self.numbers(items, &slots),
            slots,
        })
    }
}

/// All places of numbers.
fn number_places(items: &[Item], places: &mut Vec<usize>) {
    for item in items {
        match item {
            Item::Number { place, .. } => places.push(*place),
            Item::Choose { ways } => {
                for way in ways {
                    number_places(&way.items, places);
                }
            }
            _ => {}
        }
    }
}

/// Numbers that can only be one are that one.
fn constants(items: &[Item], fallbacks: &mut [Fallback]) -> Option<()> {
    for item in items {
        match item {
            Item::Number { number, place } if number.range.min == number.range.max => {
                *fallbacks.get_mut(*place)? = Fallback::Value(Value::Int(number.range.min));
            }
            Item::Choose { ways } => {
                for way in ways {
                    constants(&way.items, fallbacks)?;
                }
            }
            _ => {}
        }
    }
    Some(())
}

fn range(signed: bool, width: u8) -> Option<Range> {
    let bits = u32::from(width).checked_mul(8)?;
    let span = 1_i128.checked_shl(bits)?;
    Some(if signed {
        let half = span >> 1_u32;
        Range {
            min: half.checked_neg()?,
            max: half.checked_sub(1)?,
        }
    } else {
        Range {
            min: 0,
            max: span.checked_sub(1)?,
        }
    })
}

/// What `valid` leaves of a range, if it says so with constants.
fn limited(range: Range, valid: Option<&Valid>) -> Option<Range> {
    let constant = |code: &Code| code.constant()?.as_int();
    match valid {
        None => Some(range),
        Some(Valid::Eq(code)) => {
            let only = constant(code)?;
            Some(Range {
                min: only,
                max: only,
            })
        }
        Some(Valid::Range { min, max }) => {
            let min = match min {
                Some(min) => constant(min)?.max(range.min),
                None => range.min,
            };
            let max = match max {
                Some(max) => constant(max)?.min(range.max),
                None => range.max,
            };
            Some(Range { min, max })
        }
        Some(Valid::AnyOf(_) | Valid::InEnum(_) | Valid::Expr(_)) => None,
    }
}
