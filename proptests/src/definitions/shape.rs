//! Definitions to draw: each part of one is a field or a few that belong together.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// An integer as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    /// 1, 2, 4 or 8.
    pub bytes: usize,
    /// Whether it may be negative.
    pub signed: bool,
    /// Whether its last byte comes first.
    pub little: bool,
}

/// What says how long or how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// An integer before it: the value is `times * integer + plus`.
    Int {
        /// The integer, without a sign.
        int: Int,
        /// At least 1.
        times: usize,
        /// Added.
        plus: usize,
    },
    /// So many decimal digits before it.
    Digits(usize),
    /// An integer before it, by way of an instance.
    Instance(Int),
    /// An integer before it, which a structure gets as its parameter.
    Parameter(Int),
}

/// A part of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An integer.
    Int(Int),
    /// A floating-point number of 4 or 8 bytes.
    Float(usize),
    /// An integer of which so many values have names.
    Enum(Int, usize),
    /// Bit fields of these widths, and what fills the last byte.
    Bits(Vec<usize>),
    /// These bytes, always.
    Contents(Vec<u8>),
    /// So many bytes.
    Bytes(usize),
    /// Text of at most so many bytes, and blanks behind it.
    Padded(usize),
    /// Text up to a byte that it does not contain.
    Terminated(u8),
    /// Bytes whose number stands before them.
    Counted(Prefix),
    /// Elements whose number stands before them.
    List(Prefix, Box<Self>),
    /// Bytes up to the first that is zero, as a list.
    Until,
    /// Optional parts, with a bit for each before them.
    Flags(Vec<Self>),
    /// The same, with an integer that is masked.
    Masked(Vec<Self>),
    /// One of several parts, with its number before it.
    Switch(Vec<Self>),
    /// A structure of its own.
    Struct(Vec<Self>),
    /// A structure within so many bytes, and elements up to their end.
    Within(Prefix, Vec<Self>, Option<Box<Self>>),
}

fn int() -> impl Strategy<Value = Int> {
    let bytes = select(vec![1_usize, 2, 4, 8]);
    (bytes, any::<bool>(), any::<bool>()).prop_map(|(bytes, signed, little)| Int {
        bytes,
        signed,
        little,
    })
}

fn unsigned() -> impl Strategy<Value = Int> {
    int().prop_map(|int| Int {
        signed: false,
        ..int
    })
}

fn prefix() -> impl Strategy<Value = Prefix> {
    prop_oneof![
        (unsigned(), 1..4_usize, 0..3_usize).prop_map(|(int, times, plus)| Prefix::Int {
            int,
            times,
            plus
        }),
        (1..4_usize).prop_map(Prefix::Digits),
        unsigned().prop_map(Prefix::Instance),
        unsigned().prop_map(Prefix::Parameter),
    ]
}

/// One in which every size that a structure may have can be said.
fn roomy() -> impl Strategy<Value = Prefix> {
    let wide = |int: Int| Int {
        bytes: int.bytes.max(2),
        ..int
    };
    prefix().prop_map(move |prefix| match prefix {
        Prefix::Int { int, .. } => Prefix::Int {
            int: wide(int),
            times: 1,
            plus: 0,
        },
        Prefix::Digits(_) => Prefix::Digits(5),
        Prefix::Instance(int) => Prefix::Instance(wide(int)),
        Prefix::Parameter(int) => Prefix::Parameter(wide(int)),
    })
}

fn leaf() -> impl Strategy<Value = Shape> {
    prop_oneof![
        int().prop_map(Shape::Int),
        select(vec![4_usize, 8]).prop_map(Shape::Float),
        (unsigned(), 1..4_usize).prop_map(|(int, labels)| Shape::Enum(int, labels)),
        vec(1..20_usize, 1..5).prop_map(Shape::Bits),
        vec(any::<u8>(), 1..4).prop_map(Shape::Contents),
        (0..5_usize).prop_map(Shape::Bytes),
        (1..6_usize).prop_map(Shape::Padded),
        any::<u8>().prop_map(Shape::Terminated),
        prefix().prop_map(Shape::Counted),
        Just(Shape::Until),
    ]
}

fn compound(inner: BoxedStrategy<Shape>) -> impl Strategy<Value = Shape> {
    let some = |range| vec(inner.clone(), range);
    let boxed = || inner.clone().prop_map(Box::new);
    prop_oneof![
        (prefix(), boxed()).prop_map(|(prefix, of)| Shape::List(prefix, of)),
        some(1..4).prop_map(Shape::Flags),
        some(1..4).prop_map(Shape::Masked),
        some(1..4).prop_map(Shape::Switch),
        some(0..4).prop_map(Shape::Struct),
        (roomy(), some(0..3), proptest::option::of(boxed()))
            .prop_map(|(prefix, parts, rest)| Shape::Within(prefix, parts, rest)),
    ]
}

/// The parts of a structure, a few levels deep.
pub(super) fn parts() -> impl Strategy<Value = Vec<Shape>> {
    let shape = leaf().prop_recursive(3, 16, 4, |inner| compound(inner.boxed()));
    vec(shape, 1..5)
}
