//! The operations of a protocol, and what ties their messages to each other.

use super::direction::Sender;
use super::kinds::{Foresight, Known};
use super::whole::Half;
use super::{Check, Soundness};
use crate::ksy::codes;
use crate::ksy::model::{EnumIndex, Ty};
use crate::ksy::section::input::{Input, Said};
use crate::ksy::section::plan::{CorrelationPlan, Kind, Kinds, OperationPlan, ToldBy};
use crate::ksy::section::spec::{SectionSpec, TraitsSpec};
use gatewright_core::expr::{RuleError, Span};
use gatewright_core::message::Value;
use std::cell::Cell;

/// The most operations of a protocol.
const MAX_OPERATIONS: usize = 4096;

/// All operations.
#[derive(Debug)]
pub(super) struct Operations {
    pub(super) told_by: ToldBy,
    pub(super) list: Vec<OperationPlan>,
}

impl Check<'_, '_> {
    /// The operations of both directions.
    pub(super) fn operations(
        &mut self,
        spec: &SectionSpec,
        request: &Half,
        reply: &Half,
        input: &Input,
    ) -> Option<Operations> {
        let span = spec.operation.as_ref()?.span();
        let types = [request, reply].map(|half| half.expressions.operation.as_ref());
        let [Some(asked), Some(answered)] = types else {
            return None;
        };
        let told_by = match (&asked.ty, &answered.ty) {
            (Ty::Enum(a), Ty::Enum(b)) if a == b => ToldBy::Enum(*a),
            (Ty::Str, Ty::Str) => ToldBy::Text,
            (a, b) => {
                let (a, b) = (a.describe(self.model), b.describe(self.model));
                let message = format!("requests tell their operation by {a}, replies by {b}");
                self.error(codes::OPERATION, span, message);
                return None;
            }
        };
        self.misplaced_traits(told_by, input);
        if self.sound == Soundness::Faulty {
            return None;
        }
        let mut list = match told_by {
            ToldBy::Enum(id) => self.labels(id, input),
            ToldBy::Text => self.texts(&[request, reply])?,
        };
        if list.is_empty() || list.len() > MAX_OPERATIONS {
            let message = format!("a protocol has 1 to {MAX_OPERATIONS} operations");
            self.error(codes::OPERATION, span, message);
            return None;
        }
        for (half, sender) in [(request, Sender::Client), (reply, Sender::Server)] {
            self.foresee(half, sender, &mut list);
        }
        Some(Operations { told_by, list })
    }

    fn labels(&self, id: EnumIndex, input: &Input) -> Vec<OperationPlan> {
        let labels = self.plan.enumeration(id).labels.iter();
        let operations = labels.map(|(number, label)| {
            let said = input.traits.get(&(id, *number));
            operation(label, Some(*number), said.map(|said| &said.what))
        });
        operations.collect()
    }

    fn texts(&mut self, halves: &[&Half]) -> Option<Vec<OperationPlan>> {
        let mut list: Vec<OperationPlan> = Vec::new();
        for half in halves {
            let code = &half.expressions.operation.as_ref()?.code;
            let foresight = self.foresight(half);
            match foresight.texts(code) {
                Ok(texts) => {
                    for text in texts {
                        if list.iter().all(|known| known.name != text) {
                            list.push(operation(text, None, None));
                        }
                    }
                }
                Err(span) => {
                    let message = "the texts that name operations have to be written out";
                    self.error(codes::OPERATION, &span, message);
                    return None;
                }
            }
        }
        Some(list)
    }

    fn foresight<'a>(&'a self, half: &'a Half) -> Foresight<'a> {
        Foresight {
            plan: self.plan,
            root: half.root.ty,
            arguments: &half.root.arguments,
            steps: Cell::new(0),
        }
    }

