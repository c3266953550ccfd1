//! Sizes that are known when a definition is loaded.

use super::bind::Place;
use super::members::Members;
use crate::ksy::model::{Member, TypeId};
use crate::ksy::spec::{AttributeSpec, RepeatSpec, TypeName, TypeSpec};
use gatewright_core::expr::Source;
use gatewright_core::message::Value;

/// A size that is known when a definition is loaded, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksy) enum Size {
    /// So many bits.
    Bits(u64),
    /// It depends on the message.
    Unknown,
}

impl Size {
    const fn bytes(n: u64) -> Self {
        match n.checked_mul(8) {
            Some(bits) => Self::Bits(bits),
            None => Self::Unknown,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bits(a), Self::Bits(b)) => a.checked_add(b).map_or(Self::Unknown, Self::Bits),
            _ => Self::Unknown,
        }
    }
}

impl<'m> Members<'m> {
    /// The size of a structure.
    pub(in crate::ksy) fn size_of_type(&'m self, id: TypeId) -> Size {
        let known = self.sizes.borrow().get(id.index()).copied().flatten();
        if let Some(known) = known {
            return known;
        }
        // A structure that holds itself has none.
        self.note_size(id, Size::Unknown);
        let fields = &self.model.ty(id).spec.seq;
        // As the compiler counts: bits are not aligned, and a field counts whether it is there or
        // not.
        let all = || {
            fields.iter().fold(Size::Bits(0), |size, field| {
                size.and(self.size_of_field(id, field))
            })
        };
        let size = self.deeper(all).unwrap_or(Size::Unknown);
        self.note_size(id, size);
        size
    }

    fn note_size(&self, id: TypeId, size: Size) {
        if let Some(place) = self.sizes.borrow_mut().get_mut(id.index()) {
            *place = Some(size);
        }
    }

    /// The size of the member in a slot.
    pub(super) fn size_of_slot(&'m self, id: TypeId, slot: usize) -> Size {
        match self.model.ty(id).member(slot) {
            Some(Member::Field(field) | Member::Instance(field)) => self.size_of_field(id, field),
            Some(Member::Param(_)) | None => Size::Unknown,
        }
    }

    fn size_of_field(&'m self, id: TypeId, field: &'m AttributeSpec) -> Size {
        if field.value.is_some() {
            return Size::Unknown;
        }
        let one = self.size_of_one(id, field);
        match (&field.repeat, one) {
            (None, one) => one,
            (Some(RepeatSpec::Count(count)), Size::Bits(bits)) => match self.fixed(id, count) {
                Some(count) => bits.checked_mul(count).map_or(Size::Unknown, Size::Bits),
                None => Size::Unknown,
            },
            (Some(_), _) => Size::Unknown,
        }
    }

    fn size_of_one(&'m self, id: TypeId, field: &'m AttributeSpec) -> Size {
        if let Some(contents) = &field.contents {
            return Size::bytes(contents.value.len() as u64);
        }
        if let Some(size) = &field.size {
            return self.fixed(id, size).map_or(Size::Unknown, Size::bytes);
        }
        if field.size_eos || field.terminator.is_some() {
            return Size::Unknown;
        }
        match &field.ty {
            TypeSpec::Named(name) => self.size_of_name(&name.value, id),
            TypeSpec::Bytes => Size::Unknown,
            TypeSpec::Switch {
                cases, otherwise, ..
            } => {
                let names = cases.iter().map(|(_, name)| name).chain(otherwise);
                let mut sizes = names.map(|name| self.size_of_name(&name.value, id));
                let first = sizes.next().unwrap_or(Size::Unknown);
                if otherwise.is_some() && sizes.all(|size| size == first) {
                    first
                } else {
                    Size::Unknown
                }
            }
        }
    }

    fn size_of_name(&'m self, name: &TypeName, from: TypeId) -> Size {
        match name {
            TypeName::Integer { width, .. } | TypeName::Float { width, .. } => {
                Size::bytes(u64::from(*width))
            }
            TypeName::Bits { width, .. } => Size::Bits(u64::from(*width)),
            TypeName::User { path, .. } => self
                .user(path, from)
                .map_or(Size::Unknown, |id| self.size_of_type(id)),
            TypeName::Text { .. }
            | TypeName::Bytes
            | TypeName::Bool
            | TypeName::AnyStruct
            | TypeName::Stream
            | TypeName::Any => Size::Unknown,
        }
    }

    /// A constant that an expression says.
    fn fixed(&'m self, id: TypeId, source: &'m Source) -> Option<u64> {
        let typed = self.bind(source, Place::of(id)).ok()?;
        u64::try_from(typed.code.constant().and_then(Value::as_int)?).ok()
    }

    /// The size of the type of that name; `None` if there is none.
    pub(super) fn type_named(&'m self, name: &str, from: TypeId) -> Option<Size> {
        if let Some(simple) = crate::ksy::spec::built_in_type(name) {
            return Some(self.size_of_name(&simple, from));
        }
        let path: Vec<_> = name.split("::").map(str::trim).collect();
        let id = self.model.find_type(from, &path)?;
        Some(self.size_of_type(id))
    }
}
