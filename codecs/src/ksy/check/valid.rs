//! What must hold for a value.

use super::bind::{Incomparable, Place};
use super::{Check, comparison};
use crate::ksy::codes;
use crate::ksy::model::Ty;
use crate::ksy::plan::{Code, Valid};
use crate::ksy::spec::{At, AttributeSpec, ValidSpec};
use gatewright_core::expr::{Comparison, Source};

impl<'m> Check<'_, 'm> {
    pub(super) fn valid(
        &mut self,
        spec: &'m AttributeSpec,
        valid: &'m At<ValidSpec>,
        element: &Ty,
    ) -> Option<Valid> {
        Some(match &valid.value {
            ValidSpec::Eq(source) => Valid::Eq(self.bound(source, element, Comparison::Eq)?),
            ValidSpec::Range { min, max } => {
                let min = self.limit(min.as_ref(), element, Comparison::Ge);
                let max = self.limit(max.as_ref(), element, Comparison::Le);
                Valid::Range {
                    min: min?,
                    max: max?,
                }
            }
            ValidSpec::AnyOf(sources) => {
                let mut all = Vec::new();
                for source in sources {
                    all.extend(self.bound(source, element, Comparison::Eq));
                }
                if all.len() != sources.len() {
                    return None;
                }
                Valid::AnyOf(all)
            }
            ValidSpec::InEnum => match element {
                Ty::Enum(id) => Valid::InEnum(*id),
                _ => {
                    if spec.enumeration.is_none() {
                        let message = "`in-enum` needs an `enum`";
                        self.error(codes::TYPE, &valid.span, message);
                    }
                    return None;
                }
            },
            ValidSpec::Expr(source) => {
                Valid::Expr(self.truth(source, Place::with(self.id, element.clone()))?)
            }
        })
    }

    fn limit(
        &mut self,
        source: Option<&'m Source>,
        element: &Ty,
        op: Comparison,
    ) -> Option<Option<Code>> {
        match source {
            Some(source) => self.bound(source, element, op).map(Some),
            None => Some(None),
        }
    }

    /// A value that the field's is compared with.
    fn bound(&mut self, source: &'m Source, element: &Ty, op: Comparison) -> Option<Code> {
        let typed = self.bind(source, Place::of(self.id))?;
        let fault = match comparison(element, &typed.ty, op) {
            Ok(()) => return Some(typed.code),
            Err(fault) => fault,
        };
        let (field, value) = (element.describe(self.model), typed.ty.describe(self.model));
        let message = match fault {
            Incomparable::Never => format!("{field} and {value} cannot be compared"),
            Incomparable::NoOrder => format!("{field} has no order"),
        };
        self.error(codes::COMPARISON, source.span(), message);
        None
    }
}
