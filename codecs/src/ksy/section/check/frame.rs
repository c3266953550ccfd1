//! How frames are found in each direction.

use super::layout::{Leaf, byte_order, layout};
use super::whole::Half;
use super::{Check, Soundness};
use crate::framing::{Framer, Length, LengthForm, LengthPlace, Number, Part, Parts};
use crate::ksy::codes;
use crate::ksy::model::{EndianModel, TypeId};
use crate::ksy::section::spec::{FrameForm, FrameSpec, LengthNumber, LengthSpec, SectionSpec};
use gatewright_core::expr::RuleError;
use std::num::NonZeroUsize;

/// How frames are found in both directions.
#[derive(Debug)]
pub(super) struct Framers {
    pub(super) request: Framer,
    pub(super) reply: Framer,
}

/// Why no frame follows from a structure.
struct Unproven {
    field: String,
    why: &'static str,
}

impl Check<'_, '_> {
    pub(super) fn framers(
        &mut self,
        spec: &SectionSpec,
        request: Option<&Half>,
        reply: Option<&Half>,
    ) -> Option<Framers> {
        let frame = spec.frame.as_ref()?;
        let max = frame.max.as_ref().map(|max| max.value);
        let same = |framer: Framer| {
            Some(Framers {
                request: framer.clone(),
                reply: framer,
            })
        };
        match frame.form.as_ref()? {
            FrameForm::Auto if self.sound == Soundness::Faulty => None,
            FrameForm::Auto => {
                let (request, reply) = (request?, reply?);
                if request.root.ty == reply.root.ty {
                    return same(self.derived(frame, request, "a message", max)?);
                }
                let request = self.derived(frame, request, "a request", max);
                let reply = self.derived(frame, reply, "a reply", max);
                Some(Framers {
                    request: request?,
                    reply: reply?,
                })
            }
            FrameForm::Length(length) => same(Framer::Length(self.length(length)?)),
            FrameForm::Delimiter(delimiter) => same(Framer::Delimiter(delimiter.clone())),
            FrameForm::Fixed(size) => {
                if max.is_some_and(|max| size.value > max) {
                    let message = "all frames are longer than `max`";
                    self.error(codes::OUT_OF_RANGE, &size.span, message);
                }
                same(Framer::Fixed(size.value))
            }
            FrameForm::Datagram => same(Framer::Datagram),
        }
    }

    fn length(&mut self, spec: &LengthSpec) -> Option<Length> {
        let number = match spec.number.value {
            LengthNumber::Binary { width, order } => {
                let default = match self.model.ty(TypeId(0)).endian {
                    EndianModel::Fixed(endian) => Some(byte_order(endian)),
                    EndianModel::Unknown | EndianModel::Decided { .. } => None,
                };
                let any = (width == 1).then_some(crate::framing::ByteOrder::Big);
                let Some(order) = order.or(default).or(any) else {
                    let message = "the order of the length's bytes is not said";
                    let span = spec.number.span.clone();
                    let error = RuleError::new(codes::NO_ENDIAN, span, message);
                    self.report(error.help("add le or be, or `endian` in `meta`"));
                    return None;
                };
                Some(Number::Binary { width, order })
            }
            LengthNumber::Varint => Some(Number::Varint),
            LengthNumber::Ascii(digits) => Some(Number::Ascii(digits)),
            LengthNumber::Bcd(bytes) => Some(Number::Bcd(bytes)),
            LengthNumber::Text => None,
        };
        let place = match (&spec.at, &spec.after) {
            (Some(at), _) => LengthPlace::At(*at),
            (None, after) => LengthPlace::After(after.clone()?),
        };
        let form = match number {
            Some(number) => LengthForm::Number(number),
            None => LengthForm::Until(spec.until.clone()?),
        };
        Some(Length {
            place,
            form,
            counts: spec.counts,
            add: spec.add,
        })
    }

    /// The framing that follows from a root.
    fn derived(
        &mut self,
        frame: &FrameSpec,
        half: &Half,
        what: &str,
        max: Option<NonZeroUsize>,
    ) -> Option<Framer> {
        let leaves = layout(self.plan, self.members, half.root.ty);
        let (message, help) = match derived(&leaves) {
            Ok((framer, shortest)) if max.is_none_or(|max| shortest <= max.get()) => {
                return Some(framer);
            }
            Ok((_, shortest)) => (
                format!("{what} has at least {shortest} bytes, more than `max`"),
                "raise `max`",
            ),
            Err(Unproven { field, why }) => (
                format!("the end of {what} does not follow from its beginning: `{field}` {why}"),
                "say where frames end: `length`, `delimiter`, `fixed` or `datagram`",
            ),
        };
        let error = RuleError::new(codes::NO_FRAMING, frame.span.clone(), message);
        self.report(error.help(help));
        None
    }
}

/// The framing that follows from a layout, and the length of the shortest frame.
fn derived(leaves: &[Leaf]) -> Result<(Framer, usize), Unproven> {
    let mut prefix: usize = 0;
    let mut parts: Vec<Part> = Vec::new();
    let unproven = |leaf: &Leaf, why| Unproven {
        field: leaf.name.clone(),
        why,
    };
    for leaf in leaves {
        let size = leaf.size.as_ref().map_err(|why| unproven(leaf, *why))?;
        match leaf.constant() {
            Some(size) if parts.is_empty() => prefix = prefix.saturating_add(size),
            Some(0) => {}
            None if size.terms.is_empty() => return Err(unproven(leaf, "has a negative size")),
            Some(_) | None => parts.push(Part {
                terms: size.terms.clone(),
                plus: size.plus,
            }),
        }
    }
    let fixed = parts.iter().all(|part| part.terms.is_empty());
    match NonZeroUsize::new(prefix) {
        Some(prefix) if fixed => Ok((Framer::Fixed(prefix), prefix.get())),
        Some(_) => Ok((Framer::Parts(Parts { prefix, parts }), prefix)),
        None => Err(Unproven {
            field: leaves
                .first()
                .map_or_else(|| "seq".to_owned(), |leaf| leaf.name.clone()),
            why: "has no bytes",
        }),
    }
}
