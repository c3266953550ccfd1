//! `type`, and what has to go with each.

use super::class::Around;
use super::reader::{Fields, Reader};
use super::{At, TypeName, TypeSpec, type_name};
use crate::ksy::codes;
use crate::ksy::yaml::Node;
use gatewright_core::expr::{RuleError, Source, Span};

/// A parameter's type.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) ty: At<TypeName>,
    /// Whether `[]` stands behind it.
    pub(super) list: bool,
}

impl<'n> Reader<'n, '_> {
    pub(super) fn param_type(&mut self, fields: &Fields<'n>) -> Declared {
        let Some(node) = fields.value("type") else {
            let span = fields.start();
            let value = TypeName::Bytes;
            return Declared {
                ty: At { value, span },
                list: false,
            };
        };
        let source = self.good(node.as_source());
        let (single, list) = match source {
            Some(source) => match source.text().strip_suffix("[]").map(str::len) {
                Some(end) => (Some(source.slice(0..end)), true),
                None => (Some(source), false),
            },
            None => (None, false),
        };
        let name = single.and_then(|single| self.good(type_name::of_parameter(&single)));
        let ty = At {
            value: name.unwrap_or(TypeName::Any),
            span: node.span.clone(),
        };
        if fields.has("enum") {
            self.check_enum(fields, std::slice::from_ref(&ty.value));
        }
        Declared { ty, list }
    }

    pub(super) fn field_type(&mut self, fields: &Fields<'n>, around: Around) -> TypeSpec {
        let Some(node) = fields.value("type") else {
            return TypeSpec::Bytes;
        };
        if node.as_mapping().is_ok() {
            let switch = self
                .fields(node)
                .and_then(|fields| self.type_switch(&fields, around));
            return switch.unwrap_or_else(|| unknown(&node.span));
        }
        let source = node
            .as_source()
            .map_err(|_| node.mismatch("a text or a map"));
        let named = self
            .good(source)
            .and_then(|source| self.named(source, around));
        named.map_or_else(|| unknown(&node.span), TypeSpec::Named)
    }

    fn type_switch(&mut self, fields: &Fields<'n>, around: Around) -> Option<TypeSpec> {
        let switch = self.switch(fields)?;
        if switch.cases.node.as_mapping().is_ok_and(<[_]>::is_empty) {
            let message = "a switch has a case or more";
            self.error(codes::MISSING_KEY, &switch.cases.node.span, message);
            return None;
        }
        let mut cases = Vec::new();
        let mut otherwise = None;
        for (name, entry) in switch.cases.named() {
            let ty = self.case(&entry.value, around);
            if name.value == "_" {
                otherwise = Some(ty);
            } else {
                cases.extend(self.good(entry.key.as_source()).map(|case| (case, ty)));
            }
        }
        Some(TypeSpec::Switch {
            on: switch.on,
            cases,
            otherwise,
        })
    }

    fn case(&mut self, node: &Node, around: Around) -> At<TypeName> {
        let source = self.good(node.as_source());
        let named = source.and_then(|source| self.named(source, around));
        named.unwrap_or_else(|| At {
            value: TypeName::Any,
            span: node.span.clone(),
        })
    }

    fn named(&mut self, source: Source, around: Around) -> Option<At<TypeName>> {
        let value = self.good(type_name::of_field(&source))?;
        let span = source.span().clone();
        let endless = match value {
            TypeName::Integer { width, endian, .. } | TypeName::Float { width, endian } => {
                width > 1 && endian.is_none() && !around.endian
            }
            TypeName::Bits { .. }
            | TypeName::Text { .. }
            | TypeName::Bytes
            | TypeName::Bool
            | TypeName::AnyStruct
            | TypeName::Stream
            | TypeName::Any
            | TypeName::User { .. } => false,
        };
        if endless {
            let text = source.text();
            let message = format!("unable to use type `{text}` without default endianness");
            let error = RuleError::new(codes::NO_ENDIAN, span.clone(), message);
            self.report(error.help(format!(
                "write `{text}le` or `{text}be`, or `endian` in `meta`"
            )));
        }
        Some(At { value, span })
    }

    /// `enum` goes with integers only. Of what is no known type, nothing is said.
    pub(super) fn check_enum(&mut self, fields: &Fields<'n>, types: &[TypeName]) {
        let Some(entry) = fields.entry("enum") else {
            return;
        };
        let integral = |ty: &TypeName| match ty {
            TypeName::Integer { .. } | TypeName::Bits { .. } | TypeName::Any => true,
            TypeName::Float { .. }
            | TypeName::Text { .. }
            | TypeName::Bytes
            | TypeName::Bool
            | TypeName::AnyStruct
            | TypeName::Stream
            | TypeName::User { .. } => false,
        };
        if !types.iter().all(integral) {
            let message = "only an integer can have an `enum`";
            self.error(codes::NOT_AN_INTEGER, &entry.value.span, message);
        }
    }
}

/// What stands in for a type that could not be read.
fn unknown(span: &Span) -> TypeSpec {
    TypeSpec::Named(At {
        value: TypeName::Any,
        span: span.clone(),
    })
}
