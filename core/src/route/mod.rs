//! Message to route: a decision table, compiled at load.

/// Which message goes where.
#[derive(Clone, Debug, Default)]
pub struct Table {}
