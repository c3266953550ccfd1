//! Budgets, one file each: what they bound, in which unit, and the memory that they allow.

mod deadlines;

pub use deadlines::{Deadline, Deadlines};
