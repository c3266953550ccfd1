//! Reading a message by its definition: a machine that runs a [`Plan`] over one frame.
//!
//! Values are kept by slot: each structure that is read gets a stretch of slots, one for each
//! member. Bytes and text are slices of the frame. What is read or computed on demand (instances)
//! is so once.
//!
//! Everything is bounded by [`Limits`]: depth, elements, what expressions and decompression
//! produce. The end of the frame is the end of the stream: there is no "more bytes needed" here.

pub(in crate::ksy) mod cut;
mod element;
mod error;
pub(in crate::ksy) mod eval;
pub(in crate::ksy) mod process;
mod section;
mod stream;
pub(in crate::ksy) mod structure;
mod trace;

pub use error::{Class, ReadError};
pub use section::IdParts;
pub use stream::{Io, IoId};
pub use trace::Traced;

use crate::ksy::model::TypeId;
use crate::ksy::plan::{Field, Form, Plan, TypePlan};
use crate::ksy::spec::Endian;
use bytes::Bytes;
use gatewright_core::expr::semantics::Budget;
use gatewright_core::message::Value;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// What reading one message may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Structures within structures.
    pub depth: usize,
    /// Elements of repeated fields, and structures, all together.
    pub elements: usize,
    /// Bytes that come of decompression, all together.
    pub inflated: usize,
    /// Bytes of text and lists that come of expressions, all together.
    pub produced: usize,
    /// Parts of expressions that are computed, all together.
    pub steps: usize,
    /// How often each byte of the frame may be looked at for one field or another: instances can
    /// read the same ones again and again.
    pub looks: usize,
}

impl Limits {
    /// For one frame of a connection.
    pub const MESSAGE: Self = Self {
        depth: 64,
        elements: 65_536,
        inflated: 1 << 20,
        produced: 1 << 20,
        steps: 2_000_000,
        looks: 16,
    };

    /// For a file that somebody looks at.
    pub const FILE: Self = Self {
        depth: 64,
        elements: 4_000_000,
        inflated: 256 << 20,
        produced: 256 << 20,
        steps: 400_000_000,
        looks: 256,
    };
}

/// So much longer is every message for [`Limits::looks`]: 1 MiB.
const FREE_LOOKS: usize = 1 << 20;

/// A structure that was read, by its index in the [`Machine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u32);

/// A list that was read, by its index in the [`Machine`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListId(u32);

/// How far a list has been read or written.
#[derive(Clone, Copy, Debug)]
pub(in crate::ksy) struct Growth {
    list: ListId,
    /// How many of its elements are whole: expressions know of no others.
    whole: usize,
}

/// What a slot holds.
#[derive(Clone, Debug, Default)]
pub enum Val {
    /// Not read yet, or not asked for yet.
    #[default]
    Unset,
    /// Being computed.
    Busy,
    /// Its condition is false.
    Absent,
    /// A number, a truth value, text, bytes.
    Plain(Value),
    /// A structure.
    Object(ObjectId),
    /// A repeated field.
    List(ListId),
    /// A stream.
    Stream(IoId),
}

/// A structure that was read.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// Its type.
    pub ty: TypeId,
    /// The structure that it is part of.
    pub parent: Option<ObjectId>,
    /// The structure of the whole message.
    pub root: ObjectId,
    /// What it is read from.
    pub io: IoId,
    /// Its order of bytes, if that is decided when it is read.
    pub endian: Option<Endian>,
    /// While it is being written, whether it stands in a stream that is not the frame.
    apart: bool,
    base: usize,
}

/// What a machine has of its frame, if it is there to write one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// It reads one.
    Given,
    /// Nothing is to be read yet.
    Begun,
    /// All of it, but not the streams in it.
    Written,
}

/// Runs a plan over one frame.
#[derive(Debug)]
pub struct Machine<'p> {
    plan: &'p Plan,
    frame: Frame,
    limits: Limits,
    depth: usize,
    elements: usize,
    inflated: usize,
    steps: usize,
    /// How many expressions are being computed, each for the one before.
    nested: usize,
    /// How many bytes may still be looked at.
    looks: usize,
    budget: Budget,
    buffers: SmallVec<[Bytes; 1]>,
    streams: SmallVec<[Io; 4]>,
    objects: SmallVec<[Object; 8]>,
    slots: SmallVec<[Val; 24]>,
    lists: Vec<Vec<Val>>,
    /// Lists that are being read or written, each within the one before.
    growing: SmallVec<[Growth; 4]>,
    trace: Option<Vec<Traced>>,
    /// Instances that could not be read, and why; their slots hold what was read of them.
    failed: BTreeMap<(u32, usize), ReadError>,
}

