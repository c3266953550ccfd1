//! A message of a drawn definition: what is given, what is read, and its bytes.

use super::render::filler;
use super::shape::{Int, Prefix, Shape};
use bytes::Bytes;
use gatewright_codecs::ksy::write::Given;
use gatewright_core::message::Value;

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What has to be given: what follows from the rest is not.
    pub sparse: Vec<Given>,
    /// All of it.
    pub full: Vec<Given>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Where values come from: zeros, once it has ended.
#[derive(Debug)]
pub struct Tape<'t>(pub &'t [u8]);

impl Tape<'_> {
    fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *byte
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// A message of these parts.
#[must_use]
pub fn message(parts: &[Shape], tape: &mut Tape<'_>) -> Said {
    let mut said = Said::default();
    for part in parts {
        said.part(part, tape);
    }
    said
}

impl Said {
    fn both(&mut self, given: Given) {
        self.sparse.push(given.clone());
        self.full.push(given);
    }

    /// What is read and need not be given.
    fn derived(&mut self, value: Value) {
        self.sparse.push(Given::Nothing);
        self.full.push(Given::Plain(value));
    }

    fn absent(&mut self) {
        self.both(Given::Nothing);
    }

    /// A message as a single member.
    fn nest(&mut self, inner: Self, wrap: impl Fn(Vec<Given>) -> Given) {
        self.sparse.push(wrap(inner.sparse));
        self.full.push(wrap(inner.full));
        self.bytes.extend(inner.bytes);
    }

    fn int(&mut self, int: Int, tape: &mut Tape<'_>) {
        let bytes = tape.bytes(int.bytes);
        let number = bytes
            .iter()
            .fold(0_i128, |n, byte| n << 8 | i128::from(*byte));
        let bits = 8 * int.bytes;
        let negative = int.signed && number >> (bits - 1) == 1;
        let number = if negative {
            number - (1 << bits)
        } else {
            number
        };
        self.both(Given::Plain(Value::Int(number)));
        self.put(int, number);
    }

    fn put(&mut self, int: Int, number: i128) {
        let mut bytes = number.to_be_bytes()[16 - int.bytes..].to_vec();
        if int.little {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
    }

    /// Exactly one member.
    fn single(&mut self, part: &Shape, tape: &mut Tape<'_>) {
        match part {
            Shape::Int(int) | Shape::Enum(int, _) => self.int(*int, tape),
            Shape::Float(bytes) => self.float(*bytes, tape),
            Shape::Contents(bytes) => {
                self.bytes.extend(bytes);
                self.derived(Value::Bytes(Bytes::copy_from_slice(bytes)));
            }
            Shape::Bytes(size) => self.raw(tape.bytes(*size)),
            Shape::Padded(size) => {
                let length = tape.below(size + 1);
                let text: String = (0..length)
                    .map(|_| char::from(b'A' + tape.byte() % 26))
                    .collect();
                self.bytes.extend(format!("{text:<size$}").bytes());
                self.both(Given::Plain(Value::Str(text.into())));
            }
            Shape::Terminated(end) => {
                let count = tape.below(5);
                self.raw(
                    tape.bytes(count)
                        .into_iter()
                        .filter(|byte| byte != end)
                        .collect(),
                );
                self.bytes.push(*end);
            }
            Shape::Until => {
                let count = tape.below(4);
                let bytes = tape.bytes(count).into_iter().filter(|byte| *byte != 0);
                let bytes: Vec<u8> = bytes.chain([0]).collect();
                let element = |byte: &u8| Given::Plain(Value::Int((*byte).into()));
                self.both(Given::List(bytes.iter().map(element).collect()));
                self.bytes.extend(bytes);
            }
            Shape::Struct(parts) => self.nest(message(parts, tape), Given::Struct),
            part => {
                let inner = message(std::slice::from_ref(part), tape);
                self.nest(inner, Given::Struct);
            }
        }
    }

    fn raw(&mut self, bytes: Vec<u8>) {
        self.bytes.extend(&bytes);
        self.both(Given::Plain(Value::Bytes(bytes.into())));
    }

    fn float(&mut self, bytes: usize, tape: &mut Tape<'_>) {
        // An eighth of a small integer is exact in either size.
        let number = f32::from(tape.byte()) / 8.0;
        self.both(Given::Plain(Value::Float(number.into())));
        match bytes {
            4 => self.bytes.extend(number.to_be_bytes()),
            _ => self.bytes.extend(f64::from(number).to_be_bytes()),
        }
    }

    fn part(&mut self, part: &Shape, tape: &mut Tape<'_>) {
        match part {
            Shape::Bits(widths) => self.bits(widths, tape),
            Shape::Counted(prefix) => self.sized(*prefix, tape, |size, tape| {
                let mut inner = Self::default();
                inner.raw(tape.bytes(size));
                inner
            }),
            Shape::List(prefix, of) => self.sized(*prefix, tape, |count, tape| {
                let mut inner = Self::default();
                inner.list((0..count).map(|_| element(of, tape)).collect());
                inner
            }),
            Shape::Within(prefix, parts, rest) => {
                self.within(*prefix, parts, rest.as_deref(), tape)
            }
            Shape::Flags(parts) => {
                let there: Vec<bool> = parts.iter().map(|_| tape.byte() % 2 == 1).collect();
                let mut bits = Bits::default();
                for there in &there {
                    bits.push(1, u64::from(*there));
                    self.derived(Value::Bool(*there));
                }
                self.fill(bits, tape);
                self.optional(parts, &there, tape);
            }
            Shape::Masked(parts) => {
                let there: Vec<bool> = parts.iter().map(|_| tape.byte() % 2 == 1).collect();
                let bits = there.iter().enumerate();
                let flags = bits.fold(0_u8, |flags, (at, there)| flags | u8::from(*there) << at);
                self.derived(Value::Int(flags.into()));
                self.bytes.push(flags);
                self.optional(parts, &there, tape);
            }
            Shape::Switch(parts) => {
                let at = tape.below(parts.len());
                self.derived(Value::Int(at as i128));
                self.bytes.push(u8::try_from(at).expect("few cases"));
                let chosen = &parts[at];
                let mut inner = Self::default();
                match chosen {
                    Shape::Int(_) | Shape::Struct(_) => inner.single(chosen, tape),
                    _ => inner.nest(message(std::slice::from_ref(chosen), tape), Given::Struct),
                }
                self.bytes.append(&mut inner.bytes);
                self.full.append(&mut inner.full);
                let sparse = inner.sparse.pop().unwrap_or_default();
                self.sparse.push(Given::Case(at, Box::new(sparse)));
            }
            part => self.single(part, tape),
        }
    }

    fn optional(&mut self, parts: &[Shape], there: &[bool], tape: &mut Tape<'_>) {
        for (part, there) in parts.iter().zip(there) {
            match (there, part) {
                (false, _) => self.absent(),
                // That it is there can be known from nothing else.
                (true, Shape::Contents(bytes)) => self.raw(bytes.clone()),
                (true, part) => self.single(part, tape),
            }
        }
    }

    fn bits(&mut self, widths: &[usize], tape: &mut Tape<'_>) {
        let mut bits = Bits::default();
        for width in widths {
            let bytes = tape.bytes(4);
            let number = bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) % (1 << width);
            bits.push(*width, number);
            self.both(bit_field(*width, number));
        }
        self.fill(bits, tape);
    }

