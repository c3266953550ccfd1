//! What a definition file says, before it is known what its names mean: one struct for each kind
//! of mapping in the Kaitai Struct language, each part with its place in the file.
//!
//! [`load`](load()) makes it from text. It reads on after an error, so that all faults of a file
//! are reported in one run; what is faulty is left out.

mod attribute;
mod class;
mod contents;
mod encoding;
mod enums;
mod extent;
mod keys;
mod load;
mod meta;
mod process;
pub(super) mod reader;
mod repeat;
mod switch;
#[cfg(test)]
mod tests;
pub(super) mod type_name;
mod types;
mod valid;

pub use encoding::{ENCODINGS, Encoding};
pub use load::load;
pub use type_name::built_in_type;

use crate::ksy::yaml::Node;
use gatewright_core::expr::{Source, Span};

/// Something and its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// What stands there.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> At<T> {
    /// Something made of it, at the same place.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: make(self.value),
            span: self.span,
        }
    }
}

impl<T> From<(T, Span)> for At<T> {
    fn from((value, span): (T, Span)) -> Self {
        Self { value, span }
    }
}

/// A structure: the whole file, or one entry of `types`.
#[derive(Clone, Debug, Default)]
pub struct ClassSpec {
    /// The place of its name (`meta/id` or the key in `types`), or of the mapping.
    pub span: Span,
    /// `meta`.
    pub meta: MetaSpec,
    /// `params`.
    pub params: Vec<ParamSpec>,
    /// `seq`.
    pub seq: Vec<AttributeSpec>,
    /// `instances`, in the order of the file.
    pub instances: Vec<AttributeSpec>,
    /// `types`, in the order of the file.
    pub types: Vec<(At<String>, Self)>,
    /// `enums`, in the order of the file.
    pub enums: Vec<(At<String>, EnumSpec)>,
    /// `to-string`.
    pub to_string: Option<Source>,
    /// `doc`.
    pub doc: String,
    /// `-gateway`, still to be read: it differs by place.
    pub gateway: Option<Node>,
}

/// `meta` of a file or of a type.
#[derive(Clone, Debug, Default)]
pub struct MetaSpec {
    /// `id`; required at the top of a file.
    pub id: Option<At<String>>,
    /// `title`.
    pub title: String,
    /// `imports`, as written.
    pub imports: Vec<At<String>>,
    /// `encoding`, in the spelling of the encodings table.
    pub encoding: Option<At<String>>,
    /// `endian`.
    pub endian: Option<EndianSpec>,
    /// `bit-endian`.
    pub bit_endian: Option<Endian>,
    /// `ks-opaque-types`.
    pub opaque_types: bool,
}

/// The order of bytes or bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The least significant first.
    Little,
    /// The most significant first.
    Big,
}

/// `endian`: fixed, or known only when the message arrives.
#[derive(Clone, Debug)]
pub enum EndianSpec {
    /// `le` or `be`.
    Fixed(Endian),
    /// `switch-on` and `cases`.
    Switch {
        /// `switch-on`.
        on: Source,
        /// `cases` but `_`.
        cases: Vec<(Source, Endian)>,
        /// The case `_`.
        otherwise: Option<Endian>,
    },
}

/// A parameter of a type.
#[derive(Clone, Debug)]
pub struct ParamSpec {
    /// `id`.
    pub id: At<String>,
    /// `type`, with `[]` for a list; bytes if there is none.
    pub ty: At<TypeName>,
    /// Whether the type was written with `[]`.
    pub list: bool,
    /// `enum`.
    pub enumeration: Option<At<String>>,
    /// `doc`.
    pub doc: String,
}

