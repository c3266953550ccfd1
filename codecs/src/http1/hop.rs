//! What `Connection` says, and `TE`.

use super::MAX_FIELDS;
use gatewright_core::message::headers::Role;
use smallvec::SmallVec;

/// What `Connection` says.
#[derive(Clone, Debug, Default)]
pub(super) struct Options<'h> {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    /// Fields that end at this hop.
    named: SmallVec<[&'h str; 4]>,
}

impl<'h> Options<'h> {
    /// Takes the options of one field's value; what is no token names no field.
    pub(super) fn add(&mut self, value: &'h str) {
        for option in value
            .split(',')
            .map(|option| option.trim_matches([' ', '\t']))
        {
            if option.eq_ignore_ascii_case("close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case("keep-alive") {
                self.keep_alive = true;
            } else if !option.is_empty() {
                self.named.push(option);
            }
        }
    }

    /// Whether the field ends at this hop.
    pub(super) fn names(&self, field: &str) -> bool {
        self.named
            .iter()
            .any(|name| name.eq_ignore_ascii_case(field))
    }

    pub(super) fn names_any(&self) -> bool {
        !self.named.is_empty()
    }

    /// Whether it names more fields than a message has: each field is looked for among them.
    pub(super) fn names_too_many(&self) -> bool {
        self.named.len() > MAX_FIELDS
    }

    /// Whether it names a field without which nobody knows where the message ends, or whose it is:
    /// the next hop would read another message than this one.
    pub(super) fn names_framing(&self) -> bool {
        let framing = |name: &&str| {
            matches!(
                Role::of(name.as_bytes()),
                Role::Host | Role::Length | Role::Coding
            )
        };
        self.named.iter().any(framing)
    }
}

/// The one value of `TE` that is passed on: that trailers are welcome.
pub(super) fn is_trailers(value: &str) -> bool {
    value.eq_ignore_ascii_case("trailers")
}
