//! How a structure's bytes follow each other, as far as that is known beforehand.

use crate::framing::{ByteOrder, Number, Term};
use crate::ksy::check::members::Members;
use crate::ksy::check::sizes::Size;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan;
use crate::ksy::plan::{Code, Cut, Field, Form, Op, Plan, Repeat};
use crate::ksy::spec::Endian;
use gatewright_core::expr::syntax::{Arith, Unary};
use gatewright_core::message::Value;
use std::cell::Cell;
use std::collections::BTreeMap;

/// The most fields, and the most parts of expressions, that are looked at: more is no frame's
/// beginning, and types that use each other can have any number.
const MAX_STEPS: usize = 4096;
/// The deepest structure within structures, and instance within instances.
const MAX_DEPTH: usize = 32;

/// A sum of integers that stand at known places, and a constant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) terms: Vec<Term>,
    pub(super) plus: i64,
}

/// Why a size is not known beforehand.
pub(super) type Unknown = &'static str;

/// A part of the structure that is not looked into.
#[derive(Debug)]
pub(super) struct Leaf {
    /// The slots from the top to it.
    pub(super) path: Vec<usize>,
    /// The names from the top to it.
    pub(super) name: String,
    /// How many bytes it has.
    pub(super) size: Result<Linear, Unknown>,
    /// The structure that it is, if its bytes are exactly those of one.
    pub(super) inner: Option<TypeId>,
}

impl Leaf {
    /// Its size, if that is always the same.
    pub(super) fn constant(&self) -> Option<usize> {
        let size = self.size.as_ref().ok()?;
        if size.terms.is_empty() {
            usize::try_from(size.plus).ok()
        } else {
            None
        }
    }
}

/// The leaves of a structure.
pub(super) fn layout<'m>(plan: &Plan, members: &'m Members<'m>, root: TypeId) -> Vec<Leaf> {
    let mut walk = Walk {
        plan,
        fixed: &|id| match members.size_of_type(id) {
            Size::Bits(bits) => usize::try_from(bits.div_ceil(8)).ok(),
            Size::Unknown => None,
        },
        leaves: Vec::new(),
        numbers: BTreeMap::new(),
        offset: Some(0),
        bits: 0,
        steps: Cell::new(0),
    };
    let level = Level {
        ty: root,
        path: &[],
        name: "",
        passed: None,
        depth: 0,
    };
    walk.structure(&level);
    walk.align();
    walk.leaves
}

/// A structure on the way.
#[derive(Clone, Copy)]
struct Level<'l, 'p> {
    ty: TypeId,
    path: &'l [usize],
    name: &'l str,
    /// What is passed for its parameters, and where that is computed.
    passed: Option<(&'p [Code], &'l Self)>,
    depth: usize,
}

/// An integer at a known place.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    number: Number,
}

struct Walk<'w, 'p> {
    plan: &'p Plan,
    /// The size of a structure that always has the same.
    fixed: &'w dyn Fn(TypeId) -> Option<usize>,
    leaves: Vec<Leaf>,
    numbers: BTreeMap<Vec<usize>, Place>,
    /// Where the next leaf begins, if that is known.
    offset: Option<usize>,
    /// The bits that have been taken of whole bytes that are not counted yet.
    bits: u64,
    steps: Cell<usize>,
}

