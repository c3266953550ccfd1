//! What is known of single fields when a message is written.

use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, Plan};
use gatewright_core::message::Value;

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

/// A field, by its structure's type and its slot.
pub type FieldKey = (TypeId, usize);

/// What is known of a field.
#[derive(Debug, Default)]
pub struct FieldRule {
    /// Its value if it is not given.
    pub default: Option<Value>,
    /// What computes it if it is not given.
    pub derived: Option<Code>,
    /// How its number stands in bytes or text.
    pub codec: Option<FieldCodec>,
    /// Whether it is computed over the finished frame, and left zero before.
    pub check: bool,
    /// Whether conditions read it as flags: those that nothing made true are false.
    pub flag: bool,
    /// Whether what is there exactly if such a flag is true can be seen: nobody need give the
    /// flag.
    pub shown: bool,
    /// Whether sizes and counts can be solved for it.
    pub solvable: bool,
    /// Whether one of them is there whenever it is.
    pub always: bool,
    /// Whether it is a structure that stands for a number which a size or count can be solved for.
    pub counts: bool,
}

/// What is known of all fields.
#[derive(Debug, Default)]
pub struct Rules {
    /// By type and slot.
    types: Vec<Vec<FieldRule>>,
    /// Whether readers refuse bytes that nothing reads: then structures fill their places.
    pub(super) whole: bool,
}

/// What is known of a field of which nothing is.
static NOTHING: FieldRule = FieldRule {
    default: None,
    derived: None,
    codec: None,
    check: false,
    flag: false,
    shown: false,
    solvable: false,
    always: false,
    counts: false,
};

impl Rules {
    /// Rules that say nothing yet.
    pub(super) fn empty(plan: &Plan) -> Self {
        let fields = |slots| (0..slots).map(|_| FieldRule::default()).collect();
        Self {
            types: plan.types.iter().map(|ty| fields(ty.slots())).collect(),
            whole: false,
        }
    }

    /// The same for readers that refuse bytes that nothing reads.
    #[must_use]
    pub fn for_whole_messages(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }

    /// What is known of a field.
    #[must_use]
    pub fn field(&self, key: FieldKey) -> &FieldRule {
        let fields = self.types.get(key.0.index());
        fields
            .and_then(|fields| fields.get(key.1))
            .unwrap_or(&NOTHING)
    }

    /// What is known of a field, to be added to.
    pub fn field_mut(&mut self, key: FieldKey) -> Option<&mut FieldRule> {
        self.types.get_mut(key.0.index())?.get_mut(key.1)
    }
}
