//! A definition compiled: structures, fields and expressions by index, nothing by name.

mod code;

pub use code::{Code, Extreme, Op};

use crate::ksy::files::FileId;
use crate::ksy::model::{EnumIndex, Ty, TypeId};
use crate::ksy::spec::Endian;
use bytes::Bytes;
use gatewright_core::expr::Span;
use gatewright_core::expr::charset::Charset;

/// All structures and enums of a definition, ready to read and write with.
#[derive(Debug)]
pub struct Plan {
    /// By [`TypeId`].
    pub types: Vec<TypePlan>,
    /// By [`EnumIndex`].
    pub enums: Vec<EnumPlan>,
}

impl Plan {
    /// The structure of that index. Indexes come from this plan, so it is there.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are handed out by this plan")]
    pub fn ty(&self, id: TypeId) -> &TypePlan {
        &self.types[id.index()]
    }

    /// The enum of that index. Indexes come from this plan, so it is there.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are handed out by this plan")]
    pub fn enumeration(&self, id: EnumIndex) -> &EnumPlan {
        &self.enums[id.index()]
    }
}

/// An enum.
#[derive(Debug)]
pub struct EnumPlan {
    /// Its own name.
    pub name: String,
    /// Its labels, by number.
    pub labels: Vec<(i128, String)>,
}

impl EnumPlan {
    /// The label of a number.
    #[must_use]
    pub fn label(&self, number: i128) -> Option<&str> {
        let at = self
            .labels
            .binary_search_by_key(&number, |(n, _)| *n)
            .ok()?;
        self.labels.get(at).map(|(_, label)| &**label)
    }

    /// The number of a label.
    #[must_use]
    pub fn number(&self, label: &str) -> Option<i128> {
        let found = self.labels.iter().find(|(_, known)| known == label);
        found.map(|(number, _)| *number)
    }
}

/// A structure.
#[derive(Debug)]
pub struct TypePlan {
    /// Its own name.
    pub name: String,
    /// The structure of the whole file that it stands in.
    pub top: TypeId,
    /// Its file.
    pub file: FileId,
    /// Parameters, by slot.
    pub params: Vec<ParamPlan>,
    /// What is read in sequence; slots follow those of the parameters.
    pub fields: Vec<Field>,
    /// What is read or computed on demand; slots follow those of the fields.
    pub instances: Vec<Field>,
    /// How its order of bytes is decided, if that is not known beforehand.
    pub endian: EndianPlan,
}

impl TypePlan {
    /// The number of its slots.
    #[must_use]
    pub const fn slots(&self) -> usize {
        self.first_instance().saturating_add(self.instances.len())
    }

    /// The slot of the first instance. Sums of lengths of lists in memory are no overflow.
    const fn first_instance(&self) -> usize {
        self.params.len().saturating_add(self.fields.len())
    }

    /// The instance in a slot, if one is there.
    #[must_use]
    pub fn instance(&self, slot: usize) -> Option<&Field> {
        self.instances.get(slot.checked_sub(self.first_instance())?)
    }

    /// The same to be changed.
    pub(super) fn field_mut(&mut self, slot: usize) -> Option<&mut Field> {
        let at = slot.checked_sub(self.params.len())?;
        let fields = self.fields.len();
        match self.fields.get_mut(at) {
            Some(field) => Some(field),
            None => self.instances.get_mut(at.checked_sub(fields)?),
        }
    }

    /// The field or instance in a slot.
    #[must_use]
    pub fn field(&self, slot: usize) -> Option<&Field> {
        let at = slot.checked_sub(self.params.len())?;
        self.fields
            .get(at)
            .or_else(|| self.instances.get(at.checked_sub(self.fields.len())?))
    }
}

/// A parameter.
#[derive(Debug)]
pub struct ParamPlan {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
}

/// The order of bytes of a structure whose definition does not fix it.
#[derive(Debug)]
pub enum EndianPlan {
    /// It does, or there is none.
    Fixed,
    /// That of the structure it is read for.
    Inherited,
    /// What this says.
    Decided {
        /// The order for each value, in order.
        cases: Vec<(Code, Endian)>,
        /// The order for all others.
        otherwise: Option<Endian>,
    },
}

/// A field or an instance.
#[derive(Debug)]
pub struct Field {
    /// Its name; those that have none are numbered.
    pub name: String,
    /// Whether the definition names it.
    pub named: bool,
    /// Whether people may not see its value.
    pub secret: bool,
    /// Where its value is kept.
    pub slot: usize,
    /// Its place in its structure's file.
    pub span: Span,
    /// Its type; that of all elements together, if it is repeated.
    pub ty: Ty,
    /// `if`.
    pub condition: Option<Code>,
    /// `repeat`.
    pub repeat: Repeat,
    /// How one element is read.
    pub form: Form,
    /// `valid`.
    pub valid: Option<Valid>,
    /// `pos`.
    pub pos: Option<Code>,
    /// `io`.
    pub io: Option<Code>,
    /// `doc`.
    pub doc: String,
}

