//! What was read, as a message's fields.

use super::shape::{Choice, Part, Path, Shape, Step};
use crate::ksy::model::TypeId;
use crate::ksy::read::{Class, Machine, ObjectId, ReadError, Val};
use crate::ksy::write::FieldCodec;
use gatewright_core::message::{Record, Value};
use std::collections::HashMap;

/// Takes the fields of a message out of a machine.
pub(super) struct Gather<'g, 'p> {
    pub(super) machine: &'g mut Machine<'p>,
    /// Shapes of structures that are not operations.
    pub(super) nested: &'g HashMap<TypeId, Shape>,
}

impl Gather<'_, '_> {
    /// The fields of the structure at `root` that are used, by slot; those beyond the end of `used`
    /// are. The others are null.
    pub(super) fn used(
        &mut self,
        root: ObjectId,
        shape: &Shape,
        used: &[bool],
    ) -> Result<Record, ReadError> {
        let mut record = Vec::with_capacity(shape.fields.len());
        let used = used.iter().copied().chain(std::iter::repeat(true));
        for (place, used) in shape.fields.iter().zip(used) {
            record.push(match &place.part {
                _ if !used => Value::Null,
                Part::Computed => self.computed(root, &place.path)?,
                part => {
                    let val = follow(self.machine, root, &place.path);
                    self.value(val, part)?
                }
            });
        }
        Ok(record)
    }

    fn value(&mut self, val: Val, part: &Part) -> Result<Value, ReadError> {
        Ok(match (val, part) {
            (Val::Plain(value), Part::Plain) => value,
            (Val::Plain(value), Part::Digits(codec)) => digits(&value, *codec)?,
            (Val::Plain(value), Part::OneOf(choices)) => {
                let at = choices.iter().position(|choice| choice.holds(&value));
                chosen(choices, at, value)
            }
            (Val::Object(id), Part::Number(slot)) => match self.machine.member(id, *slot)? {
                Val::Plain(value) => value,
                _ => Value::Null,
            },
            (Val::Object(id), Part::Struct(ty)) => self.structure(id, *ty)?,
            (Val::Object(id), Part::OneOf(choices)) => {
                let ty = self.machine.object(id).ty;
                let value = self.structure(id, ty)?;
                let at = choices.iter().position(|choice| choice.ty == Some(ty));
                chosen(choices, at, value)
            }
            (Val::List(list), Part::List(part)) => {
                let elements = self.machine.list(list).to_vec();
                let mut values = Vec::with_capacity(elements.len());
                for element in elements {
                    values.push(self.value(element, part)?);
                }
                Value::List(values)
            }
            _ => Value::Null,
        })
    }

    /// The value of an instance; none where the structure that has it is absent.
    fn computed(&mut self, root: ObjectId, path: &Path) -> Result<Value, ReadError> {
        let Some((last, way)) = path.split_last() else {
            return Ok(Value::Null);
        };
        let Val::Object(owner) = follow(self.machine, root, way) else {
            return Ok(Value::Null);
        };
        Ok(match self.machine.member(owner, last.slot)? {
            Val::Plain(value) => value,
            _ => Value::Null,
        })
    }

    fn structure(&mut self, id: ObjectId, ty: TypeId) -> Result<Value, ReadError> {
        match self.nested.get(&ty) {
            Some(shape) => self.used(id, shape, &[]).map(Value::Record),
            None => Ok(Value::Null),
        }
    }
}

/// A record with one field for each choice, of which one is there.
fn chosen(choices: &[Choice], at: Option<usize>, value: Value) -> Value {
    let mut fields = vec![Value::Null; choices.len()];
    if let Some(place) = at.and_then(|at| fields.get_mut(at)) {
        *place = value;
    }
    Value::Record(fields)
}

/// The value at the end of a path.
pub(super) fn follow(machine: &Machine<'_>, root: ObjectId, path: &[Step]) -> Val {
    let mut at = root;
    let Some((last, way)) = path.split_last() else {
        return Val::Object(root);
    };
    for step in way {
        match machine.peek(at, step.slot) {
            Val::Object(id) => at = *id,
            _ => return Val::Absent,
        }
    }
    machine.peek(at, last.slot).clone()
}

/// The number that digits stand for.
fn digits(value: &Value, codec: FieldCodec) -> Result<Value, ReadError> {
    let bytes: &[u8] = match value {
        Value::Str(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        _ => &[],
    };
    let wrong = || ReadError::new(Class::Conversion, "the digits are no number");
    let mut n: i128 = 0;
    let mut add = |digit: u8| {
        let digit = i128::from(digit);
        n = n
            .checked_mul(10)
            .and_then(|n| n.checked_add(digit))
            .filter(|_| digit < 10)?;
        Some(())
    };
    for byte in bytes {
        let added = match codec {
            FieldCodec::Bcd => add(byte >> 4).and_then(|()| add(byte & 0x0f)),
            FieldCodec::Ebcdic => add(byte.wrapping_sub(0xf0)),
            FieldCodec::Ascii | FieldCodec::Varint | FieldCodec::Zigzag => {
                add(byte.wrapping_sub(b'0'))
            }
        };
        added.ok_or_else(wrong)?;
    }
    Ok(Value::Int(n))
}