impl<'p> Machine<'p> {
    /// A machine for one frame.
    #[must_use]
    pub fn new(plan: &'p Plan, frame: Bytes, limits: Limits) -> Self {
        let whole = Io::new(0, 0, frame.len());
        Self {
            plan,
            frame: Frame::Given,
            limits,
            depth: 0,
            elements: 0,
            inflated: 0,
            steps: 0,
            nested: 0,
            looks: FREE_LOOKS
                .saturating_add(frame.len())
                .saturating_mul(limits.looks),
            budget: Budget::of(limits.produced),
            buffers: SmallVec::from_buf([frame]),
            streams: SmallVec::from_slice(&[whole]),
            objects: SmallVec::new(),
            slots: SmallVec::new(),
            lists: Vec::new(),
            growing: SmallVec::new(),
            trace: None,
            failed: BTreeMap::new(),
        }
    }

    /// A machine to write a frame with: it computes, and can read instances once all is written.
    pub(in crate::ksy) fn for_writing(plan: &'p Plan, limits: Limits) -> Self {
        let mut machine = Self::new(plan, Bytes::new(), limits);
        machine.frame = Frame::Begun;
        machine
    }

    /// Takes the frame that has been written.
    pub(in crate::ksy) fn written(&mut self, frame: Bytes) {
        let whole = Io::new(0, 0, frame.len());
        self.looks = self
            .looks
            .saturating_add(frame.len().saturating_mul(self.limits.looks));
        if let (Some(buffer), Some(stream)) = (self.buffers.first_mut(), self.streams.first_mut()) {
            *buffer = frame;
            *stream = whole;
        }
        self.frame = Frame::Written;
    }

    /// Whether an instance may be computed or read now.
    fn is_within_reach(&self, id: ObjectId, instance: &Field) -> bool {
        match (self.frame, &instance.form, &instance.io) {
            (Frame::Given, ..) | (_, Form::Value(_), _) => true,
            (Frame::Begun, ..) => false,
            (Frame::Written, _, None) => !self.object(id).apart,
            (Frame::Written, _, Some(io)) => io.is_frame(),
        }
    }

    pub(in crate::ksy) fn is_apart(&self, id: ObjectId) -> bool {
        self.object(id).apart
    }

    /// Says that a structure that is to be written has a stream of its own, or is in one that has.
    pub(in crate::ksy) fn set_apart(&mut self, id: ObjectId) {
        if let Some(object) = self.objects.get_mut(id.0 as usize) {
            object.apart = true;
        }
    }