/// How often a field is read.
#[derive(Debug)]
pub enum Repeat {
    /// Once.
    Once,
    /// Until the stream ends.
    Eos,
    /// So many times.
    Count(Code),
    /// Until this holds for the element just read.
    Until(Code),
}

/// The order of bytes of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Known beforehand.
    Fixed(Endian),
    /// That of the structure.
    OfStructure,
}

/// How one element is read.
#[derive(Debug)]
pub enum Form {
    /// An integer of whole bytes.
    Int {
        /// Whether it has a sign.
        signed: bool,
        /// 1, 2, 4 or 8 bytes.
        width: u8,
        /// The order of the bytes.
        order: ByteOrder,
    },
    /// An IEEE 754 number.
    Float {
        /// 4 or 8 bytes.
        width: u8,
        /// The order of the bytes.
        order: ByteOrder,
    },
    /// An integer of bits.
    Bits {
        /// How many.
        width: u8,
        /// The order of the bits.
        order: Endian,
        /// Whether it is a truth value (`b1`).
        truth: bool,
    },
    /// Always these bytes.
    Contents(Bytes),
    /// Bytes.
    Bytes(Cut),
    /// Text.
    Text(Cut, Charset),
    /// A structure, in a stream of its own if there is a cut.
    Struct {
        /// Which.
        ty: TypeId,
        /// What is passed for its parameters.
        arguments: Vec<Code>,
        /// Its bytes.
        cut: Option<Cut>,
        /// Whose part it is.
        parent: Parent,
        /// Whether it stands in a file of its own: it is its own root then.
        foreign: bool,
    },
    /// One of several.
    Switch(Box<Switch>),
    /// Computed.
    Value(Code),
}

/// Whose part a structure is.
#[derive(Debug)]
pub enum Parent {
    /// Of the structure that has the field.
    Owner,
    /// Of nobody.
    None,
    /// Of what this says.
    Other(Code),
}

/// One of several forms.
#[derive(Debug)]
pub struct Switch {
    /// What decides.
    pub on: Code,
    /// The forms by value, in order.
    pub cases: Vec<(Code, Form)>,
    /// The form for all other values; nothing is read if there is none.
    pub otherwise: Option<Form>,
}

/// Which bytes belong to a field, and what is done with them.
#[derive(Debug)]
pub struct Cut {
    /// How many.
    pub size: Size,
    /// What ends them.
    pub terminator: Option<Bytes>,
    /// Whether what ends them is a part of them.
    pub include: bool,
    /// Whether what ends them is read with them.
    pub consume: bool,
    /// Whether it is an error if nothing ends them.
    pub eos_error: bool,
    /// What fills them up on the right.
    pub pad_right: Option<u8>,
    /// The bytes of a unit, which the terminator is searched in steps of.
    pub unit: usize,
    /// What is done with them.
    pub process: Option<Process>,
}

/// How many bytes belong to a field.
#[derive(Debug)]
pub enum Size {
    /// So many.
    Of(Code),
    /// All that are left.
    Eos,
    /// As many as come before the terminator.
    Terminated,
}

/// What is done with bytes once they are cut out.
#[derive(Debug)]
pub enum Process {
    /// Exclusive or with one byte, or with several over and over.
    Xor(Code),
    /// Each byte rotated to the left by so many bits.
    RotateLeft(Code),
    /// Each byte rotated to the right by so many bits.
    RotateRight(Code),
    /// RFC 1950.
    Zlib,
}

/// What must hold for a value.
#[derive(Debug)]
pub enum Valid {
    /// Equal to this.
    Eq(Code),
    /// From and to.
    Range {
        /// The least.
        min: Option<Code>,
        /// The greatest.
        max: Option<Code>,
    },
    /// One of these.
    AnyOf(Vec<Code>),
    /// A number with a label.
    InEnum(EnumIndex),
    /// This, in which `_` is the value.
    Expr(Code),
}

impl Valid {
    /// Whether it asks where in a stream something is.
    #[must_use]
    pub fn asks_stream(&self) -> bool {
        match self {
            Self::Eq(code) | Self::Expr(code) => code.asks_stream(),
            Self::Range { min, max } => min.iter().chain(max).any(Code::asks_stream),
            Self::AnyOf(codes) => codes.iter().any(Code::asks_stream),
            Self::InEnum(_) => false,
        }
    }
}
