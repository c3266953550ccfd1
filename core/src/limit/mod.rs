//! Budgets, one file each: what they bound, in which unit, and the memory that they allow.

mod deadlines;
mod retry_budget;
mod window;

pub use deadlines::{Deadline, Deadlines};
pub use retry_budget::RetryBudget;
pub use window::Window;
