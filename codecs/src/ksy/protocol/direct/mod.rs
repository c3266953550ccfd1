//! The direct way: protocols whose messages are numbers, texts and bytes one behind the other.
//!
//! Most in-house protocols are: a header with a length and a kind, and for each kind a row of
//! fields. For these, a definition is compiled once more, to a list of [`Item`]s that is run
//! over the frame without a machine: no structures, no slots, no expressions.
//!
//! It knows only how to succeed. Whatever is out of the ordinary, in the definition or in a
//! message, is left to the machine ([`read`](crate::ksy::read), [`write`](crate::ksy::write)),
//! which says what is wrong; so there is one place where errors are made.

mod compile;
mod read;
#[cfg(test)]
mod tests;
mod write;
mod writing;

pub(super) use compile::compile;
pub(super) use read::Direct;

use crate::ksy::section::plan::OperationIndex;
use crate::ksy::spec::Endian;
use bytes::Bytes;
use gatewright_core::expr::charset::Charset;
use gatewright_core::message::{Kind, OperationId, Value};

/// The most places of a layout: their numbers are on the stack while a message is read.
const MAX_PLACES: usize = 48;
/// The most parts of a message whose lengths are said, and not always the same.
const MAX_PARTS: usize = 8;

/// What a number of bytes follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// Always so many.
    Fixed(usize),
    /// `times` times the number in a place, and `plus` more.
    Linear {
        place: usize,
        times: i128,
        plus: i128,
    },
    /// All that are left.
    Rest,
}

/// The numbers that a field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    min: i128,
    max: i128,
}

/// A number of whole bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    signed: bool,
    /// 1, 2, 4 or 8 bytes.
    width: u8,
    order: Endian,
    /// What `valid` demands, and the width allows.
    range: Range,
}

/// One step through a message. What is read has a place of its own.
#[derive(Debug)]
enum Item {
    /// Always these bytes.
    Contents(Bytes),
    /// A number.
    Number { number: Number, place: usize },
    /// Text in ASCII or UTF-8, or bytes.
    Run {
        size: Size,
        /// What fills it up on the right.
        pad: Option<u8>,
        /// `None` for bytes.
        charset: Option<Charset>,
        place: usize,
    },
    /// A part of so many bytes begins.
    Enter(Size),
    /// It ends, all of it read.
    Leave,
    /// The operation says what follows.
    Choose { ways: Vec<Way> },
}

/// What follows for one number.
#[derive(Debug)]
struct Way {
    number: i128,
    items: Vec<Item>,
}

/// How the messages of one direction stand.
#[derive(Debug)]
pub(super) struct Layout {
    items: Vec<Item>,
    /// The place of the number that tells operations; there is only one without it.
    operation: Option<usize>,
    /// The place of the correlation id.
    id: Option<usize>,
    /// By their numbers, in order.
    operations: Vec<Known>,
    /// By [`OperationId`]: the place of the operation among them.
    by_id: Vec<Option<usize>>,
}

/// An operation.
#[derive(Debug)]
struct Known {
    number: i128,
    index: OperationIndex,
    id: OperationId,
    kind: Kind,
    /// How many fields it has.
    fields: usize,
    /// For each place, the field that has its value.
    slots: Vec<Option<usize>>,
    /// The places of numbers that are fields, and those.
    numbers: Vec<(usize, usize)>,
    /// How it is written; `None` if the machine has to.
    puts: Option<Vec<Put>>,
}

/// One step of writing a message.
#[derive(Debug)]
enum Put {
    /// Always these bytes.
    Bytes(Vec<u8>),
    /// The correlation id.
    Id(Number),
    /// A number in a field, or this one if the field is not there.
    Number {
        number: Number,
        slot: usize,
        otherwise: Option<i128>,
    },
    /// Text or bytes in a field.
    Run {
        /// How many, if that is always the same.
        size: Option<usize>,
        pad: Option<u8>,
        charset: Option<Charset>,
        slot: usize,
        otherwise: Option<Value>,
        /// What says how many they are.
        length: Option<Length>,
    },
    /// A number that follows from a length: nothing for now.
    Hole { number: Number, hole: usize },
    /// A part begins.
    Enter(usize),
    /// It ends, and that is known of its length.
    Leave { part: usize, length: Length },
}

/// The number that says a length: `times` it and `plus` is that many bytes.
#[derive(Clone, Copy, Debug)]
struct Length {
    hole: usize,
    number: Number,
    times: i128,
    plus: i128,
}

/// What a place has that is not given: a constant, a default, or what follows from a length.
#[derive(Clone, Debug, PartialEq)]
enum Fallback {
    /// It must be given.
    Missing,
    /// This.
    Value(Value),
    /// What the length of a part says.
    Length,
}
