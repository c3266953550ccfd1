//! Names in `-gateway` sections: what comes from outside of the message, and members that only
//! some cases of a switch have.

use super::bind::{Binder, Bound, Place, Scope, Typed};
use super::members::{Members, type_names};
use crate::ksy::codes;
use crate::ksy::model::{Member, Ty, TypeId};
use crate::ksy::plan::{Code, Op};
use crate::ksy::spec::TypeName;
use gatewright_core::expr::Span;
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::expr::syntax::{Kind, Node};
use gatewright_core::message::Value;
use std::cell::Cell;

/// The most parts of expressions that are looked at to find out what a value may be.
const MAX_STEPS: usize = 1024;

/// What is known of a fault, in the order in which it is passed.
const FAULT: [&str; 2] = ["class", "code"];

impl Binder<'_> {
    /// A name where those of the structure are not known.
    pub(super) fn outside_name(&self, name: &str, span: &Span) -> Option<Bound<Typed>> {
        let known = match self.place.scope {
            Scope::Members | Scope::Section => return None,
            Scope::Request | Scope::Fault if name == "request" => {
                return Some(Ok(self.typed(Op::This, Ty::Struct(self.place.ty), span)));
            }
            Scope::Request => "only `request` is known here, the message that is answered",
            Scope::Fault => "only `request`, `_fault.class` and `_fault.code` are known here",
            Scope::Nothing => "only constants can stand here",
        };
        Some(Err(self.error(
            codes::UNKNOWN_NAME,
            span,
            format!("there is no `{name}`: {known}"),
        )))
    }

    /// `_fault.class` and `_fault.code`, where they are known: elements of a list that is passed
    /// as `_`.
    pub(super) fn of_fault(&self, of: &Node<'_>, name: &str, span: &Span) -> Option<Bound<Typed>> {
        if self.place.scope != Scope::Fault || of.kind != Kind::Name("_fault") {
            return None;
        }
        let at = FAULT.iter().position(|known| *known == name)?;
        let list = self.typed(Op::It, Ty::List(Box::new(Ty::Str)), span);
        let index = self.typed(Op::Const(Value::from(at as u64)), Ty::Int, span);
        let op = Op::Element(Box::new([list.code, index.code]));
        Some(Ok(self.typed(op, Ty::Str, span)))
    }

    /// `of.name` in a section, where `of` is one of several structures.
    pub(super) fn any_of(
        &self,
        of: &Typed,
        name: &str,
        name_span: &Span,
        span: &Span,
    ) -> Option<Bound<Typed>> {
        if matches!(self.place.scope, Scope::Members | Scope::Nothing) {
            return None;
        }
        let candidates = Candidates {
            members: self.members,
            steps: Cell::new(0),
        };
        let candidates = candidates.of(&of.code, self.place.ty);
        if candidates.is_empty() {
            return None;
        }
        Some(self.member_of_any(of, &candidates, name, name_span, span))
    }

    fn member_of_any(
        &self,
        of: &Typed,
        candidates: &[TypeId],
        name: &str,
        name_span: &Span,
        span: &Span,
    ) -> Bound<Typed> {
        let mut cases = Vec::new();
        let mut one: Option<Ty> = None;
        for id in candidates {
            let Some(slot) = self.model.ty(*id).slot(name) else {
                continue;
            };
            let ty = self.members.ty(*id, slot)?;
            one = Some(match one.map(|one| (one.unified(&ty), one)) {
                None => ty,
                Some((Some(both), _)) => both,
                Some((None, before)) => {
                    let message = format!(
                        "`{name}` is {} in `{}`, and {} in another case",
                        self.describe(&ty),
                        self.model.path(*id),
                        self.describe(&before)
                    );
                    return Err(self.error(codes::TYPE, name_span, message));
                }
            });
            cases.push((*id, slot));
        }
        match one {
            Some(ty) => Ok(self.typed(Op::AnyOf(Box::new(of.code.clone()), cases), ty, span)),
            None => {
                let message = format!("none of the structures that may be here has `{name}`");
                let mut error = self.error(codes::UNKNOWN_NAME, name_span, message);
                let members = candidates
                    .iter()
                    .flat_map(|id| self.model.ty(*id).members());
                let members: Vec<_> = members.collect();
                if let Some(error) = &mut error {
                    let names = members.iter().filter_map(Member::name);
                    error.help = did_you_mean(name, names);
                }
                Err(error)
            }
        }
    }
}

/// Finds out which structures a value may be. Instances that use each other can lead to any number
/// of ways, so there is an end to it.
struct Candidates<'m> {
    members: &'m Members<'m>,
    steps: Cell<usize>,
}

impl<'m> Candidates<'m> {
    /// The structures that a value may be, or the elements of a list; none if that is not known.
    fn of(&self, code: &Code, this: TypeId) -> Vec<TypeId> {
        self.steps.set(self.steps.get().saturating_add(1));
        if self.steps.get() > MAX_STEPS {
            return Vec::new();
        }
        let mut all = match &code.op {
            Op::Own(slot) => self.holders(this, *slot),
            Op::Member(of, _, slot) => {
                let owners = self.of(of, this).into_iter();
                owners.flat_map(|id| self.holders(id, *slot)).collect()
            }
            Op::AnyOf(_, cases) => {
                let cases = cases.iter();
                cases
                    .flat_map(|(id, slot)| self.holders(*id, *slot))
                    .collect()
            }
            Op::This => vec![this],
            Op::Root => vec![self.members.model.ty(this).top],
            Op::Cast(_, id) => vec![*id],
            Op::Element(two) => {
                let [list, _] = &**two;
                self.of(list, this)
            }
            Op::End(of, _) => self.of(of, this),
            Op::Choose(three) => {
                let [_, then, otherwise] = &**three;
                let mut both = self.of(then, this);
                both.extend(self.of(otherwise, this));
                both
            }
            _ => Vec::new(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The structures that a member may be.
    fn holders(&self, owner: TypeId, slot: usize) -> Vec<TypeId> {
        let names = match self.members.model.ty(owner).member(slot) {
            Some(Member::Field(field) | Member::Instance(field)) => {
                if let Some(value) = &field.value {
                    let bound = self.members.bind(value, Place::of(owner));
                    return bound.map_or_else(|_| Vec::new(), |typed| self.of(&typed.code, owner));
                }
                type_names(&field.ty)
            }
            Some(Member::Param(param)) => vec![&param.ty],
            None => Vec::new(),
        };
        let users = names.iter().filter_map(|name| match &name.value {
            TypeName::User { path, .. } => self.members.user(path, owner),
            _ => None,
        });
        users.collect()
    }
}
