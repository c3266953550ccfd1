//! Where a field ends, and in which encoding: what its type needs of its other keys.

use super::class::Around;
use super::reader::{Fields, Reader};
use super::{AttributeSpec, TypeName, TypeSpec};
use crate::ksy::codes;
use crate::ksy::yaml::Node;
use gatewright_core::expr::Span;

impl<'n> Reader<'n, '_> {
    pub(super) fn check_extent(
        &mut self,
        fields: &Fields<'n>,
        spec: &AttributeSpec,
        around: Around,
    ) {
        let sized = fields.has("size") || spec.size_eos;
        if fields.has("size") && spec.size_eos {
            let message = "only one of `size` and `size-eos` can be given";
            self.error(codes::CONFLICT, &fields.node.span, message);
        }
        let bounds = Bounds {
            limited: sized || fields.has("terminator"),
            encoding: around.encoding || fields.has("encoding"),
        };
        let entry = &fields.node.span;
        match &spec.ty {
            TypeSpec::Bytes => {
                if !fields.has("contents") && !bounds.limited {
                    self.endless(entry);
                }
            }
            TypeSpec::Named(name) => self.check_bounds(&name.value, entry, spec, bounds),
            TypeSpec::Switch {
                cases, otherwise, ..
            } => {
                let all = cases.iter().map(|(_, ty)| ty).chain(otherwise);
                for case in all {
                    self.check_bounds(&case.value, &case.span, spec, bounds);
                }
            }
        }
    }

    fn check_bounds(
        &mut self,
        name: &TypeName,
        place: &Span,
        spec: &AttributeSpec,
        bounds: Bounds,
    ) {
        match name {
            TypeName::Text { terminated } => {
                if !bounds.encoding {
                    let message = "string type, but no encoding found";
                    self.error(codes::NO_ENCODING, place, message);
                }
                if !terminated && !bounds.limited {
                    self.endless(place);
                }
            }
            TypeName::User { .. } => {
                if spec.process.is_some() && !bounds.limited {
                    let message = "`process` needs `size`, `size-eos` or `terminator`";
                    self.error(codes::NO_SIZE, place, message);
                }
            }
            TypeName::Integer { .. }
            | TypeName::Float { .. }
            | TypeName::Bits { .. }
            | TypeName::Bytes
            | TypeName::Bool
            | TypeName::AnyStruct
            | TypeName::Stream
            | TypeName::Any => {}
        }
    }

    fn endless(&mut self, place: &Span) {
        let message = "`size`, `size-eos` or `terminator` must be specified";
        self.error(codes::NO_SIZE, place, message);
    }

    /// `contents` is a check of its own.
    pub(super) fn check_contents(&mut self, fields: &Fields<'n>, node: &Node) {
        if let (Some(contents), true) = (fields.entry("contents"), fields.has("type")) {
            let message = "`contents` are bytes: they have no `type`";
            self.error(codes::CONFLICT, &contents.value.span, message);
        }
        if fields.has("contents") && fields.has("valid") {
            let message = "`contents` and `valid` can't be used together";
            self.error(codes::CONFLICT, &node.span, message);
        }
    }
}

/// What a field's keys say about its bytes.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// They end.
    limited: bool,
    /// They have an encoding, should they be text.
    encoding: bool,
}
