//! The section as a whole.

use super::Check;
use super::direction::{Expressions, Root, Roots, Sender, Sharing};
use crate::framing::Framer;
use crate::ksy::finding::Severity;
use crate::ksy::section::input::Input;
use crate::ksy::section::plan::{CheckPlan, DirectionPlan, SectionPlan};
use crate::ksy::section::spec::SectionSpec;

/// A direction on the way.
#[derive(Debug)]
pub(super) struct Half {
    pub(super) root: Root,
    pub(super) expressions: Expressions,
}

impl Half {
    fn finish(self, framer: Framer, checks: Vec<CheckPlan>) -> Option<DirectionPlan> {
        Some(DirectionPlan {
            root: self.root.ty,
            arguments: self.root.arguments,
            framer,
            operation: self.expressions.operation?.code,
            kind: self.expressions.kind,
            id: self.expressions.id,
            error: self.expressions.error,
            checks,
        })
    }
}

impl<'m> Check<'_, 'm> {
    /// The protocol, if nothing is wrong with it.
    pub(super) fn section(&mut self, spec: &'m SectionSpec, input: &Input) -> Option<SectionPlan> {
        let before = self.found.len();
        let Roots {
            request,
            reply,
            shared,
        } = self.roots(spec);
        let request = request.map(|root| self.half(spec, root, Sender::Client));
        let heard = self.found.len();
        let reply = reply.map(|root| self.half(spec, root, Sender::Server));
        if shared == Sharing::One {
            self.forget_echoes(before, heard);
        }
        let checks = self.checks(spec, request.as_ref(), reply.as_ref());
        let framers = self.framers(spec, request.as_ref(), reply.as_ref());
        let set = spec
            .reject
            .as_ref()
            .map(|reject| self.set(reject, request.as_ref()));
        let (request, reply) = (request?, reply?);
        let operations = self.operations(spec, &request, &reply, input)?;
        let named = self.named(spec, &operations.list);
        let reject = spec.reject.as_ref().zip(set);
        let reject =
            reject.and_then(|(reject, set)| self.reject(reject, set, &request, &operations));
        let correlation = self.correlation(spec, &request, &reply, &operations.list);
        let since = self.found.get(before..).unwrap_or_default();
        if since.iter().any(|found| found.severity == Severity::Error) {
            return None;
        }
        let (framers, checks) = (framers?, checks);
        Some(SectionPlan {
            file: spec.file,
            max_frame: spec.frame.as_ref()?.max.as_ref()?.value,
            request: request.finish(framers.request, checks.request)?,
            reply: reply.finish(framers.reply, checks.reply)?,
            correlation,
            told_by: operations.told_by,
            operations: operations.list,
            reject,
            heartbeat: named.heartbeat,
            open: named.open,
            close: named.close,
            drain: named.drain,
        })
    }

    fn half(&mut self, spec: &'m SectionSpec, root: Root, sender: Sender) -> Half {
        let expressions = self.expressions(spec, &root, sender);
        Half { root, expressions }
    }

    /// What is wrong with an expression on a root is found twice if that is the root of both
    /// directions.
    fn forget_echoes(&mut self, before: usize, heard: usize) {
        let second = self.found.split_off(heard);
        let first = self.found.get(before..).unwrap_or_default().to_vec();
        let new = second
            .into_iter()
            .filter(|found| first.iter().all(|known| known.fault != found.fault));
        self.found.extend(new);
    }
}