    /// The same machine, which notes where it found what.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Some(Vec::new());
        self
    }

    /// Reads the message, a structure of type `root`, whose parameters are `arguments`. What was
    /// read before an error can be looked at after it.
    ///
    /// # Errors
    /// With what was expected where.
    pub fn read(&mut self, root: TypeId, arguments: &[Val]) -> Result<ObjectId, ReadError> {
        let object = self.begin(root, IoId(0), None, arguments)?;
        self.fill(object)?;
        Ok(object)
    }

    /// The structure of the whole message, once reading has begun.
    #[must_use]
    pub fn root(&self) -> Option<ObjectId> {
        (!self.objects.is_empty()).then_some(ObjectId(0))
    }

    /// What reading may take.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// How many structures it has.
    #[must_use]
    pub fn structures(&self) -> usize {
        self.objects.len()
    }

    /// The plan that it runs.
    #[must_use]
    pub const fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// A structure. Ids come from this machine, so it is there.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "ids are handed out by this machine"
    )]
    pub fn object(&self, id: ObjectId) -> Object {
        self.objects[id.0 as usize]
    }

    /// The type of a structure.
    #[must_use]
    pub fn ty(&self, id: ObjectId) -> &'p TypePlan {
        self.plan.ty(self.object(id).ty)
    }

    /// The elements of a list. Ids come from this machine, so it is there.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "ids are handed out by this machine"
    )]
    pub fn list(&self, id: ListId) -> &[Val] {
        &self.lists[id.0 as usize]
    }

    /// The elements of a list that expressions know of: all, or those before the one that is being
    /// read or written.
    fn whole_elements(&self, id: ListId) -> &[Val] {
        let all = self.list(id);
        let mut growing = self.growing.iter().rev();
        match growing.find(|growth| growth.list == id) {
            Some(growth) => all.get(..growth.whole).unwrap_or(all),
            None => all,
        }
    }

    /// The elements of a list are read or written from here on.
    pub(in crate::ksy) fn growing(&mut self, list: ListId) {
        self.growing.push(Growth { list, whole: 0 });
    }

    /// Says how many elements of the list that was begun last are whole.
    pub(in crate::ksy) fn grown(&mut self, whole: usize) {
        if let Some(growth) = self.growing.last_mut() {
            growth.whole = whole;
        }
    }

    /// The list that was begun last is whole, or given up.
    pub(in crate::ksy) fn full_grown(&mut self) {
        self.growing.pop();
    }

    /// How far the lists have been read or written that something stands in.
    pub(in crate::ksy) fn growth(&self) -> Vec<Growth> {
        self.growing.to_vec()
    }

    /// Goes back to when lists had been read or written so far.
    pub(in crate::ksy) fn set_growth(&mut self, growth: &[Growth]) {
        self.growing = SmallVec::from_slice(growth);
    }

    /// What a slot holds now; nothing is computed.
    #[must_use]
    pub fn peek(&self, id: ObjectId, slot: usize) -> &Val {
        let at = self.object(id).base.saturating_add(slot);
        self.slots.get(at).unwrap_or(&Val::Unset)
    }

    /// Where it found what, in the order in which it began to read it.
    #[must_use]
    pub fn trace(&self) -> &[Traced] {
        self.trace.as_deref().unwrap_or_default()
    }

    /// What a stream is a part of: zero is the frame, others are what came of processing.
    #[must_use]
    pub fn stream(&self, id: IoId) -> Io {
        self.streams.get(id.index()).copied().unwrap_or_default()
    }

    /// The bytes that streams are parts of.
    #[must_use]
    pub fn buffer(&self, at: usize) -> &[u8] {
        self.buffers.get(at).map_or(&[], |bytes| bytes)
    }

    /// Says where the next byte of the frame is, which is being written and not read.
    pub(in crate::ksy) fn go_to(&mut self, pos: usize) {
        if let Some(frame) = self.streams.first_mut() {
            frame.seek(pos);
        }
    }

    /// Why an instance could not be read, if that has been tried.
    fn failure(&self, id: ObjectId, slot: usize) -> Option<&ReadError> {
        self.failed.get(&(id.0, slot))
    }

    pub(in crate::ksy) fn set(&mut self, id: ObjectId, slot: usize, val: Val) {
        let at = self.object(id).base.saturating_add(slot);
        if let Some(place) = self.slots.get_mut(at) {
            *place = val;
        }
    }

    /// Whether all bytes of the frame, and of each part whose size is said, have been read.
    ///
    /// # Errors
    /// With the first byte that nothing read.
    pub fn ends(&self) -> Result<(), ReadError> {
        match self.streams.iter().find(|stream| stream.remaining() > 0) {
            None => Ok(()),
            Some(stream) => {
                let message = format!("{} bytes are left that nothing reads", stream.remaining());
                Err(ReadError::new(Class::Validation, message).at(stream.pos))
            }
        }
    }

    /// Takes one part of an expression off what may be computed.
    pub(in crate::ksy) fn step(&mut self) -> Result<(), ReadError> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > self.limits.steps {
            let message = "the message takes too long to compute";
            return Err(ReadError::new(Class::Other, message));
        }
        Ok(())
    }

    /// Takes so many bytes off what may be looked at.
    pub(in crate::ksy) fn look_at(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.looks = self.looks.checked_sub(bytes).ok_or_else(|| {
            let message = "the same bytes are read too often";
            ReadError::new(Class::Other, message)
        })?;
        Ok(())
    }

    /// Takes one element or structure off what may be read.
    pub(in crate::ksy) fn count(&mut self) -> Result<(), ReadError> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > self.limits.elements {
            return Err(ReadError::new(
                Class::Other,
                format!(
                    "the message has more than {} elements",
                    self.limits.elements
                ),
            ));
        }
        Ok(())
    }
}
