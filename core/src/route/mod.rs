//! Message to route: a decision table, compiled at load.

pub mod codes;
mod condition;
mod table;

pub use table::Table;

#[cfg(test)]
mod tests;