/// A field of `seq` or an instance.
#[derive(Clone, Debug)]
pub struct AttributeSpec {
    /// The place of the entry: its `id`, or its first key.
    pub span: Span,
    /// All of the entry, for what is wrong with the keys as a whole.
    pub entry: Span,
    /// `id`, or the key in `instances`.
    pub id: Option<At<String>>,
    /// `value`: it is computed, not read.
    pub value: Option<Source>,
    /// `pos`, instances only.
    pub pos: Option<Source>,
    /// `io`, instances only.
    pub io: Option<Source>,
    /// `type`; bytes if there is none.
    pub ty: TypeSpec,
    /// `size`.
    pub size: Option<Source>,
    /// `size-eos`.
    pub size_eos: bool,
    /// `terminator`, one or more bytes, as written. `strz` without one ends at the zero of its
    /// encoding, which depends on the types around it.
    pub terminator: Option<Vec<u8>>,
    /// `include`, by default not.
    pub include: bool,
    /// `consume`, by default so.
    pub consume: bool,
    /// `eos-error`, by default so.
    pub eos_error: bool,
    /// `pad-right`.
    pub pad_right: Option<u8>,
    /// `encoding`.
    pub encoding: Option<At<String>>,
    /// `contents`.
    pub contents: Option<At<Vec<u8>>>,
    /// `enum`.
    pub enumeration: Option<At<String>>,
    /// `repeat` and what goes with it.
    pub repeat: Option<RepeatSpec>,
    /// `if`.
    pub condition: Option<Source>,
    /// `process`.
    pub process: Option<At<ProcessSpec>>,
    /// `parent`.
    pub parent: Option<ParentSpec>,
    /// `valid`.
    pub valid: Option<At<ValidSpec>>,
    /// `doc`.
    pub doc: String,
    /// `-gateway`, still to be read.
    pub gateway: Option<Node>,
}

/// `type`.
#[derive(Clone, Debug)]
pub enum TypeSpec {
    /// No `type`: bytes.
    Bytes,
    /// A name.
    Named(At<TypeName>),
    /// `switch-on` and `cases`.
    Switch {
        /// `switch-on`.
        on: Source,
        /// `cases` but `_`, in the order of the file.
        cases: Vec<(Source, At<TypeName>)>,
        /// The case `_`.
        otherwise: Option<At<TypeName>>,
    },
}

/// The name of a type as written where one is used.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeName {
    /// `u2`, `s4le`, `u1` …
    Integer {
        /// Whether it has a sign.
        signed: bool,
        /// Its width in bytes: 1, 2, 4 or 8.
        width: u8,
        /// Its own order of bytes.
        endian: Option<Endian>,
    },
    /// `f4`, `f8be` …
    Float {
        /// Its width in bytes: 4 or 8.
        width: u8,
        /// Its own order of bytes.
        endian: Option<Endian>,
    },
    /// `b1` to `b64`, perhaps with `le` or `be`.
    Bits {
        /// How many.
        width: u8,
        /// Its own order of bits.
        endian: Option<Endian>,
    },
    /// `str` or `strz`.
    Text {
        /// Whether it is `strz`.
        terminated: bool,
    },
    /// `bytes` (parameters).
    Bytes,
    /// `bool` (parameters).
    Bool,
    /// `struct` (parameters): any structure.
    AnyStruct,
    /// `io` (parameters): a stream.
    Stream,
    /// `any` (parameters), and what stands in for a type that could not be read, so that the field
    /// is there.
    Any,
    /// A user's type: `a::b(args)`.
    User {
        /// The parts of its name.
        path: Vec<String>,
        /// What is passed for its parameters.
        arguments: Vec<Source>,
    },
}

/// `repeat`.
#[derive(Clone, Debug)]
pub enum RepeatSpec {
    /// Until the stream ends.
    Eos,
    /// So many times.
    Count(Source),
    /// Until this holds for the element just read.
    Until(Source),
}

/// `process`.
#[derive(Clone, Debug)]
pub enum ProcessSpec {
    /// `xor(key)`.
    Xor(Source),
    /// `rol(bits)`.
    RotateLeft(Source),
    /// `ror(bits)`.
    RotateRight(Source),
    /// `zlib`.
    Zlib,
}

/// `parent`.
#[derive(Clone, Debug)]
pub enum ParentSpec {
    /// `false`: it has none.
    None,
    /// An expression.
    Expr(Source),
}

/// `valid`.
#[derive(Clone, Debug)]
pub enum ValidSpec {
    /// Equal to this.
    Eq(Source),
    /// From and to, either of which may be open.
    Range {
        /// `min`.
        min: Option<Source>,
        /// `max`.
        max: Option<Source>,
    },
    /// One of these.
    AnyOf(Vec<Source>),
    /// `in-enum: true`.
    InEnum,
    /// `expr`, in which `_` is the value.
    Expr(Source),
}

/// An enum.
#[derive(Clone, Debug, Default)]
pub struct EnumSpec {
    /// Its values, in the order of the file.
    pub values: Vec<EnumValueSpec>,
}

/// One value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValueSpec {
    /// The number.
    pub number: i128,
    /// The place of the number.
    pub key: Span,
    /// Its label.
    pub label: At<String>,
    /// `doc`.
    pub doc: String,
    /// `-gateway`, still to be read.
    pub gateway: Option<Node>,
}
