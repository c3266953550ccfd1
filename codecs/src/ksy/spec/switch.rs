//! `switch-on` and `cases`, of a type or of an order of bytes.

use super::keys;
use super::reader::{Fields, Reader};
use gatewright_core::expr::Source;

/// A switch whose cases are still to be read.
#[derive(Clone, Debug)]
pub(super) struct Switch<'n> {
    pub(super) on: Source,
    pub(super) cases: Fields<'n>,
}

impl<'n> Reader<'n, '_> {
    /// The two parts of a switch, if both are there.
    pub(super) fn switch(&mut self, fields: &Fields<'n>) -> Option<Switch<'n>> {
        self.check_keys(fields, keys::SWITCH);
        for key in ["switch-on", "cases"] {
            if !fields.has(key) {
                self.missing(fields, key);
            }
        }
        let on = self.expression(fields, "switch-on");
        let cases = fields.value("cases").and_then(|node| self.fields(node));
        Some(Switch {
            on: on?,
            cases: cases?,
        })
    }
}
