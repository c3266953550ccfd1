//! What the definition's `-gateway` keys say about writing single fields.

use crate::ksy::model::TypeId;
use crate::ksy::plan::Code;
use gatewright_core::message::Value;
use std::collections::{HashMap, HashSet};

/// How a field's number stands in its bytes or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldCodec {
    /// Two decimal digits a byte.
    Bcd,
    /// Decimal digits in ASCII.
    Ascii,
    /// Decimal digits in EBCDIC.
    Ebcdic,
    /// Seven bits a byte, the lowest first, the highest bit set in all bytes but the last.
    Varint,
    /// As a varint, the sign in the lowest bit.
    Zigzag,
}

/// What is known of single fields.
#[derive(Debug, Default)]
pub struct Rules {
    /// Values of fields that are not given.
    pub defaults: HashMap<(TypeId, usize), Value>,
    /// Expressions for fields that are not given.
    pub derived: HashMap<(TypeId, usize), Code>,
    /// How numbers stand in bytes or text.
    pub codecs: HashMap<(TypeId, usize), FieldCodec>,
    /// Fields that are computed over the finished frame, and so are left zero.
    pub checks: HashSet<(TypeId, usize)>,
    /// Fields that conditions read as flags: those that nothing made true are false.
    pub flags: HashSet<(TypeId, usize)>,
    /// Fields that sizes and counts can be solved for.
    pub solvable: HashSet<(TypeId, usize)>,
}
