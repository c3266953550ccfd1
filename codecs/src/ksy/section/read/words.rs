//! What several keys of the section take: operations, expressions, bytes, roots.

use crate::ksy::codes;
use crate::ksy::section::spec::RootName;
use crate::ksy::spec::reader::{Fields, Reader};
use crate::ksy::spec::type_name::of_field;
use crate::ksy::spec::{At, TypeName};
use crate::ksy::yaml::Node;
use bytes::Bytes;
use gatewright_core::expr::{RuleError, Source};

impl<'n> Reader<'n, '_> {
    /// A text that must be there.
    pub(super) fn needed_text(&mut self, fields: &Fields<'n>, key: &str) -> Option<At<String>> {
        if !fields.has(key) {
            self.missing(fields, key);
        }
        self.text(fields, key)
    }

    /// An expression or a list of them.
    pub(super) fn expressions(&mut self, fields: &Fields<'n>, key: &str) -> Vec<Source> {
        let Some(node) = fields.value(key) else {
            return Vec::new();
        };
        let nodes = node
            .as_sequence()
            .unwrap_or_else(|_| std::slice::from_ref(node));
        if nodes.is_empty() {
            self.report(node.mismatch("an expression or several"));
        }
        let sources = nodes.iter().filter_map(|node| self.good(node.as_source()));
        sources.collect()
    }

    /// A value with a reader of its own.
    pub(super) fn read<T>(
        &mut self,
        fields: &Fields<'n>,
        key: &str,
        read: impl Fn(&Node) -> Result<T, RuleError>,
    ) -> Option<T> {
        let node = fields.value(key)?;
        self.good(read(node))
    }

    /// Bytes: a text, a byte, or a list of both.
    pub(super) fn few_bytes(&mut self, fields: &Fields<'n>, key: &str) -> Option<Bytes> {
        let node = fields.value(key)?;
        let nodes = node
            .as_sequence()
            .unwrap_or_else(|_| std::slice::from_ref(node));
        let mut bytes = Vec::new();
        for node in nodes {
            if node.is_int() {
                bytes.push(self.byte(node)?);
            } else {
                bytes.extend_from_slice(self.good(node.as_str())?.as_bytes());
            }
        }
        if bytes.is_empty() {
            self.report(node.mismatch("one byte or more"));
            return None;
        }
        Some(Bytes::from(bytes))
    }

    /// A type's name, perhaps with arguments.
    pub(super) fn root_name(&mut self, node: &Node) -> Option<RootName> {
        let source = self.good(node.as_source())?;
        match self.good(of_field(&source))? {
            TypeName::User { path, arguments } => Some(RootName {
                path,
                arguments,
                span: node.span.clone(),
            }),
            TypeName::Integer { .. }
            | TypeName::Float { .. }
            | TypeName::Bits { .. }
            | TypeName::Text { .. }
            | TypeName::Bytes
            | TypeName::Bool
            | TypeName::AnyStruct
            | TypeName::Stream
            | TypeName::Any => {
                let message = "a message is a structure, not a single value";
                self.error(codes::BAD_TYPE, &node.span, message);
                None
            }
        }
    }
}
