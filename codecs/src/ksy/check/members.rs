//! The types of members, found when they are asked for: those of value instances follow from
//! their expressions, which may use other instances.

use super::bind::{Bound, Place};
use super::sizes::Size;
use crate::ksy::model::{Member, Model, Ty, TypeId};
use crate::ksy::spec::{At, AttributeSpec, ParentSpec, TypeName, TypeSpec};
use std::cell::{Cell, RefCell};

/// What is known of a member's type.
#[derive(Clone, Debug)]
enum Known {
    Not,
    /// It is being found out.
    Asked,
    Is(Ty),
    /// It has none; why has been reported where it is declared.
    Faulty,
}

/// Who a structure may be a part of.
#[derive(Clone, Debug)]
pub(in crate::ksy) enum Use<'m> {
    /// The structure that has a field of that type.
    Field(TypeId),
    /// Whatever this says, in that structure.
    Parent(TypeId, &'m gatewright_core::expr::Source),
}

/// Finds out types of members.
#[derive(Debug)]
pub(in crate::ksy) struct Members<'m> {
    pub(in crate::ksy) model: &'m Model,
    known: RefCell<Vec<Vec<Known>>>,
    uses: Vec<Vec<Use<'m>>>,
    parents: RefCell<Vec<Option<Ty>>>,
    pub(in crate::ksy) sizes: RefCell<Vec<Option<Size>>>,
    depth: Cell<usize>,
}

/// How many expressions, and sizes of structures, may be looked into on behalf of each other.
const MAX_DEPTH: usize = 96;

impl<'m> Members<'m> {
    pub(in crate::ksy) fn new(model: &'m Model) -> Self {
        let slots = |ty: TypeId| vec![Known::Not; model.ty(ty).members().count()];
        let known = model.ids().map(slots).collect();
        let mut members = Self {
            model,
            known: RefCell::new(known),
            uses: vec![Vec::new(); model.types.len()],
            parents: RefCell::new(vec![None; model.types.len()]),
            sizes: RefCell::new(vec![None; model.types.len()]),
            depth: Cell::new(0),
        };
        for owner in model.ids() {
            for member in model.ty(owner).members() {
                if let Member::Field(field) | Member::Instance(field) = member {
                    members.note_uses(owner, field);
                }
            }
        }
        members
    }

    /// Looks into something, unless that is too deep: a definition may be a chain of thousands.
    pub(super) fn deeper<T>(&self, look: impl FnOnce() -> T) -> Option<T> {
        let depth = self.depth.get();
        if depth >= MAX_DEPTH {
            return None;
        }
        self.depth.set(depth.saturating_add(1));
        let found = look();
        self.depth.set(depth);
        Some(found)
    }

    fn note_uses(&mut self, owner: TypeId, field: &'m AttributeSpec) {
        let usage = match &field.parent {
            None => Use::Field(owner),
            Some(ParentSpec::Expr(source)) => Use::Parent(owner, source),
            Some(ParentSpec::None) => return,
        };
        for name in type_names(&field.ty) {
            if let TypeName::User { path, .. } = &name.value
                && let Some(id) = self.user(path, owner)
                && !self.foreign(id, owner)
                && let Some(uses) = self.uses.get_mut(id.index())
            {
                uses.push(usage.clone());
            }
        }
    }

    /// Whether a structure stands in a file of its own, where it knows nothing of who uses it.
    pub(in crate::ksy) fn foreign(&self, id: TypeId, user: TypeId) -> bool {
        self.model.ty(id).top != self.model.ty(user).top
    }

