//! The shape of a protocol's fields: structures, enums, types.

use crate::message::{Slot, Value};
use std::borrow::Cow;
use std::fmt;

/// An enum's index in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnumId(pub u16);

/// A structure's index in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StructId(pub u16);

/// A static type. Structures and enums are named by their index in the schema that declares
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A truth value.
    Bool,
    /// An integer from `min` to `max`.
    Int {
        /// The smallest value that fits.
        min: i128,
        /// The largest value that fits.
        max: i128,
    },
    /// A floating point number.
    Float,
    /// Text of at most so many bytes of UTF-8.
    Str {
        /// The longest text, in bytes of UTF-8. Where it has another encoding on the wire, the
        /// codec counts those bytes when it writes it.
        max_len: usize,
    },
    /// At most so many bytes.
    Bytes {
        /// The largest number of bytes.
        max_len: usize,
    },
    /// One of an enum's values, or another integer of the same width.
    Enum(EnumId),
    /// A list of elements of one type.
    List(Box<Self>),
    /// A structure.
    Struct(StructId),
    /// Known only when it arrives (JSON).
    Any,
}

impl Type {
    /// Any integer up to 64 bits, signed or not.
    pub const INT: Self = Self::Int {
        min: i64::MIN as i128,
        max: u64::MAX as i128,
    };
    /// An unsigned byte.
    pub const U8: Self = Self::Int {
        min: 0,
        max: u8::MAX as i128,
    };
    /// An unsigned integer of 2 bytes.
    pub const U16: Self = Self::Int {
        min: 0,
        max: u16::MAX as i128,
    };
    /// An unsigned integer of 4 bytes.
    pub const U32: Self = Self::Int {
        min: 0,
        max: u32::MAX as i128,
    };
    /// Text without a bound of its own.
    pub const STR: Self = Self::Str {
        max_len: usize::MAX,
    };
    /// Bytes without a bound of their own.
    pub const BYTES: Self = Self::Bytes {
        max_len: usize::MAX,
    };
}

/// Who supplies a field when a message is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Presence {
    /// It must be given.
    Required,
    /// It takes this value when it is not given.
    Default(Value),
    /// It may be absent.
    Optional,
    /// Nobody: it is computed from other fields when a message is read. What is given for it is not
    /// looked at.
    Computed,
}

/// How JSON has a value, where that is not what its type says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// In which form.
    pub form: Form,
    /// Of an integer: what it is multiplied with.
    pub scale: Option<Scale>,
}

/// The form of a value in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// That of its type.
    #[default]
    Usual,
    /// Bytes as hexadecimal digits.
    Hex,
    /// Bytes as text in UTF-8; those that are none as `{"base64": "…"}`.
    Text,
    /// An enum as its number, with a label or without.
    Number,
    /// An integer as text: exact where all numbers are floats.
    String,
}

/// A positive decimal number that integers are multiplied with for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Its digits as a number, above zero and up to 10^18.
    pub mantissa: u64,
    /// How many of them stand behind the point, 18 at most.
    pub decimals: u8,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.decimals);
        let digits = format!("{:0width$}", self.mantissa, width = decimals + 1);
        match digits.split_at(digits.len() - decimals) {
            (whole, "") => f.write_str(whole),
            (whole, rest) => write!(f, "{whole}.{rest}"),
        }
    }
}

/// One field of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDef {
    /// The name that rules and JSON use.
    pub name: Cow<'static, str>,
    /// Where it stands in the protocol's own structures, names between dots, which rules may use
    /// as well; empty if that is its name.
    pub path: Cow<'static, str>,
    /// Its type.
    pub ty: Type,
    /// Who supplies it when a message is written.
    pub presence: Presence,
    /// Whether its value must never reach a log, a trace or a dump.
    pub secret: bool,
    /// What it means, in a few words; may be empty.
    pub doc: Cow<'static, str>,
    /// How JSON has its value; that of all elements, if it is a list.
    pub shown: Shown,
}

