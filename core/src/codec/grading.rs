//! What replies say of how their requests went.

use crate::message::{Slot, Value};

/// How a reply says that its request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grade {
    /// Well, or in a way that is no error in its protocol.
    Fine,
    /// The server did its part: the request itself is at fault.
    Refused,
    /// The server could not do its part, whatever the request.
    Failed,
}

/// Which replies of an operation are errors, told by one of their fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Grading {
    /// The field; any if all messages have the same grade.
    pub field: Slot,
    /// What some of its values mean; null where it is absent.
    pub listed: Vec<(Value, Grade)>,
    /// What all others mean.
    pub others: Grade,
}

impl Grading {
    /// The grade of a reply whose field has this value.
    #[must_use]
    pub fn of(&self, value: &Value) -> Grade {
        let listed = self.listed.iter().find(|(known, _)| known == value);
        listed.map_or(self.others, |(_, grade)| *grade)
    }
}
