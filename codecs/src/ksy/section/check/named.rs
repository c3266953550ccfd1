//! What names operations: heartbeat, session, drain, reject.

use super::Check;
use super::operations::Operations;
use super::whole::Half;
use crate::ksy::check::bind::{Place, Scope};
use crate::ksy::codes;
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::section::plan::{
    HeartbeatPlan, OperationIndex, OperationPlan, OwnPlan, RejectOperation, RejectPlan, SetPlan,
    ToldBy,
};
use crate::ksy::section::spec::{
    AnswerSpec, HeartbeatSpec, RejectOperationSpec, RejectSpec, SectionSpec,
};
use crate::ksy::spec::At;
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::expr::{RuleError, Source};

/// What a section says of single operations.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) heartbeat: Option<HeartbeatPlan>,
    pub(super) open: Vec<OperationIndex>,
    pub(super) close: Vec<OperationIndex>,
    pub(super) drain: Option<OwnPlan>,
}

impl<'m> Check<'_, 'm> {
    pub(super) fn named(&mut self, spec: &'m SectionSpec, operations: &[OperationPlan]) -> Named {
        let heartbeat = spec.heartbeat.as_ref();
        let mut all = |names: &[At<String>]| {
            let mut found = Vec::new();
            for name in names {
                found.extend(self.operation(name, operations));
            }
            found
        };
        Named {
            open: all(&spec.session.open),
            close: all(&spec.session.close),
            drain: (spec.drain.as_ref())
                .and_then(|drain| self.own(&drain.operation, &drain.set, operations)),
            heartbeat: heartbeat.and_then(|heartbeat| self.heartbeat(heartbeat, operations)),
        }
    }

    fn operation(
        &mut self,
        name: &At<String>,
        operations: &[OperationPlan],
    ) -> Option<OperationIndex> {
        let known = |operation: &OperationPlan| operation.name == name.value;
        if let Some(at) = operations.iter().position(known) {
            return Some(OperationIndex(at));
        }
        let shown = crate::ksy::yaml::shortened(&name.value);
        let message = format!("there is no operation `{shown}`");
        let mut error = RuleError::new(codes::UNKNOWN_OPERATION, name.span.clone(), message);
        let names = operations.iter().map(|operation| operation.name.as_str());
        error.help = did_you_mean(&name.value, names);
        self.report(error);
        None
    }

    fn heartbeat(
        &mut self,
        spec: &'m HeartbeatSpec,
        operations: &[OperationPlan],
    ) -> Option<HeartbeatPlan> {
        let sign = self.own(&spec.operation, &spec.set, operations);
        let answer = match &spec.answer {
            AnswerSpec::PassedOn => None,
            AnswerSpec::Same => sign.as_ref().map(|sign| sign.operation),
            AnswerSpec::With(name) => Some(self.operation(name, operations)?),
        };
        Some(HeartbeatPlan {
            sign: sign?,
            every: spec.every,
            silence: spec.silence.as_ref().map(|silence| silence.value),
            answer,
        })
    }

    /// A message of the gateway's own. Nothing came before it that its fields could depend on.
    fn own(
        &mut self,
        name: &At<String>,
        set: &'m [(At<String>, Source)],
        operations: &[OperationPlan],
    ) -> Option<OwnPlan> {
        let operation = self.operation(name, operations);
        let mut values = Vec::new();
        for (field, source) in set {
            let typed = self.bind(source, Place::within(TypeId(0), Scope::Nothing));
            match typed.map(|typed| typed.code.constant().cloned()) {
                Some(Some(value)) => values.push((field.value.clone(), value)),
                Some(None) => {
                    let message = "a value that is known beforehand is needed here";
                    self.error(codes::TYPE, source.span(), message);
                }
                None => {}
            }
        }
        Some(OwnPlan {
            operation: operation?,
            span: name.span.clone(),
            set: values,
        })
    }

    /// The fields of the answer to a request that cannot be served. Enums are looked for as
    /// requests see them.
    pub(super) fn set(&mut self, spec: &'m RejectSpec, request: Option<&Half>) -> Vec<SetPlan> {
        let around = request.map_or(TypeId(0), |half| half.root.ty);
        let mut all = Vec::new();
        for (name, source) in &spec.set {
            if let Some(typed) = self.bind(source, Place::within(around, Scope::Fault)) {
                all.push(SetPlan {
                    name: name.value.clone(),
                    span: name.span.clone(),
                    code: typed.code,
                    ty: typed.ty,
                });
            }
        }
        all
    }

    /// The answer to a request that cannot be served.
    pub(super) fn reject(
        &mut self,
        spec: &'m RejectSpec,
        set: Vec<SetPlan>,
        request: &Half,
        operations: &Operations,
    ) -> Option<RejectPlan> {
        let operation = match &spec.operation {
            RejectOperationSpec::Named(name) => {
                let operation = self.operation(name, &operations.list)?;
                if let Some(known) = operations.list.get(operation.0)
                    && !known.from_server.reply
                {
                    let message = format!("`{}` is never a reply", known.name);
                    self.error(codes::UNKNOWN_OPERATION, &name.span, message);
                }
                RejectOperation::Named(operation)
            }
            RejectOperationSpec::Told(source) => {
                let place = Place::within(request.root.ty, Scope::Fault);
                let told_by = operations.told_by;
                let fits = |ty: &Ty| match (told_by, ty) {
                    (ToldBy::Enum(id), Ty::Enum(of)) => id == *of,
                    (ToldBy::Enum(_), Ty::Int) | (ToldBy::Text, Ty::Str) => true,
                    _ => false,
                };
                let told = self.expect(source, place, "an operation of the protocol", fits)?;
                RejectOperation::Told(told.code)
            }
        };
        Some(RejectPlan { operation, set })
    }
}