    pub(in crate::ksy) fn user(&self, path: &[String], from: TypeId) -> Option<TypeId> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.model.find_type(from, &path)
    }

    /// The type of the member in a slot.
    pub(in crate::ksy) fn ty(&'m self, id: TypeId, slot: usize) -> Bound<Ty> {
        match self.state(id, slot) {
            Known::Is(ty) => return Ok(ty),
            // Whoever began to ask reports the circle.
            Known::Asked | Known::Faulty => return Err(None),
            Known::Not => {}
        }
        self.note(id, slot, Known::Asked);
        let found = match self.model.ty(id).member(slot) {
            Some(Member::Param(param)) => self.declared_param(id, param),
            Some(Member::Field(field) | Member::Instance(field)) => self.declared(id, field),
            None => Err(None),
        };
        self.note(
            id,
            slot,
            found
                .as_ref()
                .map_or(Known::Faulty, |ty| Known::Is(ty.clone())),
        );
        // The error is reported where the member itself is compiled.
        found.map_err(|_| None)
    }

    fn state(&self, id: TypeId, slot: usize) -> Known {
        let known = self.known.borrow();
        let state = known.get(id.index()).and_then(|slots| slots.get(slot));
        state.cloned().unwrap_or(Known::Faulty)
    }

    fn note(&self, id: TypeId, slot: usize, state: Known) {
        let mut known = self.known.borrow_mut();
        if let Some(place) = known
            .get_mut(id.index())
            .and_then(|slots| slots.get_mut(slot))
        {
            *place = state;
        }
    }

    fn declared_param(&self, id: TypeId, param: &crate::ksy::spec::ParamSpec) -> Bound<Ty> {
        let one = self.named(&param.ty.value, id).ok_or(None)?;
        let one = match &param.enumeration {
            Some(name) => self.enumerated(name, id).ok_or(None)?,
            None => one,
        };
        Ok(if param.list {
            Ty::List(Box::new(one))
        } else {
            one
        })
    }

    fn enumerated(&self, name: &At<String>, id: TypeId) -> Option<Ty> {
        let path: Vec<_> = name.value.split("::").collect();
        self.model.find_enum(id, &path).map(Ty::Enum)
    }

    fn declared(&'m self, id: TypeId, field: &'m AttributeSpec) -> Bound<Ty> {
        let one = self.element(id, field)?;
        Ok(if field.repeat.is_some() {
            Ty::List(Box::new(one))
        } else {
            one
        })
    }

    /// The type of one element of a field.
    pub(in crate::ksy) fn element(&'m self, id: TypeId, field: &'m AttributeSpec) -> Bound<Ty> {
        if let Some(name) = &field.enumeration {
            return self.enumerated(name, id).ok_or(None);
        }
        if let Some(value) = &field.value {
            return self.bind(value, Place::of(id)).map(|typed| typed.ty);
        }
        match &field.ty {
            TypeSpec::Bytes => Ok(Ty::Bytes),
            TypeSpec::Named(name) => self.named(&name.value, id).ok_or(None),
            TypeSpec::Switch {
                cases, otherwise, ..
            } => {
                let names = cases.iter().map(|(_, name)| name).chain(otherwise);
                let types: Option<Vec<Ty>> =
                    names.map(|name| self.named(&name.value, id)).collect();
                let raw = field.size.is_some() || field.size_eos || field.terminator.is_some();
                let bytes = (raw && otherwise.is_none()).then_some(Ty::Bytes);
                let mut types = types.ok_or(None)?.into_iter().chain(bytes);
                let first = types.next().ok_or(None)?;
                Ok(types
                    .try_fold(first, |one, ty| one.unified(&ty))
                    .unwrap_or(Ty::Any))
            }
        }
    }

    /// The type of values of a type's name.
    pub(in crate::ksy) fn named(&self, name: &TypeName, from: TypeId) -> Option<Ty> {
        Some(match name {
            TypeName::Integer { .. } => Ty::Int,
            TypeName::Float { .. } => Ty::Float,
            TypeName::Bits { width: 1, .. } | TypeName::Bool => Ty::Bool,
            TypeName::Bits { .. } => Ty::Int,
            TypeName::Text { .. } => Ty::Str,
            TypeName::Bytes => Ty::Bytes,
            TypeName::AnyStruct => Ty::AnyStruct,
            TypeName::Stream => Ty::Stream,
            TypeName::Any => Ty::Any,
            TypeName::User { path, .. } => Ty::Struct(self.user(path, from)?),
        })
    }

    /// What `.as<name>` makes of a value.
    pub(in crate::ksy) fn cast_target(&self, name: &str, from: TypeId) -> Option<Ty> {
        if let Some(of) = name.strip_suffix("[]") {
            return self.cast_target(of, from).map(|of| Ty::List(Box::new(of)));
        }
        if let Some(simple) = crate::ksy::spec::built_in_type(name) {
            return self.named(&simple, from);
        }
        let path: Vec<_> = name.split("::").map(str::trim).collect();
        self.model.find_type(from, &path).map(Ty::Struct)
    }

    /// The type of `_parent` in a structure.
    pub(in crate::ksy) fn parent(&'m self, id: TypeId) -> Ty {
        let known = self.parents.borrow().get(id.index()).cloned().flatten();
        if let Some(known) = known {
            return known;
        }
        // Whoever asks on the way gets a structure that has to be cast.
        self.note_parent(id, Ty::AnyStruct);
        let uses = self.uses.get(id.index()).map_or(&[][..], Vec::as_slice);
        let mut found: Option<Ty> = None;
        for usage in uses {
            let ty = match usage {
                Use::Field(owner) => Ty::Struct(*owner),
                Use::Parent(owner, source) => self
                    .bind(source, Place::of(*owner))
                    .map_or(Ty::AnyStruct, |typed| typed.ty),
            };
            found = Some(match found {
                Some(before) => before.unified(&ty).unwrap_or(Ty::AnyStruct),
                None => ty,
            });
        }
        let parent = found.unwrap_or(Ty::AnyStruct);
        self.note_parent(id, parent.clone());
        parent
    }

    fn note_parent(&self, id: TypeId, ty: Ty) {
        if let Some(place) = self.parents.borrow_mut().get_mut(id.index()) {
            *place = Some(ty);
        }
    }
}

/// All types that a field may have.
pub(in crate::ksy) fn type_names(ty: &TypeSpec) -> Vec<&At<TypeName>> {
    match ty {
        TypeSpec::Bytes => Vec::new(),
        TypeSpec::Named(name) => vec![name],
        TypeSpec::Switch {
            cases, otherwise, ..
        } => cases
            .iter()
            .map(|(_, name)| name)
            .chain(otherwise)
            .collect(),
    }
}
