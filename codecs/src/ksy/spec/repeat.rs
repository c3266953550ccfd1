//! `repeat` and what goes with it.

use super::reader::{Fields, Reader};
use super::{RepeatSpec, keys};
use crate::ksy::codes;
use crate::ksy::yaml::shortened;

/// How often, and which of the keys beside `repeat` make sense with that.
#[derive(Clone, Debug)]
pub(super) struct Repeat {
    pub(super) spec: Option<RepeatSpec>,
    pub(super) keys: &'static [&'static str],
}

impl<'n> Reader<'n, '_> {
    pub(super) fn repeat(&mut self, fields: &Fields<'n>) -> Repeat {
        // After an error in `repeat` itself, nobody knows which of them was meant.
        let unknown = Repeat {
            spec: None,
            keys: keys::REPEAT,
        };
        let count = self.expression(fields, "repeat-expr");
        let until = self.expression(fields, "repeat-until");
        if !fields.has("repeat") {
            return Repeat {
                spec: None,
                keys: &[],
            };
        }
        let Some(repeat) = self.text(fields, "repeat") else {
            return unknown;
        };
        let (needed, spec, keys): (_, _, &'static [&'static str]) = match repeat.value.as_str() {
            "eos" => (None, Some(RepeatSpec::Eos), &[]),
            "expr" => (
                Some("repeat-expr"),
                count.map(RepeatSpec::Count),
                &["repeat-expr"],
            ),
            "until" => (
                Some("repeat-until"),
                until.map(RepeatSpec::Until),
                &["repeat-until"],
            ),
            other => {
                let message = format!(
                    "expected `eos`, `expr` or `until`, got `{}`",
                    shortened(other)
                );
                self.error(codes::BAD_CHOICE, &repeat.span, message);
                return unknown;
            }
        };
        match needed.filter(|needed| !fields.has(needed)) {
            Some(needed) => {
                let message = format!("`repeat: {}` requires `{needed}`", repeat.value);
                self.error(codes::MISSING_KEY, &repeat.span, message);
                unknown
            }
            None => Repeat { spec, keys },
        }
    }
}
