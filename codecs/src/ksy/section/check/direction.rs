//! What goes one way: its root, and the expressions on it.

use super::kinds::Foresight;
use super::{Check, Soundness};
use crate::ksy::check::bind::{Place, Scope, Typed};
use crate::ksy::codes;
use crate::ksy::model::{Member, Ty, TypeId};
use crate::ksy::plan::Code;
use crate::ksy::section::plan::{IdPlan, KINDS, kind_named};
use crate::ksy::section::spec::{RootName, RootSpec, SectionSpec};
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::expr::{RuleError, Source, Span};
use std::cell::Cell;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Client,
    Server,
}

/// What is at the top of a message.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) ty: TypeId,
    pub(super) arguments: Vec<Code>,
}

/// Expressions of one direction, compiled.
#[derive(Debug)]
pub(super) struct Expressions {
    pub(super) operation: Option<Typed>,
    pub(super) kind: Option<Code>,
    pub(super) id: Vec<IdPlan>,
    pub(super) error: Option<Code>,
}

/// The roots of both directions; none where they are faulty.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) request: Option<Root>,
    pub(super) reply: Option<Root>,
    /// Whether both are of one type, so that what is wrong on one is wrong on the other.
    pub(super) shared: Sharing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    One,
    Two,
}

impl<'m> Check<'_, 'm> {
    pub(super) fn roots(&mut self, spec: &'m SectionSpec) -> Roots {
        let top = || Root {
            ty: TypeId(0),
            arguments: Vec::new(),
        };
        let (request, reply, shared) = match &spec.root {
            RootSpec::Top => {
                let params = self.model.ty(TypeId(0)).spec.params.len();
                if params > 0 {
                    let message = "the file's type has parameters, which `root` has to give";
                    self.error(codes::ROOT, &spec.span, message);
                }
                (Some(top()), Some(top()), Sharing::One)
            }
            RootSpec::Both(name) => {
                let request = self.root(name, Scope::Nothing, TypeId(0));
                let reply = request.as_ref().map(|root| Root {
                    ty: root.ty,
                    arguments: root.arguments.clone(),
                });
                (request, reply, Sharing::One)
            }
            RootSpec::Each { request, reply } => {
                let request = request
                    .as_ref()
                    .and_then(|name| self.root(name, Scope::Nothing, TypeId(0)));
                let asked = request.as_ref().map_or(TypeId(0), |root| root.ty);
                let reply = reply
                    .as_ref()
                    .and_then(|name| self.root(name, Scope::Request, asked));
                (request, reply, Sharing::Two)
            }
        };
        Roots {
            request,
            reply,
            shared,
        }
    }

    fn root(&mut self, name: &'m RootName, scope: Scope, asked: TypeId) -> Option<Root> {
        let Some(ty) = self.members.user(&name.path, TypeId(0)) else {
            let path = name.path.join("::");
            let message = format!("there is no type `{path}` here");
            let mut error = RuleError::new(codes::UNKNOWN_TYPE, name.span.clone(), message);
            let names = self.model.types.iter().map(|ty| ty.name.as_str());
            error.help = did_you_mean(&path, names);
            self.report(error);
            return None;
        };
        let params = self.model.ty(ty).spec.params.len();
        if params != name.arguments.len() {
            let path = self.model.path(ty);
            let given = name.arguments.len();
            let message = format!("`{path}` has {params} parameters, and {given} are given");
            self.error(codes::ARGUMENTS, &name.span, message);
            return None;
        }
        let mut arguments = Vec::new();
        for (slot, source) in name.arguments.iter().enumerate() {
            arguments.extend(self.root_argument(ty, slot, source, Place::within(asked, scope)));
        }
        (arguments.len() == params).then_some(Root { ty, arguments })
    }

    fn root_argument(
        &mut self,
        ty: TypeId,
        slot: usize,
        source: &'m Source,
        place: Place,
    ) -> Option<Code> {
        let typed = self.bind(source, place)?;
        let wanted = self.members.ty(ty, slot).ok()?;
        let plain = matches!(
            wanted,
            Ty::Int | Ty::Bool | Ty::Float | Ty::Str | Ty::Bytes | Ty::Enum(_)
        );
        let param = self.model.ty(ty).member(slot);
        let param = param.as_ref().and_then(Member::name).unwrap_or_default();
        let message = if !plain {
            format!("the parameter `{param}` is no plain value, which a message's own has to be")
        } else if !wanted.takes(&typed.ty) {
            let (wanted, got) = (wanted.describe(self.model), typed.ty.describe(self.model));
            format!("the parameter `{param}` is {wanted}, not {got}")
        } else {
            return Some(typed.code);
        };
        self.error(codes::ARGUMENTS, source.span(), message);
        None
    }

    /// The expressions on one root.
    pub(super) fn expressions(
        &mut self,
        spec: &'m SectionSpec,
        root: &Root,
        sender: Sender,
    ) -> Expressions {
        let place = || Place::within(root.ty, Scope::Section);
        let told = |ty: &Ty| matches!(ty, Ty::Enum(_) | Ty::Str);
        let operation = spec
            .operation
            .as_ref()
            .and_then(|source| self.expect(source, place(), "an enum or a text", told));
        let kind = spec.kind.as_ref();
        let kind = kind.and_then(|source| self.kind(source, root));
        let elsewhere = sender == Sender::Server && !spec.reply_id.is_empty();
        let ids = if elsewhere { &spec.reply_id } else { &spec.id };
        let mut id = Vec::new();
        for source in ids {
            let tied =
                |ty: &Ty| matches!(ty, Ty::Int | Ty::Str | Ty::Bytes | Ty::Enum(_) | Ty::Bool);
            let what = "an integer, a text or bytes";
            if let Some(typed) = self.expect(source, place(), what, tied) {
                id.push(IdPlan {
                    code: typed.code,
                    ty: typed.ty,
                });
            }
        }
        let error = match (sender, &spec.error) {
            (Sender::Server, Some(source)) => self
                .expect(source, place(), "a truth value", |ty| *ty == Ty::Bool)
                .map(|typed| typed.code),
            _ => None,
        };
        Expressions {
            operation,
            kind,
            id,
            error,
        }
    }

    fn kind(&mut self, source: &'m Source, root: &Root) -> Option<Code> {
        let place = Place::within(root.ty, Scope::Section);
        let typed = self.expect(source, place, "a text", |ty| *ty == Ty::Str)?;
        if self.sound == Soundness::Faulty {
            return Some(typed.code);
        }
        let foresight = Foresight {
            plan: self.plan,
            root: root.ty,
            arguments: &root.arguments,
            steps: Cell::new(0),
        };
        let texts = foresight.texts(&typed.code).map(|texts| {
            let odd = texts.into_iter().find(|text| kind_named(text).is_none());
            odd.map(str::to_owned)
        });
        match texts {
            Ok(None) => return Some(typed.code),
            Ok(Some(odd)) => self.bad_kind(source.span(), &odd),
            Err(span) => {
                let message = "`kind` needs texts that are written out here";
                self.error(codes::KIND, &span, message);
            }
        }
        None
    }

    fn bad_kind(&mut self, span: &Span, odd: &str) {
        let shown = crate::ksy::yaml::shortened(odd);
        let message = format!("`{shown}` is no kind: request, reply and event are");
        let mut error = RuleError::new(codes::KIND, span.clone(), message);
        error.help = did_you_mean(odd, KINDS.map(|(name, _)| name));
        self.report(error);
    }
}
