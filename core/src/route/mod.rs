//! Message to route: a decision table, compiled at load.

use crate::codec::Protocol;
use crate::expr::RuleError;
use crate::message::Message;
use crate::translate::{Facts, RouteSpec};
use std::sync::Arc;

/// Which message goes where. The default takes none.
#[derive(Clone, Debug, Default)]
pub struct Table {}

impl Table {
    /// Compiles the conditions of a listener's routes, in their order. The list beside the
    /// table holds warnings.
    ///
    /// # Errors
    /// All errors in operations and conditions, each with its place.
    pub fn compile(
        _routes: &[&RouteSpec],
        _protocol: &Arc<dyn Protocol>,
    ) -> Result<(Self, Vec<RuleError>), Vec<RuleError>> {
        Ok((Self::default(), Vec::new()))
    }

    /// The first route that takes the message, as an index into the routes given.
    pub fn pick(&self, _message: &Message, _facts: &Facts) -> Option<usize> {
        None
    }
}
