//! Field values: what expressions compute with and codecs read and write.

use super::Headers;
use bytes::Bytes;
use bytestring::ByteString;

/// The fields of one structure, by slot.
pub type Record = Vec<Value>;

/// One field's value. Text and bytes are slices of the frame they came from.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Absent (a field whose condition is false) or JSON's `null`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// Any integer of 64 bits, signed or not, exactly; an enum's value too.
    Int(i128),
    /// An IEEE 754 double.
    Float(f64),
    /// Text.
    Str(ByteString),
    /// Bytes.
    Bytes(Bytes),
    /// A repeated field.
    List(Vec<Self>),
    /// Header fields: the same as a list of structures of two texts.
    Headers(Headers),
    /// A nested structure.
    Record(Record),
    /// A JSON object, its members in the order they came in. Never part of a decoded frame.
    Object(Vec<(ByteString, Self)>),
}

impl Value {
    /// How many bytes its texts and bytes have, and those in it.
    pub(super) fn text_size(&self) -> usize {
        let all = |values: &[Self]| values.iter().map(Self::text_size).sum();
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
            Self::Str(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(values) | Self::Record(values) => all(values),
            Self::Headers(headers) => headers.size(),
            Self::Object(members) => members.iter().map(|(_, value)| value.text_size()).sum(),
        }
    }

    /// About how many bytes the values take that it consists of: a list of bytes is fifty times
    /// what it is on the wire. Header fields are lines until somebody looks at them.
    pub(super) fn elements_size(&self) -> usize {
        let all = |values: &[Self]| {
            let below: usize = values.iter().map(Self::elements_size).sum();
            size_of_val(values) + below
        };
        match self {
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str(_)
            | Self::Bytes(_)
            | Self::Headers(_) => 0,
            Self::List(values) | Self::Record(values) => all(values),
            Self::Object(members) => {
                let below: usize = members.iter().map(|(_, value)| value.elements_size()).sum();
                size_of_val(&**members) + below
            }
        }
    }

    /// The integer, if it is one.
    #[must_use]
    pub const fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The bytes, if it is a byte array.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(b) => Some(b),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Headers(headers) => Some(headers.records()),
            _ => None,
        }
    }

    /// The fields, if it is a structure.
    #[must_use]
    pub const fn as_record(&self) -> Option<&Record> {
        match self {
            Self::Record(fields) => Some(fields),
            _ => None,
        }
    }

    /// Whether the value is absent.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            (Self::Headers(a), Self::Headers(b)) => a == b,
            (Self::List(_) | Self::Headers(_), Self::List(_) | Self::Headers(_)) => {
                self.as_list() == other.as_list()
            }
            (_, _) => false,
        }
    }
}

macro_rules! from_int {
    ($($int:ty),*) => {
        $(impl From<$int> for Value {
            fn from(n: $int) -> Self {
                Self::Int(i128::from(n))
            }
        })*
    };
}

from_int!(u8, u16, u32, u64, i8, i16, i32, i64);

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<ByteString> for Value {
    fn from(text: ByteString) -> Self {
        Self::Str(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<Headers> for Value {
    fn from(headers: Headers) -> Self {
        Self::Headers(headers)
    }
}