    /// Finds out which kinds each operation may be of.
    fn foresee(&self, half: &Half, sender: Sender, list: &mut [OperationPlan]) {
        let foresight = self.foresight(half);
        let path = half.expressions.operation.as_ref().map(|typed| &typed.code);
        // Texts are all that this direction has; of an enum, nobody knows.
        let texts = path.and_then(|code| foresight.texts(code).ok());
        for operation in list {
            if operation.number.is_none()
                && texts
                    .as_ref()
                    .is_some_and(|texts| !texts.contains(&&*operation.name))
            {
                continue;
            }
            let value = match operation.number {
                Some(number) => Value::Int(number),
                None => Value::from(operation.name.as_str()),
            };
            let kinds = match &half.expressions.kind {
                Some(kind) => foresight.kinds(kind, &Known { path, value }),
                None => Kinds::default().with(match sender {
                    Sender::Client => Kind::Request,
                    Sender::Server => Kind::Reply,
                }),
            };
            match sender {
                Sender::Client => operation.from_client = kinds,
                Sender::Server => operation.from_server = kinds,
            }
        }
    }

    /// What is said of the values of enums that name no operations.
    fn misplaced_traits(&mut self, told_by: ToldBy, input: &Input) {
        for ((id, _), Said { file, span, .. }) in &input.traits {
            if told_by != ToldBy::Enum(*id) {
                let name = &self.model.enumeration(*id).name;
                let message = format!("the values of `{name}` are no operations");
                let (file, fault) = (*file, RuleError::new(codes::OPTION, span.clone(), message));
                self.report_in(file, fault);
            }
        }
    }

    /// What ties replies to requests.
    pub(super) fn correlation(
        &mut self,
        spec: &SectionSpec,
        request: &Half,
        reply: &Half,
        operations: &[OperationPlan],
    ) -> CorrelationPlan {
        if spec.fifo.is_some() {
            return CorrelationPlan::Fifo;
        }
        if !spec.id.is_empty() {
            self.alike(spec, request, reply);
            return CorrelationPlan::Id;
        }
        let kinds = [request, reply].map(|half| half.expressions.kind.is_some());
        if spec.kind.is_some() && kinds != [true, true] {
            // What is wrong with `kind` hides whether there are replies.
            return CorrelationPlan::None;
        }
        let awaited = |operation: &OperationPlan| {
            operation.from_client.request && !operation.one_way || operation.from_server.reply
        };
        if operations.iter().any(awaited) {
            let message = "nothing ties a reply to its request";
            let error = RuleError::new(codes::CORRELATION, spec.span.clone(), message);
            self.report(
                error.help(
                    "add `id: …`, or `order: fifo` if replies follow the order of the requests",
                ),
            );
        }
        CorrelationPlan::None
    }

    /// What a reply repeats has the form that it had in the request.
    fn alike(&mut self, spec: &SectionSpec, request: &Half, reply: &Half) {
        let sides = [request, reply].map(|half| half.expressions.id.as_slice());
        let places = if spec.reply_id.is_empty() {
            &spec.id
        } else {
            &spec.reply_id
        };
        let span: Option<&Span> = places.first().map(|source| source.span());
        let Some(span) = span else { return };
        let [asked, answered] = sides;
        if asked.len() != spec.id.len() || answered.len() != places.len() {
            // One of them is faulty.
            return;
        }
        if asked.len() != answered.len() {
            let message = format!(
                "a request has {} values, and its reply {}",
                asked.len(),
                answered.len()
            );
            return self.error(codes::CORRELATION, span, message);
        }
        for ((a, b), place) in asked.iter().zip(answered).zip(places) {
            if !a.ty.takes(&b.ty) {
                let (a, b) = (a.ty.describe(self.model), b.ty.describe(self.model));
                let message = format!("this is {a} in a request, and {b} in its reply");
                self.error(codes::CORRELATION, place.span(), message);
            }
        }
    }
}

fn operation(name: &str, number: Option<i128>, said: Option<&TraitsSpec>) -> OperationPlan {
    let traits = said.cloned().unwrap_or_default();
    OperationPlan {
        name: name.to_owned(),
        number,
        from_client: Kinds::default(),
        from_server: Kinds::default(),
        idempotent: traits.idempotent,
        one_way: traits.one_way,
        timeout: traits.timeout,
    }
}
