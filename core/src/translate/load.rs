//! Collecting all that is wrong with a route in one go.

use crate::expr::{EvalError, RuleError};
use crate::fault::{Fault, FaultClass};

/// The errors and warnings of one route.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) errors: Vec<RuleError>,
    pub(crate) warnings: Vec<RuleError>,
}

impl Findings {
    /// The value, or nothing and the error kept.
    pub(crate) fn take<T>(&mut self, result: Result<T, RuleError>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }

    /// Nothing, and the error kept.
    pub(crate) fn refuse<T>(&mut self, error: RuleError) -> Option<T> {
        self.errors.push(error);
        None
    }

    /// The value with the warnings if there were no errors.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<(T, Vec<RuleError>), Vec<RuleError>> {
        match value {
            Some(value) if self.errors.is_empty() => Ok((value, self.warnings)),
            _ => Err(self.errors),
        }
    }
}

/// The fault of a request whose rules have no value for this message.
pub(super) fn bad_request(error: &EvalError) -> Fault {
    Fault::unsent(FaultClass::BadRequest, error.detail().to_owned())
}
