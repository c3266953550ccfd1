//! Bytes in a definition: `contents`, `terminator`, `pad-right`.

use super::At;
use super::reader::{Fields, Reader};
use crate::ksy::codes;
use crate::ksy::yaml::Node;
use gatewright_core::expr::RuleError;

impl<'n> Reader<'n, '_> {
    /// A text, or a list of bytes and texts.
    pub(super) fn contents(&mut self, fields: &Fields<'n>) -> Option<At<Vec<u8>>> {
        let node = fields.value("contents")?;
        let value = match node.as_sequence() {
            Ok(items) => {
                let parts: Vec<_> = items.iter().map(|item| self.part(item)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>()?.concat()
            }
            Err(_) => self.literal(node, "a text or a list")?,
        };
        let span = node.span.clone();
        Some(At { value, span })
    }

    fn part(&mut self, node: &Node) -> Option<Vec<u8>> {
        if !node.is_int() {
            return self.literal(node, "a byte or a text");
        }
        let number = self.good(node.as_int())?;
        // As the compiler does: a byte with or without a sign.
        let signed = i8::try_from(number).map(i8::cast_unsigned);
        let byte = u8::try_from(number).or(signed).map_err(|_| {
            let message = format!("expected an integer from -128 to 255, got {number}");
            RuleError::new(codes::OUT_OF_RANGE, node.span.clone(), message)
        });
        self.good(byte).map(|byte| vec![byte])
    }

    /// A text's UTF-8. A number or truth value may be meant either way.
    fn literal(&mut self, node: &Node, expected: &str) -> Option<Vec<u8>> {
        if node.is_typed() {
            self.report(
                node.mismatch(expected)
                    .help("write it in quotes if it is text"),
            );
            return None;
        }
        let text = node.as_str().map_err(|_| node.mismatch(expected));
        self.good(text).map(|text| text.as_bytes().to_vec())
    }

    /// A byte or a list of them.
    pub(super) fn terminator(&mut self, fields: &Fields<'n>) -> Option<Vec<u8>> {
        let node = fields.value("terminator")?;
        let nodes = node
            .as_sequence()
            .unwrap_or_else(|_| std::slice::from_ref(node));
        if nodes.is_empty() {
            self.report(node.mismatch("one byte or more"));
            return None;
        }
        let bytes: Vec<_> = nodes.iter().map(|node| self.byte(node)).collect();
        bytes.into_iter().collect()
    }

    pub(super) fn pad_right(&mut self, fields: &Fields<'n>) -> Option<u8> {
        fields.value("pad-right").and_then(|node| self.byte(node))
    }
}
