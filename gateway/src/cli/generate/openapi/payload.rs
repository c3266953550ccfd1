//! The JSON document that a route's rules read.

use super::part::{Member, Wanted};
use super::schema::{all_of, anything, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is known of one value of a document.
#[derive(Debug, Default)]
pub(super) struct Document {
    members: BTreeMap<String, Self>,
    /// By index.
    elements: BTreeMap<usize, Self>,
    /// What it has to be.
    wanted: Vec<Value>,
    pub(super) required: bool,
}

impl Document {
    /// Notes that a part of it is named.
    pub(super) fn add(&mut self, path: &[Member], wanted: &Wanted, required: bool) {
        self.required |= required;
        match path {
            [] => self.wanted.push(match wanted {
                Wanted::Value(schema) => schema.clone(),
                Wanted::Digits(number) => json!({ "anyOf": [number, text()] }),
            }),
            [Member::Named(name), rest @ ..] => {
                let member = self.members.entry(name.clone()).or_default();
                member.add(rest, wanted, required);
            }
            [Member::At(at), rest @ ..] => {
                let element = self.elements.entry(*at).or_default();
                element.add(rest, wanted, required);
            }
        }
    }

    /// It as a schema.
    pub(super) fn schema(&self) -> Value {
        let mut all = Vec::new();
        if !self.members.is_empty() {
            all.push(self.object());
        }
        if let Some((last, _)) = self.elements.last_key_value() {
            all.push(self.array(*last));
        }
        all.extend(self.wanted.iter().cloned());
        all_of(all)
    }

    /// Beyond so many elements nothing is said of each.
    fn array(&self, last: usize) -> Value {
        const DESCRIBED: usize = 64;
        let mut array = json!({ "type": "array" });
        let first: Vec<Value> = (0..=last.min(DESCRIBED))
            .map(|at| self.elements.get(&at).map_or_else(anything, Self::schema))
            .collect();
        array["prefixItems"] = first.into();
        let required = self.elements.iter().rev().find(|(_, e)| e.required);
        if let Some((at, _)) = required {
            array["minItems"] = at.saturating_add(1).into();
        }
        array
    }

    fn object(&self) -> Value {
        let members = self.members.iter();
        let properties: serde_json::Map<String, Value> = members
            .clone()
            .map(|(name, member)| (name.clone(), member.schema()))
            .collect();
        let required: Vec<&String> = members
            .filter(|(_, member)| member.required)
            .map(|(name, _)| name)
            .collect();
        let mut object = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }
}
