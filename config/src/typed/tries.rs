//! How long one try may take, as typed.

use crate::diagnostic::codes;
use crate::keys::Key;
use crate::read::{Problem, Reader, Section, Spanned};
use gatewright_core::limit::TryLimits;
use std::time::Duration;

/// What an upstream or a route says of its tries.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    first_byte: Option<Spanned<Duration>>,
    whole: Option<Spanned<Duration>>,
}

impl Tries {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        section: &Section<'_>,
        first_byte: &Key,
        whole: &Key,
    ) -> Self {
        let mut read = |key: &Key| {
            let time = section.duration_if(reader, key)?;
            Some(Spanned::new(time, section.node(key)?.span.clone()))
        };
        Self {
            first_byte: read(first_byte),
            whole: read(whole),
        }
    }

    /// The limits, with those of `others` where it says nothing.
    pub(crate) fn or(&self, others: &Self) -> TryLimits {
        let either = |own: &Option<Spanned<Duration>>, other: &Option<Spanned<Duration>>| {
            own.as_ref().or(other.as_ref()).map(|time| time.value)
        };
        TryLimits {
            first_byte: either(&self.first_byte, &others.first_byte),
            whole: either(&self.whole, &others.whole),
        }
    }

    /// A time that another one always ends first does nothing.
    pub(crate) fn note_idle(&self, reader: &mut Reader<'_>, timeout: Duration) {
        let whole = self.whole.as_ref().map(|whole| whole.value);
        let of_try = whole.filter(|whole| *whole < timeout);
        let first_byte = self.first_byte.as_ref().map(|time| {
            let (name, limit) = match of_try {
                Some(whole) => ("try-timeout", whole),
                None => ("timeout", timeout),
            };
            ("first-byte-timeout", time, name, limit)
        });
        let whole = self.whole.as_ref();
        let whole = whole.map(|time| ("try-timeout", time, "timeout", timeout));
        for (key, time, ends, limit) in first_byte.into_iter().chain(whole) {
            if time.value >= limit {
                let problem = Problem::warning(codes::UNUSED, format!("`{key}` is not used"));
                let help = format!("`{ends}` is over by then: {limit:?}");
                reader.problem(problem.help(help), time.span.clone());
            }
        }
    }
}