    /// The bits up to the next whole byte.
    fn fill(&mut self, mut bits: Bits, tape: &mut Tape<'_>) {
        if let Some(width) = filler(bits.0.len()) {
            let number = u64::from(tape.byte()) % (1 << width);
            bits.push(width, number);
            self.both(bit_field(width, number));
        }
        self.bytes.extend(bits.bytes());
    }

    fn list(&mut self, elements: Vec<Self>) {
        let (mut sparse, mut full) = (Vec::new(), Vec::new());
        for element in elements {
            sparse.extend(element.sparse);
            full.extend(element.full);
            self.bytes.extend(element.bytes);
        }
        self.sparse.push(Given::List(sparse));
        self.full.push(Given::List(full));
    }

    /// A structure in so many bytes, filled up as its prefix demands where it can be.
    fn within(
        &mut self,
        prefix: Prefix,
        parts: &[Shape],
        rest: Option<&Shape>,
        tape: &mut Tape<'_>,
    ) {
        let mut inner = message(parts, tape);
        if let Some(rest) = rest {
            let elements = (0..tape.below(3)).map(|_| element(rest, tape));
            // What has no bytes is not there: nobody could tell how often.
            inner.list(elements.filter(|said| !said.bytes.is_empty()).collect());
        }
        let size = inner.bytes.len();
        let mut whole = Self::default();
        whole.nest(inner, Given::Struct);
        self.prefixed(prefix, size, whole);
    }

    fn sized(
        &mut self,
        prefix: Prefix,
        tape: &mut Tape<'_>,
        field: impl FnOnce(usize, &mut Tape<'_>) -> Self,
    ) {
        let few = tape.below(4);
        let size = match prefix {
            Prefix::Int { times, plus, .. } => times * few + plus,
            Prefix::Digits(_) | Prefix::Instance(_) | Prefix::Parameter(_) => few,
        };
        let field = field(size, tape);
        self.prefixed(prefix, size, field);
    }

    /// The prefix of a single member of that size, and the member.
    fn prefixed(&mut self, prefix: Prefix, size: usize, field: Self) {
        let (int, number) = match prefix {
            Prefix::Int { int, times, plus } => (int, size.saturating_sub(plus) / times),
            Prefix::Instance(int) | Prefix::Parameter(int) => (int, size),
            Prefix::Digits(digits) => {
                let text = format!("{size:0digits$}");
                self.bytes.extend(text.bytes());
                self.derived(Value::Str(text.into()));
                return self.append(field);
            }
        };
        let value = Value::Int(number as i128);
        self.put(int, number as i128);
        match prefix {
            // Nothing is solved for what is passed as a parameter.
            Prefix::Parameter(_) => self.both(Given::Plain(value)),
            _ => self.derived(value),
        }
        match prefix {
            // Slot zero is the parameter.
            Prefix::Parameter(_) => self.nest(field, |mut members| {
                members.insert(0, Given::Nothing);
                Given::Struct(members)
            }),
            _ => self.append(field),
        }
    }

    fn append(&mut self, mut other: Self) {
        self.sparse.append(&mut other.sparse);
        self.full.append(&mut other.full);
        self.bytes.append(&mut other.bytes);
    }
}

/// An element of a list, or what belongs to a case.
fn element(part: &Shape, tape: &mut Tape<'_>) -> Said {
    let mut said = Said::default();
    match part {
        // A list in a list is one in a structure.
        Shape::Until => said.nest(message(std::slice::from_ref(part), tape), Given::Struct),
        part => said.single(part, tape),
    }
    said
}

fn bit_field(width: usize, number: u64) -> Given {
    Given::Plain(match width {
        1 => Value::Bool(number == 1),
        _ => Value::Int(number.into()),
    })
}

/// Bits, the highest first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, width: usize, number: u64) {
        self.0
            .extend((0..width).rev().map(|at| number >> at & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }
}
