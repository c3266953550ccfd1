//! Names: members of structures, what every structure has, and the ends of lists.

use super::bind::{Binder, Bound, Typed};
use super::sizes::Size;
use crate::ksy::codes;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Extreme, Op};
use bytes::Bytes;
use gatewright_core::expr::Span;
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::expr::syntax::{Kind, Node};
use gatewright_core::message::Value;

impl Binder<'_> {
    pub(super) fn name(&self, name: &str, span: &Span) -> Bound<Typed> {
        if let Some(outside) = self.outside_name(name, span) {
            return outside;
        }
        match name {
            "_" => match &self.place.it {
                Some(ty) => Ok(self.typed(Op::It, ty.clone(), span)),
                None => Err(self.error(
                    codes::UNKNOWN_NAME,
                    span,
                    "`_` is known only in `repeat-until` and `valid/expr`".to_owned(),
                )),
            },
            "_index" => Ok(self.typed(Op::Index, Ty::Int, span)),
            "_root" => {
                let top = self.model.ty(self.place.ty).top;
                Ok(self.typed(Op::Root, Ty::Struct(top), span))
            }
            _ => {
                let this = self.typed(Op::This, Ty::Struct(self.place.ty), span);
                self.member(this, self.place.ty, name, span, span)
            }
        }
    }

    /// `of.name` where `of` is a structure.
    fn member(
        &self,
        of: Typed,
        id: TypeId,
        name: &str,
        name_span: &Span,
        span: &Span,
    ) -> Bound<Typed> {
        if let Some(built_in) = self.structural(&of, Some(id), name, span) {
            return built_in;
        }
        let Some(slot) = self.model.ty(id).slot(name) else {
            let message = format!("`{}` has no member `{name}`", self.model.path(id));
            let mut error = self.error(codes::UNKNOWN_NAME, name_span, message);
            let names: Vec<_> = self.model.ty(id).members().collect();
            let names = names.iter().filter_map(|member| member.name());
            if let Some(error) = &mut error {
                error.help = did_you_mean(name, names);
            }
            return Err(error);
        };
        let ty = self.members.ty(id, slot)?;
        let op = match of.code.op {
            Op::This => Op::Own(slot),
            _ => Op::Member(Box::new(of.code), id, slot),
        };
        Ok(self.typed(op, ty, span))
    }

    /// What all structures have.
    fn structural(
        &self,
        of: &Typed,
        id: Option<TypeId>,
        name: &str,
        span: &Span,
    ) -> Option<Bound<Typed>> {
        let code = Box::new(of.code.clone());
        let typed = |op, ty| Some(Ok(self.typed(op, ty, span)));
        match name {
            "_io" => typed(Op::Stream(code), Ty::Stream),
            "_parent" => {
                let ty = id.map_or(Ty::AnyStruct, |id| self.members.parent(id));
                typed(Op::Parent(code), ty)
            }
            "_root" => typed(
                Op::Root,
                id.map_or(Ty::AnyStruct, |id| Ty::Struct(self.model.ty(id).top)),
            ),
            "_sizeof" => Some(match id.map(|id| self.members.size_of_type(id)) {
                Some(Size::Bits(bits)) => Ok(self.bytes_of(bits, span)),
                _ => Err(self.error(
                    codes::NO_FIXED_SIZE,
                    span,
                    "the structure has no fixed size".to_owned(),
                )),
            }),
            _ => None,
        }
    }

    fn bytes_of(&self, bits: u64, span: &Span) -> Typed {
        let bytes = Value::Int(i128::from(bits.div_ceil(8)));
        self.typed(Op::Const(bytes), Ty::Int, span)
    }

    pub(super) fn attribute(&self, of: &Node<'_>, name: &str, node: &Node<'_>) -> Bound<Typed> {
        let (span, name_span) = (&node.span, &node.name_span());
        if name == "_sizeof"
            && let Some(size) = self.size_of_member(of, span)?
        {
            return Ok(size);
        }
        if let Some(fault) = self.of_fault(of, name, span) {
            return fault;
        }
        let of = self.node(of)?;
        let known = match &of.ty {
            Ty::Struct(id) => {
                let id = *id;
                return self.member(of, id, name, name_span, span);
            }
            Ty::AnyStruct => self
                .structural(&of, None, name, span)
                .or_else(|| self.any_of(&of, name, name_span, span)),
            Ty::Any => self.any_of(&of, name, name_span, span),
            Ty::Stream => self.stream(&of, name, span),
            Ty::List(element) => {
                let element = Ty::clone(element);
                match name {
                    "size" => Some(Ok(self.typed(
                        Op::Count(Box::new(of.code.clone())),
                        Ty::Int,
                        span,
                    ))),
                    "first" => return Ok(self.list_end(of, element, Extreme::First, span)),
                    "last" => return Ok(self.list_end(of, element, Extreme::Last, span)),
                    _ => None,
                }
            }
            _ => None,
        };
        match known {
            Some(bound) => bound,
            None => self.method(of, name, &[], name_span, span),
        }
    }

    /// A member that is cast: its own type is not asked for, so that instances whose types depend
    /// on each other can say what they are.
    fn member_of_any_type(&self, node: &Node<'_>) -> Bound<Option<Typed>> {
        let (op, id, name) = match &node.kind {
            Kind::Name(name) => (None, self.place.ty, *name),
            Kind::Attr(of, name) => {
                let of = self.node(of)?;
                match of.ty {
                    Ty::Struct(id) => (Some(of.code), id, *name),
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        let Some(slot) = self.model.ty(id).slot(name) else {
            return Ok(None);
        };
        let op = match op {
            Some(of) => Op::Member(Box::new(of), id, slot),
            None => Op::Own(slot),
        };
        Ok(Some(self.typed(op, Ty::Any, &node.span)))
    }

    fn stream(&self, of: &Typed, name: &str, span: &Span) -> Option<Bound<Typed>> {
        let code = Box::new(of.code.clone());
        let (op, ty) = match name {
            "pos" => (Op::Position(code), Ty::Int),
            "size" => (Op::StreamSize(code), Ty::Int),
            "eof" => (Op::AtEnd(code), Ty::Bool),
            _ => return None,
        };
        Some(Ok(self.typed(op, ty, span)))
    }

    /// `field._sizeof`, where the field is named directly or in a structure.
    fn size_of_member(&self, of: &Node<'_>, span: &Span) -> Bound<Option<Typed>> {
        let (owner, name) = match &of.kind {
            Kind::Name(name) if !name.starts_with('_') => (self.place.ty, *name),
            Kind::Attr(owner, name) if !name.starts_with('_') => match self.node(owner)?.ty {
                Ty::Struct(id) => (id, *name),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let Some(slot) = self.model.ty(owner).slot(name) else {
            return Ok(None);
        };
        match self.members.size_of_slot(owner, slot) {
            Size::Bits(bits) => Ok(Some(self.bytes_of(bits, span))),
            Size::Unknown => {
                let message = format!("`{name}` has no fixed size");
                Err(self.error(codes::NO_FIXED_SIZE, span, message))
            }
        }
    }

    pub(super) fn size_of(&self, bits: bool, of: &str, span: &Span) -> Bound<Typed> {
        let Some(size) = self.members.type_named(of, self.place.ty) else {
            let message = format!("there is no type `{of}` here");
            return Err(self.error(codes::UNKNOWN_TYPE, span, message));
        };
        match size {
            Size::Bits(n) if bits => {
                Ok(self.typed(Op::Const(Value::Int(i128::from(n))), Ty::Int, span))
            }
            Size::Bits(n) => Ok(self.bytes_of(n, span)),
            Size::Unknown => {
                let message = format!("`{of}` has no fixed size");
                Err(self.error(codes::NO_FIXED_SIZE, span, message))
            }
        }
    }

    pub(super) fn cast(&self, of: &Node<'_>, name: &str, span: &Span) -> Bound<Typed> {
        let of = match self.member_of_any_type(of)? {
            Some(of) => of,
            // A list without elements is whatever it is cast to.
            None if of.kind == Kind::List(Vec::new()) => {
                self.typed(Op::Const(listed(&[])), Ty::Any, span)
            }
            None => self.node(of)?,
        };
        let Some(ty) = self.members.cast_target(name, self.place.ty) else {
            let message = format!("there is no type `{name}` here");
            return Err(self.error(codes::UNKNOWN_TYPE, span, message));
        };
        let op = match (&ty, of.code.op) {
            (Ty::Struct(id), op) => Op::Cast(
                Box::new(crate::ksy::plan::Code {
                    op,
                    span: of.code.span,
                }),
                *id,
            ),
            (Ty::List(_), Op::Const(Value::Bytes(bytes))) => Op::Const(listed(&bytes)),
            (Ty::Bytes, Op::List(elements)) => Op::Bytes(elements),
            (Ty::Bytes, Op::Const(Value::List(_))) => Op::Const(Value::Bytes(Bytes::new())),
            (_, op) => op,
        };
        Ok(self.typed(op, ty, span))
    }
}

/// Bytes as the list of integers that they are taken for.
fn listed(bytes: &[u8]) -> Value {
    Value::List(bytes.iter().copied().map(Value::from).collect())
}