impl<'p> Walk<'_, 'p> {
    fn structure(&mut self, level: &Level<'_, 'p>) {
        for field in &self.plan.ty(level.ty).fields {
            if !self.step() {
                return self.leaf(level, field, Err("has too much before it"));
            }
            self.field(level, field);
        }
    }

    /// Takes one off what may be looked at.
    fn step(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() <= MAX_STEPS
    }

    fn field(&mut self, level: &Level<'_, 'p>, field: &'p Field) {
        if let (Form::Bits { width, .. }, Repeat::Once, None) =
            (&field.form, &field.repeat, &field.condition)
        {
            // A leaf for people and checksums; its bits are counted with their byte.
            self.leaf(level, field, Ok(Linear::default()));
            self.bits = self.bits.saturating_add(u64::from(*width));
            return;
        }
        self.align();
        if field.condition.is_some() {
            return self.leaf(level, field, Err("is there only sometimes"));
        }
        match (&field.form, &field.repeat) {
            (
                Form::Struct {
                    ty,
                    arguments,
                    cut: None,
                    ..
                },
                Repeat::Once,
            ) => {
                if level.depth >= MAX_DEPTH {
                    return self.leaf(level, field, Err("nests too deep"));
                }
                let path = joined(level, field);
                let name = named(level, field);
                self.structure(&Level {
                    ty: *ty,
                    path: &path,
                    name: &name,
                    passed: Some((arguments, level)),
                    depth: level.depth.saturating_add(1),
                });
                self.align();
            }
            (form, Repeat::Once) => {
                if let (Some(at), Some(number)) = (self.offset, number(form)) {
                    let place = Place { at, number };
                    self.numbers.insert(joined(level, field), place);
                }
                let size = self.size(form, level);
                self.leaf(level, field, size);
            }
            (form, Repeat::Count(count)) => {
                let size = self.repeated(form, count, level);
                self.leaf(level, field, size);
            }
            (_, Repeat::Eos) => {
                self.leaf(level, field, Err("is repeated to the end of the frame"));
            }
            (_, Repeat::Until(_)) => {
                self.leaf(level, field, Err("is repeated until its elements say so"));
            }
        }
    }

    /// Counts the bits of the last byte as a whole one.
    fn align(&mut self) {
        let bytes = self.bits.div_ceil(8);
        self.bits = 0;
        if let Some(last) = self.leaves.last_mut().filter(|_| bytes > 0) {
            let size = i64::try_from(bytes).unwrap_or(i64::MAX);
            last.size = Ok(Linear {
                terms: Vec::new(),
                plus: size,
            });
            let bytes = usize::try_from(bytes).ok();
            self.offset = self.offset.zip(bytes).and_then(|(at, n)| at.checked_add(n));
        }
    }

    fn leaf(&mut self, level: &Level<'_, 'p>, field: &'p Field, size: Result<Linear, Unknown>) {
        let inner = match (&field.form, &field.repeat) {
            (
                Form::Struct {
                    ty, cut: Some(cut), ..
                },
                Repeat::Once,
            ) if is_plain(cut) => Some(*ty),
            _ => None,
        };
        let leaf = Leaf {
            path: joined(level, field),
            name: named(level, field),
            size,
            inner,
        };
        self.offset = self
            .offset
            .zip(leaf.constant())
            .and_then(|(at, n)| at.checked_add(n));
        self.leaves.push(leaf);
    }

    fn size(&self, form: &'p Form, level: &Level<'_, 'p>) -> Result<Linear, Unknown> {
        match form {
            Form::Int { width, .. } | Form::Float { width, .. } => {
                Ok(constant(usize::from(*width)))
            }
            Form::Contents(bytes) => Ok(constant(bytes.len())),
            Form::Bytes(cut) | Form::Text(cut, _) => self.cut(cut, level),
            Form::Struct { cut: Some(cut), .. } => self.cut(cut, level),
            Form::Struct { ty, cut: None, .. } => (self.fixed)(*ty)
                .map(constant)
                .ok_or("has a size that its own fields decide"),
            Form::Switch(switch) => {
                let forms = switch.cases.iter().map(|(_, form)| form);
                let forms = forms.chain(&switch.otherwise);
                let mut sizes = forms.map(|form| self.size(form, level));
                let first = sizes.next().unwrap_or(Err("has no cases"))?;
                if switch.otherwise.is_some() && sizes.all(|size| size.as_ref() == Ok(&first)) {
                    Ok(first)
                } else {
                    Err("has a size that depends on what it is")
                }
            }
            Form::Bits { .. } | Form::Value(_) => Err("has no whole bytes"),
        }
    }

    fn cut(&self, cut: &'p Cut, level: &Level<'_, 'p>) -> Result<Linear, Unknown> {
        match &cut.size {
            plan::Size::Of(code) => self.linear(code, level, 0),
            plan::Size::Eos => Err("goes on to the end of the frame"),
            plan::Size::Terminated => Err("ends where a byte of it says so"),
        }
    }

    fn repeated(
        &self,
        form: &'p Form,
        count: &'p Code,
        level: &Level<'_, 'p>,
    ) -> Result<Linear, Unknown> {
        let one = match form {
            Form::Bits { .. } => return Err("is a list of bits"),
            _ => self.size(form, level)?,
        };
        if !one.terms.is_empty() {
            return Err("is a list whose elements differ in size");
        }
        let count = self.linear(count, level, 0)?;
        count.times(one.plus).ok_or(TOO_LARGE)
    }

    /// A size as a sum of integers at known places.
    fn linear(
        &self,
        code: &'p Code,
        level: &Level<'_, 'p>,
        depth: usize,
    ) -> Result<Linear, Unknown> {
        const OTHER: Unknown = "has a size that is no sum of integers at known places before it";
        if depth > MAX_DEPTH || !self.step() {
            return Err(OTHER);
        }
        let deeper = depth.saturating_add(1);
        match &code.op {
            Op::Const(Value::Int(n)) => Ok(Linear {
                terms: Vec::new(),
                plus: i64::try_from(*n).map_err(|_| TOO_LARGE)?,
            }),
            Op::Unary(Unary::Plus, of) => self.linear(of, level, deeper),
            Op::Unary(Unary::Negate, of) => {
                self.linear(of, level, deeper)?.times(-1).ok_or(TOO_LARGE)
            }
            Op::Arith(op, two) => {
                let [a, b] = &**two;
                let a = self.linear(a, level, deeper)?;
                let b = self.linear(b, level, deeper)?;
                match op {
                    Arith::Add => a.plus(b).ok_or(TOO_LARGE),
                    Arith::Sub => b.times(-1).and_then(|b| a.plus(b)).ok_or(TOO_LARGE),
                    Arith::Mul if a.terms.is_empty() => b.times(a.plus).ok_or(TOO_LARGE),
                    Arith::Mul if b.terms.is_empty() => a.times(b.plus).ok_or(TOO_LARGE),
                    _ => Err(OTHER),
                }
            }
            Op::Own(slot) => self.member(level, *slot, deeper).ok_or(OTHER)?,
            Op::Member(..) => {
                let path = self.path(code, level).ok_or(OTHER)?;
                self.number(&path).ok_or(OTHER)
            }
            Op::Call(row, all) if row.name == "to_i" => match all.as_slice() {
                [of] => self.linear(of, level, deeper),
                _ => Err(OTHER),
            },
            _ => Err(OTHER),
        }
    }

    /// A member of the structure that an expression stands in.
    fn member(
        &self,
        level: &Level<'_, 'p>,
        slot: usize,
        depth: usize,
    ) -> Option<Result<Linear, Unknown>> {
        let ty = self.plan.ty(level.ty);
        if let Some((arguments, around)) = level.passed
            && slot < ty.params.len()
        {
            return Some(self.linear(arguments.get(slot)?, around, depth));
        }
        if let Some(Form::Value(code)) = ty.instance(slot).map(|instance| &instance.form) {
            return Some(self.linear(code, level, depth));
        }
        let path = [level.path, &[slot]].concat();
        self.number(&path).map(Ok)
    }

    fn number(&self, path: &[usize]) -> Option<Linear> {
        let place = self.numbers.get(path)?;
        Some(Linear {
            terms: vec![Term {
                at: place.at,
                number: place.number,
                times: 1,
            }],
            plus: 0,
        })
    }

    /// The slots from the top to what a path names.
    fn path(&self, code: &Code, level: &Level<'_, 'p>) -> Option<Vec<usize>> {
        match &code.op {
            Op::This => Some(level.path.to_vec()),
            Op::Root => Some(Vec::new()),
            Op::Own(slot) => Some([level.path, &[*slot]].concat()),
            Op::Member(of, _, slot) => {
                let mut path = self.path(of, level)?;
                path.push(*slot);
                Some(path)
            }
            Op::Parent(of) => {
                let mut path = self.path(of, level)?;
                path.pop()?;
                Some(path)
            }
            _ => None,
        }
    }
}