impl FieldDef {
    /// A required, public field.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type) -> Self {
        Self {
            name: Cow::Borrowed(name),
            path: Cow::Borrowed(""),
            ty,
            presence: Presence::Required,
            secret: false,
            doc: Cow::Borrowed(""),
            shown: Shown {
                form: Form::Usual,
                scale: None,
            },
        }
    }

    /// The same field with a value to take when none is given.
    #[must_use]
    pub fn or(mut self, value: impl Into<Value>) -> Self {
        self.presence = Presence::Default(value.into());
        self
    }

    /// The same field, but it may be absent.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.presence = Presence::Optional;
        self
    }

    /// The same field, never shown to people.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same field with the path to where it stands.
    #[must_use]
    pub fn at(mut self, path: &'static str) -> Self {
        self.path = Cow::Borrowed(path);
        self
    }

    /// The same field with its meaning.
    #[must_use]
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = Cow::Borrowed(doc);
        self
    }
}

/// A structure: fields by slot.
#[derive(Clone, Debug, PartialEq)]
pub struct StructDef {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its fields, in the order of their slots.
    pub fields: Vec<FieldDef>,
}

impl StructDef {
    /// The field of that name and its slot.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(Slot, &FieldDef)> {
        let index = self.fields.iter().position(|f| f.name == name)?;
        Some((Slot(u16::try_from(index).ok()?), &self.fields[index]))
    }

    /// The field that a path of names leads to or through: the one whose own path is the longest
    /// beginning of it, else the one that has its first step for a name.
    #[must_use]
    pub fn named(&self, path: &[&str]) -> Option<Named<'_>> {
        let slots = (0..).map(Slot);
        let along = self.fields.iter().zip(slots).filter_map(|(field, slot)| {
            let used = steps_along(&field.path, path)?;
            Some(Named { slot, field, used })
        });
        along.max_by_key(|named| named.used).or_else(|| {
            let (slot, field) = self.field(path.first()?)?;
            let used = 1;
            Some(Named { slot, field, used })
        })
    }
}

/// How many steps of a path `own` takes, if the path begins with it.
fn steps_along(own: &str, path: &[&str]) -> Option<usize> {
    let steps = own.split('.').count();
    let begins = !own.is_empty() && own.split('.').eq(path.iter().copied().take(steps));
    begins.then_some(steps)
}

/// A field that the beginning of a path names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named<'s> {
    /// Its slot.
    pub slot: Slot,
    /// The field.
    pub field: &'s FieldDef,
    /// How many steps of the path name it; those behind them are members of it.
    pub used: usize,
}

/// An enum: labels for numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumDef {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Numbers and labels.
    pub labels: Vec<(i128, Cow<'static, str>)>,
}

impl EnumDef {
    /// The label of a number.
    #[must_use]
    pub fn label(&self, value: i128) -> Option<&str> {
        self.labels
            .iter()
            .find(|(v, _)| *v == value)
            .map(|(_, label)| label.as_ref())
    }

    /// The number of a label.
    #[must_use]
    pub fn value(&self, label: &str) -> Option<i128> {
        self.labels
            .iter()
            .find(|(_, l)| l == label)
            .map(|(value, _)| *value)
    }
}

/// All structures and enums of a protocol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// By [`StructId`].
    pub structs: Vec<StructDef>,
    /// By [`EnumId`].
    pub enums: Vec<EnumDef>,
}

impl Schema {
    /// The structure of that index. Ids come from this schema, so it is there.
    #[must_use]
    pub fn structure(&self, id: StructId) -> &StructDef {
        &self.structs[usize::from(id.0)]
    }

    /// The enum of that index. Ids come from this schema, so it is there.
    #[must_use]
    pub fn enumeration(&self, id: EnumId) -> &EnumDef {
        &self.enums[usize::from(id.0)]
    }
}
