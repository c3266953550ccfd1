//! `enums`.

use super::reader::{Fields, Reader};
use super::{At, EnumSpec, EnumValueSpec, keys};
use crate::ksy::codes;
use crate::ksy::yaml::{Entry, Node};
use gatewright_core::expr::Span;
use std::collections::BTreeMap;

/// What any integer field can hold.
const NUMBERS: std::ops::RangeInclusive<i128> = i64::MIN as i128..=u64::MAX as i128;

impl<'n> Reader<'n, '_> {
    pub(super) fn enums(&mut self, fields: &Fields<'n>) -> Vec<(At<String>, EnumSpec)> {
        let Some(enums) = fields.value("enums").and_then(|node| self.fields(node)) else {
            return Vec::new();
        };
        let enums = enums.named().filter_map(|(name, entry)| {
            let fine = self.check_id("enum", &name);
            let spec = self.enumeration(&entry.value)?;
            let name = At {
                value: name.value.to_owned(),
                span: name.span,
            };
            fine.then_some((name, spec))
        });
        enums.collect()
    }

    fn enumeration(&mut self, node: &'n Node) -> Option<EnumSpec> {
        let entries = self.good(node.as_mapping())?;
        let values = entries.iter().filter_map(|entry| self.enum_value(entry));
        let values: Vec<EnumValueSpec> = values.collect();
        self.check_values(&values);
        Some(EnumSpec { values })
    }

    fn enum_value(&mut self, entry: &'n Entry) -> Option<EnumValueSpec> {
        let number = self.key_number(&entry.key);
        let value = self.label(&entry.value)?;
        let number = number?;
        if !NUMBERS.contains(&number) {
            let message = format!("expected an integer from -2^63 to 2^64 - 1, got {number}");
            self.error(codes::OUT_OF_RANGE, &entry.key.span, message);
            return None;
        }
        let key = entry.key.span.clone();
        Some(EnumValueSpec {
            number,
            key,
            ..value
        })
    }

    /// A value's label, alone or in a map. Its number is filled in later.
    fn label(&mut self, node: &'n Node) -> Option<EnumValueSpec> {
        let value = if node.as_mapping().is_ok() {
            self.described(node)?
        } else {
            let text = node.as_str().map_err(|_| node.mismatch("a text or a map"));
            EnumValueSpec {
                number: 0,
                key: 0..0,
                label: At {
                    value: self.good(text)?.to_owned(),
                    span: node.span.clone(),
                },
                doc: String::new(),
                gateway: None,
            }
        };
        self.check_id("enum member", &value.label).then_some(value)
    }

    fn described(&mut self, node: &'n Node) -> Option<EnumValueSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::ENUM_VALUE);
        if !fields.has("id") {
            self.missing(&fields, "id");
        }
        Some(EnumValueSpec {
            number: 0,
            key: 0..0,
            doc: self.doc(&fields),
            gateway: fields.gateway(),
            label: self.text(&fields, "id")?,
        })
    }

    /// Labels and numbers stand once each.
    fn check_values(&mut self, values: &[EnumValueSpec]) {
        let mut labels: BTreeMap<&str, &Span> = BTreeMap::new();
        let mut numbers: BTreeMap<i128, &Span> = BTreeMap::new();
        for value in values {
            let label = &value.label.value;
            if let Some(first) = labels.get(label.as_str()) {
                let what = format!("duplicate enum member ID: `{label}`");
                self.repeated(codes::DUPLICATE_ID, &value.key, &what, first);
            } else {
                labels.insert(label, &value.key);
            }
            if let Some(first) = numbers.get(&value.number) {
                let what = format!("duplicate number {}", value.number);
                self.repeated(codes::DUPLICATE_KEY, &value.key, &what, first);
            } else {
                numbers.insert(value.number, &value.key);
            }
        }
    }
}