const TOO_LARGE: Unknown = "has a size beyond all bounds";

impl Linear {
    fn times(mut self, by: i64) -> Option<Self> {
        self.plus = self.plus.checked_mul(by)?;
        for term in &mut self.terms {
            term.times = term.times.checked_mul(by)?;
        }
        Some(self)
    }

    fn plus(mut self, other: Self) -> Option<Self> {
        self.plus = self.plus.checked_add(other.plus)?;
        for term in other.terms {
            let same = |known: &&mut Term| known.at == term.at && known.number == term.number;
            match self.terms.iter_mut().find(same) {
                Some(known) => known.times = known.times.checked_add(term.times)?,
                None => self.terms.push(term),
            }
        }
        self.terms.retain(|term| term.times != 0);
        Some(self)
    }
}

fn constant(bytes: usize) -> Linear {
    Linear {
        terms: Vec::new(),
        plus: i64::try_from(bytes).unwrap_or(i64::MAX),
    }
}

/// An integer without a sign whose order of bytes is known.
pub(super) fn number(form: &Form) -> Option<Number> {
    match form {
        Form::Int {
            signed: false,
            width,
            order: plan::ByteOrder::Fixed(endian),
        } => Some(Number::Binary {
            width: *width,
            order: byte_order(*endian),
        }),
        _ => None,
    }
}

pub(super) const fn byte_order(endian: Endian) -> ByteOrder {
    match endian {
        Endian::Little => ByteOrder::Little,
        Endian::Big => ByteOrder::Big,
    }
}

/// Whether the bytes of a field are all its structure's.
fn is_plain(cut: &Cut) -> bool {
    cut.terminator.is_none() && cut.pad_right.is_none() && cut.process.is_none()
}

fn joined(level: &Level<'_, '_>, field: &Field) -> Vec<usize> {
    [level.path, &[field.slot]].concat()
}

fn named(level: &Level<'_, '_>, field: &Field) -> String {
    if level.name.is_empty() {
        field.name.clone()
    } else {
        format!("{}.{}", level.name, field.name)
    }
}

/// The structure that a member is, if it is always the same.
pub(super) fn structure_of(plan: &Plan, ty: TypeId, slot: usize) -> Option<TypeId> {
    let plan = plan.ty(ty);
    let of = match plan.params.get(slot) {
        Some(param) => &param.ty,
        None => &plan.field(slot)?.ty,
    };
    match of {
        Ty::Struct(id) => Some(*id),
        _ => None,
    }
}
