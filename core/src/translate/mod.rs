//! Rules both ways, compiled at load; total: every outcome has a native answer.

/// The compiled rules of one route.
#[derive(Clone, Debug, Default)]
pub struct Translation {}
