//! Message to route: a decision table, compiled at load.

pub mod codes;
mod condition;
pub(crate) mod pattern;
mod table;

pub use table::Table;

#[cfg(test)]
mod tests;
